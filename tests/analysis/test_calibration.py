"""Bins of confidence and length, and the expected calibration error."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.analysis.calibration import (
    Bins,
    by_confidence,
    by_length,
    calibration,
    quantile_groups,
    width_groups,
)
from han_core.explanation.statistics import NO_INTERVAL
from tests.analysis.made import by_chance, made


def brute_force(outcomes, bins=15) -> float:
    """Equation 3 of Guo et al., bin by bin."""
    confidence, right = outcomes.confidence.astype(float), outcomes.right
    total = 0.0
    for m in range(1, bins + 1):
        inside = (confidence > (m - 1) / bins) & (confidence <= m / bins)
        if inside.any():
            apart = abs(right[inside].mean() - confidence[inside].mean())
            total += inside.sum() / len(confidence) * apart
    return total


def test_the_error_is_that_of_guo_et_al():
    outcomes = by_chance(700, classes=3, seed=2, too_sure=0.05)
    assert calibration(outcomes).error.mean == pytest.approx(brute_force(outcomes))
    assert calibration(outcomes, bins=10).error.mean == pytest.approx(brute_force(outcomes, 10))


def test_the_error_by_hand():
    # .9 and .9: one of two right, apart .4; .6: right, apart .4; over three documents .4.
    outcomes = made([0, 0, 0], [0, 1, 0], confidence=[0.9, 0.9, 0.6])
    result = calibration(outcomes)
    assert result.error.mean == pytest.approx(0.4)
    assert result.bins.documents.tolist() == [1, 2]
    assert result.confidence == pytest.approx([0.6, 0.9])
    assert result.bins.accuracy.tolist() == [1, 0.5]


def test_bins_of_equal_mass_hold_as_many_documents_as_one_another():
    result = calibration(by_chance(1_500), "mass")
    assert result.bins.documents.min() >= 95
    assert result.bins.documents.max() <= 105
    means = result.confidence
    assert (np.diff(means) > 0).all()


def test_a_calibrated_model_has_an_interval_from_0_and_one_that_is_too_sure_has_not():
    calibrated, too_sure = (
        calibration(by_chance(2_000, seed=4, too_sure=apart)) for apart in (0, 0.1)
    )
    assert calibrated.error.low == 0
    assert calibrated.error.mean <= calibrated.by_chance
    assert too_sure.error.mean > too_sure.by_chance
    assert 0 < too_sure.error.low < 0.1 < too_sure.error.high


def test_by_chance_is_what_labels_drawn_by_the_confidences_give():
    outcomes = by_chance(300, seed=6)
    draw, errors = np.random.default_rng(7), []
    for _ in range(300):
        right = draw.random(300) < outcomes.confidence
        errors.append(brute_force(made([0] * 300, np.where(right, 0, 1), outcomes.confidence)))
    expected = np.quantile(errors, 0.95)
    assert calibration(outcomes).by_chance == pytest.approx(expected, rel=0.12)


def test_the_same_documents_have_the_same_interval():
    assert calibration(by_chance(50)).error == calibration(by_chance(50)).error


def test_all_sure_and_all_right_is_no_error():
    result = calibration(made([0] * 5, [0] * 5, confidence=[1.0] * 5, labels=("a", "b")))
    assert result.error.to_json() == {"mean": 0, "low": 0, "high": 0}
    assert result.by_chance == 0


def test_no_document_has_no_error():
    result = calibration(made([], [], labels=("a", "b")))
    assert result.error == NO_INTERVAL
    assert result.by_chance is None
    assert len(result.bins) == 0


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
    result = width_groups(np.array([0.0, 0.1, 0.1001, 0.5, 1.0]), 0, 1, 10)
    assert result.tolist() == [0, 0, 1, 4, 9]


@given(values)
def test_a_range_from_the_lowest_to_the_highest_leaves_just_the_bin(cells):
    outcomes = made([0] * len(cells), [0] * len(cells), tokens=cells)
    bins = by_length(outcomes, 5)
    for low, high, documents in zip(bins.low, bins.high, bins.documents, strict=True):
        assert np.count_nonzero((outcomes.tokens >= low) & (outcomes.tokens <= high)) == documents
    assert bins.documents.sum() == len(cells)


def test_accuracy_by_length_by_hand():
    tokens, predicted = [1, 2, 3, 10, 20, 30], [0, 0, 1, 0, 1, 1]
    result = by_length(made([0] * 6, predicted, tokens=tokens), 2)
    assert (result.low.tolist(), result.high.tolist()) == ([1, 10], [3, 30])
    assert result.accuracy == pytest.approx([2 / 3, 1 / 3])
    low, high = result.ends
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
