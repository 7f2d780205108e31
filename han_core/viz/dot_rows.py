"""Named rows along one axis, with dots, intervals and reference lines."""

from collections.abc import Sequence
from typing import Any

from han_core.explanation.statistics import Interval
from han_core.viz.markup import inked
from han_core.viz.plot import (
    GREEN,
    GREY,
    NUMBER_OVER,
    FigureBuilder,
    Look,
    Properties,
    below,
    name_axis,
    note,
    number_axis,
    plain_layout,
)

ROW = 34  # pixels

RANKED = {
    "attention": Look("attention", "#4280d4", "circle", "solid"),
    "gradient": Look("gradient × input", "#d97706", "diamond", "dash"),
    "leave_one_out": Look("leave-one-out", "#b65aa0", "square", "dashdot"),
    "random": Look("random order", GREY, "x", "dot"),
}
"""By the names of the rankings; colours that stay apart under colour blindness."""

UNIFORM = Look("uniform attention", GREEN, "triangle-up")


def rows(
    names: Sequence[str],
    title: str,
    ends: tuple[float, float],
    form: str = "",
    height: int = ROW,
    top: float = -0.8,
) -> FigureBuilder:
    """Start a figure with a row for each name, at y = 0, 1, … from the top.

    Args:
        title: of the axis along the rows.
        ends: of that axis.
        height: of a row, in pixels.
        top: where the axis of names ends; the default leaves space for a number over row 0.
    """
    builder = FigureBuilder(plain_layout(round((len(names) + 0.3) * height) + 88))
    builder.update_layout(margin={"t": 24})
    builder.update_xaxis(**number_axis(ends, form))
    builder.update_yaxis(**name_axis(names, top))
    builder.add_annotations(below(title))
    return builder


def marked_line(
    at: float, name: str, anchor: str, dash: str = "dot", colour: str = GREY
) -> Properties:
    """Return arguments of ``add_vline`` for a line across all rows with its name on top.

    Args:
        anchor: the side of the name that stands at the line: left, center or right.
    """
    over = {"y": 1, "yanchor": "bottom", "xanchor": anchor, "font": {"size": 12}}
    line = {"width": 1.5, "dash": dash, "color": colour}
    return {"x": at, "line": line, "name": {"text": inked(name), **over}}


def add_dot(builder: FigureBuilder, look: Look, value: float, row: int, hover: str, text: str):
    """Add a dot with its number above and a note on hover."""
    builder.add_dots([value], [row], look, 12, hovertext=[hover])
    # An x has no other body than its outline.
    builder.traces[-1]["marker"]["line"] = {"width": 2, "color": look.colour}
    builder.add_annotations(note(text, value, row, **NUMBER_OVER))


def add_interval(
    builder: FigureBuilder, look: Look, interval: Interval, row: float, hover: str
) -> None:
    """Add a dot between the ends of its interval, which have caps."""
    marker = {
        "symbol": ["line-ns", look.symbol, "line-ns"],
        "size": [8, 11, 8],
        "color": look.colour,
        "opacity": 1,
        "line": {"color": look.colour, "width": 2},
    }
    x = [interval.low, interval.mean, interval.high]
    plain = Look(look.name, look.colour)
    builder.add_curve(x, [row] * 3, plain, marker=marker, hovertext=hover)


def error_bars(
    colour: str, above: list, below: list | None = None, thickness: float = 1.5, width: int = 3
) -> dict[str, Any]:
    """Return ``error_x`` or ``error_y`` of a trace, symmetric unless ``below`` is given."""
    lengths = {"array": above} if below is None else {"array": above, "arrayminus": below}
    return {**lengths, "color": colour, "thickness": thickness, "width": width}
