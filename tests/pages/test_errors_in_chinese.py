"""Every view of Errors in Chinese: no sentence of the interface is left in English."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from han_core.analysis.annotations.codebook import STARTER_TAGS, add_starter_tags
from han_core.analysis.annotations.database import open_database
from han_core.analysis.annotations.writing import add_tag, set_flag, write_note
from han_core.analysis.documents import content_hash
from han_core.analysis.filters import Filter, Range
from han_core.runtime.messages import speaking
from han_core.runtime.paths import PROJECT
from pages.errors import selection, sentences
from pages.errors.choices import VIEWS
from tests.pages.conftest import APP
from tests.pages.seen import english
from tests.processes import PATIENCE

CLASSROOM = PROJECT / "han_core" / "data" / "bundled" / "classroom.jsonl"
STATES: dict[str, list[dict[str, object]]] = {
    "Documents": [
        {"coding_others": True},
        {"errors_form": "table", "ways_in": "classes"},
        {"ways_in": "calibration"},
        {"ways_in": "length"},
        {"ways_in": "confidence"},
    ],
    "Labels": [{}, {"labels_list": sentences.LABEL_LISTS[1]}],
    "Two models": [{}, {"beside": "small-bilstm"}],
    "Map": [{}, {"map_projection": "umap"}],
    "Codebook": [{"agreement_first": "Anna", "agreement_second": "Ben"}, {"analyst": ""}],
}
"""What is set in the session before a view is drawn, where one drawing does not show it all."""

PRESSED = {"Behaviour": "behaviour_run", "Take away": "make_table"}
"""The button that a view waits for."""


@pytest.fixture(scope="module")
def own() -> str:
    """Texts that are no part of the interface: documents, and tags that are stored."""
    lines = CLASSROOM.read_text("utf-8").splitlines()
    texts = [" ".join(json.loads(line)["text"].split()) for line in lines]
    return "\n".join([*texts, ", ".join(tag.name for tag in STARTER_TAGS)])


@pytest.fixture
def errors(root, own, tmp_path, monkeypatch):
    """The page Errors, opened by Anna, who reads Chinese, after she and Ben annotated."""
    url = f"sqlite:///{tmp_path / 'notes.sqlite'}"
    monkeypatch.setenv("HANSCOPE_NOTES", url)
    annotate(open_database(url), [content_hash(text) for text in own.splitlines()])
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    app.session_state["locale"] = "zh"
    app.session_state["analyst"] = "Anna"
    with speaking("zh"):  # AppTest itself names the choices that it sends
        app.run().switch_page("pages/3_Errors.py")
        yield app.run()


def annotate(database, contents: list[str]) -> None:
    add_starter_tags(database, "Anna")
    for content in contents:
        add_tag(database, content, "negation", "Anna")
        set_flag(database, content, "label_is_wrong", "Ben", True, "positive", "negative")
    write_note(database, contents[0], "Ben", "?", 0)


def in_chinese(app, own: str) -> None:
    assert not app.exception
    assert app.title[0].value == "错误分析"
    assert english(app, own) == []


@pytest.mark.parametrize("view", VIEWS)
def test_a_view(errors, own, view):
    errors.session_state["errors_view"] = view
    for state in STATES.get(view, [{}]):
        for key, value in state.items():
            errors.session_state[key] = value
        in_chinese(errors.run(), own)
    if key := PRESSED.get(view):
        in_chinese(errors.button(key=key).click().run(), own)


def test_conditions_and_their_chips(errors, own):
    errors.session_state["errors_view"] = "Codebook"
    errors.session_state[selection.FILTER] = Filter(
        confidence=Range(low=0.5), outcome="wrong", annotated=True, suspect=True, tags=("negation",)
    )
    for field in sentences.FIELDS:
        if field != "change":  # needs a second model
            in_chinese(errors.selectbox(key="filter_field").set_value(field).run(), own)


def test_a_table_that_comes_back(errors, own):
    errors.session_state["errors_view"] = "Take away"
    rows = [{"text": text, "tags": "new", "predicted": "negative"} for text in own.splitlines()]
    table = ("mine.jsonl", "\n".join(map(json.dumps, rows)).encode(), "text/plain")
    in_chinese(errors.run().file_uploader(key="bring_upload").set_value(table).run(), own)
    in_chinese(errors.button(key="bring").click().run(), own)
