"""The confusion matrix as a Plotly figure that can be clicked.

Plotly selects no cell of a heatmap on a click, so a nearly invisible marker
lies over each cell and takes clicks and hovering. It knows nothing about models.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from han_core.corpora.wording import counted
from han_core.figures.escape import plotly_text
from han_core.figures.markup import HOVER_LABEL, inked
from han_core.figures.wrapping import beginning

BLUE, STRONGEST = (66, 128, 212), 0.7
"""The cells' colour and its opacity at a share of 1: over either theme's panel the
ink keeps a contrast of 4.5 on it (tested)."""

SELECTED = "#d97706"
_CLEAR, _UNSEEN = "rgba(0,0,0,0)", "rgba(127,127,127,0.004)"


def confusion_matrix(
    counts: np.ndarray, labels: Sequence[str], selected: tuple[str, str] | None = None
) -> go.Figure:
    """True classes as rows, predicted ones as columns, the first class at the top left.

    Args:
        counts: (classes, classes) documents by true and predicted class.
        selected: the (true, predicted) cell to frame, by label.

    Every marker's ``customdata`` is its (true, predicted) labels, unescaped.
    Colour is the share among the documents of the true class.

    Raises:
        ValueError: if the counts are not (classes, classes).
    """
    counts = np.asarray(counts)
    if counts.shape != (len(labels), len(labels)):
        raise ValueError(f"counts of shape {(len(labels),) * 2} expected, {counts.shape} came")
    shares = counts / counts.sum(1, keepdims=True).clip(1)
    cell = _cell_height(len(labels))
    figure = go.Figure([_cells(shares), _markers(counts, shares, labels, cell)])
    _lay_out(figure, labels, cell)
    figure.update_layout(annotations=_numbers(counts, 16 if len(labels) <= 6 else 11))
    if selected and {*selected} <= {*labels}:
        row, column = labels.index(selected[0]), labels.index(selected[1])
        figure.add_shape(
            type="rect",
            **{"x0": column - 0.48, "x1": column + 0.48, "y0": row - 0.48, "y1": row + 0.48},
            line={"color": SELECTED, "width": 3},
        )
    return figure


def _cell_height(classes: int) -> int:
    """Pixels; few classes get large cells, twenty still fit on a screen."""
    return max(26, min(84, 420 // max(1, classes)))


def _cells(shares: np.ndarray) -> go.Heatmap:
    red, green, blue = BLUE
    return go.Heatmap(
        z=shares.tolist(),
        zmin=0,
        zmax=1,
        colorscale=[
            [0, f"rgba({red},{green},{blue},0.04)"],
            [1, f"rgba({red},{green},{blue},{STRONGEST})"],
        ],
        xgap=2,
        ygap=2,
        showscale=False,
        hoverinfo="skip",
    )


def _markers(
    counts: np.ndarray, shares: np.ndarray, labels: Sequence[str], cell: int
) -> go.Scatter:
    places = [(row, column) for row in range(len(labels)) for column in range(len(labels))]
    return go.Scatter(
        x=[column for _, column in places],
        y=[row for row, _ in places],
        mode="markers",
        marker={"symbol": "square", "size": cell - 6, "color": _UNSEEN, "opacity": 1},
        # A click selects a marker, and would pale the others if they could be seen.
        unselected={"marker": {"opacity": 1}},
        customdata=[[labels[row], labels[column]] for row, column in places],
        hovertext=[
            f"<b>{counted(int(counts[row, column]), 'document')}</b>, "
            f"{shares[row, column]:.1%} of this true class<br>"
            f"true: {_name(labels[row])}<br>predicted: {_name(labels[column])}"
            for row, column in places
        ],
        hoverinfo="text",
        showlegend=False,
    )


def _numbers(counts: np.ndarray, size: int) -> list[dict]:
    # Annotations, because they take the theme's colour and clicks pass through them.
    return [
        {
            "x": column,
            "y": row,
            "text": inked(f"{int(counts[row, column]):,}"),
            "showarrow": False,
            "font": {"size": size},
        }
        for row, column in np.ndindex(counts.shape)
    ]


def _lay_out(figure: go.Figure, labels: Sequence[str], cell: int) -> None:
    axis = {
        "tickvals": list(range(len(labels))),
        "ticktext": [inked(beginning(label, 24)) for label in labels],
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "automargin": True,
    }
    ends = (-0.5, len(labels) - 0.5)
    figure.update_xaxes(**axis, title_text=inked("predicted class"), side="top", range=ends)
    figure.update_yaxes(**axis, title_text=inked("true class"), range=ends[::-1])
    figure.update_layout(
        height=len(labels) * cell + 110,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor=_CLEAR,
        plot_bgcolor=_CLEAR,
        clickmode="event+select",
        dragmode=False,
        hovermode="closest",
        hoverdistance=-1,  # anywhere in a cell, not only on its marker
        hoverlabel=HOVER_LABEL,
    )


def _name(label: str) -> str:
    return plotly_text(beginning(label, 60))
