"""A map of documents: a dot each, coloured by a number or by groups, to draw a lasso around.

``data_map_chart`` draws the data map of a run: confidence by variability of training documents.
The ``customdata`` of a dot is (row,). Groups differ by symbol as well as by colour.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import get_colorscale

from han_core.analysis.map_colours import MapColours
from han_core.runtime.messages import mark, tr
from han_core.training.dynamics import REGIONS
from han_core.viz.markup import INK_SPAN, beginning, inked, plotly_text
from han_core.viz.plot import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    FigureBuilder,
    Look,
    below,
    number_axis,
    plain_layout,
)

HEIGHT = 440  # pixels
PALE = 0.15
"""Opacity of documents that are not chosen while others are."""

_LOOKS = (
    Look("", BLUE), Look("", ORANGE, "diamond"), Look("", GREEN, "square"),
    Look("", "#b65aa0", "triangle-up"), Look("", "#8a6d3b", "cross"), Look("", "#5b6bc0", "star"),
    Look("", "#c2554a", "triangle-down"), Look("", "#3d8fa5", "hexagon"), Look("", GREY, "x"),
)  # fmt: skip


def document_map(
    rows: np.ndarray,
    places: np.ndarray,
    colours: MapColours,
    hover: Sequence[str],
    chosen: np.ndarray | None = None,
) -> go.Figure:
    """Draw the map.

    Args:
        rows: (documents,) given back by a selection.
        places: (documents, 2).
        hover: (documents,) shown on hover, escaped for Plotly already.
        chosen: (documents,) which are chosen; None where none was.
    """
    builder = FigureBuilder(plain_layout(HEIGHT))
    hidden = {"visible": False, "fixedrange": True}
    builder.update_xaxis(**hidden)
    builder.update_yaxis(**hidden)
    builder.update_layout(dragmode="lasso", margin={"l": 0, "r": 0, "t": 8, "b": 0})
    opacity = np.full(len(rows), 0.8) if chosen is None else np.where(chosen, 0.9, PALE)
    drawn = _Dots(builder, rows, places, hover, opacity)
    if colours.codes is None:
        _numbers(drawn, colours)
    else:
        _groups(drawn, colours, colours.codes)
    return builder.build()


class _Dots:
    """Add dots of some of the documents."""

    def __init__(
        self, builder: FigureBuilder, rows: np.ndarray, places: np.ndarray,
        hover: Sequence[str], opacity: np.ndarray,
    ):  # fmt: skip
        self.builder = builder
        self._rows, self._places, self._hover, self._opacity = rows, places, hover, opacity
        self.size = 9 if len(rows) <= 1_000 else 6 if len(rows) <= 5_000 else 4

    def add(self, which: np.ndarray, marker: dict, **properties) -> None:
        self.builder.add_trace(
            "scattergl",
            mode="markers",
            x=self._places[which, 0].tolist(),
            y=self._places[which, 1].tolist(),
            customdata=[[int(row)] for row in self._rows[which]],
            hovertext=[self._hover[at] for at in which],
            marker={"size": self.size, "opacity": self._opacity[which].tolist(), **marker},
            **properties,
        )


def _numbers(dots: _Dots, colours: MapColours) -> None:
    values = np.asarray(colours.numbers, dtype=float)
    missing = np.flatnonzero(~np.isfinite(values))
    if len(missing):
        dots.add(missing, {"color": GREY, "symbol": "x"})
    present = np.flatnonzero(np.isfinite(values))
    bar = {
        "title": {"text": inked(colours.title), "side": "top"},
        "tickprefix": INK_SPAN, "ticksuffix": "</span>", "outlinewidth": 0,
        "orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "xanchor": "left",
        "len": 0.5, "thickness": 10,
    }  # fmt: skip
    colours_of = get_colorscale("Cividis")  # not shown
    scale = {"colorscale": colours_of, "showscale": True, "colorbar": bar}
    dots.add(present, {"color": values[present].tolist(), **scale})
    dots.builder.update_layout(margin={"t": 70})


def _groups(dots: _Dots, colours: MapColours, codes: np.ndarray) -> None:
    # The largest group first, so that small ones lie above it.
    for at, name in enumerate(colours.names):
        which, look = np.flatnonzero(codes == at), _LOOKS[at % len(_LOOKS)]
        label = f"{beginning(name, 30)} ({len(which):,})"
        marker = {"color": look.colour, "symbol": look.symbol}
        dots.add(which, marker, name=inked(label), showlegend=True)
    dots.builder.show_legend(top=30 + 22 * -(-len(colours.names) // 3))


MOST = 1_500
"""Dots that are drawn."""

_DATA_MAP_HEIGHT = 420  # pixels
_REGION_LOOKS = dict(
    zip(
        REGIONS,
        (
            Look(mark("easy: {count:,}"), BLUE),
            Look(mark("ambiguous: {count:,}"), GREEN, "diamond"),
            Look(mark("hard: {count:,}"), ORANGE, "x"),
        ),
        strict=True,
    )
)


def data_map_chart(table: pd.DataFrame) -> go.Figure:
    """Draw what ``data_map`` returns; of more than ``MOST`` documents a random sample.

    A dot's ``customdata`` is (the document's place in ``table``,).
    """
    builder = FigureBuilder(plain_layout(_DATA_MAP_HEIGHT))
    drawn = table if len(table) <= MOST else table.sample(MOST, random_state=0).sort_index()
    for region, look in _REGION_LOOKS.items():
        part = drawn[drawn["region"] == region]
        if not len(part):
            continue
        builder.add_dots(
            part["variability"].tolist(),
            part["confidence"].tolist(),
            look,
            7,
            0.6,
            name=inked(tr(look.name, count=int((table["region"] == region).sum()))),
            customdata=[[int(at)] for at in part.index],
            hovertext=[_data_map_hover(row) for row in part.to_dict("records")],
        )
    builder.update_xaxis(**number_axis((-0.01, 0.52)))
    builder.update_yaxis(**number_axis((-0.03, 1.03)))
    builder.update_layout(clickmode="event+select", uirevision="data-map")
    builder.show_legend()
    builder.add_annotations(
        below(tr("variability over the epochs; up: mean probability of the label"))
    )
    return builder.build()


def _data_map_hover(row: dict) -> str:
    return tr(
        "<b>{confidence:.3f}</b> confidence, {variability:.3f} variability<br>{label}<br>{text}",
        confidence=row["confidence"], variability=row["variability"],
        label=plotly_text(beginning(row["label"], 40)),
        text=plotly_text(beginning(row["text"], 70)),
    )  # fmt: skip
