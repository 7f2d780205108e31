"""Faithfulness over a data set: a mean and its 95% interval for every figure.

A figure for each question, with its reference as a band: random order, or the ceiling.
Where an interval reaches into the band, attention cannot be told apart from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import plotly.graph_objects as go

from han_core.explanation.dataset_evidence import FLIPPED_BY, RANKINGS
from han_core.explanation.statistics import Interval
from han_core.explanation.verdicts import short
from han_core.runtime.errors import counted
from han_core.viz.charts.evidence import BAND_COLOUR, SMALLEST
from han_core.viz.dot_rows import RANKED, ROW, UNIFORM, add_interval, rows
from han_core.viz.markup import plotly_text
from han_core.viz.plot import GREY, NUMBER_OVER, FigureBuilder, Look, note

Question = Literal["comprehensiveness", "sufficiency", "tau", "flip", "attention"]

QUESTIONS: tuple[Question, ...] = get_args(Question)

PAIR = 44
"""Pixels of a row that holds two intervals."""

_FILLS = "filled: deleted; open: unknown word"
_TITLES: dict[Question, str] = {
    "comprehensiveness": f"fall of the probability without the top words\n{_FILLS}",
    "sufficiency": f"fall of the probability with only the top words\n{_FILLS}",
    "tau": "rank agreement (Kendall's τ) with attention",
    "flip": "attention zeroed until the prediction flips,\nwhere every order flips it",
    "attention": "share, or change of the probability",
}
_CEILING = Look("ceiling: those two", GREY, "line-ns")
_SHARES = (
    ("captured", Look("captured, of leave-one-out", RANKED["attention"].colour)),
    ("never", Look("an order never flips", GREY)),
    ("uniform_flips", Look("uniform attention flips", UNIFORM.colour, UNIFORM.symbol)),
    ("permutation_shift", Look("change when shuffled", GREY, "diamond")),
)


@dataclass(frozen=True)
class _Row:
    """One line of a figure; ``other`` is the same with the unknown word as filling."""

    look: Look
    interval: Interval
    other: Interval | None = None
    reference: bool = False


def intervals(report: Mapping[str, Any], question: Question) -> go.Figure:
    """Draw means over documents with 95% intervals, a row for each.

    Args:
        report: the JSON of the command ``faithfulness``.

    Raises:
        KeyError: if something is missing in ``report``.
        ValueError: if an interval is none.
    """
    lines = _rows(report, question)
    height = ROW if lines[0].other is None else PAIR
    names = [line.look.name for line in lines]
    builder = rows(names, _TITLES[question], _ends(lines), height=height)
    for row, line in enumerate(lines):
        low, high = line.interval.low, line.interval.high
        if line.reference and low is not None and high is not None:
            style = {"fillcolor": BAND_COLOUR, "line": {"width": 0}, "layer": "below"}
            builder.add_vband(low, high, **style)
        shift = 0.0 if line.other is None else 0.15
        _add(builder, line.look, line.interval, row - shift, report["n"])
        if line.other is not None:
            opened = Look(line.look.name, line.look.colour, f"{line.look.symbol}-open")
            suffix = "<br>replaced by the unknown word"
            _add(builder, opened, line.other, row + shift, report["n"], suffix)
        _write(builder, line.interval, row - shift)
    builder.add_vline(0, line={"width": 1, "color": GREY})
    return builder.build()


def _rows(report: Mapping[str, Any], question: Question) -> list[_Row]:
    if question in ("comprehensiveness", "sufficiency"):
        deleted, replaced = report[question], report["unknown_word"][question]
        return [
            _Row(RANKED[by], Interval(**deleted[by]), Interval(**replaced[by]), by == "random")
            for by in RANKINGS
        ]
    if question == "tau":
        return [
            _Row(RANKED["gradient"], Interval(**report["tau_gradient"])),
            _Row(RANKED["leave_one_out"], Interval(**report["tau_leave_one_out"])),
            _Row(_CEILING, Interval(**report["tau_ceiling"]), reference=True),
        ]
    if question == "flip":
        return [
            _Row(RANKED[by], Interval(**report["flip"][by]), reference=by == "random")
            for by in FLIPPED_BY
        ]
    leaves = {**report, "never": report["flip"]["never"]}
    return [_Row(look, Interval(**leaves[key])) for key, look in _SHARES]


def _ends(lines: list[_Row]) -> tuple[float, float]:
    """An axis that holds every interval, and 0."""
    parts = [part for line in lines for part in (line.interval, line.other) if part]
    values = [v for part in parts for v in (part.low, part.mean, part.high) if v is not None]
    lowest, highest = min([0.0, *values]), max([SMALLEST, *values])
    pad = 0.05 * (highest - lowest)
    return lowest - pad, highest + pad


def _add(
    builder: FigureBuilder, look: Look, interval: Interval, row: float, n: int, suffix: str = ""
) -> None:
    if interval.mean is None or interval.low is None or interval.high is None:
        return
    hover = (
        f"<b>{interval.mean:.3f}</b>, 95% interval {interval.low:.3f} to {interval.high:.3f}<br>"
        f"{plotly_text(look.name)}, {counted(n, 'document')}{suffix}"
    )
    add_interval(builder, look, interval, row, hover)


def _write(builder: FigureBuilder, interval: Interval, row: float) -> None:
    """Write the mean over its dot, or that there is none."""
    if interval.mean is None:
        builder.add_annotations(note("no document has a value", 0, row))
        return
    builder.add_annotations(note(short(interval.mean), interval.mean, row, **NUMBER_OVER))
