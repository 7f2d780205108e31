import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.analysis.calibration import (
    Bins,
    by_confidence,
    by_length,
    quantile_groups,
    width_groups,
)
from tests.analysis.made import by_chance, made

values = st.lists(st.integers(0, 60), min_size=1, max_size=60)


@given(values, st.integers(1, 12))
def test_equal_values_share_a_group_and_groups_are_in_order(cells, groups):
    cells = np.array(cells)
    group = quantile_groups(cells, groups)
    assert 0 <= group.min() <= group.max() < groups
    order = np.argsort(cells, kind="stable")
    assert (np.diff(group[order]) >= 0).all()
    for value in cells:
        assert len(set(group[cells == value])) == 1


def test_groups_of_different_values_are_of_one_size():
    group = quantile_groups(np.random.default_rng(0).permutation(100), 10)
    assert np.bincount(group).tolist() == [10] * 10


def test_a_group_of_one_width_has_its_upper_end():
    found = width_groups(np.array([0.0, 0.1, 0.1001, 0.5, 1.0]), 0, 1, 10)
    assert found.tolist() == [0, 0, 1, 4, 9]


@given(values)
def test_a_range_from_the_lowest_to_the_highest_leaves_just_the_bin(cells):
    outcomes = made([0] * len(cells), [0] * len(cells), tokens=cells)
    bins = by_length(outcomes, 5)
    for low, high, documents in zip(bins.low, bins.high, bins.documents, strict=True):
        assert np.count_nonzero((outcomes.tokens >= low) & (outcomes.tokens <= high)) == documents
    assert bins.documents.sum() == len(cells)


def test_accuracy_by_length_by_hand():
    tokens, predicted = [1, 2, 3, 10, 20, 30], [0, 0, 1, 0, 1, 1]
    found = by_length(made([0] * 6, predicted, tokens=tokens), 2)
    assert (found.low.tolist(), found.high.tolist()) == ([1, 10], [3, 30])
    assert found.accuracy == pytest.approx([2 / 3, 1 / 3])
    low, high = found.ends
    assert (low[0], high[0]) == pytest.approx((0.2077, 0.9385), abs=5e-5)


def test_the_bars_of_confidence_hold_every_document_once():
    outcomes = by_chance(1_000)
    bins = by_confidence(outcomes)
    assert bins.documents.sum() == 1_000
    assert bins.right.sum() == np.count_nonzero(outcomes.right)
    assert (bins.high - bins.low < 1 / 40).all()
    # What the filter compares are the numbers as they are stored.
    low, high = np.float32(bins.low[-1]), np.float32(bins.high[-1])
    there = (outcomes.confidence >= low) & (outcomes.confidence <= high)
    assert np.count_nonzero(there) == bins.documents[-1]


def test_no_document_has_no_bin():
    nothing = made([], [], labels=("a", "b"))
    assert len(by_length(nothing)) == len(by_confidence(nothing)) == 0


@pytest.mark.parametrize(("documents", "right"), [([0], [0]), ([2], [3]), ([1, 2], [1])], ids=str)
def test_bins_that_are_none_are_refused(documents, right):
    with pytest.raises(ValueError, match="expected"):
        Bins(np.zeros(1), np.zeros(1), np.array(documents), np.array(right))
