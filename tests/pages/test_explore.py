import re
import shutil

import pytest

from han_core.explanation.explain import explain
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.paths import data_root
from han_core.viz.permalink import DocumentStore, share, view_of
from pages.explore import words
from pages.shared import document_input
from pages.shared.language import SCRIPT
from tests.pages.seen import (
    captions,
    click,
    heatmaps,
    hooks,
    marked,
    open_part,
    predicted,
    tokens,
)
from tests.pages.small import write_chinese


def analyse(app, text):
    app.text_area(key="document").set_value(text)
    return app.button(key="analyze").click().run()


def expected(root, text, checkpoint="small-han"):
    """(predicted class, the tokens and their weights) straight from ``explain``."""
    found = explain(load_checkpoint(root / checkpoint), text)
    return found.label, list(
        zip(found.document.token_texts(), found.document_weights.tolist(), strict=True)
    )


def test_first_visit_explains_an_example(open_page, root):
    app = open_page("1_Explore")
    label, words = expected(root, app.text_area(key="document").value)
    assert app.title[0].value == "Explore"
    assert predicted(app) == [label]
    assert tokens(app) == words
    assert {"verdict", "sentence-bars", "word-heatmap", "evidence"} <= set(hooks(app))
    assert len(app.get("plotly_chart")) == 0  # figures are folded


def test_the_style_of_html_is_sent_once(open_page):
    app = analyse(open_page("1_Explore"), "A dull film. Never mind, the end is good.")
    assert sum(".hs-legend" in element.value for element in app.html) == 1


def test_a_rerun_draws_the_words_before_what_the_browser_has(open_page, monkeypatch):
    app, drawn = open_page("1_Explore"), []
    for part in (words, document_input):
        name = "panel" if part is words else "_draw"
        monkeypatch.setattr(part, name, noted(getattr(part, name), drawn))
    analyse(app, "A dull film. Never mind, the end is good.")
    analyse(app, "A dull film. " * 500)  # this one takes longer
    assert drawn == ["words", "document_input", "document_input", "words"]
    app.button(key="text_fold").click().run()
    drawn.clear()
    analyse(app, "A dull film.")  # the text area folds, so the words move
    assert drawn == ["document_input", "words"]
    assert not app.exception


def noted(draw, drawn):
    """As ``draw``, and notes when it is called."""

    def noting(*given):
        drawn.append(draw.__module__.rpartition(".")[2])
        return draw(*given)

    return noting


@pytest.mark.parametrize(
    ("part", "hook"),
    [("Evidence", "evidence"), ("Sentences", "sentence-chart")],
)
def test_a_part_of_the_drawer_is_made_when_it_is_open(open_page, part, hook):
    app = open_page("1_Explore")
    assert (hook in hooks(app)) == (part == "Evidence")
    open_part(app, part)
    assert hooks(app).count(hook) == 1
    assert not app.exception


def test_the_drawer_shows_methods_and_the_card(open_page):
    app = open_part(open_page("1_Explore"), "Methods")
    assert any("Integrated gradients" in said.value for said in app.markdown)
    app = open_part(app, "Model")
    assert any("own metrics" in said for said in captions(app).splitlines())


def test_the_verdict_says_what_taking_words_out_does(open_page):
    app = open_page("1_Explore")
    (verdict,) = [text for value, text in marked(app, "data-testid") if value == "verdict"]
    assert re.search(r"Without the top 10% of words: \S+ → \S+; random words: \S+%\.", verdict)


def test_a_click_opens_what_if_and_the_verdict_says_what_was_before(open_page):
    app = click(analyse(open_page("1_Explore"), "The plot is thin. But what actors!"), "thin")
    assert app.session_state["drawer"] == "What if"
    (verdict,) = [text for value, text in marked(app, "data-testid") if value == "verdict"]
    assert "before: " in verdict
    open_part(app, "Evidence")
    click(app, "actors")  # not the first word: the drawer stays where it is
    assert app.session_state["drawer"] == "Evidence"


