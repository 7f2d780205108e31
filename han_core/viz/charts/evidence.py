"""Evidence about one decision: the deletion curve, rank agreement, flips, other attention.

Each figure has its reference in it: random order, the ceiling, the model's own attention. The
deletion test is comprehensiveness and sufficiency of DeYoung et al. 2020; flips are Serrano and
Smith 2019; uniform and shuffled attention Jain and Wallace 2019.
"""

from typing import Literal, NamedTuple

import numpy as np
import plotly.graph_objects as go

from han_core.explanation.attention_permutation import AttentionReplacement, Flip
from han_core.explanation.attribution import RankedBy
from han_core.explanation.deletion import BAND, Curve, Deletion
from han_core.explanation.faithfulness import Evidence
from han_core.explanation.verdicts import short
from han_core.runtime.errors import counted
from han_core.runtime.messages import mark, tr
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
    ("comprehensiveness", "delete"): mark("deleted"),
    ("comprehensiveness", "unknown"): mark("replaced by the unknown word"),
    ("sufficiency", "delete"): mark("kept, all others deleted"),
    ("sufficiency", "unknown"): mark("kept, all others unknown"),
}
_TAKEN = {
    "word": mark("words {done},\nhighest ranked first"),
    "sentence": mark("sentences {done},\nhighest ranked first"),
}
_AGREEMENT = {
    "word": mark("rank agreement (Kendall's τ) with attention, over words"),
    "sentence": mark("rank agreement (Kendall's τ) with attention, over sentences"),
}
_AGREEMENTS = {
    "word": mark("rank agreement (Kendall's τ), over words"),
    "sentence": mark("rank agreement (Kendall's τ), over sentences"),
}
_ZEROED = {
    "word": mark("words zeroed\nuntil the prediction flips"),
    "sentence": mark("sentences zeroed\nuntil the prediction flips"),
}
_TAUS: tuple[RankedBy, RankedBy] = ("gradient", "leave_one_out")
_SHORT: dict[RankedBy, str] = {
    "rollout": RANKED["rollout"].name,
    "gradient_weighted": mark("gradient-weighted"),
}
"""Names of methods where a row has little room."""

TWO_LINES = 44  # pixels of a row whose name has two lines

