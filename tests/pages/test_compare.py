import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from han_core.explanation.attribution import attribute
from han_core.explanation.comparison import attention_column
from han_core.explanation.explain import explain
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.models.listing import Listing
from han_core.text.document import align_versions
from han_core.text.tokenizer import Tokenizer
from pages.compare import charts, comparison, link
from pages.compare.charts import agreement_table, comparison_csv
from pages.compare.comparison import Request
from pages.compare.comparison import compare as compare_sides
from pages.compare.panels import changes_line
from tests.pages.seen import captions, components, heatmaps, hooks, predicted
from tests.pages.small import write_chinese
from tests.processes import PATIENCE

PAGE = Path(__file__).parents[2] / "pages" / "2_Compare.py"
TABLES = {"pair": "agreement", "sentence": "sentence", "word": "word"}
"""Names of the tables, by their first column."""

SHORT = "A fine film. But what a mess it became!"


@pytest.fixture
def three(root):
    shutil.copytree(root / "small-han", root / "small-han-again")


@pytest.fixture
def compare(root):
    """The page by itself, with one of the three kinds chosen."""

    def compare(kind: str = "models", text: str | None = None) -> AppTest:
        app = AppTest.from_file(str(PAGE), default_timeout=PATIENCE)
        app.session_state["compared"] = kind
        if text is not None:
            app.session_state["document"] = text
        app.run()
        assert not app.exception
        return app

    return compare


def panels(app) -> list[dict]:
    """The heatmaps of the panels."""
    return heatmaps(app)


def difference(app) -> AppTest:
    """Show the difference in place of the values."""
    return app.get_by_key("shown").set_value("difference").run()


def colours(data: dict) -> list:
    return [data["palette"][colour] for colour in data["colours"]]


def table(app, name: str):
    return {TABLES[one.value.columns[0]]: one.value for one in app.dataframe}[name]


def said(app) -> str:
    return "\n".join(one.value for one in [*app.caption, *app.info, *app.markdown])


def test_a_panel_for_each_model(compare):
    app = compare()
    assert app.multiselect(key="checkpoints").value == ["small-han", "small-bilstm"]
    assert hooks(app).count("compare-panel") == 2
    assert hooks(app).count("word-heatmap") == 2
    assert hooks(app).count("sentence-bars") == 1
    assert not hooks(app).count("difference")
    assert len(predicted(app)) == 2
    assert hooks(app).count("legend") == 1
    assert len(app.get("plotly_chart")) == 5  # sentences, classes and three of agreement
    assert said(app).count("this prediction by") == 2  # evidence under each


def test_models_that_read_the_language_are_suggested(compare, root):
    text = "这部电影开头很慢，但是半小时后我完全投入了。"
    write_chinese(root, "zh-one")
    assert not any(button.key == "use_readers" for button in compare(text=text).button)
    write_chinese(root, "zh-two")
    app = compare(text=text)
    assert "small-han and small-bilstm cannot read Chinese" in said(app).replace("\\", "")
    app.button(key="use_readers").click().run()
    assert app.multiselect(key="checkpoints").value == ["zh-one", "zh-two"]
    assert not any(button.key == "use_readers" for button in app.button)


def test_the_one_model_of_a_comparison_follows_the_language(compare, root):
    write_chinese(root)
    app = compare("methods", "这部电影开头很慢，但是半小时后我完全投入了。")
    assert app.selectbox(key="checkpoint").value == "small-chinese"
    app.button(key="keep_model").click().run()
    assert app.selectbox(key="checkpoint").value == "small-han"


def test_panels_share_one_scale(compare, three):
    app = compare()
    app.multiselect(key="checkpoints").set_value(["small-han", "small-han-again"]).run()
    first, second = map(colours, panels(app))
    assert first == second  # equal weights, equal colours


