"""The data map of a run: confidence by variability, a dot for each training document."""

import pandas as pd
import plotly.graph_objects as go

from han_core.analysis.data_map import REGIONS
from han_core.viz.markup import beginning, inked, plotly_text
from han_core.viz.plot import (
    BLUE,
    GREEN,
    ORANGE,
    FigureBuilder,
    Look,
    below,
    number_axis,
    plain_layout,
)

MOST = 1_500
"""Dots that are drawn."""

_HEIGHT = 420  # pixels
_LOOKS = dict(
    zip(
        REGIONS,
        (Look("easy", BLUE), Look("ambiguous", GREEN, "diamond"), Look("hard", ORANGE, "x")),
        strict=True,
    )
)


def data_map_chart(table: pd.DataFrame) -> go.Figure:
    """Draw what ``data_map`` returns; of more than ``MOST`` documents a random sample.

    A dot's ``customdata`` is (the document's place in ``table``,).
    """
    builder = FigureBuilder(plain_layout(_HEIGHT))
    drawn = table if len(table) <= MOST else table.sample(MOST, random_state=0).sort_index()
    for region, look in _LOOKS.items():
        part = drawn[drawn["region"] == region]
        if not len(part):
            continue
        builder.add_dots(
            part["variability"].tolist(),
            part["confidence"].tolist(),
            look,
            7,
            0.6,
            name=inked(f"{region}: {int((table['region'] == region).sum()):,}"),
            customdata=[[int(at)] for at in part.index],
            hovertext=[_hover(row) for row in part.to_dict("records")],
        )
    builder.update_xaxis(**number_axis((-0.01, 0.52)))
    builder.update_yaxis(**number_axis((-0.03, 1.03)))
    builder.update_layout(clickmode="event+select", uirevision="data-map")
    builder.show_legend()
    builder.add_annotations(below("variability over the epochs; up: mean probability of the label"))
    return builder.build()


def _hover(row: dict) -> str:
    return (
        f"<b>{row['confidence']:.3f}</b> confidence, {row['variability']:.3f} variability<br>"
        f"{plotly_text(beginning(row['label'], 40))}<br>{plotly_text(beginning(row['text'], 70))}"
    )
