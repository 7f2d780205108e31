"""Learning rate and gradient norm by the epochs done."""

import pytest

from han_core.viz.charts.curves import Drawing, smoothed
from han_core.viz.charts.step_curves import recorded, step_curve


def step(done, **values):
    return {"step": done, "epoch": 2, "done": done, "of": 8, "loss": 1.0, **values}


STEPS = [step(2, rate=0.1, norm=4.0), step(4, rate=0.2, norm=None), step(6, rate=0.3, norm=2.0)]


def test_epochs_and_values_by_hand():
    assert recorded(STEPS, "rate") == ([1.25, 1.5, 1.75], [0.1, 0.2, 0.3])
    assert recorded(STEPS, "norm") == ([1.25, 1.75], [4.0, 2.0])


def test_runs_of_older_versions_have_neither():
    assert recorded([step(2), step(4)], "norm") == ([], [])
    assert len(step_curve([step(2)], "norm").data[0].x) == 0


def test_the_norm_is_smoothed_and_the_rate_is_not():
    smooth = Drawing(smoothing=0.5)
    faint, line = step_curve(STEPS, "norm", drawing=smooth).data
    assert list(faint.y) == [4.0, 2.0]
    assert list(line.y) == pytest.approx(smoothed([4.0, 2.0], 0.5))
    (rate,) = step_curve(STEPS, "rate", drawing=smooth).data
    assert list(rate.y) == [0.1, 0.2, 0.3]


def test_axes():
    figure = step_curve(STEPS, "norm", 5, Drawing(log_y=True))
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.xaxis.range[1] >= 5
