"""The confusion matrix as a Plotly figure that can be clicked.

Plotly selects no cell of a heatmap on a click, so a nearly invisible marker
lies over each cell and takes clicks and hovering. Few classes have their names and numbers
written; of many, the colours are seen at once, and names come with hovering and zooming in.
It knows nothing about models.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from han_core.analysis.metrics import Normalised, normalised
from han_core.runtime.errors import counted
from han_core.viz.markup import HOVER_LABEL, inked, plotly_text
from han_core.viz.plot import Properties, Sheet, beginning

BLUE, STRONGEST = (66, 128, 212), 0.7
"""The cells' colour and its opacity at a share of 1: over either theme's panel the
ink keeps a contrast of 4.5 on it (tested)."""

WRITTEN = 24
"""Classes whose names and numbers can be written side by side."""

MOST = 200
"""Classes that a matrix can show; more would be cells of two pixels."""

FAINTEST = 0.2
"""The least shade of a cell with a document, where numbers are not written."""

CLICKED = 6_000
"""Cells of many classes that take clicks: more markers would make the browser slow."""

SELECTED = "#d97706"
_CLEAR, _UNSEEN = "rgba(0,0,0,0)", "rgba(127,127,127,0.004)"
_SIDE = 560  # pixels of a matrix of many classes


@dataclass(frozen=True)
class _Matrix:
    """What every part of the figure is drawn from."""

    counts: np.ndarray
    labels: Sequence[str]
    by: Normalised

    @property
    def written(self) -> bool:
        return len(self.labels) <= WRITTEN

    @property
    def cell(self) -> int:
        """Pixels; few classes get large cells, twenty still fit on a screen."""
        classes = max(1, len(self.labels))
        return max(26, min(84, 420 // classes)) if self.written else max(3, _SIDE // classes)


def confusion_matrix(
    counts: np.ndarray,
    labels: Sequence[str],
    selected: tuple[str, str] | None = None,
    by: Normalised = "counts",
) -> go.Figure:
    """True classes as rows, predicted ones as columns, the first class at the top left.

    Args:
        counts: (classes, classes) documents by true and predicted class.
        selected: the (true, predicted) cell to frame, by label.
        by: what is written and coloured: documents, or their share of the true class (of
            the row) or of the predicted one (of the column). Colour goes with the share, and
            with the square root of documents, so that rare confusions are seen beside what
            is right.

    Every marker's ``customdata`` is its (true, predicted) labels, unescaped. Of many
    classes, empty cells have no marker, and the ``CLICKED`` fullest ones have.

    Raises:
        ValueError: if the counts are not (classes, classes), or the classes more than ``MOST``.
    """
    counts = np.asarray(counts)
    if counts.shape != (len(labels), len(labels)):
        raise ValueError(f"counts of shape {(len(labels),) * 2} expected, {counts.shape} came")
    if len(labels) > MOST:
        raise ValueError(f"at most {MOST} classes expected, {len(labels)} came")
    matrix = _Matrix(counts, labels, by)
    sheet = Sheet()
    _add_cells(sheet, matrix)
    _add_markers(sheet, matrix)
    _lay_out(sheet, matrix)
    if matrix.written:
        sheet.annotate(*_numbers(matrix))
    if selected and {*selected} <= {*labels}:
        row, column = labels.index(selected[0]), labels.index(selected[1])
        sheet.shape(
            "rect",
            **{"x0": column - 0.48, "x1": column + 0.48, "y0": row - 0.48, "y1": row + 0.48},
            line={"color": SELECTED, "width": 3},
        )
    return sheet.figure()


def _add_cells(sheet: Sheet, matrix: _Matrix) -> None:
    red, green, blue = BLUE
    shades = normalised(matrix.counts, matrix.by)
    if matrix.by == "counts":
        shades = np.sqrt(matrix.counts / max(1, matrix.counts.max(initial=0)))
    if not matrix.written:  # a single document must be seen among cells of few pixels
        shades = np.where(matrix.counts, FAINTEST + (1 - FAINTEST) * shades, 0)
    sheet.trace(
        "heatmap",
        z=shades.round(4).tolist(),
        zmin=0,
        zmax=1,
        colorscale=[
            [0, f"rgba({red},{green},{blue},0.04)"],
            [1, f"rgba({red},{green},{blue},{STRONGEST if matrix.written else 1})"],
        ],
        xgap=2 if matrix.written else 0,
        ygap=2 if matrix.written else 0,
        showscale=False,
        hoverinfo="skip",
    )


def _add_markers(sheet: Sheet, matrix: _Matrix) -> None:
    places = _places(matrix)
    sheet.trace(
        "scatter",
        x=places[:, 1].tolist(),
        y=places[:, 0].tolist(),
        mode="markers",
        marker={
            "symbol": "square",
            "size": max(4, matrix.cell - 6),
            "color": _UNSEEN,
            "opacity": 1,
        },
        # A click selects a marker, and would pale the others if they could be seen.
        unselected={"marker": {"opacity": 1}},
        customdata=[[matrix.labels[row], matrix.labels[column]] for row, column in places],
        hovertext=_told(matrix, places),
        hoverinfo="text",
        showlegend=False,
    )


def _places(matrix: _Matrix) -> np.ndarray:
    """(markers, 2) the cells that take clicks, in rows."""
    if matrix.written:
        return np.argwhere(np.ones_like(matrix.counts))
    filled = np.argwhere(matrix.counts)
    documents = matrix.counts[tuple(filled.T)]
    return filled[np.sort(np.argsort(-documents, kind="stable")[:CLICKED])]


def _told(matrix: _Matrix, places: np.ndarray) -> list[str]:
    """What hovering says of each place."""
    of_true, of_predicted = (
        normalised(matrix.counts, "true"),
        normalised(matrix.counts, "predicted"),
    )
    names = [plotly_text(beginning(label, 60)) for label in matrix.labels]
    return [
        f"<b>{counted(int(matrix.counts[row, column]), 'document')}</b><br>"
        f"{of_true[row, column]:.1%} of the true class<br>"
        f"{of_predicted[row, column]:.1%} of the predicted class<br>"
        f"true: {names[row]}<br>predicted: {names[column]}"
        for row, column in places
    ]


def _numbers(matrix: _Matrix) -> list[Properties]:
    # Annotations, because they take the theme's colour and clicks pass through them.
    few = len(matrix.labels) <= 6
    shares = normalised(matrix.counts, matrix.by)
    return [
        {
            "x": column,
            "y": row,
            "text": inked(_number(float(shares[row, column]), matrix.by, few)),
            "showarrow": False,
            "font": {"size": 16 if few else 11},
        }
        for row, column in np.ndindex(matrix.counts.shape)
    ]


def _number(value: float, by: Normalised, few: bool) -> str:
    """Documents, or per cent, without the sign where there is little room."""
    if by == "counts":
        return f"{int(value):,}"
    return f"{value:.1%}" if few else f"{100 * value:.0f}"


def _lay_out(sheet: Sheet, matrix: _Matrix) -> None:
    ends = [-0.5, len(matrix.labels) - 0.5]
    axis = _written_axis(matrix.labels) if matrix.written else _thinned_axis(matrix.labels)
    sheet.x_axis(**axis, title={"text": inked("predicted class")}, side="top", range=ends)
    sheet.y_axis(**axis, title={"text": inked("true class")}, range=ends[::-1])
    sheet.lay_out(
        height=len(matrix.labels) * matrix.cell + 110,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor=_CLEAR,
        plot_bgcolor=_CLEAR,
        clickmode="event+select",
        dragmode=False if matrix.written else "zoom",
        hovermode="closest",
        # Anywhere in a cell, not only on its marker; of many, only where a marker is near.
        hoverdistance=-1 if matrix.written else max(3, matrix.cell // 2),
        hoverlabel=HOVER_LABEL,
        uirevision="matrix",  # what somebody zoomed in to stays when a cell is framed
    )


def _written_axis(labels: Sequence[str]) -> Properties:
    return {
        "tickvals": list(range(len(labels))),
        "ticktext": [inked(beginning(label, 24)) for label in labels],
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "automargin": True,
    }


def _thinned_axis(labels: Sequence[str]) -> Properties:
    """As many names as have room; zooming in brings more of them."""
    return {
        "tickmode": "auto",
        "tickformat": "d",
        "nticks": 16,
        "labelalias": {str(at): inked(beginning(label, 22)) for at, label in enumerate(labels)},
        "minallowed": -0.5,
        "maxallowed": len(labels) - 0.5,
        "showgrid": False,
        "zeroline": False,
        "automargin": True,
    }
