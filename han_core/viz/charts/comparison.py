"""Models compared: how far heatmaps of one text agree, and what two models do with a data set.

The matrix of agreement has a cell for each pair of columns: models, methods or versions of a
text, lined up word by word. Values with a sign are compared by their size, as Jain and Wallace
2019 do. A darker cell is closer agreement, whatever is measured; it does not say who is right.
Over a data set: what changed by class, divergence and words that attention moved to.
Blue-green is what the second model gains and orange what it loses, left and right of zero as
well, so that nothing hangs on colour alone.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import plotly.graph_objects as go

from han_core.analysis.filters import Change
from han_core.analysis.model_pairs import Pair
from han_core.analysis.pair_attention import MeanShift
from han_core.explanation.agreement import divergence, overlap, tau
from han_core.explanation.statistics import Interval
from han_core.explanation.verdicts import short
from han_core.runtime.errors import counted
from han_core.runtime.messages import mark, tr
from han_core.viz.charts.confusion import CELL_COLOUR, STRONGEST
from han_core.viz.markup import beginning, inked, plotly_text
from han_core.viz.plot import (
    BLUE,
    GREEN,
    GREY,
    NUMBER_OVER,
    ORANGE,
    OUTSIDE,
    FigureBuilder,
    Look,
    add_interval,
    below,
    interval_note,
    name_axis,
    note,
    number_axis,
    plain_layout,
    rows,
)

Measure = Literal["tau", "overlap", "divergence"]

MEASURES: tuple[Measure, ...] = get_args(Measure)

FEWEST, MOST = 2, 8
"""Columns that a matrix can hold."""

TOP = 10
"""The number of strongest words whose overlap is measured unless another is asked for."""

OPPOSED_COLOUR = (217, 119, 6)
"""Of cells with a negative tau: the two orders run against each other."""

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
        raise ValueError(
            f"{FEWEST} to {MOST} columns of words expected, {sizes.shape} came"  # not shown
        )
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
        raise ValueError(f"{len(matrix)} names expected, {len(names)} came")  # not shown
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
    against, alike = (",".join(map(str, colour)) for colour in (OPPOSED_COLOUR, CELL_COLOUR))
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
        "tau": tr("Kendall's τ, 1 for the same order"),
        "overlap": tr("share of the top {count} words in common", count=top),
        "divergence": tr("Jensen-Shannon divergence, 0 to .69"),
    }[measure]


GAIN, LOSS = GREEN, ORANGE

MOST_CLASSES = 30
MOST_WORDS = 8  # that gained, and as many that lost
_BAR = 22  # pixels


_CHANGED = {
    "broken": mark("<b>{count:,} broken</b> of {documents}<br>true: {label}"),
    "fixed": mark("<b>{count:,} fixed</b> of {documents}<br>true: {label}"),
}


def class_changes(pairs: Sequence[Pair], labels: Sequence[str]) -> go.Figure:
    """Draw what the second model broke (left) and fixed (right) in each true class.

    The class that gains most stands on top; of more than ``MOST_CLASSES``, those in which most
    changed are shown. Every bar's ``customdata`` is its class, unescaped, and its change.

    Raises:
        ValueError: if there is not a pair for each label.
    """
    if len(pairs) != len(labels):
        raise ValueError(f"{len(labels)} pairs expected, {len(pairs)} came")  # not shown
    order = shown_classes(pairs)
    most = max([1, *(max(pairs[at].fixed, pairs[at].broken) for at in order)])
    builder = _diverging([labels[at] for at in order], _BAR + 6, 1.2 * most, ",d")
    sides: tuple[tuple[Change, str, int], ...] = (("broken", LOSS, -1), ("fixed", GAIN, 1))
    for change, colour, sign in sides:
        numbers = [getattr(pairs[at], change) for at in order]
        builder.add_row_bars(
            [sign * number for number in numbers],
            marker={"color": colour, "line": {"width": 0}, "opacity": 1},
            unselected={"marker": {"opacity": 1}},
            text=[inked(f"{number:,}") if number else "" for number in numbers],
            **OUTSIDE,
            customdata=[[labels[at], change] for at in order],
            hovertext=[
                tr(
                    _CHANGED[change],
                    count=number,
                    documents=counted(len(pairs[at]), "document"),
                    label=plotly_text(beginning(labels[at], 60)),
                )
                for number, at in zip(numbers, order, strict=True)
            ],
        )
    builder.update_layout(barmode="overlay", clickmode="event+select")
    builder.update_xaxis(showticklabels=False)
    builder.add_annotations(below(tr("documents of the true class: ◀ broken · fixed ▶")))
    return builder.build()


def _diverging(names: Sequence[str], height: int, end: float, form: str) -> FigureBuilder:
    """Start a figure with a row for each name and an axis from -``end`` to ``end``."""
    builder = FigureBuilder(plain_layout(max(1, len(names)) * height + 110))
    builder.update_layout(bargap=0.25)
    builder.update_xaxis(**number_axis((-end, end), form))
    builder.update_yaxis(**name_axis(names))
    builder.add_vline(0, line={"width": 1, "color": GREY})
    return builder


def shown_classes(pairs: Sequence[Pair]) -> list[int]:
    """Return the places of the classes with bars, in the order of the rows."""
    most = sorted(range(len(pairs)), key=lambda at: -(pairs[at].fixed + pairs[at].broken))
    return sorted(most[:MOST_CLASSES], key=lambda at: pairs[at].broken - pairs[at].fixed)


def divergences(means: Sequence[tuple[str, int, Interval]]) -> go.Figure:
    """Draw mean divergence of attention and its 95% interval, a row for each kind of document.

    Args:
        means: as ``PairAttention.means`` gives them.
    """
    highest = max([0.05, *(interval.high or 0.0 for _, _, interval in means)])
    title = tr("divergence of attention (nats; ln 2 = .69 at most)")
    builder = rows([name for name, _, _ in means], title, (0, 1.08 * highest), height=40)
    for row, (name, number, interval) in enumerate(means):
        if interval.mean is None:
            builder.add_annotations(note(tr("no document"), 0, row))
            continue
        hover = interval_note(interval, plotly_text(name), number)
        add_interval(builder, Look(name, BLUE), interval, row, hover)
        builder.add_annotations(note(f"{interval.mean:.3f}", interval.mean, row, **NUMBER_OVER))
    return builder.build()


def moved_words(words: Sequence[MeanShift], documents: int) -> go.Figure:
    """Draw the words that gained or lost most attention, as bars left and right of zero.

    Args:
        words: as ``pair_attention.moved_words`` gives them.
        documents: over which the mean is taken.
    """
    gained = [word for word in words if word.moved > 0][:MOST_WORDS]
    shown = [*gained, *[word for word in words if word.moved < 0][-MOST_WORDS:]]
    most = max([1e-6, *(abs(word.moved) for word in shown)])
    builder = _diverging([word.word for word in shown], _BAR + 2, 1.1 * most, "+.1%")
    colours = [GAIN if word.moved > 0 else LOSS for word in shown]
    builder.add_row_bars(
        [word.moved for word in shown],
        marker={"color": colours, "line": {"width": 0}},
        hovertext=[
            tr(
                "<b>{word}</b> in {count:,} of {documents}<br>there {first:.2%} of the first "
                "model's attention, {second:.2%} of the second's",
                word=plotly_text(beginning(word.word, 60)),
                count=word.documents,
                documents=counted(documents, "document"),
                first=word.first,
                second=word.second,
            )
            for word in shown
        ],
    )
    builder.add_annotations(
        below(tr("share of attention moved, mean over documents\n◀ less · more ▶"))
    )
    return builder.build()
