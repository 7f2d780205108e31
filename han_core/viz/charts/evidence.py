"""The deletion curve: how the prediction moves as the highest ranked units go.

Random order stands in every one, with its band. It computes nothing; the numbers come
from ``han_core.explanation.deletion``.

Evidence about one decision beside the deletion curve: tau, flips, other attention.

Each figure has its reference in it: the ceiling, random order, the model's own
attention. It computes nothing; the numbers come from ``han_core.evidence``.
"""

from typing import Literal

import numpy as np
import plotly.graph_objects as go

from han_core.explanation.attention_permutation import AttentionReplacement, Flip
from han_core.explanation.attribution import RankedBy
from han_core.explanation.deletion import BAND, Curve, Deletion
from han_core.explanation.faithfulness import Evidence
from han_core.explanation.verdicts import short
from han_core.runtime.errors import counted
from han_core.viz.dot_rows import (
    GREY,
    LEGEND,
    RANKED,
    UNIFORM,
    Look,
    below,
    marked_line,
    note,
    number_axis,
    plain_layout,
    rows,
)
from han_core.viz.markup import inked, percent, plotly_text
from han_core.viz.plot import Sheet, beginning

Measure = Literal["comprehensiveness", "sufficiency"]

SMALLEST = 0.1
"""The axis reaches at least so far from 0: a change of nothing must look like nothing."""

LONGEST_CURVE = 28  # columns of a class's name

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
        title={"text": inked(f"fall of p({beginning(label, LONGEST_CURVE)})")},
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


LONGEST = 28  # columns of a class's name

_TAUS: tuple[RankedBy, RankedBy] = ("gradient", "leave_one_out")
_FLIPPED: tuple[RankedBy, RankedBy, RankedBy] = ("attention", "gradient", "random")
_GOLDEN = (5**0.5 - 1) / 2  # its multiples spread evenly however many there are


def tau_dots(evidence: Evidence) -> go.Figure:
    """Kendall's tau-b of attention with two other rankings, each joined to the ceiling.

    The ceiling is tau of those two with each other: attention need not agree with them
    more than they do. A row without tau says why.
    """
    taus = (evidence.tau_gradient, evidence.tau_leave_one_out)
    ceiling = evidence.tau_ceiling
    lowest = min([-0.2, *(tau - 0.1 for tau in (*taus, ceiling) if tau is not None)])
    names = [RANKED[by].name for by in _TAUS]
    sheet = rows(names, f"Kendall's tau with attention, over {evidence.unit}s", (lowest, 1.02))
    sheet.vertical_line(**marked_line(0, "no relation", "right"))
    if ceiling is not None:
        side = "left" if ceiling < 0.7 else "right"  # where there is room
        sheet.vertical_line(**marked_line(ceiling, f"ceiling {short(ceiling)}", side, "dash"))
    for row, (by, tau) in enumerate(zip(_TAUS, taus, strict=True)):
        if tau is None:
            sheet.annotate(note(_untold(evidence, by), 0, row))
            continue
        if ceiling is not None:
            _join(sheet, tau, ceiling, row)
        text = f"<b>{tau:.3f}</b> with {plotly_text(names[row])}"
        _add_dot(sheet, RANKED[by], tau, row, text, short(tau))
    return sheet.figure()


def _untold(evidence: Evidence, by: RankedBy) -> str:
    found = evidence.deletion
    if by == "leave_one_out" and (found is None or by not in found.comprehensiveness):
        return "not measured yet"
    return "none: fewer than six, or all alike"


def flip_strip(flip: Flip) -> go.Figure:
    """The share of attention weights set to 0 until the decision changes, by order.

    An order that never changes it is an arrow past the end: that is no 100%, for the
    weight that was left had to stay.
    """
    names = [RANKED[by].name for by in _FLIPPED]
    title = f"{flip.unit}s' attention set to 0\nuntil the decision flips"
    sheet = rows(names, title, (0, 1.1), ".0%")
    sheet.x_axis(dtick=0.25)
    shares = (flip.attention, flip.gradient, flip.random)
    for row, (by, share) in enumerate(zip(_FLIPPED, shares, strict=True)):
        median = f", median of {flip.draws} orders" if by == "random" else ""
        if share is None:
            _add_arrow(sheet, row, f"never flips with one of {flip.entries:,} weights left{median}")
            continue
        _join(sheet, 0, share, row)
        gone = round(share * flip.entries, 1)  # a median may lie between two
        text = f"<b>{gone:g}</b> of {counted(flip.entries, 'weight')}{median}"
        _add_dot(sheet, RANKED[by], share, row, text, _percent(share))
    return sheet.figure()


def _percent(share: float) -> str:
    """Never 100%: one weight was left."""
    return f"{share:.0%}" if share < 0.995 else ">99%"


def _add_arrow(sheet: Sheet, row: int, text: str) -> None:
    sheet.trace(
        "scatter",
        x=[0, 1.05],
        y=[row, row],
        mode="lines+markers",
        line={"color": GREY, "width": 2, "dash": "dot"},
        marker={"color": GREY, "symbol": "triangle-right", "size": [0, 13], "opacity": 1},
        hovertext=text,
        hoverinfo="text",
    )
    sheet.annotate(note("never", 1, row) | {"xanchor": "right", "yshift": 10})


def swap_strip(swaps: AttentionReplacement, label: str) -> go.Figure:
    """p(predicted class) under uniform and shuffled attention, the model's own as a line.

    Args:
        label: the predicted class.
    """
    draws = len(swaps.permuted)
    title = f"p({beginning(label, LONGEST)})"
    sheet = rows(["uniform attention", f"shuffled, {draws} times"], title, (-0.02, 1.02), ".2f")
    own = f"own attention {short(swaps.probability)}"
    side = "left" if swaps.probability < 0.5 else "right"
    look = RANKED["attention"]
    sheet.vertical_line(**marked_line(swaps.probability, own, side, look.dash, look.colour))
    even = swaps.uniform_probability
    decision = "the decision flips" if swaps.uniform_flips else "the decision stays"
    _add_dot(sheet, UNIFORM, even, 0, f"<b>{even:.3f}</b>, {decision}", short(even))
    order = np.argsort(swaps.permuted, kind="stable")
    places = 1 + 0.5 * (np.arange(draws) * _GOLDEN % 1 - 0.5)  # beside each other, not on top
    chances = swaps.permuted[order].tolist()
    sheet.trace(
        "scatter",
        x=chances,
        y=places.tolist(),
        mode="markers",
        marker={"color": GREY, "size": 6, "opacity": 0.6},
        hovertext=[f"<b>{chance:.3f}</b> in one shuffle" for chance in chances],
        hoverinfo="text",
    )
    return sheet.figure()


def _join(sheet: Sheet, start: float, end: float, row: int) -> None:
    """A thin line along a row."""
    sheet.trace(
        "scatter",
        x=[start, end],
        y=[row, row],
        mode="lines",
        line={"color": GREY, "width": 2},
        hoverinfo="skip",
    )


def _add_dot(sheet: Sheet, look: Look, value: float, row: int, told: str, written: str) -> None:
    """A dot with its number above and a note on hover."""
    sheet.trace(
        "scatter",
        x=[value],
        y=[row],
        mode="markers",
        marker={
            "color": look.colour,
            "symbol": look.symbol,
            "size": 12,
            "line": {"width": 2, "color": look.colour},  # an x has no other body
        },
        hovertext=[told],
        hoverinfo="text",
    )
    sheet.annotate(note(written, value, row) | {"xanchor": "center", "yshift": 14})
