"""The view Error groups, drawn for a few bundled documents and a small checkpoint."""

from dataclasses import replace

import pytest

from han_core.analysis.annotations.codebook import codebook
from han_core.analysis.annotations.document_annotations import document_annotations
from han_core.analysis.filters import Filter
from han_core.analysis.scoring.manifest import checkpoint_sha256
from han_core.data.corpus import read_corpus
from pages.errors import cached_scores, document_map, error_groups, selection
from tests.pages.errors_seen import context_of, draw
from tests.pages.seen import hooks


@pytest.fixture
def store(root, make_store, tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))
    corpus = read_corpus("bundled:classroom@test").take(range(40))
    labels = corpus.classes
    wrong = [labels[1 - labels.index(label)] for label in corpus.labels[:30]]
    store = make_store(
        true=list(corpus.labels), predicted=wrong + list(corpus.labels[30:]),
        texts=list(corpus.texts), labels=labels,
    )  # fmt: skip
    sha256 = checkpoint_sha256(root / "small-han")
    manifest = store.scores.manifest.model_copy(update={"checkpoint_sha256": sha256})
    scores = replace(store.scores, manifest=manifest)
    return replace(store, scores=scores)


@pytest.fixture
def readable(monkeypatch):
    """The parts of the scores keep the key of the checkpoint that is said to have made them."""
    from han_core.analysis import error_groups as groups

    monkeypatch.setattr(groups, "stored_words", lambda scores, rows: [Words()] * len(rows))


class Words:
    words = ("the", "plot")


def test_errors_are_grouped_and_a_group_becomes_a_filter(store, readable):
    app = draw("error_groups", context_of(store, checkpoint="small-han"))
    assert "error-groups" in hooks(app)
    assert any("**30 errors** in" in line.value for line in app.markdown)
    app.button(key="group_select_0").click().run()
    chosen = app.session_state[selection.FILTER].chosen
    assert set(chosen.rows) <= set(range(30))
    assert chosen.name.startswith("similar errors (")


def test_a_group_is_tagged_with_the_suggestion_and_that_is_undone(store, readable):
    app = draw("error_groups", context_of(store, checkpoint="small-han"))
    suggestion = app.text_input[0].value
    app.button(key="group_tag_all_0").click().run()
    assert [tag.name for tag in codebook(cached_scores.notes())] == [suggestion]
    found = app.session_state[error_groups.FOUND][1].groups[0]
    (content,) = store.documents.contents(found.rows[:1])
    (annotation,) = document_annotations(cached_scores.notes(), content)
    assert [tag.name for tag in annotation.tags] == [suggestion]
    app.button(key="bulk_undo").click().run()
    assert document_annotations(cached_scores.notes(), content) == ()


def test_a_tag_that_is_there_is_used_again_and_a_name_is_needed(store, readable):
    app = draw("error_groups", context_of(store, checkpoint="small-han"))
    for name in ("Irony", "irony"):
        app.text_input[0].set_value(name).run()
        app.button(key="group_tag_all_0").click().run()
    assert [tag.name for tag in codebook(cached_scores.notes())] == ["Irony"]
    app.text_input[0].set_value(" ").run()
    app.button(key="group_tag_all_0").click().run()
    assert "at least one character" in app.error[0].value
    anonymous = draw("error_groups", context_of(store, checkpoint="small-han", analyst=""))
    assert not anonymous.text_input


def test_an_example_is_read(store, readable):
    app = draw("error_groups", context_of(store, checkpoint="small-han"))
    row = app.session_state[error_groups.FOUND][1].groups[0].examples[0]
    app.button(key=f"group_0_{row}").click().run()
    assert app.session_state[selection.PLACE].row == row
    assert app.session_state[selection.VIEW] == selection.DOCUMENTS


def test_without_errors_or_a_model_the_page_says_so(store):
    app = draw("error_groups", context_of(store, Filter(outcome="right"), checkpoint="small-han"))
    assert app.info[0].value == error_groups.NO_ERROR
    assert draw("error_groups", context_of(store)).info[0].value == document_map.NO_MODEL
