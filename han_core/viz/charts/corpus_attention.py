"""Attention over a data set: which words, where in the document, how concentrated, how faithful.

Groups of documents have a colour and a symbol by their order, the same in all figures.
Faithfulness has a figure for each question: a mean and its 95% interval in every row, and the
reference as a band (random order, or the ceiling). Where an interval reaches into the band,
attention cannot be told apart from it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from han_core.analysis.word_attention import BINS
from han_core.analysis.word_ranking import SHARES, Measure, PositionProfile
from han_core.explanation.dataset_evidence import FLIPPED_BY, RANKINGS
from han_core.explanation.statistics import Interval
from han_core.explanation.verdicts import short
from han_core.runtime.errors import counted
from han_core.runtime.messages import mark, tr
from han_core.viz.charts.curves import series_look
from han_core.viz.charts.evidence import BAND_COLOUR, SMALLEST
from han_core.viz.markup import beginning, inked, plotly_text
from han_core.viz.plot import (
    GREY,
    NUMBER_OVER,
    RANKED,
    ROW,
    UNIFORM,
    FigureBuilder,
    Look,
    add_interval,
    below,
    error_bars,
    interval_note,
    note,
    number_axis,
    plain_layout,
    rows,
)

TITLES: dict[Measure, str] = {
    "lift": mark("lift: attention over that of even attention"),
    "attention": mark("attention within the document"),
}
_OTHER: dict[Measure, str] = {
    "lift": mark("<b>{word}</b><br>lift {value:.4g}<br>{name}"),
    "attention": mark("<b>{word}</b><br>attention {value:.4g}<br>{name}"),
}
_ROW = 26  # pixels of a word
_HEIGHT = 300
_SPREAD = 0.15  # opacity of an interval


def attended_words(
    words: pd.DataFrame, by: Measure, others: Mapping[str, np.ndarray] | None = None
) -> go.Figure:
    """Draw the words of ``word_table`` with their mean and its interval, a row each.

    Args:
        others: name of another group of documents → (words,) its mean of ``by``.

    Every mark's ``customdata`` is its word, unescaped.

    Raises:
        ValueError: if there is no word.
    """
    if not len(words):
        raise ValueError("at least one word is expected")  # not shown
    others = dict(others or {})
    means = [words["high"], words[by], *others.values()]
    highest = max(0.0, *(float(np.nanmax([0.0, *values])) for values in means))
    # White space as a name would not be seen.
    names = [word if word.strip() else repr(word) for word in words["word"]]
    builder = rows(names, tr(TITLES[by]), (0, highest * 1.05), height=_ROW)
    _add_words(builder, words, by)
    for place, (name, values) in enumerate(others.items(), start=1):
        _add_other(builder, series_look(place, name), words["word"], values, by)
    builder.update_layout(clickmode="event+select")
    builder.show_legend(bool(others), otherwise=24)
    if by == "lift":
        builder.add_vline(1, line={"width": 1.5, "dash": "dot", "color": GREY})
    return builder.build()


def _add_words(builder: FigureBuilder, words: pd.DataFrame, by: Measure) -> None:
    look, mean = series_look(0, tr("mean, with its 95% interval")), words[by].to_numpy()
    reach = np.nan_to_num(words["high"].to_numpy() - mean).tolist()
    builder.add_dots(
        mean.tolist(),
        list(range(len(words))),
        look,
        10,
        name=inked(look.name),
        error_x=error_bars(look.colour, reach),
        customdata=words["word"].tolist(),
        hovertext=[
            tr(
                "<b>{word}</b><br>lift {lift:.2f}, attention {attention:.4f}<br>95% interval "
                "{low:.4g} to {high:.4g}<br>in {documents}, {times:,} times",
                word=plotly_text(beginning(row.word, 60)),
                lift=row.lift,
                attention=row.attention,
                low=row.low,
                high=row.high,
                documents=counted(row.documents, "document"),
                times=row.occurrences,
            )
            for row in words.itertuples()
        ],
    )


def _add_other(
    builder: FigureBuilder, look: Look, words: Sequence[str], values: np.ndarray, by: Measure
) -> None:
    builder.add_dots(
        values.tolist(),
        list(range(len(values))),
        Look(look.name, look.colour, f"{look.symbol}-open"),
        name=inked(beginning(look.name, 30)),
        customdata=list(words),
        hovertext=[
            tr(
                _OTHER[by],
                word=plotly_text(beginning(word, 60)),
                value=value,
                name=plotly_text(beginning(look.name, 60)),
            )
            for word, value in zip(words, values, strict=True)
        ],
    )


def position_profile(profiles: Mapping[str, PositionProfile]) -> go.Figure:
    """Draw sentence weight by tenths of the document, with its 95% interval for each group."""
    builder = FigureBuilder(plain_layout(_HEIGHT))
    places = (np.arange(BINS) + 0.5) / BINS
    shown = {name: each for name, each in profiles.items() if each.documents}
    for place, (name, each) in enumerate(shown.items(), start=1):
        look, ends = series_look(place, name), (each.low.tolist(), each.high.tolist())
        builder.add_spread(places.tolist(), *ends, look.colour, opacity=_SPREAD)
        columns = (places - 0.5 / BINS, each.mean, each.low, each.high)
        notes = [
            tr(
                "<b>{mean:.2f} times</b> even attention ({low:.2f} to {high:.2f})<br>{start:.0%} "
                "to {end:.0%} of the document<br>{name}, {documents}",
                mean=mean,
                low=low,
                high=high,
                start=at,
                end=at + 1 / BINS,
                name=plotly_text(beginning(name, 60)),
                documents=counted(each.documents, "document"),
            )
            for at, mean, low, high in zip(*columns, strict=True)
        ]
        _add_line(builder, look, places, each.mean, notes)
    builder.add_hline(1, line={"width": 1.5, "dash": "dot", "color": GREY})
    values = [end for each in shown.values() for end in (*each.low, *each.high)]
    low, high = np.nanmin([0.8, *values]), np.nanmax([1.2, *values])
    builder.update_xaxis(**number_axis((0, 1), ".0%"))
    builder.update_yaxis(**number_axis((max(0.0, low - 0.05), high + 0.05)))
    builder.show_legend(len(shown) > 1, otherwise=24)
    builder.add_annotations(
        below(tr("place in the document\n(1 on the left axis is even attention)"))
    )
    return builder.build()


def entropy_shares(counts: Mapping[str, np.ndarray]) -> go.Figure:
    """Draw shares of documents by the entropy of their attention, a line for each group.

    Args:
        counts: name of the group → (``SHARES``,) documents, as ``entropies`` counts them.
    """
    builder = FigureBuilder(plain_layout(_HEIGHT))
    places = (np.arange(SHARES) + 0.5) / SHARES
    shown = {name: each for name, each in counts.items() if each.sum()}
    for place, (name, each) in enumerate(shown.items(), start=1):
        share, documents = each / each.sum(), counted(int(each.sum()), "document")
        columns = (places - 0.5 / SHARES, share, each.tolist())
        notes = [
            tr(
                "<b>{share:.1%}</b> of {documents}: {count:,}<br>entropy {low:.2f} to {high:.2f}"
                "<br>{name}",
                share=part,
                documents=documents,
                count=number,
                low=at,
                high=at + 1 / SHARES,
                name=plotly_text(beginning(name, 60)),
            )
            for at, part, number in zip(*columns, strict=True)
        ]
        _add_line(builder, series_look(place, name), places, share, notes)
    highest = max((float((each / each.sum()).max()) for each in shown.values()), default=1.0)
    lowest = min((int(each.nonzero()[0][0]) for each in shown.values()), default=0)
    builder.update_xaxis(**number_axis((min(lowest / SHARES, 0.5), 1)))
    builder.update_yaxis(**number_axis((0, highest * 1.08), ".0%"))
    builder.show_legend(len(shown) > 1, otherwise=24)
    builder.add_annotations(below(tr("entropy of attention to words: 0 all on one, 1 even")))
    return builder.build()


def _add_line(
    builder: FigureBuilder, look: Look, places: np.ndarray, values: np.ndarray, notes: list[str]
) -> None:
    name = inked(beginning(look.name, 30))
    builder.add_curve(places.tolist(), values.tolist(), look, name=name, hovertext=notes)


Question = Literal["comprehensiveness", "sufficiency", "tau", "flip", "attention"]

QUESTIONS: tuple[Question, ...] = get_args(Question)

PAIR = 44
"""Pixels of a row that holds two intervals."""

_TITLES: dict[Question, str] = {
    "comprehensiveness": mark(
        "fall of the probability without the top words\nfilled: deleted; open: unknown word"
    ),
    "sufficiency": mark(
        "fall of the probability with only the top words\nfilled: deleted; open: unknown word"
    ),
    "tau": mark("rank agreement (Kendall's τ) with attention"),
    "flip": mark("attention zeroed until the prediction flips,\nwhere every order flips it"),
    "attention": mark("share, or change of the probability"),
}
_CEILING = Look(mark("ceiling: those two"), GREY, "line-ns")
_SHARES = (
    ("captured", Look(mark("captured, of leave-one-out"), RANKED["attention"].colour)),
    ("never", Look(mark("an order never flips"), GREY)),
    ("uniform_flips", Look(mark("uniform attention flips"), UNIFORM.colour, UNIFORM.symbol)),
    ("permutation_shift", Look(mark("change when shuffled"), GREY, "diamond")),
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
    names = [tr(line.look.name) for line in lines]
    builder = rows(names, tr(_TITLES[question]), _ends(lines), height=height)
    for row, line in enumerate(lines):
        low, high = line.interval.low, line.interval.high
        if line.reference and low is not None and high is not None:
            style = {"fillcolor": BAND_COLOUR, "line": {"width": 0}, "layer": "below"}
            builder.add_vband(low, high, **style)
        shift = 0.0 if line.other is None else 0.15
        _add(builder, line.look, line.interval, row - shift, report["n"])
        if line.other is not None:
            opened = Look(line.look.name, line.look.colour, f"{line.look.symbol}-open")
            _add(builder, opened, line.other, row + shift, report["n"], replaced=True)
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
    builder: FigureBuilder,
    look: Look,
    interval: Interval,
    row: float,
    n: int,
    replaced: bool = False,
) -> None:
    if interval.mean is None or interval.low is None or interval.high is None:
        return
    hover = interval_note(interval, plotly_text(tr(look.name)), n)
    if replaced:
        hover += "<br>" + tr("replaced by the unknown word")
    add_interval(builder, look, interval, row, hover)


def _write(builder: FigureBuilder, interval: Interval, row: float) -> None:
    """Write the mean over its dot, or that there is none."""
    if interval.mean is None:
        builder.add_annotations(note(tr("no document has a value"), 0, row))
        return
    builder.add_annotations(note(short(interval.mean), interval.mean, row, **NUMBER_OVER))
