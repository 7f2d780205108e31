"""Training curves: loss, accuracy and macro F1 by epoch, one run over another.

A run has one colour and one symbol wherever it is drawn; a full line is validation, a
dotted one training.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10
from typing import Literal, get_args

import plotly.graph_objects as go

from han_core.runtime.messages import mark, tr
from han_core.viz.markup import beginning, inked, plotly_text
from han_core.viz.plot import GREY, FigureBuilder, Look, below, number_axis, plain_layout

Measure = Literal["loss", "accuracy", "macro_f1"]

MEASURES: tuple[Measure, ...] = get_args(Measure)

TITLES: dict[Measure, str] = {
    "loss": mark("loss (nats a document)"),
    "accuracy": mark("accuracy"),
    "macro_f1": mark("macro F1"),
}

COLOURS = ("#4280d4", "#d97706", "#14968a", "#b65aa0", GREY, "#b3261e", "#7c9a1e", "#8a63d2")
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "x", "star", "cross", "hexagon")

MOST = len(COLOURS)
"""Runs that can lie over one another and still be told apart."""


@dataclass(frozen=True)
class Drawing:
    """How curves are drawn.

    Attributes:
        smoothing: weight of the past in the moving average, from 0 (none) to less than 1.
        log_x, log_y: whether the axis is logarithmic.
    """

    smoothing: float = 0.0
    log_x: bool = False
    log_y: bool = False


PLAIN = Drawing()

HEIGHT = 330  # pixels
_FAINT = 0.35  # opacity of the loss of single steps
_MARKED = 60  # epochs that get a symbol each; more would hide the line
_NAME = 28  # columns of a run's name in the legend


@dataclass(frozen=True)
class RunHistory:
    """The history of one run.

    Attributes:
        name: for the legend.
        lines: of its history, an epoch each: ``epoch``, ``train`` with ``loss`` and
            ``accuracy``, ``validation`` with ``loss``, ``accuracy`` and ``macro_f1``.
        steps: (epochs done, loss) within epochs, in order.
    """

    name: str
    lines: Sequence[dict]
    steps: Sequence[tuple[float, float]] = ()


def series_look(place: int, name: str) -> Look:
    """Return colour and symbol of the series at this place among those that are drawn."""
    return Look(name, COLOURS[place % MOST], SYMBOLS[place % MOST])


def smoothed(values: Sequence[float], weight: float) -> list[float]:
    """Return the exponential moving average of ``values``, corrected for its start at zero.

    The correction divides by 1 − weight^t, as Adam's does (Kingma and Ba 2015, section 3): the
    first value stays as it is.
    """
    average, averages = 0.0, []
    for step, value in enumerate(values, start=1):
        average = weight * average + (1 - weight) * value
        averages.append(average / (1 - weight**step))
    return averages


def curves(
    courses: Sequence[RunHistory],
    measure: Measure,
    until: float | None = None,
    drawing: Drawing = PLAIN,
) -> go.Figure:
    """Draw validation and training by epoch, a colour for each run.

    Args:
        courses: at most ``MOST``; single steps are drawn where there is one run.
        until: epochs that the axis reaches at least, so that a run is seen to go on.
        drawing: smoothed lines are drawn over faint ones of the values themselves.

    Raises:
        ValueError: if there are more runs than can be told apart.
    """
    if len(courses) > MOST:
        raise ValueError(f"at most {MOST} runs expected, {len(courses)} came")  # not shown
    builder, several = FigureBuilder(plain_layout(HEIGHT)), len(courses) > 1
    for place, course in enumerate(courses):
        look = series_look(place, course.name)
        if measure == "loss" and not several and course.steps:
            _add_steps(builder, course, look, drawing.smoothing)
        for part in ("train", "validation"):
            _add_line(builder, course, look, measure, part, several, drawing.smoothing)
    _add_axes(builder, courses, measure, until)
    set_log_axes(builder, drawing)
    return builder.build()


def set_log_axes(builder: FigureBuilder, drawing: Drawing) -> None:
    """Make axes logarithmic; Plotly takes their ends as powers of ten."""
    for name, chosen in (("xaxis", drawing.log_x), ("yaxis", drawing.log_y)):
        if not chosen:
            continue
        ends = builder.layout[name].get("range")
        values = [v for trace in builder.traces for v in trace[name[0]] if v is not None and v > 0]
        builder.update_layout(**{name: {"type": "log"}})
        if ends and values:
            low, high = log10(min(values)), log10(max(ends[1], *values))
            builder.update_layout(**{name: {"range": [low - 0.02, high + 0.02]}})


def _add_line(
    builder: FigureBuilder,
    course: RunHistory,
    look: Look,
    measure: Measure,
    part: str,
    several: bool,
    smoothing: float,
) -> None:
    values = {
        line["epoch"]: line[part][measure]
        for line in course.lines
        if (line.get(part) or {}).get(measure) is not None
    }
    if not values:
        return
    validation = part == "validation"
    name = tr("validation") if validation else tr("training")
    symbol, size = (look.symbol, 8) if validation else ("circle-open", 5)
    if smoothing:
        add_faint(builder, list(values), list(values.values()), look)
    builder.add_curve(
        list(values),
        smoothed(list(values.values()), smoothing),
        look,
        mode="lines+markers" if len(values) <= _MARKED else "lines",
        line={"color": look.colour, "width": 2.5, "dash": "solid" if validation else "dot"},
        marker={"color": look.colour, "symbol": symbol, "size": size},
        name=inked(beginning(course.name, _NAME) if several else name),
        showlegend=validation or not several,
        legendgroup=course.name if several else part,
        hovertext=[
            tr(
                "<b>{value:.4f}</b> {measure}, {part}<br>after epoch {epoch:g}<br>{run}",
                value=value,
                measure=tr(TITLES[measure]),
                part=name,
                epoch=epoch,
                run=plotly_text(beginning(course.name, 60)),
            )
            for epoch, value in values.items()
        ],
    )


def add_faint(builder: FigureBuilder, x: Sequence[float], y: Sequence[float], look: Look) -> None:
    """Draw the values themselves, faintly, under what was smoothed."""
    line = {"color": look.colour, "width": 1}
    builder.add_trace(
        "scatter", x=x, y=y, mode="lines", line=line, opacity=_FAINT, hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip


def _add_steps(builder: FigureBuilder, course: RunHistory, look: Look, smoothing: float) -> None:
    builder.add_trace(
        "scatter",
        x=[epoch for epoch, _ in course.steps],
        y=smoothed([loss for _, loss in course.steps], smoothing),
        mode="lines",
        line={"color": look.colour, "width": 1},
        opacity=_FAINT,
        name=inked(tr("single steps")),
        showlegend=True,
        hovertemplate=tr("<b>{value}</b> loss of a step", value="%{y:.4f}") + "<extra></extra>",
    )


def _add_axes(
    builder: FigureBuilder, courses: Sequence[RunHistory], measure: Measure, until: float | None
) -> None:
    last = max((line["epoch"] for course in courses for line in course.lines), default=1)
    reached = max((course.steps[-1][0] for course in courses if course.steps), default=0.0)
    end = max(1.0, last, reached, until or 0.0)
    builder.update_xaxis(**number_axis((0, end * 1.02)), griddash="dot")
    shares = measure != "loss"  # of which the axis shows all, so that runs can be compared
    form = ".0%" if measure == "accuracy" else ""
    builder.update_yaxis(**number_axis((0, 1.03) if shares else None, form))
    builder.show_legend()
    # The same figure with more in it: what somebody hid in the legend stays hidden.
    builder.update_layout(uirevision="curves")
    builder.add_annotations(
        below(tr("epochs") if len(courses) == 1 else tr("epochs; dotted: training"))
    )
