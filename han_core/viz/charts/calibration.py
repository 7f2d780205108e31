"""Confidence: how often a model is right where it is so sure, and how sure it is when wrong.

Every bin can be clicked; its ``customdata`` is (lowest confidence, highest confidence). It
knows nothing about how bins were made.
"""

import numpy as np
import plotly.graph_objects as go

from han_core.analysis.calibration import Bins, Calibration
from han_core.analysis.filters import Range
from han_core.runtime.errors import counted
from han_core.viz.charts.performance import CHOSEN
from han_core.viz.dot_rows import GREY, LEGEND, below, number_axis, plain_layout
from han_core.viz.markup import inked
from han_core.viz.plot import Sheet

RIGHT, WRONG = "#4280d4", "#d97706"
_HEIGHT = 360  # pixels


def reliability(found: Calibration, chosen: Range | None = None) -> go.Figure:
    """The reliability diagram: accuracy over mean confidence, a dot for each bin.

    Lines are Wilson's 95% intervals; where dots lie under the diagonal, the model is surer
    than it is right. The bars below are the bins' documents.

    Args:
        chosen: the range of confidence that the filter holds, drawn as a band.
    """
    sheet = Sheet(plain_layout(_HEIGHT))
    bins = found.bins
    least = _least(bins)
    sheet.shape(
        "line", x0=least, y0=least, x1=1, y1=1, line={"color": GREY, "dash": "dot", "width": 2}
    )
    _add_band(sheet, chosen, (least - 0.02, 1.02), (0, 1))
    _add_documents(sheet, bins)
    _add_dots(sheet, found)
    sheet.x_axis(**number_axis((least - 0.02, 1.02), ".0%"))
    sheet.y_axis(**number_axis((0, 1.03), ".0%"))
    sheet.lay_out(clickmode="event+select", hoverdistance=-1)
    sheet.annotate(below("confidence; up: share that is right"))
    return sheet.figure()


def _add_dots(sheet: Sheet, found: Calibration) -> None:
    """A dot with its interval for each bin."""
    bins = found.bins
    low, high = bins.ends
    accuracy = bins.accuracy
    sheet.trace(
        "scatter",
        x=found.confidence.tolist(),
        y=accuracy.tolist(),
        error_y={
            "array": (high - accuracy).tolist(),
            "arrayminus": (accuracy - low).tolist(),
            "color": RIGHT,
            "thickness": 1.5,
            "width": 3,
        },
        mode="markers",
        marker={"color": RIGHT, "size": 11, "opacity": 1},
        unselected={"marker": {"opacity": 1}},
        customdata=_ranges(bins),
        hovertext=[
            f"<b>{right:.1%}</b> of {counted(int(n), 'document')} are right<br>"
            f"95% interval {left:.1%} to {above:.1%}<br>"
            f"mean confidence {sure:.1%}, from {first:.1%} to {last:.1%}"
            for right, n, left, above, sure, first, last in zip(
                accuracy, bins.documents, low, high, found.confidence, bins.low, bins.high,
                strict=True,
            )
        ],
        hoverinfo="text",
    )  # fmt: skip


def _add_documents(sheet: Sheet, bins: Bins) -> None:
    """The bins' sizes along the bottom, a fifth of the figure high at most."""
    sheet.trace(
        "bar",
        x=((bins.low + bins.high) / 2).tolist(),
        y=(0.2 * bins.documents / bins.documents.max(initial=1)).tolist(),
        width=np.maximum(bins.high - bins.low, 0.004).tolist(),
        marker={"color": GREY, "opacity": 0.35, "line": {"width": 0}},
        hoverinfo="skip",
    )