def test_the_text_folds_and_opens(open_page):
    app = open_page("1_Explore")
    assert app.button(key="text_fold").label == "65 words · Edit"
    app.button(key="text_fold").click().run()
    assert app.button(key="text_fold").label == "65 words · Fold"
    analyse(app, "Two words")
    assert app.button(key="text_fold").label == "2 words · Edit"


def test_a_flat_model_says_that_its_bars_add_up_words(open_page):
    app = open_page("1_Explore")
    assert "sums" not in heatmaps(app)[0]
    app.selectbox(key="checkpoint").set_value("small-bilstm").run()
    assert heatmaps(app)[0]["sums"]
    assert "no sentence level" in captions(open_part(app, "Sentences"))


CHINESE = "五十八岁的老师第一次看这部电影，非常喜欢。"


@pytest.fixture
def chinese(root):
    write_chinese(root)


def model(app) -> str:
    return app.selectbox(key="checkpoint").value


def told(app) -> str:
    return app.info[0].value.replace("\\", "")


def test_the_model_follows_the_language_and_comes_back(open_page, chinese):
    app = analyse(open_page("1_Explore"), CHINESE)
    assert model(app) == "small-chinese"
    assert told(app) == "This text is in Chinese; the model is now small-chinese."
    analyse(app, "A fine day, and the film was fine, too.")
    assert model(app) == "small-han"
    assert told(app) == "This text is in English; the model is now small-han."
    app.selectbox(key="example").set_value("zh-024").run()
    assert model(app) == "small-chinese"


def test_a_model_that_somebody_keeps_for_a_text_stays(open_page, chinese):
    app = analyse(open_page("1_Explore"), CHINESE)
    assert app.button(key="keep_model").label == r"Keep small\-han"
    app.button(key="keep_model").click().run()
    assert model(app) == "small-han"
    assert "mostly in Chinese characters" in app.info[0].value
    app.button(key="use_fitting").click().run()
    assert model(app) == "small-chinese"
    app.selectbox(key="checkpoint").set_value("small-bilstm").run()
    app.button(key="analyze").click().run()
    assert model(app) == "small-bilstm"
    analyse(app, CHINESE + "是吗？")
    assert model(app) == "small-chinese"


def test_a_link_keeps_its_model_and_an_absent_one_is_replaced(open_page, chinese):
    for name, shown in (("small-bilstm", "small-bilstm"), ("gone", "small-chinese")):
        app = open_page("1_Explore")
        view = view_of(checkpoint=name, text=CHINESE, reading="document", method="attention")
        app.query_params["view"] = share(view, DocumentStore(data_root() / "documents"))
        app.run()
        assert model(app) == shown


def test_a_text_of_unknown_words_is_said_to_be_a_guess(open_page):
    app = analyse(open_page("1_Explore"), CHINESE)
    assert len(predicted(app)) == 1
    (shown,) = [text for value, text in marked(app, "data-testid") if value == "verdict"]
    assert "knows hardly any word of this text, so this is no more than a guess:" in shown
    assert not any("<strong" in element.value for element in app.html)


def test_what_is_pasted_is_explained(open_page, root):
    text = "A fine day. But what rain! <script>alert(1)</script> & *so* on."
    app = analyse(open_page("1_Explore"), text)
    label, words = expected(root, text)
    assert predicted(app) == [label]
    assert tokens(app) == words
    assert app.selectbox(key="example").value is None
    assert not app.error


def test_no_markup_of_the_text_reaches_the_page(open_page):
    app = analyse(open_page("1_Explore"), "<script>alert(1)</script> <img src=x onerror=alert(1)>")
    own = SCRIPT.format('"en"')  # says the page's language
    drawn = "".join(element.value for element in app.html).replace(own, "")
    assert "<script" not in drawn
    assert "<img" not in drawn


def test_a_change_waits_for_the_button(open_page):
    app = open_page("1_Explore")
    before = tokens(app)
    app.text_area(key="document").set_value("Another text.").run()
    assert tokens(app) == before
    assert "was changed" in captions(app)
    app.button(key="analyze").click().run()
    assert tokens(app) != before
    assert "was changed" not in captions(app)


