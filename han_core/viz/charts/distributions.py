"""The probabilities of several answers side by side, class by class, as bars.

For several models, and for one before and after a change. Bars are coloured by the
page's theme in the order of the names, as the sentence bars are. It knows nothing about
texts.

What labelled documents are like before anybody trains on them: classes and lengths.

Counts and quantiles in, a Plotly figure out. It knows nothing about texts.
"""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from han_core.runtime.errors import counted
from han_core.viz.colour_scale import LISTED
from han_core.viz.dot_rows import (
    CLEAR,
    LEGEND,
    below,
    name_axis,
    note,
    number_axis,
    plain_layout,
    rows,
)
from han_core.viz.markup import chance, inked, plotly_text
from han_core.viz.plot import Sheet, beginning

_BAR = 22  # pixels, thick enough for its number
_LONGEST = 60  # columns of a name or class in a note

Answer = Mapping[str, float]
"""Class → probability; answers of models that know other classes may stand together."""


def class_bars(named: Sequence[tuple[str, Answer]]) -> go.Figure:
    """A group of bars for each class, a bar in it for each answer that knows the class.

    Up to six classes stand in the order in which they came. Of more, the six that are most
    probable to any answer are shown, the most probable first, and the others as one sum.

    Raises:
        ValueError: if there is no answer.
    """
    if not named:
        raise ValueError("at least one answer is expected")
    shown, others = chosen_classes([answer for _, answer in named])
    names = [*shown, *([f"{len(others)} others"] if others else [])]
    sheet = Sheet(plain_layout(round(len(names) * (len(named) * _BAR + 16)) + 110))
    for name, answer in named:
        chances: list[float | None] = [answer.get(label) for label in shown]
        if others:
            chances.append(sum(answer.get(label, 0.0) for label in others))
        _add_bars(sheet, name, chances, names, max(answer.values()))
    _lay_out(sheet, names, len(named))
    return sheet.figure()


def chosen_classes(answers: Sequence[Answer]) -> tuple[list[str], list[str]]:
    """The classes that get bars, and those that share one."""
    largest: dict[str, float] = {}
    for answer in answers:
        for label, share in answer.items():
            largest[label] = max(share, largest.get(label, 0.0))
    if len(largest) <= LISTED:
        return list(largest), []
    ordered = sorted(largest, key=lambda label: -largest[label])
    return ordered[:LISTED], ordered[LISTED:]


def _add_bars(
    sheet: Sheet, name: str, chances: list[float | None], names: list[str], most: float
) -> None:
    sheet.trace(
        "bar",
        name=inked(beginning(name, 40)),
        orientation="h",
        x=chances,
        y=list(range(len(chances))),
        text=[_written(chance, most) for chance in chances],
        textposition="outside",
        textangle=0,
        cliponaxis=False,
        hovertext=[
            f"{plotly_text(beginning(name, _LONGEST))}<br>"
            f"<b>{chance:.6f}</b> {plotly_text(beginning(label, _LONGEST))}"
            if chance is not None
            else ""
            for label, chance in zip(names, chances, strict=True)
        ],
        hoverinfo="text",
    )


def _written(share: float | None, most: float) -> str:
    """``96.6%``, in bold for the predicted class; never 0% or 100% of what is neither."""
    if share is None:
        return ""
    number = inked(chance(share))
    return f"<b>{number}</b>" if share == most else number


def _lay_out(sheet: Sheet, names: list[str], answers: int) -> None:
    sheet.lay_out(
        barmode="group",
        bargap=16 / (answers * _BAR + 16),
        bargroupgap=0.12,
        showlegend=answers > 1,
        margin={"t": 44 if answers > 1 else 8},
        legend=LEGEND,
    )
    quarters = [0, 0.25, 0.5, 0.75, 1]
    ticks = [inked(f"{quarter:.0%}") for quarter in quarters]
    # Past 100% there is room for the numbers at the bars' ends.
    sheet.x_axis(**number_axis((0, 1.3)), tickvals=quarters, ticktext=ticks)
    sheet.annotate(below("probability"))
    sheet.y_axis(**name_axis(names))
    sheet.y_axis(range=[len(names) - 0.5, -0.5])


LISTED_CLASSES = 12
"""Classes that get a row of their own; of more, the largest do, and the others share one."""

PARTS = {"training": "#4280d4", "validation": "#d97706", "test": "#14968a"}
"""The colour of each part of the data."""

_COUNT_BAR = 26  # pixels


