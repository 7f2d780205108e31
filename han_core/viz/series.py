"""A time series as lines with its attention above them, and what the evidence says in words."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from han_core.explanation.series import DeletionEvidence, SeriesExplanation
from han_core.viz.markup import inked, plotly_text
from han_core.viz.plot import (
    BLUE,
    ORANGE,
    FigureBuilder,
    Properties,
    number_axis,
    plain_layout,
)

MOST_LINES = 12  # channels that are drawn
STRIP, EDGE = 34, 78  # pixels of the attention strip, and of what is around the rows
ROW, WHOLE = 62, 320  # pixels of a channel at least, and of all channels at least
SHADE = "rgba(217,119,6,0.16)"
SCALE = [[0, "rgba(66,128,212,0.04)"], [1, "rgba(66,128,212,1)"]]

VERDICTS = {
    "matters": (
        "Attention matters here",
        "Without these steps the prediction changes more than without steps at other places.",
    ),
    "like random": (
        "No more than at random places",
        "Steps at other places change the prediction as much as those with most attention.",
    ),
    "no effect": (
        "Attention is decoration here",
        "The prediction stays as it is without the steps with most attention.",
    ),
    "too short": ("Too short to tell", "The series has too few other places to compare with."),
}


def series_figure(
    series: np.ndarray,
    channels: Sequence[str],
    attention: np.ndarray,
    top: np.ndarray,
    changed: np.ndarray | None = None,
) -> go.Figure:
    """Draw a line for each channel below a strip of attention.

    Args:
        series: (steps, channels); the first ``MOST_LINES`` channels are drawn.
        attention: (steps,)
        top: (steps,) bool, steps that are shaded.
        changed: (steps, channels) the series with a stretch wiped.
    """
    drawn = min(series.shape[1], MOST_LINES)
    row = max(ROW, WHOLE // drawn)
    height = STRIP + drawn * row + EDGE
    builder = FigureBuilder(plain_layout(height) | {"margin": {"l": 8, "r": 16, "t": 8, "b": 44}})
    steps = list(range(len(series)))
    builder.layout["xaxis"] = number_axis((-0.5, len(series) - 0.5)) | {
        "title": {"text": inked("Step")},
        "anchor": f"y{drawn + 1}",
    }
    _strip(builder, attention, STRIP + drawn * row)
    for channel in range(drawn):
        axis = f"y{channel + 2}"
        name = plotly_text(channels[channel])
        builder.layout[f"yaxis{channel + 2}"] = _row_axis(channel, drawn, row, channels[channel])
        lines = [("before", series, BLUE, "solid")]
        if changed is not None:
            lines = [("before", series, BLUE, "dot"), ("now", changed, ORANGE, "solid")]
        for when, values, colour, dash in lines:
            builder.add_trace(
                "scatter",
                x=steps,
                y=[float(value) for value in values[:, channel]],
                yaxis=axis,
                mode="lines" if len(steps) > 1 else "markers",
                line={"color": colour, "dash": dash, "width": 1.8},
                name=f"{name} {when}" if changed is not None else name,
                hovertemplate=f"{name}, step %{{x}}: %{{y:.4g}}<extra></extra>",
            )
    for start, end in stretches(top):
        builder.add_shape(
            "rect", xref="x", yref="paper", x0=start - 0.5, x1=end - 0.5, y0=0, y1=1,
            fillcolor=SHADE, line={"width": 0}, layer="below",
        )  # fmt: skip
    return builder.build()


def _strip(builder: FigureBuilder, attention: np.ndarray, whole: int) -> None:
    builder.layout["yaxis"] = {
        "domain": [1 - (STRIP - 10) / whole, 1],
        "tickvals": [0],
        "ticktext": [inked("attention")],
        "fixedrange": True,
        "automargin": True,
        "zeroline": False,
        "showgrid": False,
    }
    builder.add_trace(
        "heatmap",
        x=list(range(len(attention))),
        y=[0],
        z=[[float(weight) for weight in attention]],
        zmin=0,
        zmax=float(attention.max()),
        colorscale=SCALE,
        showscale=False,
        hovertemplate="step %{x}: %{z:.1%} of the attention<extra></extra>",
    )


def _row_axis(channel: int, rows: int, row: int, name: str) -> Properties:
    """The axis of a channel's row of ``row`` pixels, named at its left."""
    whole = STRIP + rows * row
    top = 1 - (STRIP + channel * row) / whole
    return number_axis(None, ".3~g") | {
        "domain": [max(0.0, top - (row - 12) / whole), top],
        "title": {"text": inked(name[:24]), "font": {"size": 12}},
        "nticks": 3,
        "anchor": "x",
    }


def stretches(steps: np.ndarray) -> list[tuple[int, int]]:
    """Return the runs [start, end) of steps that are True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], steps.astype(int), [0]))))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def around_peak(attention: np.ndarray, top: np.ndarray) -> tuple[int, int]:
    """Return first and last step of the run of ``top`` with the largest weight, one step wider."""
    peak, last = int(attention.argmax()), len(attention) - 1
    start, end = next(
        ((start, end) for start, end in stretches(top) if start <= peak < end), (peak, peak + 1)
    )
    return max(0, start - 1), min(last, end)


def prediction_sentence(explanation: SeriesExplanation) -> str:
    """Return the prediction, not yet escaped: a class with its probability, or a number."""
    if explanation.number is not None:
        return f"{explanation.number:,.4g}"
    return f"{explanation.label} ({float(explanation.probabilities.max()):.1%})"


def evidence_rows(evidence: DeletionEvidence, regression: bool) -> list[dict[str, str]]:
    """Return what a table shows: how far the prediction moves without steps by each ranking."""
    unit = "deviations" if regression else "points of probability"
    rows = [
        ("Most attention", evidence.attention),
        ("Largest gradient × input", evidence.gradient),
    ]
    if len(evidence.random):
        rows.append(("The same pattern elsewhere, mean", float(evidence.random.mean())))
        rows.append(("The same pattern elsewhere, largest", float(evidence.random.max())))
    factor = 1 if regression else 100
    return [
        {"Steps taken out": name, f"Change ({unit})": f"{factor * change:z.2f}"}
        for name, change in rows
    ]
