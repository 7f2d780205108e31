"""The page Translate under AppTest: translation, evidence, another translation, training."""

import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from han_core.explanation.translation import source_word_removal
from han_core.models.checkpoint import METRICS
from han_core.models.listing import list_systems
from han_core.models.system_folder import load_system
from han_core.models.translate import translate_texts
from han_core.models.translator import TRANSLATOR
from han_core.viz.translation import VERDICTS, forced_sentence, verdict_sentence
from pages.shared.page import plain
from pages.translate.choose import DATES
from pages.translate.training import OWN
from tests.pages.conftest import APP
from tests.pages.seen import english
from tests.pages.test_series import wait_until
from tests.processes import PATIENCE

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


def test_a_press_that_brings_the_old_example_keeps_the_typed_sentence(page):
    written(page, "May 21, 2026")
    page.button_group(key="translate_example").set_value(DAY)
    page.button(key="translate_go").click().run()  # sent before the browser forgot the example
    assert page.text_input(key="translate_text").value == "May 21, 2026"
    assert not page.button_group(key="translate_example").value


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


def test_a_link_opens_the_same_view(page, root):
    written(page, "31 December 1999")
    page.text_input(key="translate_other").set_value("1999-12-30").run()
    address = {name: page.query_params[name] for name in ("model", "text", "other")}
    assert address == {"model": "dates", "text": "31 December 1999", "other": "1999-12-30"}
    fresh = AppTest.from_file(str(APP), default_timeout=PATIENCE).run()
    fresh.query_params.update(address)
    fresh.switch_page("pages/6_Translate.py").run()
    assert fresh.text_input(key="translate_text").value == "31 December 1999"
    assert plain("1999-12-31") in said(fresh)
    assert fresh.text_input(key="translate_other").value == "1999-12-30"


def test_a_link_to_a_model_that_is_not_there_is_one_sentence(page):
    fresh = AppTest.from_file(str(APP), default_timeout=PATIENCE).run()
    fresh.query_params["model"] = "gone"
    fresh.switch_page("pages/6_Translate.py").run()
    assert "gone, which is not on this server" in fresh.warning[0].value
    assert plain("2026-05-20") in said(fresh)


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
    assert plain("31.2%, that of the diagonal 28.8%") in said(page)


def test_without_a_model_it_says_so(open_page):
    app = open_page("6_Translate")
    assert "no translator" in app.info[0].value


@pytest.fixture
def form(open_page, tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))
    return open_page("6_Translate")


def trained(form, root, name: str):
    """The page once the run that was started has become a model."""
    assert not form.error
    wait_until(lambda: any(one.name == name for one in list_systems(root)))
    form.run()
    wait_until(lambda: bool(form.run().success))
    assert plain(name) in form.success[0].value
    return form


@pytest.mark.long
def test_training_on_dates_ends_with_a_model(form, root):
    form.number_input(key="translate_epochs_dates").set_value(1).run()
    form.button(key="translate_start").click().run()
    app = trained(form, root, "my-translator")
    assert app.selectbox(key="translate_checkpoint").value == "my-translator"
    metrics = load_system(root / "my-translator", TRANSLATOR).metrics
    assert metrics["dataset"] == "bundled:dates"
    assert metrics["test"]["perplexity"] < 3


@pytest.mark.long
def test_training_on_pairs_that_were_sent(form, root):
    """The second column is German, and said to be so."""
    lines = [f"the dog {n % 7}\tder Hund {n % 7}" for n in range(60)]
    form.selectbox(key="translate_data").set_value("Your file").run()
    assert form.button(key="translate_start").disabled
    content = "\n".join(["en\tde", *lines, "alone\t"]).encode()
    form.file_uploader(key="translate_file").upload("pairs.tsv", content).run()
    assert len(form.dataframe[-1].value) == 5
    assert form.selectbox(key="translate_target_language_de").value == "de"
    form.number_input(key="translate_epochs_quick").set_value(2).run()
    form.text_input(key="translate_name").set_value("own").run()
    form.button(key="translate_start").click().run()
    app = trained(form, root, "own")
    assert any("empty side left out" in one.value for one in app.caption)
    config = load_system(root / "own", TRANSLATOR).config
    assert (config.source_language, config.target_language) == ("en", "de")
    assert load_system(root / "own", TRANSLATOR).metrics["dataset"] == "pairs.tsv"


def test_a_file_without_two_columns_is_one_sentence(form):
    form.selectbox(key="translate_data").set_value("Your file").run()
    content = b"text\nonly one\n"
    form.file_uploader(key="translate_file").upload("one.csv", content).run()
    assert not form.exception
    assert "two columns" in form.error[0].value


def test_in_chinese(page, in_chinese):
    app = in_chinese(page)
    assert app.title[0].value == "翻译"
    app.text_input(key="translate_other").set_value("2026-05-21").run()
    app.selectbox(key="translate_data").set_value(OWN).run()
    app.segmented_control(key="translate_shown").set_value("drops").run()
    assert not app.exception
    assert [text for text in english(app) if text not in DATES] == []
