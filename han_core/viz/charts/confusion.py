"""The confusion matrix, and the matrix of what a second model changed, with cells to click.

Plotly selects no cell of a heatmap on a click, so a nearly invisible marker lies over each cell
and takes clicks and hovering. Few classes have their names and numbers written; of many, the
colours are seen at once, and names come with hovering and zooming in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from han_core.analysis.filters import Change
from han_core.analysis.metrics import Normalised, normalised
from han_core.analysis.model_pairs import Pair
from han_core.runtime.errors import counted
from han_core.runtime.messages import mark, tr
from han_core.viz.markup import beginning, chance, inked, plotly_text
from han_core.viz.plot import FigureBuilder, Look, Properties, note, plain_layout

CELL_COLOUR, STRONGEST = (66, 128, 212), 0.7
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

CHANGES: dict[Change, str] = {
    "fixed": mark("the first model is wrong, the second right"),
    "broken": mark("the first model is right, the second wrong"),
    "both_right": mark("both models are right"),
    "both_wrong": mark("both models are wrong"),
}
CHANGE_NAMES: dict[Change, str] = {
    "fixed": mark("fixed"),
    "broken": mark("broken"),
    "both_right": mark("both right"),
    "both_wrong": mark("both wrong"),
}
CELLS: tuple[tuple[Change, Change], ...] = (("both_right", "broken"), ("fixed", "both_wrong"))
"""Rows: the first model right, wrong; columns: the second one right, wrong."""

_UNSEEN = Look("", "rgba(127,127,127,0.004)", "square")
_SIDE = 560  # pixels of a matrix of many classes
_CHANGE = 96  # pixels of a cell of changes


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
    """Draw true classes as rows, predicted ones as columns, the first class at the top left.

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
        raise ValueError(
            f"counts of shape {(len(labels),) * 2} expected, {counts.shape} came"  # not shown
        )
    if len(labels) > MOST:
        raise ValueError(f"at most {MOST} classes expected, {len(labels)} came")  # not shown
    matrix = _Matrix(counts, labels, by)
    builder = _matrix_builder(len(labels) * matrix.cell + 110)
    gap, strongest = (2, STRONGEST) if matrix.written else (0, 1)
    _add_shades(builder, _shades(matrix), strongest, gap)
    cells = _clickable(matrix)
    data = [[labels[row], labels[column]] for row, column in cells]
    _add_markers(builder, cells, max(4, matrix.cell - 6), data, _notes(matrix, cells))
    _add_axes(builder, matrix)
    if matrix.written:
        builder.add_annotations(*_numbers(matrix))
    if selected and {*selected} <= {*labels}:
        _frame(builder, labels.index(selected[0]), labels.index(selected[1]))
    return builder.build()


def _matrix_builder(height: int) -> FigureBuilder:
    builder = FigureBuilder(plain_layout(height))
    builder.update_layout(margin={"l": 8, "r": 8, "t": 8, "b": 8}, clickmode="event+select")
    builder.update_layout(hoverdistance=-1)  # anywhere in a cell, not only on its marker
    return builder


def _shades(matrix: _Matrix) -> np.ndarray:
    shades = normalised(matrix.counts, matrix.by)
    if matrix.by == "counts":
        shades = np.sqrt(matrix.counts / max(1, matrix.counts.max(initial=0)))
    if not matrix.written:  # a single document must be seen among cells of few pixels
        shades = np.where(matrix.counts, FAINTEST + (1 - FAINTEST) * shades, 0)
    return shades.round(4)


def _add_shades(builder: FigureBuilder, shades: np.ndarray, strongest: float, gap: int) -> None:
    colour = ",".join(map(str, CELL_COLOUR))
    scale = [[0, f"rgba({colour},0.04)"], [1, f"rgba({colour},{strongest})"]]
    look = {"colorscale": scale, "xgap": gap, "ygap": gap, "showscale": False}
    builder.add_trace("heatmap", z=shades.tolist(), zmin=0, zmax=1, **look, hoverinfo="skip")


def _add_markers(
    builder: FigureBuilder, cells: np.ndarray, size: int, data: list[list[str]], notes: list[str]
) -> None:
    """Add a marker over each of these cells, (markers, 2), that takes clicks and hovering."""
    rows, columns = cells.T.tolist()
    builder.add_dots(
        columns, rows, _UNSEEN, size, customdata=data, hovertext=notes, showlegend=False
    )


def _frame(builder: FigureBuilder, row: int, column: int) -> None:
    corners = {"x0": column - 0.48, "x1": column + 0.48, "y0": row - 0.48, "y1": row + 0.48}
    builder.add_shape("rect", **corners, line={"color": SELECTED, "width": 3})


