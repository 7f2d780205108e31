"""The strip of evidence: at once for short texts, on request for long ones."""

import pytest

from tests.pages.seen import analysed, hooks, open_part, tokens

LONG = "A good film. Bad actors here! " * 300


def keys(app) -> set[str]:
    return {button.key for button in app.button}


def test_a_short_text_is_measured_at_once(open_page):
    app = analysed(open_page)
    assert hooks(app).count("evidence") == 1
    assert not {"measure_quick", "measure_thorough"} & keys(app)


def test_a_long_text_is_measured_on_request(open_page):
    app = analysed(open_page, LONG)
    assert len(tokens(app)) == 2_400
    assert "evidence" not in hooks(app)
    app.button(key="measure_quick").click().run()
    assert hooks(app).count("evidence") == 1
    assert "measure_thorough" in keys(app)
    app.run()  # what was measured stays
    assert hooks(app).count("evidence") == 1


def test_many_bars_of_sentences_wait_for_somebody_to_ask(open_page):
    app = open_part(analysed(open_page, LONG), "Sentences")
    assert "sentence-chart" not in hooks(app)
    assert "600 sentences" in app.toggle(key="many_bars").label
    app.toggle(key="many_bars").set_value(True).run()
    assert "sentence-chart" in hooks(app)


@pytest.mark.parametrize("text", ["Superb", "Only one sentence"])
def test_too_little_to_take_out_is_said(open_page, text):
    app = analysed(open_page, text)
    assert not app.exception
    assert not app.error
    assert "evidence" in hooks(app)


@pytest.mark.parametrize("unit", ["word", "sentence"])
@pytest.mark.parametrize("fill", ["delete", "unknown"])
def test_every_choice_is_measured(open_page, unit, fill):
    app = open_page("1_Explore")
    app.get_by_key("unit").set_value(unit).run()
    app.get_by_key("fill").set_value(fill).run()
    assert hooks(app).count("evidence") == 1
    questions = [said for said in app.markdown if said.help and "nobody wrote" in said.help]
    assert len(questions) == 3