def test_equal_models_agree_and_do_not_differ(compare, three):
    app = compare()
    app.multiselect(key="checkpoints").set_value(["small-han", "small-han-again"]).run()
    agreement = table(app, "agreement").iloc[0]
    assert agreement["tau of words"] == pytest.approx(1)
    assert agreement["top 10 shared"] == pytest.approx(1)
    assert agreement["divergence"] == pytest.approx(0)
    difference(app)
    assert (table(app, "word")["difference"] == 0).all()
    assert {light for data in panels(app) for light, *_ in colours(data)} == {"#ffffff"}


def test_differences_are_those_of_the_weights_on_the_page(compare):
    app = compare()
    one, other = (np.array(data["weights"]) for data in panels(app))
    before = hooks(app)
    difference(app)
    assert hooks(app).count("compare-panel") == before.count("compare-panel")
    assert hooks(app).count("legend") == hooks(app).count("difference") == 1
    shown = table(app, "word")
    largest = sorted(abs(one - other), reverse=True)[: len(shown)]
    assert shown["difference"].abs().tolist() == pytest.approx(largest)
    first, second = panels(app)
    assert first["weights"] == one.tolist()
    assert second["weights"] == other.tolist()
    strongest = int(np.argmax(one - other))
    assert first["tokens"][strongest] in shown["word"].tolist()
    assert first["values"][strongest].startswith("+")
    assert second["values"][strongest] == "−" + first["values"][strongest][1:]
    assert "Blue: more weight in this panel" in said(app).replace("\\", "")


def test_three_models_have_three_pairs(compare, three):
    app = compare()
    names = ["small-han", "small-bilstm", "small-han-again"]
    app.multiselect(key="checkpoints").set_value(names).run()
    assert hooks(app).count("compare-panel") == 3
    assert len(table(app, "agreement")) == 3
    difference(app)
    assert hooks(app).count("compare-panel") == 2  # those of the pair
    app.selectbox(key="pair").set_value("small-han and small-han-again").run()
    assert (table(app, "word")["difference"] == 0).all()
    app.multiselect(key="checkpoints").set_value(names[:2]).run()
    assert not app.exception
    assert (table(app, "word")["difference"] != 0).any()


def test_the_number_of_words_at_the_top_can_be_chosen(compare):
    app = compare()
    app.get_by_key("top_words").set_value(5).run()
    one, other = (set(np.argsort(data["weights"])[-5:]) for data in panels(app))
    assert table(app, "agreement").iloc[0]["top 5 shared"] == len(one & other) / 5


@pytest.mark.parametrize("number", [0, 1, 5])
def test_too_few_or_too_many_models_get_one_sentence(compare, root, three, number):
    for name in ("x", "y"):
        shutil.copytree(root / "small-han", root / name)
    app = compare()
    names = ["small-han", "small-bilstm", "small-han-again", "x", "y"][:number]
    app.multiselect(key="checkpoints").set_value(names).run()
    assert len(app.error) == 1
    assert ("Two models" if number < 2 else "Two to four") in app.error[0].value
    assert not hooks(app).count("compare-panel")
    app.multiselect(key="checkpoints").set_value(["small-bilstm", "small-han"]).run()
    assert not app.error
    assert hooks(app).count("compare-panel") == 2


def test_four_models_stand_side_by_side(compare, root, three):
    shutil.copytree(root / "small-bilstm", root / "fourth")
    app = compare()
    names = ["small-han", "small-bilstm", "small-han-again", "fourth"]
    app.multiselect(key="checkpoints").set_value(names).run()
    assert hooks(app).count("compare-panel") == 4
    assert len(table(app, "agreement")) == 6


