"""Curves of single steps (learning rate, length of the gradient), and of adapting to a domain."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import plotly.graph_objects as go

from han_core.runtime.messages import mark, tr
from han_core.viz.charts.curves import HEIGHT, PLAIN, Drawing, add_faint, series_look, set_log_axes
from han_core.viz.charts.curves import smoothed as moving_average
from han_core.viz.plot import FigureBuilder, below, number_axis, plain_layout

StepMeasure = Literal["norm", "rate"]

STEP_MEASURES: tuple[StepMeasure, ...] = get_args(StepMeasure)
HOVER: dict[StepMeasure, str] = {
    "norm": mark("gradient norm"),
    "rate": mark("learning rate"),
}
NAMES = {
    "target": mark("class, new domain"),
    "probe": mark("domain, fresh probe"),
    "classifier": mark("domain, domain classifier"),
}
"""What a line of the history has under ``domains``."""

SOURCE = mark("class, source")


def recorded(steps: Sequence[Mapping], measure: StepMeasure) -> tuple[list[float], list[float]]:
    """Return (epochs done, values) of the step events that have this value.

    Runs of older versions have none, and a step that fp16 skipped has no norm.
    """
    there = [
        (step["epoch"] - 1 + step["done"] / max(1, step["of"]), float(value))
        for step in steps
        if isinstance(value := step.get(measure), int | float)
    ]
    return [epoch for epoch, _ in there], [value for _, value in there]


def step_curve(
    steps: Sequence[Mapping],
    measure: StepMeasure,
    until: float = 0.0,
    drawing: Drawing = PLAIN,
) -> go.Figure:
    """Draw one value by the epochs done.

    Args:
        steps: events of one run, as its log has them.
        until: epochs that the axis reaches at least.
        drawing: the learning rate is a schedule, and is never smoothed.
    """
    epochs, values = recorded(steps, measure)
    builder, look = FigureBuilder(plain_layout(HEIGHT)), series_look(0, HOVER[measure])
    if drawing.smoothing and measure == "norm":
        add_faint(builder, epochs, values, look)
        values = moving_average(values, drawing.smoothing)
    builder.add_curve(
        epochs, values, look, mode="lines",
        hovertemplate=f"<b>%{{y:.4g}}</b> {tr(HOVER[measure])}<extra></extra>",
    )  # fmt: skip
    builder.update_xaxis(**number_axis((0, 1.02 * max(1.0, until, *epochs))), griddash="dot")
    builder.update_yaxis(**number_axis(None), rangemode="tozero")
    builder.update_layout(uirevision="steps")
    builder.add_annotations(below(tr("epochs")))
    set_log_axes(builder, drawing)
    return builder.build()


def domain_accuracies(history: Sequence[dict]) -> dict[str, tuple[list[int], list[float]]]:
    """Return (epochs, accuracies) by name, of those that were measured."""
    lines = [line for line in history if isinstance(line.get("domains"), dict)]
    series = {SOURCE: [(line["epoch"], line["validation"]["accuracy"]) for line in lines]}
    for key, name in NAMES.items():
        values = [(line["epoch"], line["domains"].get(key)) for line in lines]
        series[name] = [(epoch, v) for epoch, v in values if isinstance(v, int | float)]
    return {
        name: ([epoch for epoch, _ in pairs], [float(value) for _, value in pairs])
        for name, pairs in series.items()
        if pairs
    }


def domain_curves(history: Sequence[dict], until: float = 0.0) -> go.Figure:
    """Draw the accuracies of a run that adapts to a domain.

    Args:
        history: a line for each epoch, as in ``history.jsonl``.
        until: epochs that the axis reaches at least.
    """
    builder, last = FigureBuilder(plain_layout(HEIGHT)), 1.0
    for place, (name, (epochs, values)) in enumerate(domain_accuracies(history).items()):
        builder.add_curve(
            epochs, values, series_look(place, name), name=tr(name),
            hovertemplate=tr(
                "<b>{value}</b> {name}, epoch {epoch}",
                value="%{y:.1%}", name=tr(name), epoch="%{x}",
            ) + "<extra></extra>",
        )  # fmt: skip
        last = max(last, *epochs)
    builder.update_xaxis(**number_axis((0, 1.02 * max(last, until))), griddash="dot")
    builder.update_yaxis(**number_axis((0, 1.03), ".0%"))
    builder.show_legend()
    builder.update_layout(uirevision="domains")
    builder.add_annotations(below(tr("epochs")))
    return builder.build()
