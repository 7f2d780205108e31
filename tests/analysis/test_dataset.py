"""Opening scored data sets, and the words of many documents beside one at a time."""

from dataclasses import replace

import numpy as np
import pytest

from han_core.analysis.dataset import open_store, stored_words
from han_core.analysis.document_table import (
    read_document,
)
from han_core.analysis.scoring.table import part_path
from han_core.runtime.errors import UserError


def test_outcomes_are_what_was_scored(store, scored_corpus):
    labels = [store.labels[code] for code in store.outcomes.true]
    assert labels == list(scored_corpus.labels)
    assert store.outcomes.right.mean() > 0.8


def test_two_models_whose_classes_stand_in_another_order(make_store, tmp_path):
    """The second model's classes are said in the first one's order."""
    one = make_store(true=["a", "b"], predicted=["a", "a"], labels=("a", "b"))
    two = make_store(true=["a", "b"], predicted=["b", "a"], labels=("b", "a"))
    assert open_store(one.scores, two.scores).outcomes.other.tolist() == [1, 0]


def test_other_scores_of_other_data_or_classes_are_refused(make_store):
    one = make_store(true=["neg", "pos"])
    with pytest.raises(UserError, match="scored other documents"):
        open_store(one.scores, make_store(true=["pos", "pos"]).scores)
    with pytest.raises(UserError, match="models of the same classes were expected"):
        open_store(one.scores, make_store(true=["neg", "pos"], labels=("neg", "pos", "x")).scores)


def test_scores_that_cannot_be_opened(make_store):
    store = make_store(true=["pos"] * 5, rows_a_part=2)
    unlabelled = store.scores.manifest.model_copy(update={"labelled": False})
    with pytest.raises(UserError, match="has no labels"):
        open_store(replace(store.scores, manifest=unlabelled))
    fewer = make_store(true=["pos"] * 4)
    with pytest.raises(UserError, match="5 documents were scored, and 4 are kept"):
        open_store(replace(store.scores, documents=fewer.scores.documents))
    part = store.scores.folder / "part-00002.parquet"
    part.write_bytes(part.read_bytes()[:-30])
    with pytest.raises(UserError, match="Part 2 of the scores of first on by hand is missing"):
        open_store(store.scores)
    part.unlink()
    with pytest.raises(UserError, match="Part 2"):
        open_store(store.scores)


def test_the_same_as_one_document_at_a_time(store):
    rows = np.array([0, 1, 39, 40, 77, 99])  # of three parts
    result = list(stored_words(store.scores, rows))
    assert len(result) == len(rows)
    for row, (words, weights) in zip(rows.tolist(), result, strict=True):
        one = read_document(store, row)
        assert words == one.words
        assert weights.sum() == pytest.approx(1)
        within = np.concatenate([np.full(n, at) for at, n in enumerate(one.sentence_lengths)])
        both = one.attention.sentence_weights[within] * one.attention.word_weights
        assert weights == pytest.approx(both)


def test_nothing_of_nothing(store):
    assert list(stored_words(store.scores, np.array([], dtype=np.int64))) == []


def test_a_part_that_is_missing_or_damaged_is_said(make_store):
    store = make_store(texts=["one two", "three"], rows_a_part=1)
    rows = np.array([0, 1])
    part_path(store.scores.folder, 1).write_bytes(b"PAR1 but nothing else PAR1")
    with pytest.raises(UserError, match="Part 1 in first is damaged"):
        list(stored_words(store.scores, rows))
    part_path(store.scores.folder, 1).unlink()
    with pytest.raises(UserError, match=r"Part 1 in .* is missing"):
        list(stored_words(store.scores, rows))