def confidences(bins: Bins, chosen: Range | None = None, outcome: str | None = None) -> go.Figure:
    """The histogram of confidence: right documents upward, wrong ones downward.

    Heights are shares among the right, and among the wrong, so that few wrong documents are
    seen beside many right ones. ``customdata``'s third is "right" or "wrong".

    Args:
        chosen, outcome: what the filter holds, drawn as a band.
    """
    sheet = Sheet(plain_layout(_HEIGHT))
    tops = [
        _add_side(sheet, bins, "right", bins.right, RIGHT),
        _add_side(sheet, bins, "wrong", bins.documents - bins.right, WRONG),
    ]
    ends = (_least(bins) - 0.02, 1.02)
    sides = {"right": (0.5, 1), "wrong": (0, 0.5)}
    if chosen is not None or outcome is not None:
        _add_band(sheet, chosen or Range(), ends, sides.get(outcome or "", (0, 1)))
    _lay_out_histogram(sheet, ends, max(*tops, 0.01))
    return sheet.figure()


def _add_side(sheet: Sheet, bins: Bins, name: str, numbers: np.ndarray, colour: str) -> float:
    """The bars of the right ones or of the wrong ones; returns the highest."""
    shares, up = numbers / max(1, numbers.sum()), name == "right"
    sheet.trace(
        "bar",
        name=inked(f"{name}: {int(numbers.sum()):,}"),
        x=((bins.low + bins.high) / 2).tolist(),
        y=(shares if up else -shares).tolist(),
        width=_WIDTH,
        marker={
            "color": colour,
            "opacity": 1,
            "line": {"width": 0},
            "pattern": {"shape": "" if up else "/", "solidity": 0.35},
        },
        unselected={"marker": {"opacity": 1}},
        customdata=[[*ends, name] for ends in _ranges(bins)],
        hovertext=[
            f"<b>{counted(int(number), f'{name} document')}</b>, {share:.1%} of them<br>"
            f"confidence {first:.1%} to {last:.1%}"
            for number, share, first, last in zip(numbers, shares, bins.low, bins.high, strict=True)
        ],
        hoverinfo="text",
    )
    return float(shares.max(initial=0))


_WIDTH = 0.022  # of a bar; bins are 0.025 wide


def _add_band(
    sheet: Sheet,
    chosen: Range | None,
    ends: tuple[float, float],
    sides: tuple[float, float],
) -> None:
    """What the filter holds: a range of confidence, over these shares of the height."""
    if chosen is None:
        return
    low = ends[0] if chosen.low is None else chosen.low
    high = ends[1] if chosen.high is None else chosen.high
    beyond = 0.004  # so that a single value has a band
    sheet.shape(
        "rect", x0=low - beyond, x1=high + beyond,
        yref="paper", y0=sides[0], y1=sides[1], **CHOSEN,
    )  # fmt: skip


def _lay_out_histogram(sheet: Sheet, ends: tuple[float, float], top: float) -> None:
    sheet.x_axis(**number_axis(ends, ".0%"))
    step = _round_step(top)
    ticks = [place * step for place in range(-int(top // step), int(top // step) + 1)]
    sheet.y_axis(
        **number_axis((-1.08 * top, 1.08 * top)) | {"tickprefix": "", "ticksuffix": ""},
        tickvals=ticks,
        ticktext=[inked(f"{100 * abs(tick):.3g}%") for tick in ticks],
    )
    sheet.lay_out(
        barmode="overlay",
        clickmode="event+select",
        showlegend=True,
        margin={"t": 44},
        legend=LEGEND,
    )
    sheet.horizontal_line(0, line={"color": GREY, "width": 1})
    sheet.annotate(below("confidence; shares among the right and among the wrong"))


def _round_step(top: float) -> float:
    """A round number that goes two to five times into ``top``."""
    power = 10.0 ** np.floor(np.log10(top))
    return float(next(one for one in (power, power / 2, power / 5) if top / one >= 2))


def _least(bins: Bins) -> float:
    """Where the axis of confidence begins: a multiple of a tenth."""
    return float(np.floor(bins.low.min(initial=0.9) * 10) / 10)


def _ranges(bins: Bins) -> list[list[float]]:
    return np.stack([bins.low, bins.high], axis=1).tolist()
