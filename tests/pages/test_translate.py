"""The page Translate under AppTest: translation, evidence, another translation, bad input."""

import json
import shutil
from pathlib import Path

import pytest

from han_core.explanation.translation import source_word_removal
from han_core.models.checkpoint import METRICS
from han_core.models.system_folder import load_system
from han_core.models.translate import translate_texts
from han_core.models.translator import TRANSLATOR
from han_core.viz.translation import VERDICTS, forced_sentence, verdict_sentence
from pages.shared.page import plain

SHIPPED = Path(__file__).parents[2] / "checkpoints"
DAY = "the twentieth of May 2026"


@pytest.fixture
def page(root, open_page):
    shutil.copytree(SHIPPED / "dates", root / "dates")
    return open_page("6_Translate")


def said(app) -> str:
    return "\n".join(one.value for one in [*app.markdown, *app.caption, *app.header])


def written(app, text: str):
    return app.text_input(key="translate_text").set_value(text).run()


def test_an_example_is_translated_with_its_evidence(page, root):
    checkpoint = load_system(root / "dates", TRANSLATOR)
    (translation,) = translate_texts(checkpoint, [DAY])
    removal = source_word_removal(checkpoint, translation)
    assert page.text_input(key="translate_text").value == DAY
    assert plain("2026-05-20") in said(page)
    assert VERDICTS[removal.verdict] in said(page)
    assert verdict_sentence(removal, "character") in said(page)
    rows = page.dataframe[0].value
    assert list(rows["Word"]) == list("2026-05-20")
    assert not page.error


def test_another_sentence_and_another_example(page):
    assert plain("1999-12-31") in said(written(page, "31 December 1999"))
    page.button_group(key="translate_example").set_value("May 20, 2026").run()
    assert page.text_input(key="translate_text").value == "May 20, 2026"
    assert plain("2026-05-20") in said(page)


def test_another_translation_is_read(page, root):
    page.text_input(key="translate_other").set_value("2026-05-21").run()
    checkpoint = load_system(root / "dates", TRANSLATOR)
    own, other = translate_texts(checkpoint, [DAY] * 2, [None, "2026-05-21"])
    assert plain(forced_sentence(own, other)) in said(page)
    page.text_input(key="translate_other").set_value("§").run()
    assert "knows no word of this translation" in said(page)
    assert not page.error


def test_words_taken_out_can_be_the_colours(page):
    page.button_group(key="translate_shown").set_value("drops").run()
    assert not page.exception
    assert not page.error


def test_the_search_can_be_greedy(page):
    page.number_input(key="translate_beams").set_value(1).run()
    assert plain("2026-05-20") in said(page)


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("word " * 5_000, "more than 200 words"),
        ("<script>alert(1)</script> 2026", "Unknown to the model"),
        ("§ ¶ ±", "knows no word of this sentence"),
        ("دوشنبه", "knows no word of this sentence"),
        ("May", "It takes two"),
    ],
)
def test_bad_input_is_one_sentence(page, text, fragment):
    written(page, text)
    assert not page.exception
    if fragment == "It takes two":
        written(page, "5")
    shown = said(page) + "".join(error.value for error in page.error)
    assert plain(fragment) in shown or fragment in shown


def test_nothing_typed_is_nothing_shown(page):
    written(page, "   ")
    assert not page.error
    assert not page.header


def test_a_sentence_of_a_hundred_words_is_measured_when_asked(page):
    written(page, "2026 " * 40)
    assert "Not measured" in said(page)
    page.button(key="translate_measure").click().run()
    assert "Not measured" not in said(page)


def test_the_alignment_error_of_the_model_is_said(page, root):
    metrics = json.loads((root / "dates" / METRICS).read_text())
    figures = {"attention": 0.312, "diagonal": 0.288, "pairs": 447, "longest": 10}
    (root / "dates" / METRICS).write_text(json.dumps({**metrics, "alignment": figures}))
    page.run()
    assert plain("31.2%, the diagonal's 28.8%") in said(page)


def test_without_a_model_it_says_so(open_page):
    app = open_page("6_Translate")
    assert "no translator" in app.info[0].value
