"""What became of each word's state without one word: cosines of both halves."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from han_core.viz.markup import beginning, inked, plotly_text
from han_core.viz.plot import BLUE, LEGEND, ORANGE, FigureBuilder, number_axis, plain_layout

LONGEST = 14  # characters of a word under its bars


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
        raise ValueError(f"({len(words)}, 2) cosines expected, {cosines.shape} came")
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
                else f"{plotly_text(word)}, {plotly_text(names[name])}: <b>{value:.3f}</b>"
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
            "ticktext": [inked(beginning(word, LONGEST)) for word in words],
            "tickfont": {"size": 14 if len(words) < 20 else 11},
            "automargin": True,
            "fixedrange": True,
            "showgrid": False,
        },
        "yaxis": number_axis((min(0.0, float(np.nanmin(cosines))) - 0.05, 1.05))
        | {"title": {"text": inked(names["cosine"])}},
    }
    return builder.build()
