"""Fixed, broken, both right, both wrong: counted one by one, and as the filter selects them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from han_core.analysis.dataset import Outcomes
from han_core.analysis.filters import Filter, Marks
from han_core.analysis.model_pairs import (
    CHANGES,
    Pair,
    changes,
    has_changed,
    holm_adjusted,
    pairs_by_class,
    sum_pairs,
)
from han_core.analysis.query import select

LABELS = ("a", "b", "c")


def outcomes(true, predicted, other, labels=LABELS) -> Outcomes:
    true, predicted = np.asarray(true, dtype=np.int8), np.asarray(predicted, dtype=np.int8)
    other = None if other is None else np.asarray(other, dtype=np.int8)
    rest = [np.zeros(len(true))] * 5
    return Outcomes(labels, true, predicted, *rest, other=other)


def total(asked: Outcomes) -> Pair:
    return sum_pairs(pairs_by_class(asked))


EIGHT = outcomes(
    true=[0, 0, 0, 0, 1, 1, 1, 2],
    predicted=[0, 0, 1, 1, 1, 0, 0, 0],
    other=[0, 1, 0, 1, 1, 2, 1, 0],
)
BECAME = ["both_right", "broken", "fixed", "both_wrong", "both_right", "both_wrong", "fixed",
          "both_wrong"]  # fmt: skip


def test_what_became_of_each_document():
    assert [CHANGES[at] for at in changes(EIGHT)] == BECAME
    assert has_changed(EIGHT).tolist() == [False, True, True, False, False, True, True, False]


def test_counts_by_hand():
    found = total(EIGHT)
    assert found == Pair(fixed=2, broken=1, both_right=2, both_wrong=3, another=1)
    assert (len(found), found.changed) == (8, 4)
    assert found.accuracies == (3 / 8, 4 / 8)
    assert found.difference.mean == pytest.approx(1 / 8)
    assert found.test.p == 1  # of three coins, two against one


def test_counts_of_each_true_class():
    assert pairs_by_class(EIGHT) == (
        Pair(fixed=1, broken=1, both_right=1, both_wrong=1),
        Pair(fixed=1, broken=0, both_right=1, both_wrong=1, another=1),
        Pair(fixed=0, broken=0, both_right=0, both_wrong=1),
    )


def test_without_documents_there_is_no_figure():
    nothing = total(outcomes([], [], []))
    assert len(nothing) == 0
    assert nothing.accuracies is None
    assert nothing.difference is None
    assert len(pairs_by_class(outcomes([], [], []))) == 3


def test_one_model_is_no_pair():
    with pytest.raises(ValueError, match="two models"):
        total(outcomes([0], [0], None))


def test_more_classes_than_a_byte_can_hold():
    many = tuple(map(str, range(120)))
    at = np.arange(120)
    found = pairs_by_class(outcomes(at, at, (at + 1) % 120, many))
    assert all(pair == Pair(0, 1, 0, 0) for pair in found)


ANSWERS = hnp.arrays(np.int8, st.tuples(st.just(3), st.integers(0, 60)), elements=st.integers(0, 2))


@given(ANSWERS)
def test_counts_are_those_of_one_document_after_the_other(answers):
    asked = outcomes(*answers)
    names = {(True, True): "both_right", (True, False): "broken", (False, True): "fixed",
             (False, False): "both_wrong"}  # fmt: skip
    each = [names[t == p, t == o] for t, p, o in answers.T.tolist()]
    found = total(asked)
    assert [getattr(found, name) for name in CHANGES] == [each.count(name) for name in CHANGES]
    assert found.changed == int((answers[1] != answers[2]).sum())
    by_class = pairs_by_class(asked)
    for name in (*CHANGES, "another"):
        assert sum(getattr(pair, name) for pair in by_class) == getattr(found, name)


def test_the_filter_selects_the_same_documents(make_store):
    names = ["neg", "pos"]
    draw = np.random.default_rng(1).integers(0, 2, (3, 50))
    true, predicted, other = ([names[at] for at in row] for row in draw)
    store = make_store(true=true, predicted=predicted, other=other)
    became = changes(store.outcomes)
    for at, change in enumerate(CHANGES):
        rows = select(store, Filter(change=change), Marks())
        assert rows.tolist() == np.flatnonzero(became == at).tolist()
        assert len(rows)


def test_p_is_adjusted_for_the_classes_that_are_tested():
    pairs = (Pair(9, 0, 5, 5), Pair(0, 0, 5, 5), Pair(1, 1, 5, 5))
    first, untested, last = holm_adjusted(pairs)
    assert first == pytest.approx(2 * 2 / 2**9)  # two tests, not three
    assert untested is None
    assert last == 1
