"""Layers under other self-attention: a row for each, and the pooling."""

import numpy as np
import pytest

from han_core.explanation.attention_permutation import AttentionReplacement
from han_core.explanation.faithfulness import Evidence
from han_core.explanation.layer_replacement import LayerReplacement
from han_core.viz.charts.layers import layer_strip, state_change_chart
from tests.viz.conftest import plain

LAYERS = (
    LayerReplacement(0, 0.9, 0.85, False, np.array([0.88, 0.8]), 0.0),
    LayerReplacement(1, 0.9, 0.3, True, np.array([0.2, 0.9]), 0.5),
)
SWAPS = AttentionReplacement(1, 0.9, np.array([0.4, 0.6]), np.array([0.7, 0.5, 0.6]), None)


def evidence(swaps):
    return Evidence(
        "positive", 0.9, "word", 9, 2, None, swaps, None, self_attention=True, layers=LAYERS
    )


def dots(figure, opacity):
    found = (t for t in figure.data if t.mode == "markers" and t.marker.opacity == opacity)
    return {round(trace.y[0]): list(trace.x) for trace in found}


def test_each_layer_and_the_pooling_have_a_row():
    figure = layer_strip(evidence(SWAPS))
    assert dots(figure, 1) == {0: [0.85], 1: [0.3], 2: [0.6]}
    assert dots(figure, 0.5) == {0: [0.8, 0.88], 1: [0.2, 0.9], 2: [0.5, 0.6, 0.7]}
    assert figure.layout.shapes[0].x0 == 0.9
    hovers = [t.hovertext[0] for t in figure.data if t.mode == "markers"]
    assert "<b>0.300</b> with layer 2 made even, the prediction flips" in hovers


def test_without_other_pooling_there_are_layers_alone():
    assert dots(layer_strip(evidence(None)), 1) == {0: [0.85], 1: [0.3]}


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