def test_other_classes_and_languages_are_said_and_compared(compare, root):
    folder = root / "small-other"
    shutil.copytree(root / "small-han", folder)
    config = json.loads((folder / "config.json").read_text())
    config["labels"] = ["bad", "good"]
    config["text"]["language"] = "zh"
    (folder / "config.json").write_text(json.dumps(config))
    for manifest in folder.glob("manifest*"):
        manifest.unlink()
    app = compare()
    app.multiselect(key="checkpoints").set_value(["small-han", "small-other"]).run()
    assert not app.error
    assert [one.value[:30] for one in app.info] == [
        r"small\-other cannot read Engli", "These models have different cl",
        "These models read different la", "This text stands mostly in Lat",
    ]  # fmt: skip
    assert app.button(key="use_readers").label == r"Compare small\-han and small\-bilstm"
    assert hooks(app).count("compare-panel") == 2


def test_a_checkpoint_that_went_away_is_said(compare, root, three):
    app = compare()
    names = ["small-han", "small-bilstm", "small-han-again"]
    app.multiselect(key="checkpoints").set_value(names).run()
    shutil.rmtree(root / "small-bilstm")
    app.run()
    assert "no longer there" in app.warning[0].value
    assert app.multiselect(key="checkpoints").value == ["small-han", "small-han-again"]
    assert hooks(app).count("compare-panel") == 2
    shutil.rmtree(root / "small-han-again")
    app.run()
    assert "Two models" in app.error[0].value
    assert app.text_area(key="document").value


def test_empty_text_gets_one_sentence(compare):
    app = compare()
    app.text_area(key="document").set_value(" ")
    app.button(key="analyze").click().run()
    assert len(app.error) == 1
    assert not app.exception


@pytest.mark.parametrize("kind", ["models", "methods", "versions"])
def test_a_text_of_one_word_has_nothing_to_compare(compare, kind):
    app = compare(kind, "Go")
    assert not app.error
    assert hooks(app).count("compare-panel") == 2  # leaving one out is no method here
    assert [one.value for one in app.info][-1].startswith("There is only one word")
    assert not hooks(app).count("agreement")
    if kind == "methods":
        assert "nothing to leave out" in app.info[0].value


def test_methods_have_two_scales_and_what_they_say(compare, root):
    app = compare("methods", SHORT)
    asked = probe_text(load_checkpoint(root / "small-han"), SHORT)
    assert hooks(app).count("compare-panel") == len(predicted(app)) == 3
    assert hooks(app).count("legend") == 2
    attention, gradient, left_out = panels(app)
    assert attention["values"] is None
    for drawn, method in ((gradient, "gradient"), (left_out, "leave_one_word_out")):
        found = attribute(asked, method).words
        signs = [value[0] for value in drawn["values"]]
        assert [sign == "+" for sign in signs] == [value > 0 for value in found]
    assert "two colour scales" in captions(app)
    assert said(app).count("the probability of") >= 3  # evidence under each
    assert "most attended" in said(app)


def test_methods_of_one_unit_share_a_scale(compare):
    app = compare("methods", SHORT)
    app.multiselect(key="methods").set_value(["gradient", "leave_one_word_out"]).run()
    assert hooks(app).count("legend") == 1
    assert "two colour scales" not in captions(app)
    assert "percentage points" in captions(difference(app))


def test_methods_ask_about_the_class_chosen(compare):
    app = compare("methods", SHORT)
    other = next(c for c in ("negative", "positive") if c != predicted(app)[0])
    before = panels(app)[1]["values"]
    app.selectbox(key="target").set_value(other).run()
    after = panels(app)[1]["values"]
    assert [one.startswith("+") for one in before] != [one.startswith("+") for one in after]
    assert f"the probability of {other}" in captions(app)


@pytest.mark.parametrize("number", [0, 1, 5])
def test_too_few_or_too_many_methods_get_one_sentence(compare, number):
    app = compare("methods", SHORT)
    names = ["attention", "gradient", "integrated_gradients", "leave_one_word_out",
             "leave_one_sentence_out"]  # fmt: skip
    app.multiselect(key="methods").set_value(names[:number]).run()
    assert len(app.error) == 1
    assert "Two to four methods" in app.error[0].value
    app.multiselect(key="methods").set_value(names[:2]).run()
    assert not app.error


