"""Confidence: how often a model is right where it is so sure, and how sure it is when wrong.

Every bin can be clicked; its ``customdata`` is (lowest confidence, highest confidence).
"""

import numpy as np
import plotly.graph_objects as go

from han_core.analysis.calibration import Bins, Calibration
from han_core.analysis.filters import Range
from han_core.runtime.errors import counted
from han_core.runtime.messages import mark, tr
from han_core.viz.charts.performance import CHOSEN
from han_core.viz.markup import inked
from han_core.viz.plot import (
    BLUE,
    GREY,
    ORANGE,
    FigureBuilder,
    Look,
    below,
    error_bars,
    number_axis,
    plain_layout,
)

_HEIGHT = 360  # pixels
_BAR = 0.022  # width of a bar; bins are 0.025 wide


def reliability(calibration: Calibration, chosen: Range | None = None) -> go.Figure:
    """Draw the reliability diagram: accuracy over mean confidence, a dot for each bin.

    Lines are Wilson's 95% intervals; where dots lie under the diagonal, the model is surer
    than it is right. The bars below are the bins' documents.

    Args:
        chosen: the range of confidence that the filter holds, drawn as a band.
    """
    builder = FigureBuilder(plain_layout(_HEIGHT))
    bins = calibration.bins
    least = _least(bins)
    diagonal = {"color": GREY, "dash": "dot", "width": 2}
    builder.add_shape("line", x0=least, y0=least, x1=1, y1=1, line=diagonal)
    ends = (least - 0.02, 1.02)
    _add_band(builder, chosen, ends, (0, 1))
    _add_documents(builder, bins)
    _add_dots(builder, calibration)
    builder.update_xaxis(**number_axis(ends, ".0%"))
    builder.update_yaxis(**number_axis((0, 1.03), ".0%"))
    builder.update_layout(clickmode="event+select", hoverdistance=-1)
    builder.add_annotations(below(tr("confidence; up: share that is right")))
    return builder.build()


def _add_dots(builder: FigureBuilder, calibration: Calibration) -> None:
    """Add a dot with its interval for each bin."""
    bins = calibration.bins
    (low, high), accuracy = bins.ends, bins.accuracy
    sides = ((high - accuracy).tolist(), (accuracy - low).tolist())
    columns = (
        accuracy, bins.documents, low, high, calibration.confidence, bins.low, bins.high
    )  # fmt: skip
    builder.add_dots(
        calibration.confidence.tolist(),
        accuracy.tolist(),
        Look("", BLUE),
        11,
        error_y=error_bars(BLUE, *sides),
        customdata=_ranges(bins),
        hovertext=[
            tr(
                "<b>{share:.1%}</b> of {documents} are right<br>"
                "95% interval {low:.1%} to {high:.1%}<br>"
                "mean confidence {mean:.1%}, from {first:.1%} to {last:.1%}",
                share=right,
                documents=counted(int(n), "document"),
                low=left,
                high=above,
                mean=sure,
                first=first,
                last=last,
            )
            for right, n, left, above, sure, first, last in zip(*columns, strict=True)
        ],
    )


def _add_documents(builder: FigureBuilder, bins: Bins) -> None:
    """Add the bins' sizes along the bottom, a fifth of the figure high at most."""
    builder.add_trace(
        "bar",
        x=((bins.low + bins.high) / 2).tolist(),
        y=(0.2 * bins.documents / bins.documents.max(initial=1)).tolist(),
        width=np.maximum(bins.high - bins.low, 0.004).tolist(),
        marker={"color": GREY, "opacity": 0.35, "line": {"width": 0}},
        hoverinfo="skip",
    )


