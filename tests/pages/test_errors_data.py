"""The documents that Errors scores: bundled ones, and files of one's own."""

import io
import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

from han_core.runtime.jobs import JobState
from pages.errors import score_request, scoring
from pages.shared import data_picker
from tests.pages.errors_seen import table, unescaped
from tests.pages.seen import captions, tokens

GOOD = "text,label\nA fine film.,positive\nA dull film.,negative\nSo so.,negative\n"


def upload(app, content, name="mine.csv"):
    app.selectbox(key="source").set_value(data_picker.UPLOAD).run()
    data = content.encode() if isinstance(content, str) else content
    return app.file_uploader(key="upload").upload(name, data).run()


def test_chinese_documents_can_be_scored(errors):
    errors.selectbox(key="source").set_value("bundled:classroom/zh@all").run()
    assert len(table(errors)) == 36


def test_an_upload_is_scored_and_stays_while_other_pages_are_visited(errors):
    app = upload(errors, GOOD)
    assert not app.error
    assert tokens(app)
    app.switch_page("pages/1_Explore.py").run()
    app.switch_page("pages/3_Errors.py").run()
    assert len(table(app)) == 3


TOPICS = "text,label\nA fine goal.,sport\nA dull speech.,politics\n"


@pytest.fixture
def topics(root) -> Path:
    """A checkpoint of the classes sport and politics."""
    folder = shutil.copytree(root / "small-bilstm", root / "topics")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"labels": ["sport", "politics"]}))
    return folder


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))
    data_picker.forget_scores()


def test_a_model_of_other_classes_gives_way_once_to_one_that_fits(topics, errors):
    app = upload(errors, TOPICS)
    said = "small-han does not have the classes of mine.csv; topics was chosen."
    assert unescaped(app.toast[0].value) == said
    assert not app.error
    assert app.selectbox(key="checkpoint").value == "topics"
    assert table(app)["true"].tolist().count("sport") == 1
    app.selectbox(key="beside").set_value("small-han").run()
    assert "does not say which class it means" in app.error[0].value
    assert len(table(app)) == 2


def test_a_model_chosen_by_hand_stays_and_is_answered_with_those_that_fit(topics, errors):
    app = upload(errors, TOPICS)
    app.selectbox(key="checkpoint").set_value("small-han").run()
    assert "The classes of this model fit: topics" in unescaped(app.error[0].value)
    assert app.selectbox(key="checkpoint").value == "small-han"
    app.button(key="fits_checkpoint_0").click().run()
    assert not app.error
    assert app.selectbox(key="checkpoint").value == "topics"
    assert len(table(app)) == 2


def many(rows: int) -> str:
    lines = (f"A {('fine', 'dull')[at % 2]} film {at}.,{('pos', 'neg')[at % 2]}\n"
             for at in range(rows))  # fmt: skip
    return "text,label\n" + "".join(lines)


def test_many_documents_are_previewed_and_scored_when_that_is_asked_for(errors):
    app = upload(errors, many(301))
    assert "errors_table" not in [each.key for each in app.dataframe]
    labels, texts = (each.value for each in app.dataframe)
    assert labels.values.tolist() == [["neg", 150, "negative"], ["pos", 151, "positive"]]
    assert texts["text"].tolist()[0] == "A fine film 0."
    start = app.button(key="score_start_checkpoint")
    assert unescaped(start.label) == "Score 301 documents with small-han"
    start.click().run()
    assert not app.error
    assert table(app)["true"].tolist().count("negative") > 0
    app.selectbox(key="beside").set_value("small-bilstm").run()
    beside = app.button(key="score_start_beside").label
    assert unescaped(beside) == "Score 301 documents with small-bilstm"


def test_the_same_file_sent_again_is_scored_by_a_second_model(errors):
    app = upload(errors, many(40))
    assert len(table(app)) == 40
    stored = data_picker.score_cache.list_scores()[0]
    assert stored.origin.source.name == "mine.csv"
    os.utime(stored.origin.source.path, (1, 1))
    upload(app, many(40))
    app.selectbox(key="checkpoint").set_value("small-bilstm").run()
    assert not app.error
    assert len(table(app)) == 40


def test_a_process_that_failed_for_its_labels_offers_those_that_fit(topics, errors, monkeypatch):
    failed = JobState(kind="failed", text="Other labels.", answer={"labels": ["sport"]})
    monkeypatch.setattr(scoring, "job_state", lambda folder: failed)
    app = upload(errors, TOPICS)
    assert "fit: topics" in unescaped(app.error[0].value)
    assert app.button(key="fits_checkpoint_0").label == "Use topics"