def test_versions_begin_alike(compare):
    app = compare("versions", SHORT)
    assert app.text_area(key="version").value == SHORT
    assert "the same so far" in captions(app)
    first, second = map(colours, panels(app))
    assert first == second
    assert "Both versions have the same words" in said(app)


def test_a_changed_version_is_marked_and_compared(compare, root):
    app = compare("versions", SHORT)
    changed = SHORT.replace("fine", "very bad").replace(" what", "")
    app.text_area(key="version").set_value(changed).run()
    first, second = panels(app)
    texts = second["tokens"]
    assert [texts[i] for i in second["added"]] == ["very", "bad"]
    assert [(texts[before], text) for before, text, _ in second["out"]] == [
        ("very", "fine"), ("a", "what"),
    ]  # fmt: skip
    assert not first["added"]
    assert not first["out"]
    checkpoint = load_checkpoint(root / "small-han")
    one, other = (explain(checkpoint, text) for text in (SHORT, changed))
    assert first["weights"] == one.document_weights.tolist()
    assert second["weights"] == other.document_weights.tolist()
    assert '2 words added: "very bad"' in said(app).replace("\\", "")
    agreement = table(app, "agreement").iloc[0]
    both = align_versions(one.document, other.document)
    columns = [attention_column("1", one, both.first), attention_column("2", other, both.second)]
    assert agreement["divergence"] == agreement_table(columns, 10).iloc[0]["divergence"]
    assert panels(difference(app))[1]["added"] == second["added"]


def test_a_version_is_kept_and_a_copy_follows(open_page):
    app = open_page("2_Compare")
    app.get_by_key("compared").set_value("versions").run()
    app.text_area(key="document").set_value("Another text.")
    app.button(key="analyze").click().run()
    assert app.text_area(key="version").value == "Another text."
    app.text_area(key="version").set_value("Quite another text.").run()
    app.get_by_key("compared").set_value("models").run()
    app.switch_page("pages/3_Errors.py").run()
    app.switch_page("pages/2_Compare.py").run()
    app.get_by_key("compared").set_value("versions").run()
    assert app.text_area(key="version").value == "Quite another text."
    app.button(key="copy_text").click().run()
    assert app.text_area(key="version").value == "Another text."


def test_an_empty_version_gets_one_sentence_and_nothing_is_lost(compare):
    app = compare("versions", SHORT)
    app.text_area(key="version").set_value(" \n").run()
    assert len(app.error) == 1
    assert "second version is empty" in app.error[0].value
    assert app.text_area(key="document").value == SHORT
    app.text_area(key="version").set_value("A film.").run()
    assert not app.error
    assert hooks(app).count("compare-panel") == 2


def test_versions_without_a_common_word(compare):
    app = compare("versions", SHORT)
    app.text_area(key="version").set_value("Nothing alike").run()
    assert app.info[-1].value.startswith("The sides have no word in common")
    assert hooks(app).count("compare-panel") == 2


def test_markup_in_a_version_stays_text(compare):
    app = compare("versions", SHORT)
    app.text_area(key="version").set_value(SHORT + " <img src=x onerror=alert(1)> *so*").run()
    assert not app.exception
    assert "<img" not in "".join(element.value for element in app.html)
    assert "*so*" not in said(app)  # escaped for Markdown


def rows(content: bytes) -> list[dict]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_csv_holds_what_is_compared(root):
    asked = Request("models", ("small-han", "small-bilstm"), "cpu", "lift")
    found = rows(comparison_csv(compare_sides(asked, SHORT, "")))
    explanation = explain(load_checkpoint(root / "small-bilstm"), SHORT)
    assert [float(row["small-bilstm"]) for row in found] == explanation.document_weights.tolist()
    assert [row["words"] for row in found] == list(explanation.document.token_texts())
    versioned = compare_sides(
        Request("versions", ("small-han",), "cpu", "document"), SHORT, "A film."
    )
    found = rows(comparison_csv(versioned))
    assert list(found[0]) == ["words", "First version", "Second version"]
    assert [row["words"] for row in found if float(row["Second version"])] == ["A", "film", "."]


