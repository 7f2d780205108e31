"""One series and its attention as files: a table, JSON, and a page that opens offline."""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

from han_core.data.delimited import to_csv
from han_core.explanation.series import DeletionEvidence, SeriesExplanation
from han_core.viz.export import Grid, render_page
from han_core.viz.markup import REPORT_STYLESHEET, html_text
from han_core.viz.series import MOST_LINES, VERDICTS, evidence_rows, prediction_sentence

WIDTH, ROW, STRIP = 900, 90, 24  # pixels


def steps_csv(series: np.ndarray, channels: Sequence[str], attention: np.ndarray) -> bytes:
    """Return a row for each step: step (from 0), attention, and the value of each channel.

    Args:
        series: (steps, channels)
        attention: (steps,)
    """
    values = pd.DataFrame(series, columns=[f"value of {name}" for name in channels])
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
    verdict, sentence = VERDICTS[evidence.verdict]
    rows = evidence_rows(evidence, regression=explanation.number is not None)
    tested = [tuple(row.values()) for row in rows]
    weights = [
        (str(step), f"{weight:.2%}", *(f"{value:.6g}" for value in series[step]))
        for step, weight in enumerate(explanation.attention)
    ]
    grids = [
        Grid("Deletion test", tuple(rows[0]), tuple(tested)),
        Grid("Steps", ("Step", "Attention", *channels), tuple(weights)),
    ]
    context = {
        "title": title,
        "notes": [
            f"Prediction: {prediction_sentence(explanation)}", f"{verdict}. {sentence}", *notes
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
    drawn, step = min(series.shape[1], MOST_LINES), WIDTH / len(series)
    height = STRIP + drawn * ROW
    cells = [
        f'<rect x="{at * step:.2f}" width="{step:.2f}" height="{STRIP - 6}" fill="#4280d4" '
        f'fill-opacity="{weight / max(float(attention.max()), 1e-12):.4f}"/>'
        for at, weight in enumerate(attention)
    ]
    shaded = [
        f'<rect x="{at * step:.2f}" width="{step:.2f}" y="{STRIP}" height="{height - STRIP}" '
        'fill="#d97706" fill-opacity="0.16"/>'
        for at in np.flatnonzero(top)
    ]
    lines = [
        f'<polyline fill="none" stroke="#4280d4" stroke-width="1.8" '
        f'points="{_points(series[:, channel], STRIP + channel * ROW, step)}"/>'
        f'<text x="4" y="{STRIP + channel * ROW + 14}" font-size="12" fill="currentColor">'
        f"{html_text(channels[channel])}</text>"
        for channel in range(drawn)
    ]
    return (
        f'<svg role="img" aria-label="The series and the attention over its steps" '
        f'viewBox="0 0 {WIDTH} {height}" width="100%">{"".join([*cells, *shaded, *lines])}</svg>'
    )


def _points(values: np.ndarray, top: float, step: float) -> str:
    """The points of one channel in its row of ``ROW`` pixels."""
    low, high = float(values.min()), float(values.max())
    scale = (ROW - 24) / (high - low) if high > low else 0.0
    places = top + ROW - 4 - (values - low) * scale
    return " ".join(f"{(at + 0.5) * step:.2f},{place:.2f}" for at, place in enumerate(places))
