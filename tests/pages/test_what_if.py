"""Words clicked out and back, replaced, and attention changed by hand, on Explore."""

import pytest

from tests.pages.seen import (
    act,
    analysed,
    captions,
    click,
    heatmaps,
    hooks,
    open_part,
    removed,
    tokens,
    words,
)


def test_a_click_takes_a_word_out_and_another_puts_it_back(open_page):
    app = analysed(open_page)
    whole = tokens(app)
    click(app, "thin")
    assert removed(app) == ["thin"]
    assert "thin" not in words(app)
    assert "what-if" in hooks(app)
    assert any(said.value.startswith("Without 1 word ") for said in app.markdown)
    act(app, "heatmap", do="back", start=None, end=None, id="0")
    assert removed(app) == []
    assert tokens(app) == whole
    assert "what-if" not in hooks(app)


def test_a_bar_takes_its_sentence_out(open_page):
    app = analysed(open_page)
    act(app, "heatmap", do="sentence", start=18, end=34, id=None)
    assert removed(app) == ["But what actors!"]
    assert words(app) == ["The", "plot", "is", "thin", ".", "I", "laughed", "a", "lot", "."]


def test_undo_and_reset(open_page):
    app = analysed(open_page)
    for word in ("plot", "actors", "lot"):
        click(app, word)
    app.button(key="undo").click().run()
    assert removed(app) == ["plot", "actors"]
    app.button(key="reset").click().run()
    assert removed(app) == []
    assert words(app) == words(analysed(open_page))


def test_a_replacement_with_markup_is_text(open_page):
    app = click(analysed(open_page), "thin")
    (field,) = [found for found in app.text_input if found.key.startswith("replacement")]
    field.set_value("<b>fine</b>").run()
    (drawn,) = heatmaps(app)
    assert "".join(drawn["tokens"][at] for at in drawn["added"]) == "<b>fine</b>"
    assert removed(app) == ["thin"]
    assert not any("<b>fine" in element.value for element in app.html)


def test_the_last_word_stays(open_page):
    app = click(analysed(open_page, "Great film"), "Great")
    click(app, "film")
    assert words(app) == ["film"]
    assert "At least one word must stay" in app.warning[0].value
    app.run()
    assert not app.warning


def test_another_text_begins_anew(open_page):
    app = click(analysed(open_page), "thin")
    app.text_area(key="document").set_value("Another one.")
    app.button(key="analyze").click().run()
    assert removed(app) == []
    assert "Click a word to remove it" in captions(app)


@pytest.mark.parametrize("kind", ["flatten", "shuffle", "sharpen"])
def test_attention_changed_everywhere_and_in_a_sentence(open_page, kind):
    app = analysed(open_page)
    before = tokens(app)
    open_part(app, "What if").get_by_key("tamper_kind").set_value(kind).run()
    assert words(app) == [text for text, _ in before]
    assert tokens(app) != before
    app.selectbox(key="tamper_where").set_value(1).run()
    changed = [text for (text, weight), (_, was) in zip(tokens(app), before, strict=True)
               if weight != pytest.approx(was)]  # fmt: skip
    assert changed
    assert set(changed) <= {"But", "what", "actors", "!"}
    assert "Over 100 random shuffles" in captions(app)
    app.get_by_key("tamper_kind").set_value(None).run()
    assert tokens(app) == before


def test_shuffle_again_is_another_order(open_page):
    app = open_part(analysed(open_page), "What if")
    app.get_by_key("tamper_kind").set_value("shuffle").run()
    first = tokens(app)
    app.button(key="reshuffle").click().run()
    assert tokens(app) != first


def test_one_word_has_no_attention_to_change(open_page):
    app = open_part(analysed(open_page, "Superb"), "What if")
    app.get_by_key("tamper_kind").set_value("flatten").run()
    assert "there is nothing to flatten" in app.warning[0].value
    assert words(app) == ["Superb"]
    assert app.get_by_key("tamper_kind").value == "unchanged"
