"""Distributions as bars and boxes: probabilities of classes, classes and lengths of a data set."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from han_core.runtime.errors import counted
from han_core.runtime.messages import mark, tr
from han_core.viz.colour_scale import LISTED
from han_core.viz.markup import beginning, chance, inked, plotly_text
from han_core.viz.plot import (
    BLUE,
    CLEAR,
    GREEN,
    ORANGE,
    OUTSIDE,
    FigureBuilder,
    below,
    name_axis,
    note,
    number_axis,
    plain_layout,
    rows,
)

LISTED_CLASSES = 12
"""Classes that get a row of their own; of more, the largest do, and the others share one."""

PARTS = {"training": BLUE, "validation": ORANGE, "test": GREEN}
"""The colour of each part of the data."""

PART_NAMES = {
    "training": mark("training"),
    "validation": mark("validation"),
    "test": mark("test"),
}

_BAR, _COUNT_BAR = 22, 26  # pixels
_LONGEST = 60  # columns of a name or class in a note

Answer = Mapping[str, float]
"""Class → probability; answers of models that know other classes may stand together."""


def class_bars(named: Sequence[tuple[str, Answer]]) -> go.Figure:
    """Draw a group of bars for each class, a bar in it for each answer that knows the class.

    Bars are coloured by the page's theme in the order of the names. Up to six classes stand in
    the order in which they came. Of more, the six that are most probable to any answer are
    shown, the most probable first, and the others as one sum.

    Raises:
        ValueError: if there is no answer.
    """
    if not named:
        raise ValueError("at least one answer is expected")  # not shown
    shown, others = chosen_classes([answer for _, answer in named])
    names = [*shown, *([tr("{count:,} others", count=len(others))] if others else [])]
    builder = FigureBuilder(plain_layout(round(len(names) * (len(named) * _BAR + 16)) + 110))
    for name, answer in named:
        chances: list[float | None] = [answer.get(label) for label in shown]
        if others:
            chances.append(sum(answer.get(label, 0.0) for label in others))
        _add_chances(builder, name, chances, names, max(answer.values()))
    gap = 16 / (len(named) * _BAR + 16)
    builder.update_layout(barmode="group", bargap=gap, bargroupgap=0.12)
    builder.show_legend(len(named) > 1)
    quarters = [0, 0.25, 0.5, 0.75, 1]
    ticks = [inked(f"{quarter:.0%}") for quarter in quarters]
    # Past 100% there is space for the numbers at the bars' ends.
    builder.update_xaxis(**number_axis((0, 1.3)), tickvals=quarters, ticktext=ticks)
    builder.update_yaxis(**name_axis(names))
    builder.add_annotations(below(tr("probability")))
    return builder.build()


def chosen_classes(answers: Sequence[Answer]) -> tuple[list[str], list[str]]:
    """Return the classes that get bars, and those that share one."""
    largest: dict[str, float] = {}
    for answer in answers:
        for label, share in answer.items():
            largest[label] = max(share, largest.get(label, 0.0))
    return _largest(largest, LISTED, LISTED)


def _largest(sizes: Mapping[str, float], most: int, listed: int) -> tuple[list[str], list[str]]:
    """All in their order where they are few, or the ``listed`` largest first, and the others."""
    if len(sizes) <= most:
        return list(sizes), []
    ordered = sorted(sizes, key=lambda label: -sizes[label])
    return ordered[:listed], ordered[listed:]


def _add_chances(
    builder: FigureBuilder, name: str, chances: list[float | None], names: list[str], most: float
) -> None:
    builder.add_row_bars(
        chances,
        name=inked(beginning(name, 40)),
        text=[_written(share, most) for share in chances],
        **OUTSIDE,
        hovertext=[
            f"{plotly_text(beginning(name, _LONGEST))}<br>"
            f"<b>{share:.6f}</b> {plotly_text(beginning(label, _LONGEST))}"
            if share is not None
            else ""
            for label, share in zip(names, chances, strict=True)
        ],
    )


def _written(share: float | None, most: float) -> str:
    """``96.6%``, in bold for the predicted class; never 0% or 100% of what is neither."""
    if share is None:
        return ""
    number = inked(chance(share))
    return f"<b>{number}</b>" if share == most else number


def class_counts(parts: Mapping[str, Mapping[str, int]]) -> go.Figure:
    """Draw documents of each class as bars, divided among training, validation and test.

    Args:
        parts: name of the part → class → documents.

    Raises:
        ValueError: if there is no class.
    """
    totals: dict[str, int] = {}
    for counts in parts.values():
        for label, number in counts.items():
            totals[label] = totals.get(label, 0) + number
    if not totals:
        raise ValueError("at least one class is expected")  # not shown
    shown, others = _largest(totals, LISTED_CLASSES, LISTED_CLASSES - 1)
    names = [*shown, *([tr("{count:,} others", count=len(others))] if others else [])]
    builder = FigureBuilder(plain_layout(len(names) * _COUNT_BAR + 110))
    for part, counts in parts.items():
        _add_counts(builder, part, [counts.get(label, 0) for label in shown], shown)
    for row, label in enumerate(shown):
        builder.add_annotations(note(f"{totals[label]:,}", totals[label], row, xshift=4))
    if others:  # a bar of so many together would dwarf those of the classes
        together = tr("{count:,} together", count=sum(totals[label] for label in others))
        builder.add_annotations(note(together, 0, len(shown), xshift=4))
    builder.update_layout(barmode="stack", bargap=0.3)
    builder.show_legend(len(parts) > 1)
    builder.update_layout(legend={"traceorder": "normal"})
    # Past the longest bar there is space for its number.
    builder.update_xaxis(**number_axis((0, max(totals.values()) * 1.15), ",d"))
    builder.update_yaxis(**name_axis(names))
    builder.add_annotations(below(tr("documents")))
    return builder.build()


def _part(part: str) -> str:
    return tr(PART_NAMES[part]) if part in PART_NAMES else part


def _add_counts(builder: FigureBuilder, part: str, numbers: list[int], names: list[str]) -> None:
    builder.add_row_bars(
        numbers,
        name=inked(_part(part)),
        marker={"color": PARTS.get(part, BLUE), "line": {"width": 0}},
        hovertext=[
            tr(
                "<b>{documents}</b> for {part}<br>{label}",
                documents=counted(number, "document"),
                part=plotly_text(_part(part)),
                label=plotly_text(beginning(name, _LONGEST)),
            )
            for number, name in zip(numbers, names, strict=True)
        ],
    )


def lengths(named: Sequence[tuple[str, Sequence[float]]], unit: str | None = None) -> go.Figure:
    """Draw lengths of texts: the middle half as a box, a whisker to 95%, a dot at the longest.

    Args:
        named: (name of the row, its quantiles at 0, 25, 50, 75, 95 and 100%).
        unit: what is counted; words unless given.

    Raises:
        ValueError: if there is no row, or one has not six quantiles in order.
    """
    if not named:
        raise ValueError("at least one row is expected")  # not shown
    for name, quantiles in named:
        if len(quantiles) != 6 or sorted(quantiles) != list(quantiles):
            raise ValueError(
                f"six quantiles in order expected for {name}, {quantiles} came"  # not shown
            )
    unit = unit or tr("words")
    end = max(1, *(quantiles[-1] for _, quantiles in named)) * 1.05
    builder = rows([_part(name) for name, _ in named], unit, (0, end), height=44, top=-0.5)
    for row, (name, quantiles) in enumerate(named):
        _add_box(builder, row, name, quantiles, unit)
    return builder.build()


def _add_box(
    builder: FigureBuilder, row: int, name: str, quantiles: Sequence[float], unit: str
) -> None:
    least, low, middle, high, most, longest = quantiles
    colour = PARTS.get(name, BLUE)
    builder.add_trace(
        "box",
        y=[row], q1=[low], median=[middle], q3=[high], lowerfence=[least], upperfence=[most],
        orientation="h", fillcolor=CLEAR, line={"color": colour, "width": 2}, hoverinfo="skip",
        width=0.5,
    )  # fmt: skip
    symbols = ["line-ns", "line-ns", "diamond", "line-ns", "line-ns", "circle-open"]
    builder.add_trace(
        "scatter",
        x=[least, low, middle, high, most, longest],
        y=[row] * 6,
        mode="markers",
        marker={"color": colour, "size": [1, 1, 8, 1, 1, 8], "symbol": symbols},
        hovertext=tr(
            "half of them: <b>{low:,.0f} to {high:,.0f}</b> {unit}<br>median {middle:,.0f}<br>"
            "shortest {least:,.0f}, 95% up to {most:,.0f}, longest {longest:,.0f}<br>{name}",
            low=low,
            high=high,
            unit=unit,
            middle=middle,
            least=least,
            most=most,
            longest=longest,
            name=plotly_text(beginning(_part(name), _LONGEST)),
        ),
    )