def test_an_example_is_explained_when_chosen(open_page, root):
    app = open_page("1_Explore")
    app.selectbox(key="example").set_value("zh-024").run()
    text = app.text_area(key="document").value
    assert text.startswith("五十八岁")
    assert tokens(app) == expected(root, text)[1]


def test_the_reading_changes_the_colours_and_never_the_weights(open_page):
    app = open_page("1_Explore")
    document = tokens(app)
    (drawn,) = heatmaps(app)
    app.get_by_key("reading").set_value("sentence").run()
    assert tokens(app) == document
    assert heatmaps(app)[0]["colours"] != drawn["colours"]
    app.get_by_key("reading").set_value("lift").run()
    assert tokens(app) == document
    assert "1 = uniform" in "".join(element.value for element in app.html)


def test_another_checkpoint_explains_the_same_text(open_page, root):
    app = open_page("1_Explore")
    app.selectbox(key="checkpoint").set_value("small-bilstm").run()
    text = app.text_area(key="document").value
    assert tokens(app) == expected(root, text, "small-bilstm")[1]


@pytest.mark.parametrize("text", ["", "  \n\t ", "\u3000\u2003"])
def test_a_text_without_a_word_gets_one_sentence(open_page, text):
    app = analyse(open_page("1_Explore"), text)
    assert len(app.error) == 1
    assert "at least one word" in app.error[0].value
    assert app.text_area(key="document").value == text
    assert tokens(app) == []
    assert tokens(analyse(app, "Back again."))


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000,
        "\u200b\u200d zero\u200bwidth \u202eright to left\u202c שלום",
        "family 👩‍👩‍👧 and flag 🏳️‍🌈 e\u0301",
        "before\0after",
    ],
    ids=["one long token", "zero width and bidirectional", "emoji", "NUL"],
)
def test_odd_text_is_explained(open_page, text):
    app = analyse(open_page("1_Explore"), text)
    assert not app.error
    assert not app.exception
    assert hooks(app).count("word-heatmap") == 1
    assert app.text_area(key="document").value == text


def test_a_megabyte_says_what_was_not_seen(open_page):
    app = analyse(open_page("1_Explore"), "good and bad. " * 71_000)
    assert not app.exception
    assert len(tokens(app)) == 20_000
    assert "not seen" in captions(app)


def test_text_survives_other_pages(open_page):
    app = open_page("1_Explore")
    app.text_area(key="document").set_value("Typed by hand.").run()
    app.switch_page("pages/3_Errors.py").run()
    app.switch_page("pages/2_Compare.py").run()
    assert app.text_area(key="document").value == "Typed by hand."
    app.switch_page("pages/1_Explore.py").run()
    assert app.text_area(key="document").value == "Typed by hand."
    assert app.selectbox(key="example").value is None


def test_a_broken_checkpoint_gets_one_sentence(open_page, root):
    app = open_page("1_Explore")
    weights = root / "small-han" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    app.run()
    assert len(app.error) == 1
    assert "small" in app.error[0].value
    app.selectbox(key="checkpoint").set_value("small-bilstm").run()
    assert not app.error
    assert tokens(app)


def test_a_cut_checkpoint_is_left_out_and_named(open_page, root):
    app = open_page("1_Explore")
    weights = root / "small-han" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    app.run()
    assert not app.error
    assert "Left out" in captions(app)
    assert app.selectbox(key="checkpoint").value == "small-bilstm"


def test_a_checkpoint_that_went_away_is_replaced(open_page, root):
    app = open_page("1_Explore")
    shutil.rmtree(root / "small-han")
    app.run()
    assert "no longer there" in app.warning[0].value
    assert app.selectbox(key="checkpoint").value == "small-bilstm"
    assert tokens(app)


def test_no_checkpoint_at_all_gets_one_sentence(open_page, root):
    app = open_page("1_Explore")
    shutil.rmtree(root)
    root.mkdir()
    app.run()
    assert [error.value for error in app.error if "no model" in error.value]
    assert app.text_area(key="document").value