def _clickable(matrix: _Matrix) -> np.ndarray:
    """(markers, 2) the cells that take clicks, in rows."""
    if matrix.written:
        return np.argwhere(np.ones_like(matrix.counts))
    filled = np.argwhere(matrix.counts)
    documents = matrix.counts[tuple(filled.T)]
    return filled[np.sort(np.argsort(-documents, kind="stable")[:CLICKED])]


def _notes(matrix: _Matrix, cells: np.ndarray) -> list[str]:
    of_true, of_predicted = (normalised(matrix.counts, by) for by in ("true", "predicted"))
    names = [plotly_text(beginning(label, 60)) for label in matrix.labels]
    return [
        tr(
            "<b>{documents}</b><br>{of_true:.1%} of the true class<br>{of_predicted:.1%} of the "
            "predicted class<br>true: {true}<br>predicted: {predicted}",
            documents=counted(int(matrix.counts[row, column]), "document"),
            of_true=of_true[row, column],
            of_predicted=of_predicted[row, column],
            true=names[row],
            predicted=names[column],
        )
        for row, column in cells
    ]


def _numbers(matrix: _Matrix) -> list[Properties]:
    # Annotations, because they take the theme's colour and clicks pass through them.
    few = len(matrix.labels) <= 6
    shares = normalised(matrix.counts, matrix.by)
    return [
        note(
            _number(float(shares[at]), matrix.by, few),
            at[1],
            at[0],
            16 if few else 11,
            xanchor="auto",
        )
        for at in np.ndindex(matrix.counts.shape)
    ]


def _number(value: float, by: Normalised, few: bool) -> str:
    """Documents, or per cent, without the sign where there is little space."""
    if by == "counts":
        return f"{int(value):,}"
    return f"{value:.1%}" if few else f"{100 * value:.0f}"


def _add_axes(builder: FigureBuilder, matrix: _Matrix) -> None:
    ends = [-0.5, len(matrix.labels) - 0.5]
    axis = _written_axis(matrix.labels) if matrix.written else _thinned_axis(matrix.labels)
    builder.update_xaxis(
        **axis, title={"text": inked(tr("predicted class"))}, side="top", range=ends
    )
    builder.update_yaxis(**axis, title={"text": inked(tr("true class"))}, range=ends[::-1])
    # What somebody zoomed in to stays when a cell is framed.
    builder.update_layout(uirevision="matrix")
    if not matrix.written:  # hovering is for the nearest marker only
        builder.update_layout(dragmode="zoom", hoverdistance=max(3, matrix.cell // 2))


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
    """As many names as there is space for; zooming in brings more of them."""
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


def change_matrix(pair: Pair, first: str, second: str, selected: Change | None = None) -> go.Figure:
    """Draw documents by whether each model is right: two rows, two columns.

    Args:
        first, second: names of the models.
        selected: the cell to frame.

    Every marker's ``customdata`` is the change, as filters name it.
    """
    builder = _matrix_builder(2 * _CHANGE + 90)
    counts = np.array([[getattr(pair, change) for change in row] for row in CELLS])
    shares = counts / max(1, len(pair))
    _add_shades(builder, shares, STRONGEST, 2)
    cells = np.argwhere(np.ones((2, 2)))
    changes = [CELLS[row][column] for row, column in cells]
    notes = [
        tr(
            "<b>{documents}</b>: {change}",
            documents=counted(getattr(pair, one), "document"), change=tr(CHANGES[one]),
        )
        for one in changes
    ]  # fmt: skip
    _add_markers(builder, cells, _CHANGE - 6, [[change] for change in changes], notes)
    axis = _written_axis([tr("right"), tr("wrong")])
    titles = [{"text": inked(beginning(name, 34))} for name in (first, second)]
    builder.update_xaxis(**axis, title=titles[1], side="top", range=[-0.5, 1.5])
    builder.update_yaxis(**axis, title=titles[0], range=[1.5, -0.5])
    for (row, column), change in zip(cells.tolist(), changes, strict=True):
        place: dict[str, Any] = {"x": column, "y": row, "xanchor": "auto"}
        number = f"{counts[row, column]:,} · {chance(float(shares[row, column]))}"
        builder.add_annotations(note(tr(CHANGE_NAMES[change]), size=14, yshift=16, **place))
        builder.add_annotations(note(number, size=16, yshift=-14, **place))
        if change == selected:
            _frame(builder, row, column)
    return builder.build()
