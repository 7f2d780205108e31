"""The deletion curve: how the prediction moves as the highest ranked units go.

Random order stands in every one, with its band. It computes nothing; the numbers come
from ``han_core.evidence.deletion``.
"""

from typing import Literal

import numpy as np
import plotly.graph_objects as go

from han_core.corpora.wording import counted
from han_core.evidence.deletion import BAND, Curve, Deletion
from han_core.evidence.ranking import RankedBy
from han_core.figures.escape import plotly_text
from han_core.figures.markup import inked, percent
from han_core.figures.rows import GREY, LEGEND, RANKED, below, number_axis, plain_layout
from han_core.figures.sheet import Sheet
from han_core.figures.wrapping import beginning

Measure = Literal["comprehensiveness", "sufficiency"]

SMALLEST = 0.1
"""The axis reaches at least so far from 0: a change of nothing must look like nothing."""

LONGEST = 28  # columns of a class's name

_DONE = {
    ("comprehensiveness", "delete"): "taken out",
    ("comprehensiveness", "unknown"): "replaced by the unknown word",
    ("sufficiency", "delete"): "kept alone",
    ("sufficiency", "unknown"): "kept, the others unknown",
}
_BAND = "rgba(125,134,148,0.25)"


def deletion_curve(
    deletion: Deletion, label: str, measure: Measure = "comprehensiveness"
) -> go.Figure:
    """The fall of p(predicted class) over the share of words or sentences.

    Args:
        label: the predicted class.
        measure: comprehensiveness takes the highest ranked ones out, sufficiency keeps
            them alone. Above 0 the probability falls, below it rises.

    Random order is the mean of its draws, in the band from their 5th to their 95th
    percentile. The shares are those that really went, one word of twenty is 5%, and stand
    at equal steps, as the average over them counts them.
    """
    curves: dict[RankedBy, Curve] = dict(getattr(deletion, measure))
    bands = {name: _band(curve) for name, curve in curves.items()}
    counts, first = np.unique(deletion.removed, return_index=True)  # few units: shares coincide
    sheet = Sheet(plain_layout(340))
    if "random" in curves:
        _add_band(sheet, *(end[first].tolist() for end in bands["random"]))
    for name in sorted(curves, key=list(RANKED).index, reverse=True):  # attention on top
        falls = curves[name].mean[first]
        notes = _notes(deletion, measure, name, counts, falls)
        _add_curve(sheet, name, curves[name], falls, notes)
    _lay_out(sheet, deletion, measure, counts)
    reach = _reach(np.array(list(bands.values())))
    sheet.y_axis(
        **number_axis(reach, ".2f") | {"nticks": 8},
        title={"text": inked(f"fall of p({beginning(label, LONGEST)})")},
    )
    return sheet.figure()


def _band(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """(shares,) its lower and its upper end; one order alone has no spread."""
    alone = curve.values[0]
    return (alone, alone) if len(curve.values) == 1 else (curve.low, curve.high)


def _add_band(sheet: Sheet, low: list[float], high: list[float]) -> None:
    steps = list(range(len(low)))
    sheet.trace(
        "scatter",
        x=[*steps, *steps[::-1]],
        y=[*high, *low[::-1]],
        fill="toself",
        fillcolor=_BAND,
        mode="lines",
        line={"width": 0},
        hoverinfo="skip",
        legendgroup="random",
        showlegend=False,
    )


def _add_curve(
    sheet: Sheet, name: RankedBy, curve: Curve, falls: np.ndarray, notes: list[str]
) -> None:
    look, draws = RANKED[name], len(curve.values)
    spread = f" ({draws} draws, {BAND[0]:.0%} to {BAND[1]:.0%})" if name == "random" else ""
    sheet.trace(
        "scatter",
        name=inked(f"{look.name}{spread}"),
        x=list(range(len(falls))),
        y=falls.tolist(),
        mode="lines+markers",
        line={"color": look.colour, "dash": look.dash, "width": 2},
        marker={"color": look.colour, "symbol": look.symbol, "size": 9},
        hovertext=notes,
        hoverinfo="text",
        legendgroup=name,
        legendrank=list(RANKED).index(name),
    )


def _notes(
    deletion: Deletion, measure: Measure, name: RankedBy, counts: np.ndarray, falls: np.ndarray
) -> list[str]:
    """``12 of 250 words out, by attention: the probability falls by 0.310``"""
    done = "out" if measure == "comprehensiveness" else "alone"
    units = counted(deletion.units, deletion.unit)
    return [
        f"<b>{count:,}</b> of {units} {done}, {plotly_text(RANKED[name].name)}:<br>"
        f"the probability {'falls' if fall >= 0 else 'rises'} by <b>{abs(fall):.3f}</b>"
        for count, fall in zip(counts.tolist(), falls.tolist(), strict=True)
    ]


def _lay_out(sheet: Sheet, deletion: Deletion, measure: Measure, counts: np.ndarray) -> None:
    done = _DONE[measure, deletion.fill]
    ends = (-0.2, len(counts) - 0.8)
    sheet.lay_out(showlegend=True, margin={"t": 60}, legend=LEGEND)
    sheet.x_axis(
        **number_axis(ends),
        tickvals=list(range(len(counts))),
        ticktext=[inked(percent(count / deletion.units, 2)) for count in counts.tolist()],
        showgrid=False,
    )
    sheet.annotate(below(f"{deletion.unit}s {done},\nhighest ranked first"))
    sheet.horizontal_line(0, line={"width": 1, "color": GREY})


def _reach(bands: np.ndarray) -> tuple[float, float]:
    """An axis that holds every band, (curves, ends, shares), and 0."""
    lowest, highest = min(0.0, float(bands.min())), max(SMALLEST, float(bands.max()))
    pad = 0.06 * (highest - lowest)
    return lowest - pad, highest + pad
