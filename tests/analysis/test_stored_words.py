"""Many documents' words and weights, beside reading them one at a time."""

import numpy as np
import pytest

from han_core.analysis.dataset import stored_words
from han_core.analysis.document_table import read_document
from han_core.analysis.scoring.table import part_path
from han_core.runtime.errors import UserError


def test_the_same_as_one_document_at_a_time(store):
    rows = np.array([0, 1, 39, 40, 77, 99])  # of three parts
    found = list(stored_words(store.scores, rows))
    assert len(found) == len(rows)
    for row, (words, weights) in zip(rows.tolist(), found, strict=True):
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
