"""Faithfulness over a data set: a mean and its 95% interval for every figure.

A figure for each question, with its reference as a band: random order, or the ceiling.
Where an interval reaches into the band, attention is not told from it. It reads what
``python -m han_core faithfulness`` prints (``evidence.corpus``) and computes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import plotly.graph_objects as go

from han_core.explanation.dataset_evidence import FLIPPED_BY, RANKINGS
from han_core.explanation.statistics import Interval
from han_core.explanation.verdicts import short
from han_core.runtime.errors import counted
from han_core.viz.dot_rows import GREY, RANKED, ROW, UNIFORM, Look, note, rows
from han_core.viz.markup import plotly_text
from han_core.viz.plot import Sheet

Question = Literal["comprehensiveness", "sufficiency", "tau", "flip", "attention"]

QUESTIONS: tuple[Question, ...] = get_args(Question)

SMALLEST = 0.1
"""An axis reaches at least so far from 0."""

PAIR = 44
"""Pixels of a row that holds two intervals."""

_BAND = "rgba(125,134,148,0.25)"
_FILLS = "filled: taken out; open: unknown word"
_TITLES: dict[Question, str] = {
    "comprehensiveness": f"fall of the probability without the top words\n{_FILLS}",
    "sufficiency": f"fall of the probability with only the top words\n{_FILLS}",
    "tau": "Kendall's tau with attention",
    "flip": "attention set to 0 until the decision flips,\nwhere every order flips it",
    "attention": "share, or change of the probability",
}
_CEILING = Look("ceiling: those two", GREY, "line-ns", "dash")
_SHARES = (
    ("captured", Look("captured, of leave-one-out", RANKED["attention"].colour, "circle", "")),
    ("never", Look("an order never flips", GREY, "circle", "")),
    ("uniform_flips", Look("uniform attention flips", UNIFORM.colour, UNIFORM.symbol, "")),
    ("permutation_shift", Look("change when shuffled", GREY, "diamond", "")),
)


@dataclass(frozen=True)
class _Row:
    """One line of a figure; ``other`` is the same with the unknown word as filling."""

    look: Look
    interval: Interval
    other: Interval | None = None
    reference: bool = False


def intervals(found: Mapping[str, Any], question: Question) -> go.Figure:
    """Means over documents with 95% intervals, a row for each.

    Args:
        found: the JSON of ``faithfulness``, as ``evidence.corpus.Report.to_json`` gives it.

    Raises:
        KeyError: if something is missing in ``found``.
        ValueError: if an interval is none.
    """
    lines = _rows(found, question)
    height = ROW if lines[0].other is None else PAIR
    names = [line.look.name for line in lines]
    sheet = rows(names, _TITLES[question], _ends(lines), height=height)
    for row, line in enumerate(lines):
        if line.reference and line.interval.low is not None and line.interval.high is not None:
            ends = (line.interval.low, line.interval.high)
            sheet.vertical_band(*ends, fillcolor=_BAND, line={"width": 0}, layer="below")
        shift = 0.0 if line.other is None else 0.15
        _add(sheet, line.look, line.interval, row - shift, found["n"])
        if line.other is not None:
            _add(sheet, line.look, line.other, row + shift, found["n"], replaced=True)
        _write(sheet, line.interval, row - shift)
    sheet.vertical_line(0, line={"width": 1, "color": GREY})
    return sheet.figure()


def _rows(found: Mapping[str, Any], question: Question) -> list[_Row]:
    if question in ("comprehensiveness", "sufficiency"):
        taken, replaced = found[question], found["unknown_word"][question]
        return [
            _Row(RANKED[by], Interval(**taken[by]), Interval(**replaced[by]), by == "random")
            for by in RANKINGS
        ]
    if question == "tau":
        return [
            _Row(RANKED["gradient"], Interval(**found["tau_gradient"])),
            _Row(RANKED["leave_one_out"], Interval(**found["tau_leave_one_out"])),
            _Row(_CEILING, Interval(**found["tau_ceiling"]), reference=True),
        ]
    if question == "flip":
        return [
            _Row(RANKED[by], Interval(**found["flip"][by]), reference=by == "random")
            for by in FLIPPED_BY
        ]
    leaves = {**found, "never": found["flip"]["never"]}
    return [_Row(look, Interval(**leaves[key])) for key, look in _SHARES]


def _ends(lines: list[_Row]) -> tuple[float, float]:
    """An axis that holds every interval, and 0."""
    found = [part for line in lines for part in (line.interval, line.other) if part]
    values = [v for part in found for v in (part.low, part.mean, part.high) if v is not None]
    lowest, highest = min([0.0, *values]), max([SMALLEST, *values])
    pad = 0.05 * (highest - lowest)
    return lowest - pad, highest + pad


def _add(
    sheet: Sheet, look: Look, found: Interval, at: float, n: int, replaced: bool = False
) -> None:
    if found.mean is None or found.low is None or found.high is None:
        return
    told = (
        f"<b>{found.mean:.3f}</b>, 95% interval {found.low:.3f} to {found.high:.3f}<br>"
        f"{plotly_text(look.name)}, {counted(n, 'document')}"
        + ("<br>replaced by the unknown word" if replaced else "")
    )
    sheet.trace(
        "scatter",
        x=[found.low, found.mean, found.high],
        y=[at] * 3,
        mode="lines+markers",
        line={"color": look.colour, "width": 2},
        marker={
            "color": look.colour,
            "symbol": ["line-ns", look.symbol + "-open" * replaced, "line-ns"],
            "size": [8, 11, 8],
            "opacity": 1,
            "line": {"color": look.colour, "width": 2},
        },
        hovertext=told,
        hoverinfo="text",
    )


def _write(sheet: Sheet, found: Interval, row: float) -> None:
    """The mean over its dot, or that there is none."""
    if found.mean is None:
        sheet.annotate(note("no document has a value", 0, row))
        return
    above = {"xanchor": "center", "yshift": 14}
    sheet.annotate(note(short(found.mean), found.mean, row) | above)
