"""A time series as lines with its attention above them, what the evidence says, and as files."""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from han_core.data.delimited import to_csv
from han_core.explanation.series import DeletionEvidence, SeriesExplanation
from han_core.runtime.messages import mark, tr
from han_core.viz.export import Grid, render_page
from han_core.viz.markup import REPORT_STYLESHEET, html_text, inked, plotly_text
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
SVG_WIDTH, SVG_ROW, SVG_STRIP = 900, 90, 24  # pixels of the drawing in an exported page
SHADE = "rgba(217,119,6,0.16)"
SCALE = [[0, "rgba(66,128,212,0.04)"], [1, "rgba(66,128,212,1)"]]

VERDICTS = {
    "matters": (
        mark("Attention matters here"),
        mark("Without these steps the prediction changes more than without steps at other places."),
    ),
    "like random": (
        mark("No more than at random places"),
        mark("Steps at other places change the prediction as much as those with most attention."),
    ),
    "no effect": (
        mark("Attention is decoration here"),
        mark("The prediction stays as it is without the steps with most attention."),
    ),
    "too short": (
        mark("Too short to tell"),
        mark("The series has too few other places to compare with."),
    ),
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
        "title": {"text": inked(tr("Step"))},
        "anchor": f"y{drawn + 1}",
    }
    _strip(builder, attention, STRIP + drawn * row)
    for channel in range(drawn):
        axis = f"y{channel + 2}"
        name = plotly_text(channels[channel])
        hover = {"name": name, "step": "%{x}", "value": "%{y:.4g}"}
        builder.layout[f"yaxis{channel + 2}"] = _row_axis(channel, drawn, row, channels[channel])
        lines = [(name, series, BLUE, "solid")]
        if changed is not None:
            before, now = tr("{name} before", name=name), tr("{name} now", name=name)
            lines = [(before, series, BLUE, "dot"), (now, changed, ORANGE, "solid")]
        for title, values, colour, dash in lines:
            builder.add_trace(
                "scatter",
                x=steps,
                y=[float(value) for value in values[:, channel]],
                yaxis=axis,
                mode="lines" if len(steps) > 1 else "markers",
                line={"color": colour, "dash": dash, "width": 1.8},
                name=title,
                hovertemplate=tr("{name}, step {step}: {value}", **hover) + "<extra></extra>",
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
        "ticktext": [inked(tr("attention"))],
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
        hovertemplate=tr("step {step}: {share} of the attention", step="%{x}", share="%{z:.1%}")
        + "<extra></extra>",
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
    heading = tr("Change (deviations)") if regression else tr("Change (points of probability)")
    rows = [
        (tr("Most attention"), evidence.attention),
        (tr("Largest gradient × input"), evidence.gradient),
    ]
    if len(evidence.random):
        rows.append((tr("The same pattern elsewhere, mean"), float(evidence.random.mean())))
        rows.append((tr("The same pattern elsewhere, largest"), float(evidence.random.max())))
    factor = 1 if regression else 100
    return [
        {tr("Steps taken out"): name, heading: f"{factor * change:z.2f}"} for name, change in rows
    ]


def steps_csv(series: np.ndarray, channels: Sequence[str], attention: np.ndarray) -> bytes:
    """Return a row for each step: step (from 0), attention, and the value of each channel.

    Args:
        series: (steps, channels)
        attention: (steps,)
    """
    values = pd.DataFrame(series, columns=[f"value of {name}" for name in channels])  # not shown
    values.insert(0, "step", range(len(series)))
    values.insert(1, "attention", attention)
    return to_csv(values)


def explanation_json(explanation: SeriesExplanation, evidence: DeletionEvidence) -> bytes:
    """Return what the command ``explain --evidence`` writes, in UTF-8."""
    content = {**explanation.to_json(), "deletion": evidence.to_json()}
    return (json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n").encode(
        "utf-8", "backslashreplace"
    )


def series_page(
    title: str,
    notes: Sequence[str],
    series: np.ndarray,
    channels: Sequence[str],
    explanation: SeriesExplanation,
    evidence: DeletionEvidence,
) -> bytes:
    """Return a page with the drawing, the prediction, the deletion test and a table of the steps.

    Args:
        notes: plain text, a paragraph each: the model, the date.
    """
    verdict, sentence = map(tr, VERDICTS[evidence.verdict])
    rows = evidence_rows(evidence, regression=explanation.number is not None)
    tested = [tuple(row.values()) for row in rows]
    weights = [
        (str(step), f"{weight:.2%}", *(f"{value:.6g}" for value in series[step]))
        for step, weight in enumerate(explanation.attention)
    ]
    grids = [
        Grid(tr("Deletion test"), tuple(rows[0]), tuple(tested)),
        Grid(tr("Steps"), (tr("Step"), tr("Attention"), *channels), tuple(weights)),
    ]
    context = {
        "title": title,
        "notes": [
            tr("Prediction: {prediction}", prediction=prediction_sentence(explanation)),
            tr("{verdict}. {sentence}", verdict=verdict, sentence=sentence),
            *notes,
        ],
        "grids": grids,
    }  # fmt: skip
    drawing = series_svg(series, channels, explanation.attention, evidence.steps)
    return render_page("series.html", context, drawing, None, "", REPORT_STYLESHEET).encode()


def series_svg(
    series: np.ndarray, channels: Sequence[str], attention: np.ndarray, top: np.ndarray
) -> str:
    """Draw a strip of attention above a line for each of the first channels, as SVG.

    Args:
        series: (steps, channels)
        attention: (steps,)
        top: (steps,) bool, steps that are shaded.
    """
    drawn, step = min(series.shape[1], MOST_LINES), SVG_WIDTH / len(series)
    height = SVG_STRIP + drawn * SVG_ROW
    cells = [
        f'<rect x="{at * step:.2f}" width="{step:.2f}" height="{SVG_STRIP - 6}" fill="#4280d4" '
        f'fill-opacity="{weight / max(float(attention.max()), 1e-12):.4f}"/>'
        for at, weight in enumerate(attention)
    ]
    shaded = [
        f'<rect x="{at * step:.2f}" width="{step:.2f}" y="{SVG_STRIP}" '
        f'height="{height - SVG_STRIP}" fill="#d97706" fill-opacity="0.16"/>'
        for at in np.flatnonzero(top)
    ]
    lines = [
        f'<polyline fill="none" stroke="#4280d4" stroke-width="1.8" '
        f'points="{_points(series[:, channel], SVG_STRIP + channel * SVG_ROW, step)}"/>'
        f'<text x="4" y="{SVG_STRIP + channel * SVG_ROW + 14}" font-size="12" fill="currentColor">'
        f"{html_text(channels[channel])}</text>"
        for channel in range(drawn)
    ]
    label = html_text(tr("The series and the attention over its steps"))
    return (
        f'<svg role="img" aria-label="{label}" '
        f'viewBox="0 0 {SVG_WIDTH} {height}" width="100%">'
        f"{''.join([*cells, *shaded, *lines])}</svg>"
    )


def _points(values: np.ndarray, top: float, step: float) -> str:
    """The points of one channel in its row of ``SVG_ROW`` pixels."""
    low, high = float(values.min()), float(values.max())
    scale = (SVG_ROW - 24) / (high - low) if high > low else 0.0
    places = top + SVG_ROW - 4 - (values - low) * scale
    return " ".join(f"{(at + 0.5) * step:.2f},{place:.2f}" for at, place in enumerate(places))
