"""Thresholds of one class, by hand and by brute force."""

import numpy as np
import pytest

from han_core.analysis.thresholds import (
    at_threshold,
    best_threshold,
    class_probabilities,
    threshold_curve,
)
from han_core.runtime.errors import UserError

POSITIVE = np.array([True, True, False, True, False])
PROBABILITY = np.array([0.9, 0.8, 0.8, 0.4, 0.1], dtype=np.float32)


def by_chance(seed: int, documents: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Documents whose probabilities are two decimals, so that many are equal."""
    draw = np.random.default_rng(seed)
    positive = draw.random(documents) < 0.3
    probability = np.clip(draw.normal(np.where(positive, 0.6, 0.4), 0.2), 0, 1).round(2)
    return positive, probability


def test_the_cells_at_a_threshold_by_hand():
    curve = threshold_curve("pos", POSITIVE, PROBABILITY)
    scores = at_threshold(curve, 0.5)
    assert (scores.hits, scores.misses, scores.false_alarms, scores.rejections) == (2, 1, 1, 1)
    assert scores.precision.mean == scores.recall.mean == pytest.approx(2 / 3)
    assert scores.f1.mean == pytest.approx(2 / 3)
    assert scores.f1.low < scores.f1.mean < scores.f1.high
    assert scores.false_positive_rate.mean == 1 / 2


def test_the_ends_take_everything_and_nothing():
    curve = threshold_curve("pos", POSITIVE, PROBABILITY)
    everything, nothing = at_threshold(curve, 0), at_threshold(curve, 1)
    assert (everything.hits, everything.false_alarms) == (3, 2)
    assert (nothing.hits, nothing.false_alarms) == (0, 0)
    assert nothing.precision.mean is None
    assert nothing.f1.mean == 0


@pytest.mark.parametrize("seed", range(3))
def test_every_threshold_counts_what_brute_force_counts(seed):
    positive, probability = by_chance(seed)
    curve = threshold_curve("pos", positive, probability)
    for threshold in np.linspace(0, 1, 41).round(3):
        taken, scores = probability >= threshold, at_threshold(curve, threshold)
        assert scores.hits == (taken & positive).sum()
        assert scores.false_alarms == (taken & ~positive).sum()
        assert scores.rejections == (~taken & ~positive).sum()


@pytest.mark.parametrize("seed", range(3))
def test_the_area_is_the_share_of_pairs_in_order(seed):
    positive, probability = by_chance(seed)
    pairs = probability[positive][:, None] - probability[~positive][None]
    area = threshold_curve("pos", positive, probability).area
    assert area.mean == pytest.approx(((pairs > 0) + (pairs == 0) / 2).mean())
    assert area.low < area.mean < area.high


def test_the_intervals_are_those_of_documents_drawn_again():
    from sklearn.metrics import average_precision_score, roc_auc_score

    positive, probability = by_chance(5)
    curve, draw = threshold_curve("pos", positive, probability), np.random.default_rng(1)
    rows = draw.integers(0, len(positive), (600, len(positive)))
    for interval, measure in (
        (curve.area, roc_auc_score),
        (curve.average_precision, average_precision_score),
    ):
        drawn = [measure(positive[each], probability[each]) for each in rows]
        assert (interval.low, interval.high) == pytest.approx(
            np.quantile(drawn, [0.025, 0.975]), abs=0.015
        )


@pytest.mark.parametrize("seed", range(3))
def test_the_best_threshold_has_the_highest_f1_of_all(seed):
    positive, probability = by_chance(seed)
    curve = threshold_curve("pos", positive, probability)
    f1 = [at_threshold(curve, at).f1.mean for at in np.linspace(0, 1, 101).round(2)]
    assert at_threshold(curve, best_threshold(curve)).f1.mean == pytest.approx(max(f1))


def test_documents_of_one_class_alone_have_no_curve():
    with pytest.raises(UserError, match="none of pos"):
        threshold_curve("pos", np.zeros(3, bool), PROBABILITY[:3])
    with pytest.raises(UserError, match="none of another class"):
        threshold_curve("pos", np.ones(3, bool), PROBABILITY[:3])


def test_probabilities_come_from_every_part_of_the_scores(make_store):
    rows = np.random.default_rng(0).dirichlet([1, 1, 1], 7)
    store = make_store(
        labels=("a", "b", "c"), true=["a", "b", "c", "a", "b", "c", "a"],
        probabilities=rows.tolist(), rows_a_part=3,
    )  # fmt: skip
    assert class_probabilities(store.scores, "b") == pytest.approx(rows[:, 1], abs=1e-6)