_FALLS = mark(
    "<b>{count:,}</b> of {units} {done}, {name}:<br>the probability falls by <b>{change:.3f}</b>"
)
_RISES = mark(
    "<b>{count:,}</b> of {units} {done}, {name}:<br>the probability rises by <b>{change:.3f}</b>"
)
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
        title={
            "text": inked(
                tr("fall of {probability}", probability=f"p({beginning(label, LONGEST)})")
            )
        },
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
    title = tr(look.name)
    units, done = counted(deletion.units, deletion.unit), tr(_DONE[measure, deletion.fill])
    if name == "random":
        low, high = BAND
        title = tr(
            "{name} ({count} draws, {low:.0%} to {high:.0%})",
            name=title, count=len(curve.values), low=low, high=high,
        )  # fmt: skip
    builder.add_curve(
        list(range(len(falls))),
        falls,
        look,
        9,
        name=inked(title),
        hovertext=[
            tr(
                _FALLS if fall >= 0 else _RISES,
                count=count,
                units=units,
                done=done,
                name=plotly_text(tr(look.name)),
                change=abs(fall),
            )
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
    done = tr(_DONE[measure, deletion.fill])
    builder.add_annotations(below(tr(_TAKEN[deletion.unit], done=done)))
    builder.add_hline(0, line={"width": 1, "color": GREY})


def _reach(bands: np.ndarray) -> tuple[float, float]:
    """An axis that holds every band, (curves, ends, shares), and 0."""
    lowest, highest = min(0.0, float(bands.min())), max(SMALLEST, float(bands.max()))
    pad = 0.06 * (highest - lowest)
    return lowest - pad, highest + pad


def tau_dots(evidence: Evidence) -> go.Figure:
    """Draw Kendall's tau-b of attention with two other rankings, each joined to the ceiling.

    The ceiling is tau of those two with each other: attention need not agree with them
    more than they do. A row without tau says why. With self-attention, the methods that
    read it have both rows as well.
    """
    ceiling, lines = evidence.tau_ceiling, _tau_rows(evidence)
    known = [tau for tau in (ceiling, *(line.tau for line in lines)) if tau is not None]
    names = [line.name for line in lines]
    ends = min([-0.2, *(tau - 0.1 for tau in known)]), 1.02
    if evidence.methods:
        builder = rows(names, tr(_AGREEMENTS[evidence.unit]), ends, height=TWO_LINES)
        builder.update_yaxis(ticktext=[f"{inked(line.of)}<br>{inked(line.name)}" for line in lines])
    else:
        builder = rows(names, tr(_AGREEMENT[evidence.unit]), ends)
    builder.add_vline(**marked_line(0, tr("no relation"), "right"))
    if ceiling is not None:
        side = "left" if ceiling < 0.7 else "right"  # where there is space
        named = tr("ceiling {value}", value=short(ceiling))
        builder.add_vline(**marked_line(ceiling, named, side, "dash"))
    for row, line in enumerate(lines):
        if line.tau is None:
            builder.add_annotations(note(_why_no_tau(evidence, line.by), 0, row))
            continue
        if ceiling is not None:
            _join(builder, line.tau, ceiling, row)
        hover = tr("<b>{tau:.3f}</b> with {name}", tau=line.tau, name=plotly_text(line.name))
        if evidence.methods:
            hover = f"{plotly_text(line.of)}: {hover}"
        add_dot(builder, RANKED[line.by], line.tau, row, hover, short(line.tau))
    return builder.build()


class _TauRow(NamedTuple):
    """Kendall's tau of one ranking, by its name, with another one."""

    of: str
    by: RankedBy
    tau: float | None

    @property
    def name(self) -> str:
        """Name what it is compared with."""
        return tr(RANKED[self.by].name)


def _tau_rows(evidence: Evidence) -> list[_TauRow]:
    attention = evidence.tau_gradient, evidence.tau_leave_one_out
    pairs = {tr(RANKED["attention"].name): attention}
    for by, found in evidence.methods.items():
        pairs[tr(_SHORT[by])] = found.gradient, found.leave_one_out
    return [
        _TauRow(of, by, tau)
        for of, taus in pairs.items()
        for by, tau in zip(_TAUS, taus, strict=True)
    ]


def _why_no_tau(evidence: Evidence, by: RankedBy) -> str:
    deletion = evidence.deletion
    if by == "leave_one_out" and (deletion is None or by not in deletion.comprehensiveness):
        return tr("not measured yet")
    return tr("none: fewer than six, or all alike")


def flip_strip(flip: Flip) -> go.Figure:
    """Draw the share of attention weights set to 0 until the prediction changes, by order.

    An order that never changes it is an arrow past the end: that is no 100%, for the
    last weight had to stay.
    """
    shares: dict[RankedBy, float | None]
    shares = {"attention": flip.attention, "gradient": flip.gradient}
    shares |= dict(flip.methods.items())
    shares["random"] = flip.random
    names = [tr(_SHORT.get(by, RANKED[by].name)) for by in shares]
    builder = rows(names, tr(_ZEROED[flip.unit]), (0, 1.1), ".0%")
    builder.update_xaxis(dtick=0.25)
    for row, (by, share) in enumerate(shares.items()):
        if share is None:
            hover = tr("never flips with one of {count:,} weights left", count=flip.entries)
            _add_arrow(builder, row, _median(hover, flip, by))
            continue
        _join(builder, 0, share, row)
        zeroed = round(share * flip.entries, 1)  # a median may lie between two
        weights = counted(flip.entries, "weight")
        hover = tr("<b>{count:g}</b> of {weights}", count=zeroed, weights=weights)
        text = f"{share:.0%}" if share < 0.995 else ">99%"  # never 100%: one weight was left
        add_dot(builder, RANKED[by], share, row, _median(hover, flip, by), text)
    return builder.build()


def _median(hover: str, flip: Flip, by: RankedBy) -> str:
    if by != "random":
        return hover
    return tr("{found}, median of {count} orders", found=hover, count=flip.draws)


def _add_arrow(builder: FigureBuilder, row: int, hover: str) -> None:
    look = Look("", GREY, dash="dot")
    marker = {"color": GREY, "symbol": "triangle-right", "size": [0, 13], "opacity": 1}
    builder.add_curve([0, 1.05], [row, row], look, marker=marker, hovertext=hover)
    builder.add_annotations(note(tr("never"), 1, row, xanchor="right", yshift=10))


def swap_strip(swaps: AttentionReplacement, label: str) -> go.Figure:
    """Draw p(predicted class) under uniform and shuffled attention, the model's own as a line.

    Args:
        label: the predicted class.
    """
    draws = len(swaps.permuted)
    title = f"p({beginning(label, LONGEST)})"
    names = [tr("uniform attention"), tr("shuffled, {count} times", count=draws)]
    builder = rows(names, title, (-0.02, 1.02), ".2f")
    own = tr("own attention {value}", value=short(swaps.probability))
    side = "left" if swaps.probability < 0.5 else "right"
    look = RANKED["attention"]
    builder.add_vline(**marked_line(swaps.probability, own, side, look.dash, look.colour))
    even = swaps.uniform_probability
    flips = mark("<b>{value:.3f}</b>, the prediction flips")
    stays = mark("<b>{value:.3f}</b>, the prediction stays")
    hover = tr(flips if swaps.uniform_flips else stays, value=even)
    add_dot(builder, UNIFORM, even, 0, hover, short(even))
    chances = np.sort(swaps.permuted, kind="stable").tolist()
    heights = 1 + 0.5 * (np.arange(draws) * _GOLDEN % 1 - 0.5)  # side by side, not on top
    builder.add_dots(
        chances,
        heights.tolist(),
        Look("", GREY),
        6,
        opacity=0.6,
        hovertext=[tr("<b>{value:.3f}</b> in one shuffle", value=chance) for chance in chances],
    )
    return builder.build()


def _join(builder: FigureBuilder, start: float, end: float, row: int) -> None:
    """Add a thin line along a row."""
    line = {"color": GREY, "width": 2}
    x, y = [start, end], [row, row]
    builder.add_trace("scatter", x=x, y=y, mode="lines", line=line, hoverinfo="skip")
