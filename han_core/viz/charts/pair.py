"""Two models on the same documents: what changed by class, divergence and moved words.

Blue-green is what the second model gains and orange what it loses, left and right of zero as
well, so that nothing hangs on colour alone.
"""

from collections.abc import Sequence

import plotly.graph_objects as go

from han_core.analysis.filters import Change
from han_core.analysis.model_pairs import Pair
from han_core.analysis.pair_attention import MeanShift
from han_core.explanation.statistics import Interval
from han_core.runtime.errors import counted
from han_core.viz.dot_rows import add_interval, rows
from han_core.viz.markup import beginning, inked, plotly_text
from han_core.viz.plot import (
    BLUE,
    GREEN,
    GREY,
    NUMBER_OVER,
    ORANGE,
    OUTSIDE,
    FigureBuilder,
    Look,
    below,
    name_axis,
    note,
    number_axis,
    plain_layout,
)

GAIN, LOSS = GREEN, ORANGE

MOST_CLASSES = 30
MOST_WORDS = 8  # that gained, and as many that lost
_BAR = 22  # pixels


def class_changes(pairs: Sequence[Pair], labels: Sequence[str]) -> go.Figure:
    """Draw what the second model broke (left) and fixed (right) in each true class.

    The class that gains most stands on top; of more than ``MOST_CLASSES``, those in which most
    changed are shown. Every bar's ``customdata`` is its class, unescaped, and its change.

    Raises:
        ValueError: if there is not a pair for each label.
    """
    if len(pairs) != len(labels):
        raise ValueError(f"{len(labels)} pairs expected, {len(pairs)} came")
    order = shown_classes(pairs)
    most = max([1, *(max(pairs[at].fixed, pairs[at].broken) for at in order)])
    builder = _diverging([labels[at] for at in order], _BAR + 6, 1.2 * most, ",d")
    sides: tuple[tuple[Change, str, int], ...] = (("broken", LOSS, -1), ("fixed", GAIN, 1))
    for change, colour, sign in sides:
        numbers = [getattr(pairs[at], change) for at in order]
        builder.add_row_bars(
            [sign * number for number in numbers],
            marker={"color": colour, "line": {"width": 0}, "opacity": 1},
            unselected={"marker": {"opacity": 1}},
            text=[inked(f"{number:,}") if number else "" for number in numbers],
            **OUTSIDE,
            customdata=[[labels[at], change] for at in order],
            hovertext=[
                f"<b>{number:,} {change}</b> of {counted(len(pairs[at]), 'document')}"
                f"<br>true: {plotly_text(beginning(labels[at], 60))}"
                for number, at in zip(numbers, order, strict=True)
            ],
        )
    builder.update_layout(barmode="overlay", clickmode="event+select")
    builder.update_xaxis(showticklabels=False)
    builder.add_annotations(below("documents of the true class: ◀ broken · fixed ▶"))
    return builder.build()


def _diverging(names: Sequence[str], height: int, end: float, form: str) -> FigureBuilder:
    """Start a figure with a row for each name and an axis from -``end`` to ``end``."""
    builder = FigureBuilder(plain_layout(max(1, len(names)) * height + 110))
    builder.update_layout(bargap=0.25)
    builder.update_xaxis(**number_axis((-end, end), form))
    builder.update_yaxis(**name_axis(names))
    builder.add_vline(0, line={"width": 1, "color": GREY})
    return builder


def shown_classes(pairs: Sequence[Pair]) -> list[int]:
    """Return the places of the classes with bars, in the order of the rows."""
    most = sorted(range(len(pairs)), key=lambda at: -(pairs[at].fixed + pairs[at].broken))
    return sorted(most[:MOST_CLASSES], key=lambda at: pairs[at].broken - pairs[at].fixed)


def divergences(means: Sequence[tuple[str, int, Interval]]) -> go.Figure:
    """Draw mean divergence of attention and its 95% interval, a row for each kind of document.

    Args:
        means: as ``PairAttention.means`` gives them.
    """
    highest = max([0.05, *(interval.high or 0.0 for _, _, interval in means)])
    title = "divergence of attention (nats; ln 2 = .69 at most)"
    builder = rows([name for name, _, _ in means], title, (0, 1.08 * highest), height=40)
    for row, (name, number, interval) in enumerate(means):
        if interval.mean is None:
            builder.add_annotations(note("no document", 0, row))
            continue
        hover = (
            f"<b>{interval.mean:.3f}</b>, 95% interval {interval.low:.3f} to "
            f"{interval.high:.3f}<br>{plotly_text(name)}, {counted(number, 'document')}"
        )
        add_interval(builder, Look(name, BLUE), interval, row, hover)
        builder.add_annotations(note(f"{interval.mean:.3f}", interval.mean, row, **NUMBER_OVER))
    return builder.build()


def moved_words(words: Sequence[MeanShift], documents: int) -> go.Figure:
    """Draw the words that gained or lost most attention, as bars left and right of zero.

    Args:
        words: as ``pair_attention.moved_words`` gives them.
        documents: over which the mean is taken.
    """
    gained = [word for word in words if word.moved > 0][:MOST_WORDS]
    shown = [*gained, *[word for word in words if word.moved < 0][-MOST_WORDS:]]
    most = max([1e-6, *(abs(word.moved) for word in shown)])
    builder = _diverging([word.word for word in shown], _BAR + 2, 1.1 * most, "+.1%")
    colours = [GAIN if word.moved > 0 else LOSS for word in shown]
    builder.add_row_bars(
        [word.moved for word in shown],
        marker={"color": colours, "line": {"width": 0}},
        hovertext=[
            f"<b>{plotly_text(beginning(word.word, 60))}</b> in "
            f"{word.documents:,} of {counted(documents, 'document')}"
            f"<br>there {word.first:.2%} of the first model's attention, "
            f"{word.second:.2%} of the second's"
            for word in shown
        ],
    )
    builder.add_annotations(below("share of attention moved, mean over documents\n◀ less · more ▶"))
    return builder.build()
