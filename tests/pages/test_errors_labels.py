"""The view Labels and the nearest training documents, drawn for stores made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from han_core.analysis.document_table import read_document, surest_errors
from han_core.analysis.embedding_cache import TrainingDocument
from han_core.analysis.filters import Filter
from han_core.analysis.label_issues import find_label_issues
from han_core.analysis.training_documents import Neighbour, Neighbours
from han_core.data.corpus import read_corpus
from han_core.models.checkpoint import load_checkpoint
from pages.errors import labels, neighbours, selection, sentences
from tests.pages.errors_seen import context_of, draw
from tests.pages.seen import captions, hooks
from tests.processes import PATIENCE

PICKER = "training_documents"


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))


@pytest.fixture
def store(make_store):
    """Two hundred documents; the first sixty are labelled as the class that they are not."""
    draw = np.random.default_rng(0)
    sure = draw.uniform(0.55, 0.99, 200)
    really = np.arange(200) % 2
    true = np.where(np.arange(200) < 60, 1 - really, really)
    negative = np.where(really == 0, sure, 1 - sure)
    probabilities = np.stack([negative, 1 - negative], axis=1)
    return make_store(
        true=[("neg", "pos")[at] for at in true], probabilities=probabilities,
        texts=[f"Text number {row} of these." for row in range(200)],
    )  # fmt: skip


def test_suspects_are_listed_and_the_likeliest_is_read(store):
    app, issues = draw("labels", context_of(store)), find_label_issues(store)
    assert len(issues) > 25
    tiles = {tile.label: tile.value for tile in app.metric}
    assert tiles["Model and label disagree"] == f"{len(issues)}"
    assert tiles["Wrong labels, estimated"] == f"{issues.wrong_share:.1%}"
    shown = app.dataframe(key="labels_table").value
    assert shown["id"].tolist() == [str(row) for row in issues.rows[:25]]
    assert shown["margin"].is_monotonic_increasing
    assert f"Document {issues.rows[0]}" in [line.value for line in app.header]
    assert "labels-list" in hooks(app)
    assert "not known whether" in captions(app)


def test_a_model_that_nearly_guesses_gets_no_estimate(make_store):
    """Right for 59 of 100 documents of two classes, as a model out of its domain is."""
    predicted = np.arange(100) % 2
    true = np.where(np.arange(100) < 59, predicted, 1 - predicted)
    probabilities = np.where(predicted[:, None] == [0, 1], 0.8, 0.2)
    store = make_store(true=[("neg", "pos")[at] for at in true], probabilities=probabilities)
    app = draw("labels", context_of(store))
    tiles = {tile.label: tile.value for tile in app.metric}
    assert tiles["Model and label disagree"] == "41"
    assert tiles["Wrong labels, estimated"] == "–"


def test_the_next_document_is_the_next_suspect(store):
    app, issues = draw("labels", context_of(store)), find_label_issues(store)
    app.button(key="next_error").click().run()
    assert f"Document {issues.rows[1]}" in [line.value for line in app.header]


def test_another_page_begins_with_its_first_document(store):
    app, issues = draw("labels", context_of(store)), find_label_issues(store)
    app.session_state[selection.PLACE] = selection.Place(
        store.scores.manifest.data_sha256, int(issues.rows[25]), 25, Filter()
    )
    app.run()
    assert app.dataframe(key="labels_table").value["id"].iloc[0] == str(issues.rows[25])
    assert f"Document {issues.rows[25]}" in [line.value for line in app.header]


def test_the_filter_holds_here_too(store):
    app = draw("labels", context_of(store, Filter(true=("neg",))))
    assert set(app.dataframe(key="labels_table").value["label"]) == {"neg"}
    pairs = app.dataframe(key="label_pairs").value
    assert pairs[["label", "likely"]].to_numpy().tolist() == [["neg", "pos"]]


def test_only_suspects_becomes_a_filter(store):
    app = draw("labels", context_of(store))
    app.button(key="only_suspects").click().run()
    assert app.session_state[selection.FILTER] == Filter(suspect=True)


def test_the_surest_errors(store):
    app = draw("labels", context_of(store))
    app.segmented_control(key="labels_list").set_value(sentences.LABEL_LISTS[1]).run()
    assert not app.exception
    order = surest_errors(store, np.arange(store.rows))
    shown = app.dataframe(key="labels_table").value
    assert shown["id"].tolist() == [str(row) for row in order[:25]]
    assert shown["confidence"].is_monotonic_decreasing


def test_a_document_that_was_read_elsewhere_gives_way_to_the_first(store):
    place = selection.Place(store.scores.manifest.data_sha256, 199, 199, Filter())
    app = draw("labels", context_of(store), **{selection.PLACE: place})
    assert f"Document {find_label_issues(store).rows[0]}" in [line.value for line in app.header]


def test_nothing_suspect_says_so(make_store):
    store = make_store(true=["neg", "pos"], probabilities=[[0.9, 0.1], [0.1, 0.9]])
    app = draw("labels", context_of(store))
    assert "selects no document" in app.info[0].value


def test_without_the_checkpoint_nothing_is_near(store):
    app = draw("neighbours", context_of(store), read_document(store, 0))
    assert sentences.NO_NEIGHBOURS in captions(app)


@pytest.fixture
def small(root, make_store, own_folder):
    """A bench of five bundled documents, with the checkpoint that is said to have scored them."""
    from han_core.analysis.scoring.manifest import checkpoint_sha256

    corpus = read_corpus("bundled:classroom@test").take(range(5))
    store = make_store(true=list(corpus.labels), texts=list(corpus.texts), labels=corpus.classes)
    sha256 = checkpoint_sha256(root / "small-han")
    manifest = store.scores.manifest.model_copy(update={"checkpoint_sha256": sha256})
    store = replace(store, scores=replace(store.scores, manifest=manifest))
    return context_of(store, checkpoint="small-han"), root / "small-han"


def test_the_nearest_are_found_once_the_training_documents_were_read(small):
    from han_core.analysis.embedding_cache import cache_vectors
    from han_core.analysis.sources import source_of
    from han_core.runtime.devices import choose_device

    errors, folder = small
    read = read_document(errors.store, 0)
    app = draw("neighbours", errors, read)
    assert "nearest" in hooks(app)
    assert app.selectbox(key=PICKER).value == "bundled:classroom@train"
    assert app.button(key="begin_vectors").label == "Read these documents"
    corpus = source_of("bundled:classroom/all@all").read()
    key = cache_vectors(folder, load_checkpoint(folder, choose_device("cpu")), corpus)
    app = draw("neighbours", errors, read)
    app.selectbox(key=PICKER).set_value(key).run()
    shown = app.dataframe[0].value
    assert shown["similarity"].is_monotonic_decreasing
    assert shown["same_text"].sum() == 1  # the test documents are among these
    assert len(shown) == 11
    lines = "\n".join(line.value for line in app.markdown)
    assert "Of the 10 nearest" in lines
    assert "An exact copy of this text is among these documents" in lines


def test_the_open_data_set_is_offered_and_the_document_itself_is_left_out(small, monkeypatch):
    from types import SimpleNamespace

    from han_core.analysis.document_map import corpus_of
    from han_core.analysis.embedding_cache import cache_vectors
    from han_core.analysis.sources import source_of
    from pages.shared import data_picker

    errors, folder = small
    scored = SimpleNamespace(
        scores=errors.store.scores,
        origin=SimpleNamespace(source=source_of("bundled:classroom/zh@all")),
    )
    monkeypatch.setattr(data_picker, "list_scores", lambda: [scored])
    app = draw("neighbours", errors, read_document(errors.store, 0))
    assert "This data set: bundled:classroom/zh@all" in app.selectbox(key=PICKER).options
    key = cache_vectors(folder, load_checkpoint(folder), corpus_of(errors.store))
    app = draw("neighbours", errors, read_document(errors.store, 0), **{PICKER: key})
    assert "This data set (5 documents)" in app.selectbox(key=PICKER).options
    shown = app.dataframe[0].value
    assert len(shown) == 4
    assert not shown["same_text"].any()
    assert "0" not in shown["id"].tolist()


def test_they_are_read_in_the_background(small):
    import time

    errors, _ = small
    app = draw("neighbours", errors, read_document(errors.store, 0))
    app.button(key="begin_vectors").click().run()
    until = time.monotonic() + PATIENCE
    while not len(app.dataframe):
        assert not app.exception
        assert time.monotonic() < until
        time.sleep(0.3)
        app.run()
    assert len(app.dataframe[0].value) == 10
    assert app.selectbox(key=PICKER).value != "bundled:classroom@train"


def test_why_training_documents_cannot_be_read(small, root, monkeypatch):
    from han_core.runtime import jobs

    errors, _ = small
    monkeypatch.setattr(jobs, "job_state",
        lambda folder: jobs.JobState(kind="failed", text="No *such* file."),
    )  # fmt: skip
    app = draw("neighbours", errors, read_document(errors.store, 0))
    assert app.error[0].value.replace("\\", "") == "No *such* file."
    assert app.button(key="begin_vectors").label == "Start again"


def neighbour(label: str, same: bool = False) -> Neighbour:
    return Neighbour(0, 0.5, TrainingDocument("1", label, "text", "c"), same)


def test_what_is_said_of_the_votes(store):
    read = read_document(store, 0)
    assert (read.true, read.predicted) == ("pos", "neg")
    nearest = Neighbours((*[neighbour("neg")] * 7, *[neighbour("pos")] * 3, neighbour("neg", True)))
    assert neighbours.votes_line(nearest, read) == (
        "Of the 10 nearest, 7 **neg**, 3 **pos**: 3 of 10 have this document's label, 7 the "
        "predicted class."
    )
    assert neighbours.same_text_line(nearest, read).startswith("⚠ An exact copy")
    assert neighbours.same_text_line(Neighbours((neighbour("neg"),)), read) == ""
    assert neighbours.same_text_line(Neighbours((neighbour("pos", True),)), read).endswith("too.")
    assert "no other text" in neighbours.votes_line(Neighbours(()), read)


@pytest.mark.parametrize(
    ("trained", "fragment"),
    [("same", "has learnt"), ("other part", "not seen"), ("unknown", "not known")],
)
def test_how_far_to_trust_it(trained, fragment):
    sentence = labels.trust_line(trained, "a*b", "data")
    assert fragment in sentence
    assert "a\\*b" in sentence
