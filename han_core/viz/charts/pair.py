"""Two models on the same documents as Plotly figures: what changed, by class, and attention.

Blue-green is what the second model gains and orange what it loses, left and right of zero as
well, so that nothing hangs on colour alone. It counts nothing: ``errors.pairs.pair`` and
``errors.pairs.pair_attention`` do.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from han_core.analysis.filters import Change
from han_core.analysis.model_pairs import Pair
from han_core.analysis.pair_attention import MeanShift
from han_core.explanation.statistics import Interval
from han_core.runtime.errors import counted
from han_core.viz.charts.confusion import BLUE, SELECTED, STRONGEST
from han_core.viz.dot_rows import CLEAR, below, name_axis, note, number_axis, plain_layout, rows
from han_core.viz.markup import HOVER_LABEL, chance, inked, plotly_text
from han_core.viz.plot import Sheet, beginning

GAIN, LOSS = "#14968a", "#d97706"
NAMES: dict[Change, str] = {
    "fixed": "fixed",
    "broken": "broken",
    "both_right": "both right",
    "both_wrong": "both wrong",
}
CELLS: tuple[tuple[Change, Change], ...] = (("both_right", "broken"), ("fixed", "both_wrong"))
"""Rows: the first model right, wrong; columns: the second one right, wrong."""

MOST_CLASSES = 30
MOST_WORDS = 8  # that gained, and as many that lost
_CELL, _BAR = 96, 22  # pixels
_UNSEEN = "rgba(127,127,127,0.004)"


def change_matrix(pair: Pair, first: str, second: str, selected: Change | None = None) -> go.Figure:
    """Documents by whether each model is right: two rows, two columns.

    Args:
        first, second: names of the models.
        selected: the cell to frame.

    Every marker's ``customdata`` is the change, as filters name it.
    """
    counts = np.array([[getattr(pair, change) for change in row] for row in CELLS])
    sheet = Sheet()
    _add_shades(sheet, counts / max(1, len(pair)))
    _add_cells(sheet, pair)
    _lay_out_matrix(sheet, first, second)
    for row, column in np.ndindex(2, 2):
        share = float(counts[row, column]) / max(1, len(pair))
        for shift, text, size in (
            (-16, NAMES[CELLS[row][column]], 14),
            (14, f"{counts[row, column]:,} · {chance(share)}", 16),
        ):
            sheet.annotate(
                {
                    "x": column, "y": row, "yshift": -shift, "text": inked(text),
                    "showarrow": False, "font": {"size": size},
                }
            )  # fmt: skip
        if CELLS[row][column] == selected:
            ends = {"x0": column - 0.48, "x1": column + 0.48, "y0": row - 0.48, "y1": row + 0.48}
            sheet.shape("rect", **ends, line={"color": SELECTED, "width": 3})
    return sheet.figure()


def _add_shades(sheet: Sheet, shares: np.ndarray) -> None:
    red, green, blue = BLUE
    ends = [f"rgba({red},{green},{blue},{strength})" for strength in (0.04, STRONGEST)]
    sheet.trace(
        "heatmap",
        z=shares.tolist(), zmin=0, zmax=1, colorscale=[[0, ends[0]], [1, ends[1]]],
        xgap=2, ygap=2, showscale=False, hoverinfo="skip",
    )  # fmt: skip


def _add_cells(sheet: Sheet, pair: Pair) -> None:
    # A heatmap selects nothing on a click; a nearly invisible marker over each cell does.
    places = [(row, column) for row in range(2) for column in range(2)]
    found = [CELLS[row][column] for row, column in places]
    sheet.trace(
        "scatter",
        x=[column for _, column in places],
        y=[row for row, _ in places],
        mode="markers",
        marker={"symbol": "square", "size": _CELL - 6, "color": _UNSEEN, "opacity": 1},
        unselected={"marker": {"opacity": 1}},
        customdata=[[change] for change in found],
        hovertext=[
            f"<b>{counted(getattr(pair, change), 'document')}</b>: {_told(change)}"
            for change in found
        ],
        hoverinfo="text",
    )


def _told(change: Change) -> str:
    return {
        "fixed": "the first model is wrong, the second right",
        "broken": "the first model is right, the second wrong",
        "both_right": "both models are right",
        "both_wrong": "both models are wrong",
    }[change]


def _lay_out_matrix(sheet: Sheet, first: str, second: str) -> None:
    axis = {
        "tickvals": [0, 1], "showgrid": False, "zeroline": False, "fixedrange": True,
        "automargin": True, "ticktext": [inked("right"), inked("wrong")],
    }  # fmt: skip
    named = [inked(beginning(name, 34)) for name in (first, second)]
    sheet.x_axis(**axis, title={"text": named[1]}, side="top", range=[-0.5, 1.5])
    sheet.y_axis(**axis, title={"text": named[0]}, range=[1.5, -0.5])
    sheet.lay_out(
        height=2 * _CELL + 90,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        showlegend=False,
        clickmode="event+select",
        dragmode=False,
        hovermode="closest",
        hoverdistance=-1,  # anywhere in a cell, not only on its marker
        hoverlabel=HOVER_LABEL,
    )


def class_changes(pairs: Sequence[Pair], labels: Sequence[str]) -> go.Figure:
    """What the second model broke (left) and fixed (right) in each true class.

    The class that gains most stands on top; of more than ``MOST_CLASSES``, those in which most
    changed are shown. Every bar's ``customdata`` is its class, unescaped, and its change.

    Raises:
        ValueError: if there is not a pair for each label.
    """
    if len(pairs) != len(labels):
        raise ValueError(f"{len(labels)} pairs expected, {len(pairs)} came")
    order = shown_classes(pairs)
    sheet = Sheet(plain_layout(max(1, len(order)) * (_BAR + 6) + 110))
    sides: tuple[tuple[Change, str, int], ...] = (("broken", LOSS, -1), ("fixed", GAIN, 1))
    for change, colour, sign in sides:
        numbers = [getattr(pairs[at], change) for at in order]
        sheet.trace(
            "bar",
            orientation="h",
            x=[sign * number for number in numbers],
            y=list(range(len(order))),
            marker={"color": colour, "line": {"width": 0}, "opacity": 1},
            unselected={"marker": {"opacity": 1}},
            text=[inked(f"{number:,}") if number else "" for number in numbers],
            textposition="outside",
            textangle=0,
            cliponaxis=False,
            customdata=[[labels[at], change] for at in order],
            hovertext=[
                f"<b>{number:,} {NAMES[change]}</b> of {counted(len(pairs[at]), 'document')}"
                f"<br>true: {plotly_text(beginning(labels[at], 60))}"
                for number, at in zip(numbers, order, strict=True)
            ],
            hoverinfo="text",
        )
    most = max([1, *(max(pairs[at].fixed, pairs[at].broken) for at in order)])
    sheet.lay_out(barmode="overlay", bargap=0.25, clickmode="event+select")
    sheet.x_axis(**number_axis((-1.2 * most, 1.2 * most), ",d"), showticklabels=False)
    sheet.y_axis(**name_axis([labels[at] for at in order]))
    sheet.y_axis(range=[max(1, len(order)) - 0.5, -0.5])
    sheet.annotate(below("documents of the true class: ◀ broken · fixed ▶"))
    sheet.vertical_line(0, line={"width": 1, "color": "#7d8694"})
    return sheet.figure()


def shown_classes(pairs: Sequence[Pair]) -> list[int]:
    """The classes with bars, by their place, in the order of the rows."""
    most = sorted(range(len(pairs)), key=lambda at: -(pairs[at].fixed + pairs[at].broken))
    return sorted(most[:MOST_CLASSES], key=lambda at: pairs[at].broken - pairs[at].fixed)


def divergences(found: Sequence[tuple[str, int, Interval]]) -> go.Figure:
    """Mean divergence of attention and its 95% interval, a row for each kind of document.

    Args:
        found: as ``PairAttention.means`` gives it.
    """
    highest = max([0.05, *(interval.high or 0.0 for _, _, interval in found)])
    title = "divergence of attention (nats; ln 2 = .69 at most)"
    sheet = rows([name for name, _, _ in found], title, (0, 1.08 * highest), height=40)
    for row, (name, number, interval) in enumerate(found):
        if interval.mean is None:
            sheet.annotate(note("no document", 0, row))
            continue
        sheet.trace(
            "scatter",
            x=[interval.low, interval.mean, interval.high],
            y=[row] * 3,
            mode="lines+markers",
            line={"color": "#4280d4", "width": 2},
            marker={"symbol": ["line-ns", "circle", "line-ns"], "size": [8, 11, 8], "opacity": 1,
                    "color": "#4280d4", "line": {"color": "#4280d4", "width": 2}},
            hovertext=f"<b>{interval.mean:.3f}</b>, 95% interval {interval.low:.3f} to "
            f"{interval.high:.3f}<br>{plotly_text(name)}, {counted(number, 'document')}",
            hoverinfo="text",
        )  # fmt: skip
        above = {"xanchor": "center", "yshift": 15}
        sheet.annotate(note(f"{interval.mean:.3f}", interval.mean, row) | above)
    return sheet.figure()


def moved_words(words: Sequence[MeanShift], documents: int) -> go.Figure:
    """The words that gained or lost most attention, as bars left and right of zero.

    Args:
        words: as ``mean_shifts`` gives them.
        documents: over which the mean is taken.
    """
    gained = [word for word in words if word.moved > 0][:MOST_WORDS]
    shown = [*gained, *[word for word in words if word.moved < 0][-MOST_WORDS:]]
    sheet = Sheet(plain_layout(max(1, len(shown)) * (_BAR + 2) + 110))
    sheet.trace(
        "bar",
        orientation="h",
        x=[word.moved for word in shown],
        y=list(range(len(shown))),
        marker={
            "color": [GAIN if word.moved > 0 else LOSS for word in shown],
            "line": {"width": 0},
        },
        hovertext=[
            f"<b>{plotly_text(beginning(word.word, 60))}</b> in "
            f"{word.documents:,} of {counted(documents, 'document')}"
            f"<br>there {word.first:.2%} of the first model's attention, "
            f"{word.second:.2%} of the second's"
            for word in shown
        ],
        hoverinfo="text",
    )
    most = max([1e-6, *(abs(word.moved) for word in shown)])
    sheet.lay_out(bargap=0.25)
    sheet.x_axis(**number_axis((-1.1 * most, 1.1 * most), "+.1%"))
    sheet.y_axis(**name_axis([word.word for word in shown]))
    sheet.y_axis(range=[max(1, len(shown)) - 0.5, -0.5])
    sheet.annotate(below("share of attention moved, mean over documents\n◀ less · more ▶"))
    sheet.vertical_line(0, line={"width": 1, "color": "#7d8694"})
    return sheet.figure()
