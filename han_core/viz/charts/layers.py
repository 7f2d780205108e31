"""Inside a model: the prediction with a layer's attention changed, and states without a word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from han_core.explanation.faithfulness import Evidence
from han_core.explanation.verdicts import short
from han_core.runtime.messages import mark, tr
from han_core.viz.markup import beginning, inked, plotly_text
from han_core.viz.plot import (
    BLUE,
    GREY,
    LEGEND,
    ORANGE,
    RANKED,
    UNIFORM,
    FigureBuilder,
    Look,
    add_dot,
    marked_line,
    number_axis,
    plain_layout,
    rows,
)

LONGEST = 28  # columns of a class's name
WORD = 14  # columns of a word under its bars


_FLIPS = mark("<b>{value:.3f}</b> with {name} made even, the prediction flips")
_STAYS = mark("<b>{value:.3f}</b> with {name} made even, the prediction stays")


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
    own = tr("own attention {value}", value=short(evidence.probability))
    builder.add_vline(**marked_line(evidence.probability, own, side, look.dash, look.colour))
    for number, line in enumerate(lines):
        _add_shuffles(builder, line, number)
        hover = tr(_FLIPS if line.flips else _STAYS, value=line.uniform, name=line.name)
        add_dot(builder, UNIFORM, line.uniform, number, hover, short(line.uniform))
    return builder.build()


def _lines(evidence: Evidence) -> Sequence[_Row]:
    lines = [
        _Row(
            tr("layer {number}", number=layer.layer + 1),
            layer.uniform,
            layer.uniform_flips,
            layer.shuffled,
        )
        for layer in evidence.layers
    ]
    if (swaps := evidence.swaps) is not None:
        uniform = swaps.uniform_probability
        lines.append(_Row(tr("pooling"), uniform, swaps.uniform_flips, swaps.permuted))
    return lines


def _add_shuffles(builder: FigureBuilder, line: _Row, number: int) -> None:
    chances = np.sort(line.shuffled, kind="stable").tolist()
    hover = [
        tr("<b>{value:.3f}</b> with {name} shuffled", value=chance, name=line.name)
        for chance in chances
    ]
    height = [number + 0.22] * len(chances)
    builder.add_dots(chances, height, Look("", GREY), 6, opacity=0.5, hovertext=hover)


def state_change_chart(
    words: Sequence[str], cosines: np.ndarray, names: Mapping[str, str]
) -> go.Figure:
    """Draw two bars for each word: the cosine of its forward half and of its backward half.

    Args:
        words: in reading order.
        cosines: (words, 2), NaN for the word taken out, which has no bars.
        names: what ``forward``, ``backward`` and ``cosine`` are called.

    Raises:
        ValueError: if the numbers of words disagree.
    """
    if cosines.shape != (len(words), 2):
        raise ValueError(f"({len(words)}, 2) cosines expected, {cosines.shape} came")  # not shown
    builder = FigureBuilder(plain_layout(340))
    looks = (("forward", BLUE, ""), ("backward", ORANGE, "/"))
    for (name, colour, pattern), values in zip(looks, cosines.T, strict=True):
        builder.add_trace(
            "bar",
            x=list(range(len(words))),
            y=[None if np.isnan(value) else round(float(value), 4) for value in values],
            name=inked(names[name]),
            marker={"color": colour, "pattern": {"shape": pattern}},
            hovertext=[
                "" if np.isnan(value)
                else tr(
                    "{word}, {name}: <b>{value:.3f}</b>",
                    word=plotly_text(word), name=plotly_text(names[name]), value=value,
                )
                for word, value in zip(words, values, strict=True)
            ],
        )  # fmt: skip
    builder.layout |= {
        "barmode": "group",
        "showlegend": True,
        "legend": LEGEND,
        "margin": {"l": 8, "r": 8, "t": 44, "b": 8},
        "xaxis": {
            "tickvals": list(range(len(words))),
            "ticktext": [inked(beginning(word, WORD)) for word in words],
            "tickfont": {"size": 14 if len(words) < 20 else 11},
            "automargin": True,
            "fixedrange": True,
            "showgrid": False,
        },
        "yaxis": number_axis((min(0.0, float(np.nanmin(cosines))) - 0.05, 1.05))
        | {"title": {"text": inked(names["cosine"])}},
    }
    return builder.build()
