"""Precision–recall and ROC curves."""

import numpy as np
import pytest

from han_core.analysis.thresholds import threshold_curve
from han_core.viz.charts.thresholds import MOST, drawn_places, precision_recall, roc

CURVE = threshold_curve(
    "pos", np.array([True, True, False, True, False]), np.array([0.9, 0.8, 0.8, 0.4, 0.1])
)


def test_the_precision_recall_curve_by_hand():
    line, dot = precision_recall(CURVE, 0.5).data
    assert list(line.x) == pytest.approx([1 / 3, 2 / 3, 1, 1])
    assert list(line.y) == pytest.approx([1, 2 / 3, 3 / 4, 3 / 5])
    assert [each[0] for each in line.customdata] == pytest.approx([0.9, 0.8, 0.4, 0.1])
    assert (dot.x[0], dot.y[0]) == pytest.approx((2 / 3, 2 / 3))


def test_the_roc_curve_by_hand():
    line, dot = roc(CURVE, 0.85).data
    assert list(line.x) == pytest.approx([0, 0, 1 / 2, 1 / 2, 1])
    assert list(line.y) == pytest.approx([0, 1 / 3, 2 / 3, 1, 1])
    assert (dot.x[0], dot.y[0]) == pytest.approx((0, 1 / 3))


def test_a_threshold_above_all_has_a_place_on_the_roc_curve_alone():
    assert len(precision_recall(CURVE, 0.95).data) == 1
    assert roc(CURVE, 0.95).data[1].x[0] == 0


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    x = np.linspace(0, 1, 5_000)
    places = drawn_places(x, x**2, np.arange(5_000))
    assert len(places) <= MOST
    assert {0, 4_999} <= set(places.tolist())
    assert np.diff(x[places]).max() < 0.05
