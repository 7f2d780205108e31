import numpy as np
import pytest

from han_core.analysis.calibration import calibration
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
    found = calibration(outcomes)
    assert found.error.mean == pytest.approx(0.4)
    assert found.bins.documents.tolist() == [1, 2]
    assert found.confidence == pytest.approx([0.6, 0.9])
    assert found.bins.accuracy.tolist() == [1, 0.5]


def test_bins_of_equal_mass_hold_as_many_documents_as_one_another():
    found = calibration(by_chance(1_500), "mass")
    assert found.bins.documents.min() >= 95
    assert found.bins.documents.max() <= 105
    means = found.confidence
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
    found = calibration(made([0] * 5, [0] * 5, confidence=[1.0] * 5, labels=("a", "b")))
    assert found.error.to_json() == {"mean": 0, "low": 0, "high": 0}
    assert found.by_chance == 0


def test_no_document_has_no_error():
    found = calibration(made([], [], labels=("a", "b")))
    assert found.error == NO_INTERVAL
    assert found.by_chance is None
    assert len(found.bins) == 0
