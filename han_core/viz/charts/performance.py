"""Performance by class, by length and by slice: dots with their intervals, in rows.

Every dot can be clicked; its ``customdata`` says what it stands for.
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
from han_core.runtime.messages import mark, tr
from han_core.viz.markup import beginning, inked, plotly_text
from han_core.viz.plot import (
    BLUE,
    GREEN,
    ORANGE,
    FigureBuilder,
    Look,
    error_bars,
    marked_line,
    note,
    rows,
)

SCORES = (
    Look(mark("precision"), BLUE, "circle"),
    Look(mark("recall"), GREEN, "square"),
    Look(mark("F1"), ORANGE, "diamond"),
)
TALL, LOW = 46, 30
"""Pixels of a row with three dots: of a few classes, and of more than ``FEW``."""

FEW = 24
CHOSEN = {"fillcolor": "rgba(217,119,6,0.16)", "line": {"width": 0}, "layer": "below"}
"""The band of what the filter holds."""
_STANDS = {
    "predicted": mark("{documents} predicted as it"),
    "true": mark("{documents} of this class"),
}


def class_rows(
    scores: ClassScores,
    labels: Sequence[str],
    order: Sequence[int],
    chosen: tuple[Sequence[str], Sequence[str]] = ((), ()),
) -> go.Figure:
    """Draw precision, recall and F1 of each class in a row, which names its documents.

    A dot's ``customdata`` is (the class, "predicted" for precision, "true" for the others):
    the documents that its share is one of.

    Args:
        order: places of the classes, from the top.
        chosen: the true and the predicted classes that the filter holds; their rows
            have a band.
    """
    names = [f"{beginning(labels[at], 22)} · {scores.support[at]:,}" for at in order]
    height, title = TALL if len(names) <= FEW else LOW, tr("share; beside the name: documents")
    builder = rows(names, title, (-0.02, 1.04), ".0%", height, top=-0.5)
    _add_bands(builder, [labels[at] in {*chosen[0], *chosen[1]} for at in order])
    columns = (
        (scores.precision, scores.precision_ends, "predicted", scores.predicted),
        (scores.recall, scores.recall_ends, "true", scores.support),
        (scores.f1, None, "true", scores.support),
    )
    for place, (values, ends, stands, documents) in enumerate(columns):
        defined = [(row, at) for row, at in enumerate(order) if np.isfinite(values[at])]
        places = [at for _, at in defined]
        look = SCORES[place]
        errors: dict[str, Any] = {}
        if ends is not None:
            above, under = ends[1] - values, values - ends[0]
            errors["error_x"] = error_bars(
                look.colour, above[places].tolist(), under[places].tolist(), width=0
            )
        builder.add_dots(
            values[places].tolist(),
            [row + 0.25 * (place - 1) for row, _ in defined],
            look,
            name=inked(tr(look.name)),
            customdata=[[labels[at], stands] for at in places],
            hovertext=[
                "<br>".join(
                    [
                        _score(tr(look.name), values[at], ends, at),
                        tr(_STANDS[stands], documents=counted(int(documents[at]), "document")),
                        plotly_text(beginning(labels[at], 60)),
                    ]
                )
                for at in places
            ],
            **errors,
        )
    builder.show_legend()
    _take_clicks(builder)
    return builder.build()


def _add_bands(builder: FigureBuilder, chosen: Sequence[bool]) -> None:
    """Add a band over each row that is chosen."""
    for row in np.flatnonzero(chosen):
        builder.add_hband(row - 0.5, row + 0.5, **CHOSEN)


def _take_clicks(builder: FigureBuilder) -> None:
    builder.update_layout(clickmode="event+select", hoverdistance=-1)


def _score(name: str, value: float, ends: np.ndarray | None, at: int) -> str:
    if ends is None:
        return tr("<b>{value:.3f}</b> {name}", value=value, name=name)
    low, high = ends[:, at]
    return tr(
        "<b>{value:.1%}</b> {name}, 95% interval {low:.1%} to {high:.1%}",
        value=value, name=name, low=low, high=high,
    )  # fmt: skip


def length_rows(bins: Bins, accuracy: Interval, chosen: Range | None = None) -> go.Figure:
    """Draw accuracy by length with Wilson's 95% intervals, a row for each bin.

    A dot's ``customdata`` is (shortest, longest) of its bin.

    Args:
        accuracy: over all of them, drawn as a line.
        chosen: the lengths that the filter holds; its rows have a band.
    """
    columns = (bins.low.tolist(), bins.high.tolist(), bins.accuracy, *bins.ends, bins.documents)
    lines = [
        Row(
            f"{first:,.0f}"
            if first == last
            else tr("{low:,.0f} to {high:,.0f}", low=first, high=last),
            Interval(float(mean), float(low), float(high)),
            int(documents),
            chosen=chosen is not None and _within(first, last, chosen),
            data=[first, last],
        )
        for first, last, mean, low, high, documents in zip(*columns, strict=True)
    ]
    return interval_rows(lines, tr("accuracy, by tokens in the document"), accuracy)


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
    """Draw a dot with its 95% interval in each row, and the value of all documents as a line.

    Args:
        title: of the axis.
        form: of the numbers, as Python formats them.
    """
    values = [value for line in lines for value in (line.interval.low, line.interval.high)]
    values += [whole.low, whole.high]
    numbers = [value for value in values if value is not None]
    ends = (_floor(min(numbers, default=0.0)) - 0.01, max(1.0, *numbers, 1.0) + 0.02)
    builder = rows([line.name for line in lines], title, ends, ".0%" if form.endswith("%") else "")
    if whole.mean is not None:
        builder.add_vline(
            **marked_line(whole.mean, tr("all {value}", value=f"{whole.mean:{form}}"), "center")
        )
    _add_bands(builder, [line.chosen for line in lines])
    for at, line in enumerate(lines):
        _add_row(builder, line, at, form)
    _take_clicks(builder)
    return builder.build()


def _floor(value: float) -> float:
    return float(np.floor(min(value, 0.95) * 10) / 10)


def _add_row(builder: FigureBuilder, line: Row, at: int, form: str) -> None:
    mean, low, high = line.interval.mean, line.interval.low, line.interval.high
    if mean is None or low is None or high is None:
        builder.add_annotations(note(tr("no document"), 0.02, at, xref="paper"))
        return
    ends = ([max(0.0, high - mean)], [max(0.0, mean - low)])
    builder.add_dots(
        [mean],
        [at],
        Look(line.name, BLUE),
        11,
        error_x=error_bars(BLUE, *ends, thickness=2),
        customdata=[line.data],
        hovertext=tr(
            "<b>{mean}</b>, 95% interval {low} to {high}<br>{documents}<br>{name}",
            mean=f"{mean:{form}}",
            low=f"{low:{form}}",
            high=f"{high:{form}}",
            documents=counted(line.documents, "document"),
            name=plotly_text(beginning(line.name, 60)),
        ),
    )
