"""How good a model is by class, by length and by slice: dots with their intervals, in rows.

Every dot can be clicked; its ``customdata`` says what it stands for. It knows nothing about
how shares and intervals were made.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go

from han_core.analysis.calibration import Bins
from han_core.analysis.filters import Range
from han_core.analysis.metrics import ClassScores
from han_core.explanation.statistics import Interval
from han_core.runtime.errors import counted
from han_core.viz.dot_rows import LEGEND, Look, marked_line, note, rows
from han_core.viz.markup import inked, plotly_text
from han_core.viz.plot import Sheet, beginning

SCORES = (
    Look("precision", "#4280d4", "circle", ""),
    Look("recall", "#14968a", "square", ""),
    Look("F1", "#d97706", "diamond", ""),
)
TALL, LOW = 46, 30
"""Pixels of a row with three dots: of a few classes, and of more than ``FEW``."""

FEW = 24
CHOSEN = {"fillcolor": "rgba(217,119,6,0.16)", "line": {"width": 0}, "layer": "below"}
"""The band of what the filter holds."""
_DOT = "#4280d4"
_STANDS = {"predicted": "predicted as it", "true": "of this class"}


def class_rows(
    scores: ClassScores,
    labels: Sequence[str],
    order: Sequence[int],
    chosen: tuple[Sequence[str], Sequence[str]] = ((), ()),
) -> go.Figure:
    """Precision, recall and F1 of each class in a row, which names its documents.

    A dot's ``customdata`` is (the class, "predicted" for precision, "true" for the others):
    the documents that its share is one of.

    Args:
        order: places of the classes, from the top.
        chosen: the true and the predicted classes that the filter holds; their rows
            have a band.
    """
    names = [f"{beginning(labels[at], 22)} · {scores.support[at]:,}" for at in order]
    height = TALL if len(names) <= FEW else LOW
    sheet = rows(names, "share; beside the name: documents", (-0.02, 1.04), ".0%", height)
    _add_bands(sheet, [labels[at] in {*chosen[0], *chosen[1]} for at in order])
    columns = (
        (scores.precision, scores.precision_ends, "predicted", scores.predicted),
        (scores.recall, scores.recall_ends, "true", scores.support),
        (scores.f1, None, "true", scores.support),
    )
    for place, (values, ends, stands, documents) in enumerate(columns):
        told = [
            f"{_told(SCORES[place].name, values[at], ends, at)}<br>"
            f"{counted(int(documents[at]), 'document')} {_STANDS[stands]}"
            f"<br>{plotly_text(beginning(labels[at], 60))}"
            for at in order
        ]
        heights = np.arange(len(order)) + 0.25 * (place - 1)
        sides = None if ends is None else ends[:, order]
        data = [[labels[at], stands] for at in order]
        _add_dots(sheet, SCORES[place], values[order], sides, heights, told, data)
    sheet.y_axis(range=[len(names) - 0.5, -0.5])
    _lay_out(sheet, legend=True)
    return sheet.figure()


def _add_bands(sheet: Sheet, chosen: Sequence[bool]) -> None:
    """A band over each row that is chosen."""
    for row in np.flatnonzero(chosen):
        sheet.horizontal_band(row - 0.5, row + 0.5, **CHOSEN)


def _told(name: str, value: float, ends: np.ndarray | None, at: int) -> str:
    if ends is None:
        return f"<b>{value:.3f}</b> {name}"
    low, high = ends[:, at]
    return f"<b>{value:.1%}</b> {name}, 95% interval {low:.1%} to {high:.1%}"


def _add_dots(
    sheet: Sheet, look: Look, values: np.ndarray, ends: np.ndarray | None,
    heights: np.ndarray, told: list[str], data: list[list],
) -> None:  # fmt: skip
    there = np.isfinite(values)
    bars = {}
    if ends is not None:
        bars["error_x"] = {
            "array": (ends[1] - values)[there].tolist(),
            "arrayminus": (values - ends[0])[there].tolist(),
            "color": look.colour,
            "thickness": 1.5,
            "width": 0,
        }
    keep = np.flatnonzero(there)
    sheet.trace(
        "scatter",
        x=values[there].tolist(),
        y=heights[there].tolist(),
        mode="markers",
        name=inked(look.name),
        marker={
            "color": look.colour,
            "symbol": look.symbol,
            "size": 9,
            "opacity": 1,
        },
        unselected={"marker": {"opacity": 1}},
        customdata=[data[at] for at in keep],
        hovertext=[told[at] for at in keep],
        hoverinfo="text",
        **bars,
    )


def length_rows(bins: Bins, accuracy: Interval, chosen: Range | None = None) -> go.Figure:
    """Accuracy by length with Wilson's 95% intervals, a row for each bin.

    A dot's ``customdata`` is (shortest, longest) of its bin.

    Args:
        accuracy: over all of them, drawn as a line.
        chosen: the lengths that the filter holds; its rows have a band.
    """
    low, high = bins.ends
    lines = [
        Row(
            _lengths(first, last),
            Interval(float(mean), float(below), float(above)),
            int(documents),
            chosen=chosen is not None and _within(first, last, chosen),
            data=[first, last],
        )
        for first, last, mean, below, above, documents in zip(
            bins.low.tolist(), bins.high.tolist(), bins.accuracy, low, high, bins.documents,
            strict=True,
        )
    ]  # fmt: skip
    return interval_rows(lines, "accuracy, by tokens in the document", accuracy)


def _lengths(first: float, last: float) -> str:
    return f"{first:,.0f}" if first == last else f"{first:,.0f} to {last:,.0f}"


def _within(first: float, last: float, chosen: Range) -> bool:
    return (chosen.low is None or chosen.low <= first) and (
        chosen.high is None or last <= chosen.high
    )


@dataclass(frozen=True)
class Row:
    """One row: a name, a value with its interval, and of how many documents."""

    name: str
    interval: Interval
    documents: int
    chosen: bool = False
    data: list[Any] = field(default_factory=list)


def interval_rows(
    lines: Sequence[Row], title: str, whole: Interval, form: str = ".1%"
) -> go.Figure:
    """A dot with its 95% interval in each row, and the value of all documents as a line.

    Args:
        title: of the axis.
        form: of the numbers, as Python formats them.
    """
    found = [value for line in lines for value in (line.interval.low, line.interval.high)]
    found += [whole.low, whole.high]
    numbers = [value for value in found if value is not None]
    ends = (_floor(min(numbers, default=0.0)) - 0.01, max(1.0, *numbers, 1.0) + 0.02)
    sheet = rows([line.name for line in lines], title, ends, ".0%" if form.endswith("%") else "")
    if whole.mean is not None:
        sheet.vertical_line(**marked_line(whole.mean, f"all {whole.mean:{form}}", "center"))
    _add_bands(sheet, [line.chosen for line in lines])
    for at, line in enumerate(lines):
        _add_row(sheet, line, at, form)
    _lay_out(sheet, legend=False)
    return sheet.figure()


def _floor(value: float) -> float:
    return float(np.floor(min(value, 0.95) * 10) / 10)


def _add_row(sheet: Sheet, line: Row, at: int, form: str) -> None:
    mean, low, high = line.interval.mean, line.interval.low, line.interval.high
    if mean is None or low is None or high is None:
        sheet.annotate(note("no document", 0, at) | {"x": 0.02, "xref": "paper"})
        return
    sheet.trace(
        "scatter",
        x=[mean],
        y=[at],
        mode="markers",
        marker={"color": _DOT, "size": 11, "opacity": 1},
        error_x={
            "array": [max(0.0, high - mean)],
            "arrayminus": [max(0.0, mean - low)],
            "color": _DOT,
            "thickness": 2,
            "width": 3,
        },
        unselected={"marker": {"opacity": 1}},
        customdata=[line.data],
        hovertext=f"<b>{mean:{form}}</b>, 95% interval {low:{form}} to {high:{form}}<br>"
        f"{counted(line.documents, 'document')}<br>{plotly_text(beginning(line.name, 60))}",
        hoverinfo="text",
    )


def _lay_out(sheet: Sheet, legend: bool) -> None:
    sheet.lay_out(clickmode="event+select", hoverdistance=-1)
    if legend:
        sheet.lay_out(
            margin={"t": 44},
            showlegend=True,
            legend=LEGEND,
        )