def confidences(bins: Bins, chosen: Range | None = None, outcome: str | None = None) -> go.Figure:
    """Draw the histogram of confidence: right documents upward, wrong ones downward.

    Heights are shares among the right, and among the wrong, so that few wrong documents are
    seen beside many right ones. ``customdata``'s third is "right" or "wrong".

    Args:
        chosen, outcome: what the filter holds, drawn as a band.
    """
    builder = FigureBuilder(plain_layout(_HEIGHT))
    highest = max(_add_side(builder, bins, "right"), _add_side(builder, bins, "wrong"), 0.01)
    ends = (_least(bins) - 0.02, 1.02)
    sides = {"right": (0.5, 1), "wrong": (0, 0.5)}
    if chosen is not None or outcome is not None:
        _add_band(builder, chosen or Range(), ends, sides.get(outcome or "", (0, 1)))
    step = _round_step(highest)
    ticks = [place * step for place in range(-int(highest // step), int(highest // step) + 1)]
    builder.update_xaxis(**number_axis(ends, ".0%"))
    builder.update_yaxis(**number_axis((-1.08 * highest, 1.08 * highest)))
    builder.update_yaxis(tickprefix="", ticksuffix="", tickvals=ticks)
    builder.update_yaxis(ticktext=[inked(f"{100 * abs(tick):.3g}%") for tick in ticks])
    builder.update_layout(barmode="overlay", clickmode="event+select")
    builder.show_legend()
    builder.add_hline(0, line={"color": GREY, "width": 1})
    builder.add_annotations(below(tr("confidence; shares among the right and among the wrong")))
    return builder.build()


_SIDES = {"right": mark("right: {count:,}"), "wrong": mark("wrong: {count:,}")}


def _of_side(number: int, right: bool) -> str:
    return counted(number, "right document") if right else counted(number, "wrong document")


def _add_side(builder: FigureBuilder, bins: Bins, name: str) -> float:
    """Add the bars of the right documents or of the wrong ones; return the highest."""
    up = name == "right"
    numbers = bins.right if up else bins.documents - bins.right
    shares = numbers / max(1, numbers.sum())
    columns = (numbers, shares, bins.low, bins.high)
    builder.add_trace(
        "bar",
        name=inked(tr(_SIDES[name], count=int(numbers.sum()))),
        x=((bins.low + bins.high) / 2).tolist(),
        y=(shares if up else -shares).tolist(),
        width=_BAR,
        marker={
            "color": BLUE if up else ORANGE,
            "opacity": 1,
            "line": {"width": 0},
            "pattern": {"shape": "" if up else "/", "solidity": 0.35},
        },
        unselected={"marker": {"opacity": 1}},
        customdata=[[*ends, name] for ends in _ranges(bins)],
        hovertext=[
            tr(
                "<b>{documents}</b>, {share:.1%} of them<br>confidence {first:.1%} to {last:.1%}",
                documents=_of_side(int(number), up),
                share=share,
                first=first,
                last=last,
            )
            for number, share, first, last in zip(*columns, strict=True)
        ],
    )
    return float(shares.max(initial=0))


def _add_band(
    builder: FigureBuilder,
    chosen: Range | None,
    ends: tuple[float, float],
    sides: tuple[float, float],
) -> None:
    """Mark what the filter holds: a range of confidence, over these shares of the height."""
    if chosen is None:
        return
    low = ends[0] if chosen.low is None else chosen.low
    high = ends[1] if chosen.high is None else chosen.high
    margin = 0.004  # so that a single value has a band
    corners = {"x0": low - margin, "x1": high + margin, "y0": sides[0], "y1": sides[1]}
    builder.add_shape("rect", yref="paper", **corners, **CHOSEN)


def _round_step(top: float) -> float:
    """Return a round number that goes two to five times into ``top``."""
    power = 10.0 ** np.floor(np.log10(top))
    return float(next(one for one in (power, power / 2, power / 5) if top / one >= 2))


def _least(bins: Bins) -> float:
    """Where the axis of confidence begins: a multiple of a tenth."""
    return float(np.floor(bins.low.min(initial=0.9) * 10) / 10)


def _ranges(bins: Bins) -> list[list[float]]:
    return np.stack([bins.low, bins.high], axis=1).tolist()