def test_which_checkpoints_fit_in_a_sentence():
    assert score_request.fitting_line([]).startswith("No model here")
    assert score_request.fitting_line(["a", "b"]) == "The classes of these models fit: a and b."
    assert score_request.fitting_line(list("abcdefgh")).endswith("e, f and 2 more.")


def test_documents_scored_before_choose_the_checkpoint_that_scored_them(topics, errors):
    def reopen():
        errors.selectbox(key="source").set_value("bundled:classroom@test").run()
        errors.selectbox(key="checkpoint").set_value("small-han").run()
        errors.selectbox(key="source").set_value(data_picker.KEPT + before).run()
        assert not errors.error
        assert len(table(errors)) == 2
        return errors.selectbox(key="checkpoint").value

    upload(errors, TOPICS)
    data_picker.forget_scores()
    (before,) = data_picker.before()
    assert reopen() == "topics"
    shutil.rmtree(topics)
    assert reopen().startswith(scoring.GONE)


def test_labels_of_other_classes_than_the_model_knows_get_one_sentence(errors):
    app = upload(errors, "text,label\nA fine goal.,sport\nA dull speech.,politics\n")
    (error,) = app.error
    assert "does not say which class it means" in error.value
    app.selectbox(key="source").set_value("bundled:classroom@test").run()
    assert not app.error


def test_columns_can_be_chosen(errors):
    app = upload(errors, "Review,stars\nA fine film.,1\nA dull film.,0\n")
    assert app.selectbox(key="text_column").value == "Review"
    assert app.selectbox(key="label_column").value == "stars"
    assert table(app)["true"].tolist().count("positive") == 1
    app.selectbox(key="text_column").set_value("stars").run()
    assert "two columns" in app.error[0].value


def test_parquet_is_read(errors):
    data = io.BytesIO()
    pd.DataFrame({"text": ["A fine film.", "A dull film."], "label": [1, 0]}).to_parquet(data)
    assert len(table(upload(errors, data.getvalue(), "mine.parquet"))) == 2


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        ("review\nfine\n", "one.csv", "two columns"),
        ("text,label\nfine,happy\n", "other.csv", "happy"),
        ("text,label\n,\n ,\n", "empty.csv", "no row"),
        (b"text,label\n\xff\xfe\xfa,positive\n", "latin.csv", "UTF"),
        ("", "nothing.csv", ""),
        ("{", "broken.jsonl", ""),
        (b"PAR1", "broken.parquet", ""),
    ],
    ids=lambda value: value if str(value).endswith(("csv", "jsonl", "parquet")) else "",
)
def test_an_upload_that_cannot_be_used_gets_one_sentence(errors, content, name, says):
    app = upload(errors, content, name)
    assert not app.exception
    assert len(app.error) == 1
    assert says in app.error[0].value.replace("\\", "")
    app.selectbox(key="source").set_value("bundled:classroom@test").run()
    assert not app.error


def test_one_class_alone_is_enough(errors):
    app = upload(errors, "text,label\nA fine film.,positive\nFine too.,positive\n")
    assert not app.error
    assert len(table(app)) == 2


def test_rows_left_out_are_named(errors):
    app = upload(errors, GOOD + ",positive\nNo label here.,\n")
    assert "without a text" in captions(app)
    assert "without a label" in captions(app)


def test_guessed_column():
    columns = ("Review", " Text ", "Label")
    assert data_picker.guessed_column(columns, "text", 0) == " Text "
    assert data_picker.guessed_column(columns, "label", 1) == "Label"
    assert data_picker.guessed_column(("a", "b"), "text", 0) == "a"
    assert data_picker.guessed_column(("a",), "label", 1) == "a"


def test_a_first_row_that_is_data_is_hinted_at_and_can_be_read_as_a_document(errors):
    app = upload(errors, "1,A fine film with good actors and music.\n0,A dull film.\n")
    assert any("looks like data" in warning.value for warning in app.warning)
    app.checkbox(key="first_row").set_value(True).run()
    assert app.selectbox(key="text_column").value == "column 2"
    assert app.selectbox(key="label_column").value == "column 1"
    assert not app.warning
    assert len(table(app)) == 2
