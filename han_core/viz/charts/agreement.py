"""How far several heatmaps of one text agree: a matrix, a cell for each pair.

Columns may be models, methods or versions of a text, lined up word by word. Values with a sign
are compared by their size, as Jain and Wallace 2019 do. A darker cell is closer agreement,
whatever is measured. Agreement says nothing about who is right.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import plotly.graph_objects as go

from han_core.explanation.agreement import divergence, overlap, tau
from han_core.explanation.verdicts import short
from han_core.viz.charts.confusion import CELL_COLOUR, STRONGEST
from han_core.viz.markup import beginning, inked, plotly_text
from han_core.viz.plot import FigureBuilder, below, note, plain_layout

Measure = Literal["tau", "overlap", "divergence"]

MEASURES: tuple[Measure, ...] = get_args(Measure)

FEWEST, MOST = 2, 8
"""Columns that a matrix can hold."""

TOP = 10
"""The number of strongest words whose overlap is measured unless another is asked for."""

ORANGE = (217, 119, 6)
"""Cells of negative tau: the two orders run against each other."""

_FAINT = 0.04
_ROW, _NAME = 60, 0.4  # pixels of a row, and the share of it that its name takes


def pairwise(values: np.ndarray, measure: Measure, top: int = TOP) -> np.ndarray:
    """Compare every column with every other.

    Args:
        values: (columns, words) weights or signed values; their sizes are compared.
        measure: Kendall's tau-b; the share of the ``top`` largest that are the same; or the
            Jensen-Shannon divergence in nats of sizes that are made to sum to 1.

    Returns:
        (columns, columns) symmetric; NaN on the diagonal and where there is none: tau of
        fewer than six words or a constant side, divergence of a side that is 0 throughout.

    Raises:
        ValueError: if there are not 2 to 8 columns.
    """
    sizes = abs(np.asarray(values, dtype=float))
    if sizes.ndim != 2 or not FEWEST <= len(sizes) <= MOST:
        raise ValueError(f"{FEWEST} to {MOST} columns of words expected, {sizes.shape} came")
    matrix = np.full((len(sizes), len(sizes)), np.nan)
    for a in range(len(sizes)):
        for b in range(a):
            matrix[a, b] = matrix[b, a] = _compare(sizes[a], sizes[b], measure, top)
    return matrix


def _compare(a: np.ndarray, b: np.ndarray, measure: Measure, top: int) -> float:
    if measure == "overlap":
        return overlap(a, b, top)
    if measure == "tau":
        value = tau(a, b)
        return np.nan if value is None else value
    if not a.any() or not b.any():
        return np.nan
    return divergence(a / a.sum(), b / b.sum())


def agreement_matrix(
    names: Sequence[str], values: np.ndarray, measure: Measure, top: int = TOP
) -> go.Figure:
    """Draw the matrix of ``pairwise``: a name above each row, its number at row and column.

    Args:
        values: (columns, words), a row of values for each name.

    Raises:
        ValueError: if names and columns differ in number, or there are not 2 to 8.
    """
    matrix = pairwise(values, measure, top)
    if len(names) != len(matrix):
        raise ValueError(f"{len(matrix)} names expected, {len(names)} came")
    builder = FigureBuilder(plain_layout(len(names) * _ROW + 80))
    _add_cells(builder, names, matrix, measure)
    _add_axes(builder, len(names))
    for row, name in enumerate(names):
        place = {"xref": "paper", "yanchor": "bottom", "align": "left"}
        builder.add_annotations(note(beginning(name, 44), 0, row + _NAME, 13, **place))
    for a, b in np.argwhere(~np.eye(len(names), dtype=bool)).tolist():
        text = "–" if np.isnan(matrix[a, b]) else short(float(matrix[a, b]))
        builder.add_annotations(note(text, b, _middle(a), 13, xanchor="auto"))
    builder.add_annotations(below(_title(measure, top)))
    return builder.build()


def _add_cells(
    builder: FigureBuilder, names: Sequence[str], matrix: np.ndarray, measure: Measure
) -> None:
    """Add colours by agreement, -1 to 1, and notes; none on the diagonal.

    Above each row of cells lies an empty one, for the row's name.
    """
    closeness = 1 - matrix / np.log(2) if measure == "divergence" else matrix
    full_names = [plotly_text(beginning(name, 60)) for name in names]
    z: list[list[float | None]] = []
    notes: list[list[str]] = []
    for name, row, shares in zip(full_names, matrix.tolist(), closeness.tolist(), strict=True):
        z += [[None] * len(row), [None if np.isnan(share) else share for share in shares]]
        pairs = zip(row, full_names, strict=True)
        notes += [
            [""] * len(row),
            [f"<b>{cell:.4f}</b><br>{name}<br>{other}" for cell, other in pairs],
        ]
    builder.add_trace(
        "heatmap",
        z=z,
        x=[column - 0.5 for column in range(len(names) + 1)],  # edges, not middles
        y=[*(row + part for row in range(len(names)) for part in (0, _NAME)), len(names)],
        zmin=-1,
        zmax=1,
        colorscale=_scale(),
        xgap=2,
        ygap=2,
        showscale=False,
        hoverongaps=False,
        hovertext=notes,
    )


def _scale() -> list[list[float | str]]:
    """From opposed through nothing to alike, over whichever panel lies behind."""
    against, alike = (",".join(map(str, colour)) for colour in (ORANGE, CELL_COLOUR))
    return [
        [0, f"rgba({against},{STRONGEST})"],
        [0.5, f"rgba({against},{_FAINT})"],
        [0.5, f"rgba({alike},{_FAINT})"],
        [1, f"rgba({alike},{STRONGEST})"],
    ]


def _add_axes(builder: FigureBuilder, columns: int) -> None:
    axis = {
        "ticktext": [inked(str(i)) for i in range(1, columns + 1)],
        "tickfont": {"size": 13},
        "ticks": "",
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
    }
    builder.update_xaxis(**axis, tickvals=list(range(columns)), range=[-0.5, columns - 0.5])
    middles = [_middle(row) for row in range(columns)]
    builder.update_yaxis(**axis, tickvals=middles, range=[columns, 0], automargin=True)


def _middle(row: int) -> float:
    """Where a row's cells stand under its name."""
    return row + (1 + _NAME) / 2


def _title(measure: Measure, top: int) -> str:
    return {
        "tau": "Kendall's τ, 1 for the same order",
        "overlap": f"share of the top {top} words in common",
        "divergence": "Jensen-Shannon divergence, 0 to .69",
    }[measure]
