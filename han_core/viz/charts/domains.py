"""Accuracies on both domains, and how well they can be told apart, by epoch."""

from collections.abc import Sequence

import plotly.graph_objects as go

from han_core.viz.charts.curves import HEIGHT, series_look
from han_core.viz.plot import FigureBuilder, below, number_axis, plain_layout

NAMES = {
    "target": "class, new domain",
    "probe": "domain, fresh probe",
    "classifier": "domain, domain classifier",
}
"""What a line of the history has under ``domains``."""

SOURCE = "class, source"


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
            epochs, values, series_look(place, name), name=name,
            hovertemplate=f"<b>%{{y:.1%}}</b> {name}, epoch %{{x}}<extra></extra>",
        )  # fmt: skip
        last = max(last, *epochs)
    builder.update_xaxis(**number_axis((0, 1.02 * max(last, until))), griddash="dot")
    builder.update_yaxis(**number_axis((0, 1.03), ".0%"))
    builder.show_legend()
    builder.update_layout(uirevision="domains")
    builder.add_annotations(below("epochs"))
    return builder.build()
