"""Layers under other self-attention: a row for each, and the pooling."""

import numpy as np

from han_core.explanation.attention_permutation import AttentionReplacement
from han_core.explanation.faithfulness import Evidence
from han_core.explanation.layer_replacement import LayerReplacement
from han_core.viz.charts.layers import layer_strip

LAYERS = (
    LayerReplacement(0, 0.9, 0.85, False, np.array([0.88, 0.8]), 0.0),
    LayerReplacement(1, 0.9, 0.3, True, np.array([0.2, 0.9]), 0.5),
)
SWAPS = AttentionReplacement(1, 0.9, np.array([0.4, 0.6]), np.array([0.7, 0.5, 0.6]), None)


def evidence(swaps):
    return Evidence("positive", 0.9, "word", 9, 2, None, swaps, None, None, None, True, LAYERS)


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
