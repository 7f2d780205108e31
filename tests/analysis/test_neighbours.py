"""The nearest training documents, against all cosines computed one by one."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity

from han_core.analysis import training_documents
from han_core.analysis.embedding_cache import cache_vectors, document_vectors, open_vectors
from han_core.analysis.training_documents import (
    Neighbours,
    excerpt,
    nearest,
    neighbour_table,
    neighbours,
)
from han_core.data.corpus import Corpus
from han_core.models.checkpoint import load_checkpoint


@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 1_000), st.sampled_from([3, 7, 64]))
def test_nearest_are_the_largest_cosines(rows, number, seed, at_once):
    draw = np.random.default_rng(seed)
    raw = draw.normal(size=(rows, 5))
    raw[draw.integers(rows, size=rows // 2)] = raw[0]  # ties
    unit = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_documents, "AT_ONCE", at_once)
        found, cosines = nearest(unit.astype(np.float32), unit[0], number)
    expected = cosine_similarity(raw[:1], raw)[0]
    assert len(found) == min(number, rows)
    assert cosines == pytest.approx(np.sort(expected)[::-1][:number], abs=2e-5)
    assert cosines == pytest.approx(expected[found], abs=1e-5)
    same = found[np.isclose(expected[found], 1)]
    assert (np.diff(same) > 0).all()


@pytest.fixture(scope="module")
def read(planted_checkpoint, planted_corpora, data_of_the_tests):
    """(checkpoint, corpus, its vectors): training documents, two of them with one text."""
    checkpoint = load_checkpoint(planted_checkpoint, torch.device("cpu"))
    whole = planted_corpora.training
    other = next(label for label in ("bad", "good") if label != whole.labels[0])
    corpus = Corpus(
        "planted twice", (*whole.texts, whole.texts[0]), (*whole.labels, other),
        (*whole.ids, "copy"), {},
    )  # fmt: skip
    return checkpoint, corpus, open_vectors(cache_vectors(planted_checkpoint, checkpoint, corpus))


def test_against_all_documents_one_by_one(read, planted_corpora):
    checkpoint, corpus, vectors = read
    everything = document_vectors(checkpoint, corpus.texts)
    for text in planted_corpora.test.texts[:10]:
        vector = document_vectors(checkpoint, [text])[0]
        found = neighbours(vectors, vector, text)
        cosines = np.sort(cosine_similarity(vector[None], everything)[0])[::-1]
        assert [one.similarity for one in found.found] == pytest.approx(cosines[:10], abs=2e-3)
        for one in found.found:
            assert one.document.text == corpus.texts[one.row]
            assert one.document.label == corpus.labels[one.row]


def test_they_tell_the_planted_class(read, planted_corpora):
    checkpoint, _, vectors = read
    test, right = planted_corpora.test, 0
    for text, label in zip(test.texts, test.labels, strict=True):
        votes = neighbours(vectors, document_vectors(checkpoint, [text])[0], text).votes
        assert sum(votes.values()) == 10
        right += next(iter(votes)) == label
    assert right > 85


def test_its_own_text_is_told_and_has_no_vote(read):
    checkpoint, corpus, vectors = read
    text = corpus.texts[0]
    found = neighbours(vectors, document_vectors(checkpoint, [text])[0], text, 3)
    same = [one.document.id for one in found.found if one.same_text]
    assert sorted(same) == sorted([corpus.ids[0], "copy"])
    assert all(one.similarity == pytest.approx(1, abs=2e-3) for one in found.found if one.same_text)
    assert found.labels_of_same_text == tuple(sorted({corpus.labels[0], corpus.labels[-1]}))
    assert sum(found.votes.values()) == 3
    shown = neighbour_table(found, corpus.labels[0])
    assert shown["similarity"].is_monotonic_decreasing
    assert shown["same_text"].sum() == 2
    assert (shown["differs"] == (shown["label"] != corpus.labels[0])).all()


def test_nothing_near_is_an_empty_table():
    assert Neighbours(()).votes == {}
    assert neighbour_table(Neighbours(()), "good").empty


def test_an_excerpt_is_one_line():
    assert excerpt("a\n\n b\tc") == "a b c"
    assert excerpt("x" * 240) == "x" * 240
    assert excerpt("x" * 241) == "x" * 240 + "…"
    assert excerpt("ab " + " " * 1_000 + "c") == "ab…"
