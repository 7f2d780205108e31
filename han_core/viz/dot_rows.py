"""Named rows on one axis: the frame of every figure that places dots on a line.

The background is transparent and every label carries its own ink, so that a figure
stands on light and dark. It knows nothing about what the dots mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from han_core.viz.markup import HOVER_LABEL, INK_SPAN, inked
from han_core.viz.plot import Properties, Sheet, beginning

CLEAR = "rgba(0,0,0,0)"
GREY = "#7d8694"  # at least 3:1 on both themes' panels
ROW = 34  # pixels


@dataclass(frozen=True)
class Look:
    """How one way of ranking is drawn everywhere: never by colour alone."""

    name: str
    colour: str
    symbol: str
    dash: str


RANKED = {
    "attention": Look("attention", "#4280d4", "circle", "solid"),
    "gradient": Look("gradient × input", "#d97706", "diamond", "dash"),
    "leave_one_out": Look("leave-one-out", "#b65aa0", "square", "dashdot"),
    "random": Look("random order", GREY, "x", "dot"),
}
"""By the names of ``evidence.ranking``; colours that stay apart under colour blindness."""

UNIFORM = Look("uniform attention", "#14968a", "triangle-up", "solid")

LEGEND = {"orientation": "h", "x": 0, "yref": "container", "y": 1, "yanchor": "top"}
"""Above everything, from the left; it needs a margin at the top."""


def plain_layout(height: int) -> Properties:
    """What all evidence figures share."""
    return {
        "height": height,
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "margin": {"l": 8, "r": 16, "t": 8, "b": 64},
        "showlegend": False,
        "hoverlabel": HOVER_LABEL,
        "hovermode": "closest",
        "dragmode": False,
    }


def number_axis(ends: tuple[float, float] | None, form: str = "") -> Properties:
    """An axis of numbers in the ink of whichever theme is on.

    Args:
        ends: None lets Plotly choose them by the numbers.
        form: of the tick labels, as d3 writes it; Plotly's choice unless given.
    """
    return ({} if ends is None else {"range": [*ends]}) | {
        "tickformat": form,
        "tickprefix": INK_SPAN,
        "ticksuffix": "</span>",
        "nticks": 5,
        "tickangle": 0,
        "zeroline": False,
        "fixedrange": True,
        "automargin": True,
    }


def rows(
    names: Sequence[str],
    title: str,
    ends: tuple[float, float],
    form: str = "",
    height: int = ROW,
) -> Sheet:
    """A sheet with a row for each name, at y = 0, 1, … from the top.

    Args:
        title: of the axis along the rows.
        ends: of that axis.
        height: of a row, in pixels.
    """
    sheet = Sheet(plain_layout(round((len(names) + 0.3) * height) + 88))
    sheet.lay_out(margin={"t": 24})
    sheet.x_axis(**number_axis(ends, form))
    sheet.y_axis(**name_axis(names))
    sheet.annotate(below(title))
    return sheet


def below(title: str) -> Properties:
    """An annotation that names the axis along the bottom; it may have two lines.

    It ends where the axis ends, and so has the whole width of a narrow screen. Plotly's
    own title stands in the middle of the axis and is cut there.
    """
    return {
        "text": "<br>".join(map(inked, title.split("\n"))),
        "align": "right",
        "xref": "paper",
        "x": 1,
        "xanchor": "right",
        "yref": "paper",
        "y": 0,
        "yanchor": "top",
        "yshift": -26,
        "showarrow": False,
        "font": {"size": 13},
    }


def name_axis(names: Sequence[str]) -> Properties:
    """An axis of names, the first on top."""
    return {
        "range": [len(names) - 0.5, -0.8],  # room for a number over the first
        "tickvals": list(range(len(names))),
        "ticktext": [inked(beginning(name, 30)) for name in names],
        "tickfont": {"size": 13},
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "automargin": True,
    }


def marked_line(
    at: float, name: str, anchor: str, dash: str = "dot", colour: str = GREY
) -> Properties:
    """Arguments of ``Sheet.vertical_line`` for a line across all rows with its name on top.

    Args:
        anchor: the side of the name that stands at the line: left, center or right.
    """
    return {
        "x": at,
        "line": {"width": 1.5, "dash": dash, "color": colour},
        "name": {
            "text": inked(name),
            "y": 1,
            "yanchor": "bottom",
            "xanchor": anchor,
            "font": {"size": 12},
        },
    }


def note(text: str, x: float, row: float) -> Properties:
    """An annotation that begins at ``x`` on a row."""
    return {
        "text": inked(text),
        "x": x,
        "y": row,
        "xanchor": "left",
        "showarrow": False,
        "font": {"size": 12},
    }
