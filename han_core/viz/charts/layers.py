"""The prediction with other self-attention, a row for each layer and one for the pooling."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from han_core.explanation.faithfulness import Evidence
from han_core.explanation.verdicts import short
from han_core.viz.markup import beginning
from han_core.viz.plot import (
    GREY,
    RANKED,
    UNIFORM,
    FigureBuilder,
    Look,
    add_dot,
    marked_line,
    rows,
)

LONGEST = 28  # columns of a class's name


@dataclass(frozen=True)
class _Row:
    """A layer, or the pooling: p(predicted class) under even and under shuffled weights."""

    name: str
    uniform: float
    flips: bool
    shuffled: np.ndarray


def layer_strip(evidence: Evidence) -> go.Figure:
    """Draw p(predicted class) with even and with shuffled weights, one layer at a time.

    The model's own attention is the line; the pooling stands last, where it was measured.
    """
    lines = _lines(evidence)
    title = f"p({beginning(evidence.label, LONGEST)})"
    builder = rows([line.name for line in lines], title, (-0.02, 1.02), ".2f")
    side = "left" if evidence.probability < 0.5 else "right"
    look = RANKED["attention"]
    own = f"own attention {short(evidence.probability)}"
    builder.add_vline(**marked_line(evidence.probability, own, side, look.dash, look.colour))
    for number, line in enumerate(lines):
        _add_shuffles(builder, line, number)
        effect = "the prediction flips" if line.flips else "the prediction stays"
        hover = f"<b>{line.uniform:.3f}</b> with {line.name} made even, {effect}"
        add_dot(builder, UNIFORM, line.uniform, number, hover, short(line.uniform))
    return builder.build()


def _lines(evidence: Evidence) -> Sequence[_Row]:
    lines = [
        _Row(layer.name, layer.uniform, layer.uniform_flips, layer.shuffled)
        for layer in evidence.layers
    ]
    if (swaps := evidence.swaps) is not None:
        uniform = swaps.uniform_probability
        lines.append(_Row("pooling", uniform, swaps.uniform_flips, swaps.permuted))
    return lines


def _add_shuffles(builder: FigureBuilder, line: _Row, number: int) -> None:
    chances = np.sort(line.shuffled, kind="stable").tolist()
    hover = [f"<b>{chance:.3f}</b> with {line.name} shuffled" for chance in chances]
    height = [number + 0.22] * len(chances)
    builder.add_dots(chances, height, Look("", GREY), 6, opacity=0.5, hovertext=hover)
