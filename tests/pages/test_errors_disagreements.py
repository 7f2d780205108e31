"""The view Disagreements, drawn for a store and annotations made by hand."""

import pytest

from han_core.analysis.annotations.codebook import save_tag
from han_core.analysis.annotations.writing import add_tag, set_read
from han_core.analysis.documents import content_hash
from han_core.analysis.filters import DocumentSet, Filter
from pages.errors import cached_scores, disagreements, selection
from tests.pages.errors_seen import context_of, draw
from tests.pages.seen import hooks

TEXTS = ["One text.", "Another text.", "One text.", "A third *text*."]


@pytest.fixture
def store(make_store, tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))
    store = make_store(true=["neg", "pos", "neg", "pos"], texts=TEXTS)
    database = cached_scores.notes()
    for tag in ("irony", "long"):
        save_tag(database, tag, "Ann")
    for text, who, tag in (
        (TEXTS[0], "Ann", "irony"), (TEXTS[0], "Ann", "long"), (TEXTS[0], "Ben", "long"),
        (TEXTS[3], "Ann", "long"), ("Of other data.", "Ann", "long"),
    ):  # fmt: skip
        add_tag(database, content_hash(text), tag, who)
    for text in (TEXTS[3], "Of other data."):
        set_read(database, content_hash(text), "Ben", True)
    return store


def test_documents_in_dispute_are_listed_once_the_largest_first(store):
    app = draw("disagreements", context_of(store))
    table = app.dataframe(key=disagreements.TABLE).value
    assert table["id"].tolist() == ["3", "0"]
    assert table["disagreement"].tolist() == [100, 50]
    assert table["answers"].tolist() == ["Ann: long · Ben: no tag", "Ann: irony, long · Ben: long"]
    assert "disagreements" in hooks(app)


def test_they_become_a_filter(store):
    app = draw("disagreements", context_of(store))
    app.button(key="only_disputed").click().run()
    data = store.scores.manifest.data_sha256
    chosen = DocumentSet.of("annotators disagree", data, [0, 3])
    assert app.session_state[selection.FILTER] == Filter(chosen=chosen)


def test_the_filter_holds_and_nothing_in_dispute_says_so(store):
    app = draw("disagreements", context_of(store, Filter(predicted=("pos",))))
    assert app.dataframe(key=disagreements.TABLE).value["id"].tolist() == ["3"]
    app = draw("disagreements", context_of(store, Filter(contains="Another")))
    assert app.info[0].value == disagreements.NONE
