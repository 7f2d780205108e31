"""Maps of documents: projections beside numpy's, samples, and work that is stored."""

import time

import numpy as np
import pytest

from han_core.analysis import document_map as maps
from han_core.analysis.document_map import (
    DocumentMapRequest,
    begin,
    corpus_of,
    is_quick,
    make_map,
    map_vectors,
    open_map,
    project,
    sample_rows,
    state,
)
from han_core.analysis.embedding_cache import document_vectors
from han_core.runtime.errors import UserError
from tests.conftest import WORDS
from tests.damage import flip
from tests.processes import PATIENCE

pytestmark = pytest.mark.usefixtures("own_data")
LABELS = ("negative", "positive")


@pytest.fixture
def drawn_store(make_store):
    draw = np.random.default_rng(3)
    texts = [" ".join(draw.choice(WORDS, 6)) + "." for _ in range(30)]
    return make_store(true=[LABELS[row % 2] for row in range(30)], labels=LABELS, texts=texts)


def clouds(seed: int = 0) -> np.ndarray:
    draw = np.random.default_rng(seed)
    centres = 8 * np.eye(3, 10)
    return np.concatenate([centre + draw.normal(size=(20, 10)) for centre in centres])


def test_pca_is_the_singular_value_decomposition():
    vectors = clouds().astype(np.float32)
    places, explained = project(vectors, "pca")
    centred = vectors - vectors.mean(0)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    assert np.abs(places) == pytest.approx(np.abs(centred @ axes[:2].T), abs=1e-3)
    assert explained == pytest.approx((singular[:2] ** 2).sum() / (singular**2).sum(), abs=1e-5)
    assert np.array_equal(project(vectors, "pca")[0], places)


@pytest.mark.parametrize("vectors", [np.ones((1, 4)), np.ones((5, 4)), np.arange(3.0)[:, None]])
def test_few_or_equal_documents_have_places_too(vectors):
    places, _ = project(vectors, "pca")
    assert places.shape == (len(vectors), 2)
    assert np.isfinite(places).all()


def test_a_sample_is_always_the_same_and_ascends(monkeypatch):
    assert sample_rows(5).tolist() == [0, 1, 2, 3, 4]
    monkeypatch.setattr(maps, "MOST", 100)
    rows = sample_rows(1_000)
    assert len(np.unique(rows)) == 100
    assert (np.diff(rows) > 0).all()
    assert np.array_equal(rows, sample_rows(1_000))


def test_a_map_is_made_of_the_models_vectors_and_opened_again(folder, checkpoint, drawn_store):
    request = DocumentMapRequest(folder, "cpu", drawn_store.scores)
    assert open_map(request) is None
    made = make_map(request, drawn_store)
    vectors = document_vectors(checkpoint, corpus_of(drawn_store).texts)
    assert np.abs(map_vectors(request).unit - vectors).max() < 1e-3
    assert made.places == pytest.approx(project(vectors, "pca")[0], abs=1e-2)
    assert 0 < made.explained <= 1
    again = open_map(request)
    assert np.array_equal(again.places, made.places)
    assert again.rows.tolist() == list(range(30))
    assert is_quick(drawn_store, "pca")
    assert not is_quick(drawn_store, "umap")


def test_of_many_documents_a_sample_is_on_the_map(folder, drawn_store, monkeypatch):
    monkeypatch.setattr(maps, "MOST", 10)
    request = DocumentMapRequest(folder, "cpu", drawn_store.scores)
    made = make_map(request, drawn_store)
    assert made.rows.tolist() == sample_rows(30).tolist()
    assert made.places.shape == (10, 2)
    assert map_vectors(request).note.data == "by hand, 10 of 30"


def test_a_damaged_map_is_made_again(folder, drawn_store):
    request = DocumentMapRequest(folder, "cpu", drawn_store.scores)
    make_map(request, drawn_store)
    path = request.work / maps.PLACES
    flip(path, path.stat().st_size - 3)
    assert open_map(request) is None
    assert state(request) is None
    assert make_map(request, drawn_store) is not None


@pytest.mark.long
def test_a_job_makes_the_same_map(folder, drawn_store):
    request = DocumentMapRequest(folder, "cpu", drawn_store.scores)
    here = make_map(request, drawn_store)
    (request.work / maps.PLACES).unlink()
    begin(request)
    until = time.monotonic() + PATIENCE
    while (current := state(request)) is not None and current.kind == "working":
        assert time.monotonic() < until
        time.sleep(0.1)
    assert current.kind == "done", current.text
    assert open_map(request).places == pytest.approx(here.places, abs=1e-5)


def test_without_umap_one_sentence_names_the_package(folder, drawn_store, monkeypatch):
    monkeypatch.setattr(maps, "has_umap", lambda: False)
    with pytest.raises(UserError, match="needs the package umap-learn"):
        begin(DocumentMapRequest(folder, "cpu", drawn_store.scores, "umap"))
    with pytest.raises(UserError, match="needs the package umap-learn"):
        project(clouds(), "umap")


@pytest.mark.long
def test_umap_keeps_groups_apart_and_is_repeatable(missing):
    if not maps.has_umap():
        missing("umap-learn is not installed")
    vectors = clouds()
    places, explained = project(vectors, "umap")
    assert explained is None
    nearest = np.linalg.norm(places[:, None] - places[None], axis=2).argsort(1)[:, 1]
    assert (nearest // 20 == np.arange(60) // 20).mean() > 0.95
    assert np.array_equal(project(vectors, "umap")[0], places)
    with pytest.raises(UserError, match="5 documents or more; there are 3"):
        project(vectors[:3], "umap")
