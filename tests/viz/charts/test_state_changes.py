"""Bars of both halves of each state."""

import numpy as np
import pytest

from han_core.viz.charts.state_changes import state_change_chart
from tests.viz.conftest import plain

NAMES = {"forward": "forward half", "backward": "backward half", "cosine": "cosine"}


def test_two_bars_for_each_word_but_the_missing_one():
    cosines = np.array([[1, -0.25], [np.nan, np.nan], [0.5, 1]])
    figure = state_change_chart(["so", "<b>", "good"], cosines, NAMES)
    forward, backward = figure.data
    assert list(forward.y) == [1, None, 0.5]
    assert list(backward.y) == [-0.25, None, 1]
    assert [plain(trace.name) for trace in figure.data] == ["forward half", "backward half"]
    assert forward.marker.pattern.shape != backward.marker.pattern.shape
    assert "<b>-0.250</b>" in backward.hovertext[0]
    assert plain(figure.layout.xaxis.ticktext[1]) == "<b>"
    low, high = figure.layout.yaxis.range
    assert low < -0.25 < 1 < high


def test_numbers_must_agree():
    with pytest.raises(ValueError, match="cosines expected"):
        state_change_chart(["so"], np.ones((2, 2)), NAMES)