def class_counts(parts: Mapping[str, Mapping[str, int]]) -> go.Figure:
    """Documents of each class as bars, divided among training, validation and test.

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
        raise ValueError("at least one class is expected")
    shown, others = _listed(totals)
    names = [*shown, *([f"{len(others):,} others"] if others else [])]
    sheet = Sheet(plain_layout(len(names) * _COUNT_BAR + 110))
    for part, counts in parts.items():
        _add_count_bars(sheet, part, [counts.get(label, 0) for label in shown], shown)
    for row, label in enumerate(shown):
        sheet.annotate(note(f"{totals[label]:,}", totals[label], row) | {"xshift": 4})
    if others:  # a bar of so many together would dwarf those of the classes
        told = f"{sum(totals[label] for label in others):,} together"
        sheet.annotate(note(told, 0, len(shown)) | {"xshift": 4})
    _lay_out_counts(sheet, names, max(totals.values()), len(parts))
    return sheet.figure()


def _listed(totals: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """Classes with bars, in their order or the largest first, and those that share a row."""
    if len(totals) <= LISTED_CLASSES:
        return list(totals), []
    ordered = sorted(totals, key=lambda label: -totals[label])
    return ordered[: LISTED_CLASSES - 1], ordered[LISTED_CLASSES - 1 :]


def _add_count_bars(sheet: Sheet, part: str, numbers: list[int], names: list[str]) -> None:
    sheet.trace(
        "bar",
        name=inked(part),
        orientation="h",
        x=numbers,
        y=list(range(len(numbers))),
        marker={"color": PARTS.get(part, PARTS["training"]), "line": {"width": 0}},
        hovertext=[
            f"<b>{counted(number, 'document')}</b> for {plotly_text(part)}"
            f"<br>{plotly_text(beginning(name, 60))}"
            for number, name in zip(numbers, names, strict=True)
        ],
        hoverinfo="text",
    )


def _lay_out_counts(sheet: Sheet, names: list[str], most: int, parts: int) -> None:
    sheet.lay_out(
        barmode="stack",
        bargap=0.3,
        showlegend=parts > 1,
        margin={"t": 44 if parts > 1 else 8},
        legend={**LEGEND, "traceorder": "normal"},
    )
    # Past the longest bar there is room for its number.
    sheet.x_axis(**number_axis((0, most * 1.15), ",d"))
    sheet.y_axis(**name_axis(names))
    sheet.y_axis(range=[len(names) - 0.5, -0.5])
    sheet.annotate(below("documents"))


def lengths(named: Sequence[tuple[str, Sequence[float]]], unit: str = "words") -> go.Figure:
    """How long texts are: the middle half as a box, a whisker to 95%, a dot at the longest.

    Args:
        named: (name of the row, its quantiles at 0, 25, 50, 75, 95 and 100%).
        unit: what is counted.

    Raises:
        ValueError: if there is no row, or one has not six quantiles in order.
    """
    if not named:
        raise ValueError("at least one row is expected")
    for name, quantiles in named:
        if len(quantiles) != 6 or sorted(quantiles) != list(quantiles):
            raise ValueError(f"six quantiles in order expected for {name}, {quantiles} came")
    longest = max(quantiles[-1] for _, quantiles in named)
    sheet = rows([name for name, _ in named], unit, (0, max(1, longest) * 1.05), height=44)
    sheet.y_axis(range=[len(named) - 0.5, -0.5])
    for row, (name, quantiles) in enumerate(named):
        _add_box(sheet, row, name, quantiles, unit)
    return sheet.figure()


def _add_box(sheet: Sheet, row: int, name: str, quantiles: Sequence[float], unit: str) -> None:
    least, low, middle, high, most, longest = quantiles
    colour = PARTS.get(name, PARTS["training"])
    told = (
        f"half of them: <b>{low:,.0f} to {high:,.0f}</b> {unit}<br>median {middle:,.0f}"
        f"<br>shortest {least:,.0f}, 95% up to {most:,.0f}, longest {longest:,.0f}"
        f"<br>{plotly_text(beginning(name, 60))}"
    )
    sheet.trace(
        "box",
        y=[row], q1=[low], median=[middle], q3=[high], lowerfence=[least], upperfence=[most],
        orientation="h", fillcolor=CLEAR, line={"color": colour, "width": 2}, hoverinfo="skip",
        width=0.5,
    )  # fmt: skip
    sheet.trace(
        "scatter",
        x=[least, low, middle, high, most, longest],
        y=[row] * 6,
        mode="markers",
        marker={
            "color": colour,
            "size": [1, 1, 8, 1, 1, 8],
            "symbol": ["line-ns", "line-ns", "diamond", "line-ns", "line-ns", "circle-open"],
        },
        hovertext=told,
        hoverinfo="text",
    )
