"""The probabilities of several answers side by side, class by class, as bars.

For several models, and for one before and after a change. Bars are coloured by the
page's theme in the order of the names, as the sentence bars are. It knows nothing about
texts.
"""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from han_core.figures.escape import plotly_text
from han_core.figures.legend import LISTED
from han_core.figures.markup import chance, inked
from han_core.figures.rows import LEGEND, below, name_axis, number_axis, plain_layout
from han_core.figures.sheet import Sheet
from han_core.figures.wrapping import beginning

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
