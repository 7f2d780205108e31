"""The view Take away: a table, a report, and what comes back from a file."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from han_core.analysis.annotations.agreement import marks
from han_core.analysis.annotations.codebook import codebook, save_tag
from han_core.analysis.annotations.database import open_database
from han_core.analysis.annotations.writing import add_tag, write_note
from han_core.analysis.documents import content_hash
from han_core.analysis.export import export_table
from han_core.analysis.filters import Filter
from han_core.data.readers import read_table
from pages.errors import annotation_sentences, export
from tests.pages.errors_seen import context_of, draw, unescaped
from tests.processes import PATIENCE

TEXTS = ["Good film .", "=dull", "fine", "so so"]


@pytest.fixture(autouse=True)
def notes(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'notes.sqlite'}"
    monkeypatch.setenv("HANSCOPE_NOTES", url)
    return open_database(url)


@pytest.fixture
def store(make_store):
    return make_store(
        true=["neg", "pos", "pos", "neg"], predicted=["neg", "neg", "pos", "pos"], texts=TEXTS
    )


def opened(store, notes, analyst="Ann", **conditions) -> AppTest:
    return draw("export", context_of(store, Filter(**conditions), marks(notes), analyst=analyst))


def press(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def messages(app: AppTest) -> str:
    lines = "\n".join(each.value for each in (*app.markdown, *app.success))
    return unescaped(lines)


def made(app: AppTest, slot: str):
    return app.session_state[f"made_{slot}"].path


def test_the_table_holds_what_the_filter_leaves_and_goes_when_that_changes(store, notes):
    app = opened(store, notes, outcome="wrong")
    press(app, "make_table")
    path = made(app, "table")
    table = read_table(path.read_bytes(), path.name)
    assert sorted(table.data["text"]) == ["'=dull", "so so"]
    (save,) = [each for each in app.get("download_button") if each.key == "save_table"]
    assert save.proto.label.replace("\\", "").startswith("Download errors.csv (")
    app.button_group(key="taking_kind").set_value("parquet").run()
    assert not [each for each in app.get("download_button") if each.key == "save_table"]


def test_the_report_has_the_first_of_the_table_and_its_filter(store, notes):
    app = opened(store, notes, outcome="wrong")
    app.number_input(key="report_first").set_value(1).run()
    press(app, "make_report")
    html = made(app, "report").read_text()
    assert "<dt>Filter</dt><dd>wrong</dd>" in html
    assert html.count("data-heatmap=") == 1


def collect_script(errors):
    from han_core.analysis.document_table import read_document
    from pages.errors import export, reading
    from pages.shared import page

    page.start_visit("Errors")
    reading.collect_button(errors, read_document(errors.store, 2))
    export.panel(errors)


def test_documents_put_aside_while_reading_make_the_report(store, notes):
    errors = context_of(store, Filter(outcome="wrong"))
    app = AppTest.from_function(collect_script, args=(errors,), default_timeout=PATIENCE).run()
    press(press(app, "collect"), "make_report")
    assert app.button(key="make_report").label == "Create a report with 1 document"
    assert "<h2>Document 2</h2>" in made(app, "report").read_text()
    press(app, "collect_none")
    assert app.button(key="make_report").label == "Create a report with 2 documents"
    assert app.button(key="collect").label == "Add to the report"


def test_the_command_writes_the_same_documents(store, notes):
    app = opened(store, notes, contains="it's; rm -rf")
    (command,) = [each.value for each in app.code]
    assert command.startswith(f"python -m han_core export --scores {store.scores.folder.name[:12]}")
    assert "rm -rf" not in command


def test_too_large_a_table_is_one_sentence_and_the_page_goes_on(store, notes, monkeypatch):
    monkeypatch.setattr(export, "MOST_BYTES", 10)
    app = press(opened(store, notes), "make_table")
    assert "would have more than" in app.error[0].value
    assert app.button(key="make_report")
    assert not app.exception


def taken_away(store, notes, tmp_path) -> bytes:
    path = tmp_path / "before.csv"
    export_table(store, np.arange(store.rows), notes, path, "csv")
    return path.read_bytes()


def upload(app: AppTest, content: bytes, name="before.csv") -> AppTest:
    return app.file_uploader(key="bring_upload").upload(name, content).run()


def test_tags_come_back_and_what_a_new_model_changed_is_listed(store, notes, tmp_path, make_store):
    old = open_database(f"sqlite:///{tmp_path / 'old.sqlite'}")
    save_tag(old, "irony", "Ben")
    add_tag(old, content_hash("so so"), "irony", "Ben")
    write_note(old, content_hash("so so"), "Ben", "twice")
    content = taken_away(store, old, tmp_path)
    new = make_store(
        true=["neg", "pos", "pos"], predicted=["pos", "pos", "pos"], texts=[*TEXTS[:2], "other"]
    )
    app = upload(opened(new, notes), content)
    assert "2 of its texts are among these 3 documents; texts that are not: 2;" in messages(app)
    assert "has no tags, flags or notes" in messages(app)
    tiles = {tile.label: tile.value for tile in app.metric}
    assert tiles == {
        "Became right": "1", "Broke": "1", "Right both times": "0", "Wrong both times": "0",
    }  # fmt: skip
    again = upload(opened(store, notes), content)
    assert "annotations of 1 of them, by Ben." in messages(again)
    press(again, "bring")
    assert "Imported: 1 tag, 1 note." in messages(again)
    assert [tag.name for tag in codebook(notes)] == ["irony"]
    press(again, "bring")
    assert "Nothing was new." in messages(again)


def test_a_file_that_does_not_match_is_one_sentence_and_the_rest_stays(store, notes):
    app = upload(opened(store, notes), b"text,label\nelsewhere,pos\n", "x.csv")
    assert [each.value for each in app.error] == [
        r"None of the 1 text in x\.csv is among the 4 documents of by hand\; a file of the same "
        r"documents was expected\."
    ]
    assert app.button(key="make_table")
    app = upload(app, b"PAR1 nonsense", "x.parquet")
    assert "x\\.parquet" in app.error[0].value
    assert not app.exception


def test_without_a_name_nothing_is_brought_in(store, notes, tmp_path):
    app = upload(opened(store, notes, analyst=""), taken_away(store, notes, tmp_path))
    assert [each.value for each in app.info] == [annotation_sentences.NAME_TO_IMPORT]
    assert not [each for each in app.button if each.key == "bring"]