def listing(name, classes=("a", "b"), language="en"):
    return Listing(name, Path(name), "han", "additive", "imdb", classes, 0.9, language)


def test_notes_on_models():
    assert comparison.model_notes([listing("x"), listing("y", ("b", "a"))]) == ()
    (classes,) = comparison.model_notes([listing("x"), listing("y", ("c", "d"))])
    assert '"a / b", "c / d"' in classes
    (languages,) = comparison.model_notes([listing("x"), listing("y", language="zh")])
    assert '"en", "zh"' in languages


def test_what_came_and_went():
    tokenizer = Tokenizer("en")
    first, second = tokenizer("A fine old film. Go!"), tokenizer("A bad film. Go, now!")
    assert changes_line(align_versions(first, second), second) == (
        '3 words added: "bad", ", now". 2 words removed: "fine old".'
    )


def test_a_top_that_takes_in_everything_is_said():
    assert charts.few_words_line(11, 10) == ""
    assert "all of them" in charts.few_words_line(10, 10)


def test_sentences_of_panels_are_lined_up(compare):
    """Each row has the character at which it begins in either panel's text."""
    app = compare("versions", SHORT)
    app.text_area(key="version").set_value(SHORT.replace("A fine film. ", "")).run()
    (data,) = components(app, "hanscope_aligned_rows")
    assert data["panels"] == ["panel_0", "panel_1"]
    assert data["rows"] == [[0, None], [13, 0]]


@pytest.fixture
def reopened(root, tmp_path, monkeypatch):
    """Compare in another session, by the link that this one makes."""
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))

    def reopened(app: AppTest, harm=lambda token: token) -> AppTest:
        app.button(key="link_comparison").click().run()
        (address,) = [code.value for code in app.code]
        other = AppTest.from_file(str(PAGE), default_timeout=PATIENCE)
        other.query_params[link.PARAMETER] = harm(address.split(f"{link.PARAMETER}=")[1])
        other.run()
        assert not other.exception
        return other

    return reopened


def test_a_link_brings_two_versions_and_their_difference_back(compare, reopened):
    app = compare("versions", SHORT)
    app.text_area(key="version").set_value(SHORT.replace("fine", "bad")).run()
    app.get_by_key("reading").set_value("lift").run()
    other = reopened(difference(app))
    assert panels(other) == panels(app)
    assert other.text_area(key="version").value == SHORT.replace("fine", "bad")
    assert other.get_by_key("shown").value == "difference"
    assert other.get_by_key("reading").value == "lift"


def test_a_link_brings_methods_back(compare, reopened):
    app = compare("methods", SHORT)
    app.multiselect(key="methods").set_value(["gradient", "leave_one_word_out"]).run()
    app.selectbox(key="target").set_value("positive").run()
    other = reopened(app)
    assert panels(other) == panels(app)
    assert other.selectbox(key="target").value == "positive"


def test_a_model_that_is_gone_is_named_and_the_page_works(compare, reopened, root, three):
    app = compare(text=SHORT)
    app.multiselect(key="checkpoints").set_value(["small-han", "small-han-again"]).run()
    shutil.rmtree(root / "small-bilstm")

    def without(token: str) -> str:
        shutil.move(root / "small-han-again", root / "renamed")
        return token

    other = reopened(app, without)
    assert "not on this server" in other.warning[0].value
    assert "small\\-han\\-again" in other.warning[0].value
    assert hooks(other).count("compare-panel") == 2
    assert other.text_area(key="document").value == SHORT


def test_a_spoilt_link_gets_one_sentence_and_the_page_works(compare, reopened):
    other = reopened(compare(text=SHORT), lambda token: token[:-7])
    assert len(other.warning) == 1
    assert "link is cut" in other.warning[0].value
    assert hooks(other).count("compare-panel") == 2
