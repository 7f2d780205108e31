"""How runs went, epoch by epoch: loss or a share that was right, one run over another.

A run has one colour and one symbol wherever it is drawn; a full line is validation, a
dotted one training. It knows nothing about where the lines of a history come from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import plotly.graph_objects as go

from han_core.viz.dot_rows import GREY, LEGEND, Look, below, number_axis, plain_layout
from han_core.viz.markup import inked, plotly_text
from han_core.viz.plot import Sheet, beginning

Measure = Literal["loss", "accuracy", "macro_f1"]

MEASURES: tuple[Measure, ...] = get_args(Measure)

TITLES: dict[Measure, str] = {
    "loss": "loss (nats a document)",
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
}

COLOURS = ("#4280d4", "#d97706", "#14968a", "#b65aa0", GREY, "#b3261e", "#7c9a1e", "#8a63d2")
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "x", "star", "cross", "hexagon")

MOST = len(COLOURS)
"""Runs that can lie over one another and still be told apart."""

_HEIGHT = 330  # pixels
_FAINT = 0.35  # opacity of the loss of single steps
_MARKED = 60  # epochs that get a symbol each; more would hide the line
_NAME = 28  # columns of a run's name in the legend


@dataclass(frozen=True)
class Course:
    """How one run went.

    Attributes:
        name: for the legend.
        lines: of its history, an epoch each: ``epoch``, ``train`` with ``loss`` and
            ``accuracy``, ``validation`` with ``loss``, ``accuracy`` and ``macro_f1``.
        steps: (epochs done, loss) within epochs, in order.
    """

    name: str
    lines: Sequence[dict]
    steps: Sequence[tuple[float, float]] = ()


def look_of(place: int, name: str) -> Look:
    """Colour and symbol of the run at this place among those that are drawn."""
    return Look(name, COLOURS[place % MOST], SYMBOLS[place % MOST], "solid")


def curves(courses: Sequence[Course], measure: Measure, until: float | None = None) -> go.Figure:
    """Validation and training by epoch, a colour for each run.

    Args:
        courses: at most ``MOST``; single steps are drawn where there is one run.
        until: epochs that the axis reaches at least, so that a run is seen to go on.

    Raises:
        ValueError: if there are more runs than can be told apart.
    """
    if len(courses) > MOST:
        raise ValueError(f"at most {MOST} runs expected, {len(courses)} came")
    sheet = Sheet(plain_layout(_HEIGHT))
    for place, course in enumerate(courses):
        look = look_of(place, course.name)
        if measure == "loss" and len(courses) == 1:
            _add_steps(sheet, course, look)
        _add_line(sheet, course, look, measure, "train", len(courses) > 1)
        _add_line(sheet, course, look, measure, "validation", len(courses) > 1)
    _lay_out(sheet, courses, measure, until)
    return sheet.figure()


def _add_line(
    sheet: Sheet, course: Course, look: Look, measure: Measure, part: str, several: bool
) -> None:
    there = [
        (line["epoch"], line[part][measure])
        for line in course.lines
        if (line.get(part) or {}).get(measure) is not None
    ]
    if not there:
        return
    validation, told = part == "validation", {"train": "training"}.get(part, part)
    sheet.trace(
        "scatter",
        x=[epoch for epoch, _ in there],
        y=[value for _, value in there],
        mode="lines+markers" if len(there) <= _MARKED else "lines",
        line={"color": look.colour, "width": 2.5, "dash": "solid" if validation else "dot"},
        marker={
            "color": look.colour,
            "symbol": look.symbol if validation else "circle-open",
            "size": 8 if validation else 5,
        },
        name=inked(beginning(course.name, _NAME) if several else told),
        showlegend=validation or not several,
        legendgroup=course.name if several else part,
        hovertext=[
            f"<b>{value:.4f}</b> {TITLES[measure]}, {told}<br>after epoch {epoch:g}"
            f"<br>{plotly_text(beginning(course.name, 60))}"
            for epoch, value in there
        ],
        hoverinfo="text",
    )


def _add_steps(sheet: Sheet, course: Course, look: Look) -> None:
    if not course.steps:
        return
    sheet.trace(
        "scatter",
        x=[epoch for epoch, _ in course.steps],
        y=[loss for _, loss in course.steps],
        mode="lines",
        line={"color": look.colour, "width": 1},
        opacity=_FAINT,
        name=inked("single steps"),
        showlegend=True,
        hovertemplate="<b>%{y:.4f}</b> loss of a step<extra></extra>",
    )


def _lay_out(
    sheet: Sheet, courses: Sequence[Course], measure: Measure, until: float | None
) -> None:
    last = max((line["epoch"] for course in courses for line in course.lines), default=1)
    reached = max((course.steps[-1][0] for course in courses if course.steps), default=0.0)
    end = max(1.0, last, reached, until or 0.0)
    sheet.x_axis(**number_axis((0, end * 1.02)), griddash="dot")
    shares = measure != "loss"  # of which the axis shows all, so that runs can be compared
    form = ".0%" if measure == "accuracy" else ""
    sheet.y_axis(**number_axis((0, 1.03) if shares else None, form))
    sheet.lay_out(
        margin={"t": 44},
        showlegend=True,
        legend=LEGEND,
        hovermode="closest",
        # The same figure with more in it: what somebody hid in the legend stays hidden.
        uirevision="curves",
    )
    sheet.annotate(below("epochs" if len(courses) == 1 else "epochs; dotted: training"))
