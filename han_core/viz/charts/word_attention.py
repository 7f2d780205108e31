"""What a model attends to over a data set: words, places in the document, how gathered.

Groups of documents have a colour and a symbol by their order, the same in all three. It
computes nothing.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from han_core.analysis.attended_words import SHARES, Measure, PositionProfile
from han_core.analysis.word_attention import BINS
from han_core.runtime.errors import counted
from han_core.viz.charts.curves import COLOURS, MOST, SYMBOLS
from han_core.viz.dot_rows import GREY, LEGEND, Look, below, number_axis, plain_layout, rows
from han_core.viz.markup import inked, plotly_text
from han_core.viz.plot import Sheet, beginning

TITLES: dict[Measure, str] = {
    "lift": "lift: attention over that of even attention",
    "attention": "attention within the document",
}
_ROW = 26  # pixels of a word
_HEIGHT = 300
_BAND = 0.15  # opacity of an interval


def look_of(place: int, name: str) -> Look:
    """Colour and symbol of the group at this place; the first is kept for a list of words."""
    return Look(name, COLOURS[place % MOST], SYMBOLS[place % MOST], "solid")


def attended_words(
    words: pd.DataFrame, by: Measure, others: Mapping[str, np.ndarray] | None = None
) -> go.Figure:
    """The words of ``word_table`` with their mean and its interval, a row each.

    Args:
        others: name of a group of documents → (words,) its mean of ``by``, to stand beside.

    Every mark's ``customdata`` is its word, unescaped.

    Raises:
        ValueError: if there is no word.
    """
    if not len(words):
        raise ValueError("at least one word is expected")
    beside = dict(others or {})
    highest = max(
        np.nanmax([words["high"].max(), words[by].max()]),
        *(np.nanmax([0.0, *values]) for values in beside.values()),
        0.0,
    )
    sheet = rows(
        [_written(word) for word in words["word"]], TITLES[by], (0, highest * 1.05), height=_ROW
    )
    _add_words(sheet, words, by)
    for place, (name, values) in enumerate(beside.items(), start=1):
        _add_other(sheet, look_of(place, name), words["word"], values, by)
    sheet.lay_out(clickmode="event+select", **_legend(bool(beside)))
    if by == "lift":
        sheet.vertical_line(1, line={"width": 1.5, "dash": "dot", "color": GREY})
    return sheet.figure()


def _add_words(sheet: Sheet, words: pd.DataFrame, by: Measure) -> None:
    look, mean = look_of(0, "mean, with its 95% interval"), words[by].to_numpy()
    reach = words["high"].to_numpy() - mean
    told = [
        f"<b>{plotly_text(beginning(row.word, 60))}</b><br>"
        f"lift {row.lift:.2f}, attention {row.attention:.4f}<br>"
        f"95% interval {row.low:.4g} to {row.high:.4g}<br>"
        f"in {counted(row.documents, 'document')}, {row.occurrences:,} times"
        for row in words.itertuples()
    ]
    sheet.trace(
        "scatter",
        x=mean.tolist(),
        y=list(range(len(words))),
        mode="markers",
        name=inked(look.name),
        marker={"color": look.colour, "symbol": look.symbol, "size": 10},
        error_x={
            "array": np.nan_to_num(reach).tolist(),
            "color": look.colour,
            "thickness": 1.5,
            "width": 3,
        },
        unselected={"marker": {"opacity": 1}},
        customdata=words["word"].tolist(),
        hovertext=told,
        hoverinfo="text",
    )


def _add_other(
    sheet: Sheet, look: Look, words: Sequence[str], values: np.ndarray, by: Measure
) -> None:
    sheet.trace(
        "scatter",
        x=values.tolist(),
        y=list(range(len(values))),
        mode="markers",
        name=inked(beginning(look.name, 30)),
        marker={"color": look.colour, "symbol": f"{look.symbol}-open", "size": 9},
        unselected={"marker": {"opacity": 1}},
        customdata=list(words),
        hovertext=[
            f"<b>{plotly_text(beginning(word, 60))}</b><br>{by} {value:.4g}"
            f"<br>{plotly_text(beginning(look.name, 60))}"
            for word, value in zip(words, values, strict=True)
        ],
        hoverinfo="text",
    )


def position_profile(profiles: Mapping[str, PositionProfile]) -> go.Figure:
    """Sentence weight by tenths of the document, a line with its 95% interval for each group."""
    sheet = Sheet(plain_layout(_HEIGHT))
    places = (np.arange(BINS) + 0.5) / BINS
    shown = {name: each for name, each in profiles.items() if each.documents}
    for place, (name, each) in enumerate(shown.items(), start=1):
        _add_band(sheet, look_of(place, name), places, each.low, each.high)
        _add_line(
            sheet, look_of(place, name), places, each.mean,
            [
                f"<b>{mean:.2f} times</b> even attention ({low:.2f} to {high:.2f})"
                f"<br>{at:.0%} to {at + 1 / BINS:.0%} of the document"
                f"<br>{plotly_text(beginning(name, 60))}, {counted(each.documents, 'document')}"
                for at, mean, low, high in zip(
                    places - 0.5 / BINS, each.mean, each.low, each.high, strict=True
                )
            ],
        )  # fmt: skip
    sheet.horizontal_line(1, line={"width": 1.5, "dash": "dot", "color": GREY})
    ends = [end for each in shown.values() for end in (*each.low, *each.high)]
    low, high = np.nanmin([0.8, *ends]), np.nanmax([1.2, *ends])
    sheet.x_axis(**number_axis((0, 1), ".0%"))
    sheet.y_axis(**number_axis((max(0.0, low - 0.05), high + 0.05)))
    sheet.lay_out(**_legend(len(shown) > 1))
    sheet.annotate(below("place in the document\n(1 on the left axis is even attention)"))
    return sheet.figure()


def entropy_shares(counts: Mapping[str, np.ndarray]) -> go.Figure:
    """Shares of documents by the entropy of their attention, a line for each group.

    Args:
        counts: name of the group → (``SHARES``,) documents, as ``entropies`` counts them.
    """
    sheet = Sheet(plain_layout(_HEIGHT))
    places = (np.arange(SHARES) + 0.5) / SHARES
    shown = {name: each for name, each in counts.items() if each.sum()}
    for place, (name, each) in enumerate(shown.items(), start=1):
        share = each / each.sum()
        told = [
            f"<b>{part:.1%}</b> of {counted(int(each.sum()), 'document')}: {number:,}"
            f"<br>entropy {at:.2f} to {at + 1 / SHARES:.2f}<br>{plotly_text(beginning(name, 60))}"
            for at, part, number in zip(
                places - 0.5 / SHARES, share, each.tolist(), strict=True
            )
        ]  # fmt: skip
        _add_line(sheet, look_of(place, name), places, share, told)
    highest = max((float((each / each.sum()).max()) for each in shown.values()), default=1.0)
    lowest = min((int(each.nonzero()[0][0]) for each in shown.values()), default=0)
    sheet.x_axis(**number_axis((min(lowest / SHARES, 0.5), 1)))
    sheet.y_axis(**number_axis((0, highest * 1.08), ".0%"))
    sheet.lay_out(**_legend(len(shown) > 1))
    sheet.annotate(below("entropy of attention to words: 0 all on one, 1 even"))
    return sheet.figure()


def _add_line(
    sheet: Sheet, look: Look, places: np.ndarray, values: np.ndarray, told: list[str]
) -> None:
    sheet.trace(
        "scatter",
        x=places.tolist(),
        y=values.tolist(),
        mode="lines+markers",
        name=inked(beginning(look.name, 30)),
        line={"color": look.colour, "width": 2},
        marker={"color": look.colour, "symbol": look.symbol, "size": 7},
        hovertext=told,
        hoverinfo="text",
    )


def _add_band(
    sheet: Sheet, look: Look, places: np.ndarray, low: np.ndarray, high: np.ndarray
) -> None:
    sheet.trace(
        "scatter",
        x=[*places.tolist(), *places[::-1].tolist()],
        y=[*high.tolist(), *low[::-1].tolist()],
        fill="toself",
        fillcolor=look.colour,
        opacity=_BAND,
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )


def _legend(shown: bool) -> dict:
    return {
        "showlegend": shown,
        "margin": {"t": 44 if shown else 24},
        "legend": LEGEND,
    }


def _written(word: str) -> str:
    """A word as a name: white space in it would not be seen."""
    return word if word.strip() else repr(word)
