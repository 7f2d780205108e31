"""Evidence about one decision: the deletion curve, rank agreement, flips, other attention.

Each figure has its reference in it: random order, the ceiling, the model's own attention. The
deletion test is comprehensiveness and sufficiency of DeYoung et al. 2020; flips are Serrano and
Smith 2019; uniform and shuffled attention Jain and Wallace 2019.
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
from han_core.viz.markup import beginning, inked, percent, plotly_text
from han_core.viz.plot import (
    GREY,
    RANKED,
    UNIFORM,
    FigureBuilder,
    Look,
    add_dot,
    below,
    marked_line,
    note,
    number_axis,
    plain_layout,
    rows,
)

Measure = Literal["comprehensiveness", "sufficiency"]

SMALLEST = 0.1
"""An axis of falls reaches at least so far from 0: a change of nothing must look like nothing."""

BAND_COLOUR = "rgba(125,134,148,0.25)"

LONGEST = 28  # columns of a class's name

_DONE = {
    ("comprehensiveness", "delete"): "deleted",
    ("comprehensiveness", "unknown"): "replaced by the unknown word",
    ("sufficiency", "delete"): "kept, all others deleted",
    ("sufficiency", "unknown"): "kept, all others unknown",
}
_TAUS: tuple[RankedBy, RankedBy] = ("gradient", "leave_one_out")
_FLIPPED: tuple[RankedBy, RankedBy, RankedBy] = ("attention", "gradient", "random")
_GOLDEN = (5**0.5 - 1) / 2  # its multiples spread evenly however many there are


def deletion_curve(
    deletion: Deletion, label: str, measure: Measure = "comprehensiveness"
) -> go.Figure:
    """Draw the fall of p(predicted class) over the share of words or sentences.

    Args:
        label: the predicted class.
        measure: comprehensiveness deletes the highest ranked ones, sufficiency keeps only
            them. Above 0 the probability falls, below it rises.

    Random order is the mean of its draws, in the band from their 5th to their 95th
    percentile. The shares are the actual ones, one word of twenty is 5%, and stand
    at equal steps, as the average over them counts them.
    """
    curves: dict[RankedBy, Curve] = dict(getattr(deletion, measure))
    bands = {name: _band(curve) for name, curve in curves.items()}
    counts, first = np.unique(deletion.removed, return_index=True)  # few units: shares coincide
    builder = FigureBuilder(plain_layout(340))
    if "random" in curves:
        low, high = (end[first].tolist() for end in bands["random"])
        builder.add_spread(list(range(len(low))), low, high, BAND_COLOUR, legendgroup="random")
    for name in sorted(curves, key=list(RANKED).index, reverse=True):  # attention on top
        _add_curve(builder, name, curves[name], deletion, measure)
    _add_axes(builder, deletion, measure, counts)
    builder.update_yaxis(
        **number_axis(_reach(np.array(list(bands.values()))), ".2f") | {"nticks": 8},
        title={"text": inked(f"fall of p({beginning(label, LONGEST)})")},
    )
    return builder.build()


def _band(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """(shares,) its lower and its upper end; one order alone has no spread."""
    alone = curve.values[0]
    return (alone, alone) if len(curve.values) == 1 else (curve.low, curve.high)


def _add_curve(
    builder: FigureBuilder, name: RankedBy, curve: Curve, deletion: Deletion, measure: Measure
) -> None:
    counts, first = np.unique(deletion.removed, return_index=True)
    falls, look = curve.mean[first].tolist(), RANKED[name]
    draws = f" ({len(curve.values)} draws, {BAND[0]:.0%} to {BAND[1]:.0%})"
    units = counted(deletion.units, deletion.unit)
    builder.add_curve(
        list(range(len(falls))),
        falls,
        look,
        9,
        name=inked(look.name + draws * (name == "random")),
        hovertext=[
            f"<b>{count:,}</b> of {units} {_DONE[measure, deletion.fill]}, "
            f"{plotly_text(look.name)}:<br>the probability "
            f"{'falls' if fall >= 0 else 'rises'} by <b>{abs(fall):.3f}</b>"
            for count, fall in zip(counts.tolist(), falls, strict=True)
        ],
        legendgroup=name,
        legendrank=list(RANKED).index(name),
    )


def _add_axes(
    builder: FigureBuilder, deletion: Deletion, measure: Measure, counts: np.ndarray
) -> None:
    builder.show_legend(top=60)
    builder.update_xaxis(
        **number_axis((-0.2, len(counts) - 0.8)),
        tickvals=list(range(len(counts))),
        ticktext=[inked(percent(count / deletion.units, 2)) for count in counts.tolist()],
        showgrid=False,
    )
    done = _DONE[measure, deletion.fill]
    builder.add_annotations(below(f"{deletion.unit}s {done},\nhighest ranked first"))
    builder.add_hline(0, line={"width": 1, "color": GREY})


def _reach(bands: np.ndarray) -> tuple[float, float]:
    """An axis that holds every band, (curves, ends, shares), and 0."""
    lowest, highest = min(0.0, float(bands.min())), max(SMALLEST, float(bands.max()))
    pad = 0.06 * (highest - lowest)
    return lowest - pad, highest + pad


def tau_dots(evidence: Evidence) -> go.Figure:
    """Draw Kendall's tau-b of attention with two other rankings, each joined to the ceiling.

    The ceiling is tau of those two with each other: attention need not agree with them
    more than they do. A row without tau says why.
    """
    taus = (evidence.tau_gradient, evidence.tau_leave_one_out)
    ceiling = evidence.tau_ceiling
    lowest = min([-0.2, *(tau - 0.1 for tau in (*taus, ceiling) if tau is not None)])
    names = [RANKED[by].name for by in _TAUS]
    title = f"rank agreement (Kendall's τ) with attention, over {evidence.unit}s"
    builder = rows(names, title, (lowest, 1.02))
    builder.add_vline(**marked_line(0, "no relation", "right"))
    if ceiling is not None:
        side = "left" if ceiling < 0.7 else "right"  # where there is space
        builder.add_vline(**marked_line(ceiling, f"ceiling {short(ceiling)}", side, "dash"))
    for row, (by, tau) in enumerate(zip(_TAUS, taus, strict=True)):
        if tau is None:
            builder.add_annotations(note(_why_no_tau(evidence, by), 0, row))
            continue
        if ceiling is not None:
            _join(builder, tau, ceiling, row)
        hover = f"<b>{tau:.3f}</b> with {plotly_text(names[row])}"
        add_dot(builder, RANKED[by], tau, row, hover, short(tau))
    return builder.build()


def _why_no_tau(evidence: Evidence, by: RankedBy) -> str:
    deletion = evidence.deletion
    if by == "leave_one_out" and (deletion is None or by not in deletion.comprehensiveness):
        return "not measured yet"
    return "none: fewer than six, or all alike"


def flip_strip(flip: Flip) -> go.Figure:
    """Draw the share of attention weights set to 0 until the prediction changes, by order.

    An order that never changes it is an arrow past the end: that is no 100%, for the
    last weight had to stay.
    """
    names = [RANKED[by].name for by in _FLIPPED]
    title = f"{flip.unit}s zeroed\nuntil the prediction flips"
    builder = rows(names, title, (0, 1.1), ".0%")
    builder.update_xaxis(dtick=0.25)
    shares = (flip.attention, flip.gradient, flip.random)
    for row, (by, share) in enumerate(zip(_FLIPPED, shares, strict=True)):
        median = f", median of {flip.draws} orders" if by == "random" else ""
        if share is None:
            hover = f"never flips with one of {flip.entries:,} weights left{median}"
            _add_arrow(builder, row, hover)
            continue
        _join(builder, 0, share, row)
        zeroed = round(share * flip.entries, 1)  # a median may lie between two
        hover = f"<b>{zeroed:g}</b> of {counted(flip.entries, 'weight')}{median}"
        text = f"{share:.0%}" if share < 0.995 else ">99%"  # never 100%: one weight was left
        add_dot(builder, RANKED[by], share, row, hover, text)
    return builder.build()


def _add_arrow(builder: FigureBuilder, row: int, hover: str) -> None:
    look = Look("", GREY, dash="dot")
    marker = {"color": GREY, "symbol": "triangle-right", "size": [0, 13], "opacity": 1}
    builder.add_curve([0, 1.05], [row, row], look, marker=marker, hovertext=hover)
    builder.add_annotations(note("never", 1, row, xanchor="right", yshift=10))


def swap_strip(swaps: AttentionReplacement, label: str) -> go.Figure:
    """Draw p(predicted class) under uniform and shuffled attention, the model's own as a line.

    Args:
        label: the predicted class.
    """
    draws = len(swaps.permuted)
    title = f"p({beginning(label, LONGEST)})"
    names = ["uniform attention", f"shuffled, {draws} times"]
    builder = rows(names, title, (-0.02, 1.02), ".2f")
    own = f"own attention {short(swaps.probability)}"
    side = "left" if swaps.probability < 0.5 else "right"
    look = RANKED["attention"]
    builder.add_vline(**marked_line(swaps.probability, own, side, look.dash, look.colour))
    even = swaps.uniform_probability
    effect = "the prediction flips" if swaps.uniform_flips else "the prediction stays"
    add_dot(builder, UNIFORM, even, 0, f"<b>{even:.3f}</b>, {effect}", short(even))
    chances = np.sort(swaps.permuted, kind="stable").tolist()
    heights = 1 + 0.5 * (np.arange(draws) * _GOLDEN % 1 - 0.5)  # side by side, not on top
    builder.add_dots(
        chances,
        heights.tolist(),
        Look("", GREY),
        6,
        opacity=0.6,
        hovertext=[f"<b>{chance:.3f}</b> in one shuffle" for chance in chances],
    )
    return builder.build()


def _join(builder: FigureBuilder, start: float, end: float, row: int) -> None:
    """Add a thin line along a row."""
    line = {"color": GREY, "width": 2}
    x, y = [start, end], [row, row]
    builder.add_trace("scatter", x=x, y=y, mode="lines", line=line, hoverinfo="skip")
