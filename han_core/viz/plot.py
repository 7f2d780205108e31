"""Plotly figures collected as plain dictionaries, with the layout that all charts share,
and charts of named rows: dots, intervals and reference lines along one axis.

Plotly checks every object as it is added, which takes 10 to 25 ms of processor time a figure,
and a page draws six at every click. Collecting the same dictionaries takes less than 1 ms; the
tests hold every figure to Plotly's schema instead. Backgrounds are transparent and labels carry
their own ink, so that figures stand on light and dark pages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio

from han_core.explanation.statistics import Interval
from han_core.runtime.errors import counted
from han_core.runtime.messages import mark, tr
from han_core.viz.markup import HOVER_LABEL, INK_SPAN, beginning, inked

Properties = dict[str, Any]
"""Of a trace, an axis, a note …, by the names of Plotly's reference, nested ones in full:
``title={"text": …}``, not ``title_text``."""

CLEAR = "rgba(0,0,0,0)"
GREY = "#7d8694"  # at least 3:1 on both themes' panels
BLUE, ORANGE, GREEN = "#4280d4", "#d97706", "#14968a"

LEGEND = {"orientation": "h", "x": 0, "yref": "container", "y": 1, "yanchor": "top"}
"""Above everything, from the left; it needs a margin at the top."""

OUTSIDE = {"textposition": "outside", "textangle": 0, "cliponaxis": False}
"""Properties of bars whose numbers stand at their ends."""

NUMBER_OVER: Properties = {"xanchor": "center", "yshift": 14}
"""Properties of an annotation that stands over its dot."""


@dataclass(frozen=True)
class Look:
    """Colour, symbol and dash of one series: no series is told apart by colour alone."""

    name: str
    colour: str
    symbol: str = "circle"
    dash: str = "solid"


class LazyFigure(go.Figure):
    """A figure that becomes Plotly's objects only when one of them is read.

    Plotly copies a figure, with its large template, several times on the way to the browser,
    1.5 ms each; ``to_dict`` and ``to_json`` hand on the dictionary as it is.

    Args:
        specification: ``data``, a list of traces, and ``layout``, as in Plotly's reference, of
            plain lists, numbers and texts; nothing is checked.
    """

    def __init__(self, specification: dict[str, Any]) -> None:
        layout = _template() | specification["layout"]
        self._specification = {**specification, "layout": layout}

    def __getattr__(self, name: str) -> Any:
        """Run Plotly's constructor, which has not run before this is called."""
        specification = self.__dict__.pop("_specification", None)
        if specification is None:
            raise AttributeError(f"a figure has no {name}")  # not shown
        super().__init__(specification, _validate=False)
        return getattr(self, name)

    def to_dict(self) -> dict[str, Any]:
        """Return the figure as a dictionary, to be read and not to be changed."""
        if "_specification" not in self.__dict__:
            return super().to_dict()
        return {
            "data": [dict(trace) for trace in self._specification["data"]],
            "layout": dict(self._specification["layout"]),
        }


def _template() -> dict[str, Any]:
    """Plotly's default colours and fonts, if there are any."""
    default = pio.templates.default
    if default is None:
        return {}
    named = isinstance(default, str)
    return {"template": _registered(default) if named else default.to_plotly_json()}


@lru_cache(maxsize=4)
def _registered(name: str) -> dict[str, Any]:
    return pio.templates[name].to_plotly_json()


@dataclass
class FigureBuilder:
    """Collect the parts of a figure; its methods are named as Plotly's.

    Attributes:
        layout: of the whole figure, without annotations and shapes.
        traces: in the order in which they are drawn.
        annotations: texts that stand at a place.
        shapes: lines and bands behind or before the traces.
    """

    layout: Properties = field(default_factory=dict)
    traces: list[Properties] = field(default_factory=list)
    annotations: list[Properties] = field(default_factory=list)
    shapes: list[Properties] = field(default_factory=list)

    def build(self) -> go.Figure:
        """Return the figure, in the template that is Plotly's default at the time."""
        above = {"annotations": self.annotations, "shapes": self.shapes}
        layout = self.layout | {name: each for name, each in above.items() if each}
        return LazyFigure({"data": self.traces, "layout": layout})

    def add_trace(self, kind: str, **properties: Any) -> None:
        """Add a trace of this type, such as ``bar`` or ``scatter``, over the others."""
        if "hovertext" in properties:
            properties = {"hoverinfo": "text", **properties}
        self.traces.append({"type": kind, **properties})

    def add_dots(
        self,
        x: Sequence,
        y: Sequence,
        look: Look,
        size: float = 9,
        opacity: float = 1,
        **properties: Any,
    ) -> None:
        """Add markers; where they have ``customdata``, a click pales none of them."""
        marker = {"color": look.colour, "symbol": look.symbol, "size": size, "opacity": opacity}
        if "customdata" in properties:
            properties["unselected"] = {"marker": {"opacity": 1}}
        self.add_trace("scatter", x=x, y=y, mode="markers", marker=marker, **properties)

    def add_curve(
        self, x: Sequence, y: Sequence, look: Look, size: float = 7, **properties: Any
    ) -> None:
        """Add a line with a marker at each value."""
        style = {
            "mode": "lines+markers",
            "line": {"color": look.colour, "dash": look.dash, "width": 2},
            "marker": {"color": look.colour, "symbol": look.symbol, "size": size},
        }
        self.add_trace("scatter", **{"x": x, "y": y, **style, **properties})

    def add_spread(
        self, x: Sequence, low: Sequence, high: Sequence, colour: str, **properties: Any
    ) -> None:
        """Add the band between two curves."""
        style = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        x, y = [*x, *x[::-1]], [*high, *low[::-1]]
        self.add_trace("scatter", x=x, y=y, fill="toself", fillcolor=colour, **style, **properties)

    def add_row_bars(self, x: Sequence, **properties: Any) -> None:
        """Add horizontal bars, one in each row from the top."""
        rows = list(range(len(x)))
        self.add_trace("bar", **{"orientation": "h", "x": x, "y": rows, **properties})

    def update_layout(self, **properties: Any) -> None:
        """Set these properties of the layout; of nested ones, the others stay as they are."""
        self.layout = _merged(self.layout, properties)

    def update_xaxis(self, **properties: Any) -> None:
        self.update_layout(xaxis=properties)

    def update_yaxis(self, **properties: Any) -> None:
        self.update_layout(yaxis=properties)

    def show_legend(self, shown: bool = True, top: int = 44, otherwise: int = 8) -> None:
        """Show the legend above the figure, or not, with the margin at the top that fits."""
        margin = {"t": top if shown else otherwise}
        self.update_layout(showlegend=shown, margin=margin, legend=LEGEND)

    def add_annotations(self, *annotations: Properties) -> None:
        self.annotations.extend(annotations)

    def add_shape(self, kind: str, **properties: Any) -> None:
        """Add a shape of this type: ``line`` or ``rect``."""
        self.shapes.append({"type": kind, **properties})

    def add_vline(self, x: float, line: Properties, name: Properties | None = None) -> None:
        """Add a line from the bottom to the top.

        Args:
            name: an annotation that stands at the line, its ``y`` from 0 at the bottom to 1.
        """
        self._across("x", "line", x, x, line=line)
        if name is not None:
            self.add_annotations(
                {"x": x, "xref": "x", "yref": "y domain", "showarrow": False, **name}
            )

    def add_hline(self, y: float, line: Properties) -> None:
        self._across("y", "line", y, y, line=line)

    def add_vband(self, low: float, high: float, **properties: Any) -> None:
        """Add a band from the bottom to the top, between two values of x."""
        self._across("x", "rect", low, high, **properties)

    def add_hband(self, low: float, high: float, **properties: Any) -> None:
        """Add a band from the left to the right, between two values of y."""
        self._across("y", "rect", low, high, **properties)

    def _across(self, along: str, kind: str, low: float, high: float, **properties: Any) -> None:
        """Add a shape between two values of one axis that goes all along the other."""
        other = "y" if along == "x" else "x"
        ends = {
            f"{along}ref": along, f"{along}0": low, f"{along}1": high,
            f"{other}ref": f"{other} domain", f"{other}0": 0, f"{other}1": 1,
        }  # fmt: skip
        self.add_shape(kind, **ends, **properties)


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> Properties:
    merged = dict(old)
    for name, value in new.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = _merged(merged[name], value) if both else value
    return merged


def plain_layout(height: int) -> Properties:
    """Return the layout of charts that nobody zooms."""
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
    """Return an axis of numbers in the ink of whichever theme is on.

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


def name_axis(names: Sequence[str], top: float = -0.5) -> Properties:
    """Return an axis of names, the first on top."""
    return {
        "range": [max(1, len(names)) - 0.5, top],
        "tickvals": list(range(len(names))),
        "ticktext": [inked(beginning(name, 30)) for name in names],
        "tickfont": {"size": 13},
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "automargin": True,
    }


def below(title: str) -> Properties:
    """Return an annotation that names the axis along the bottom; it may have two lines.

    It ends where the axis ends, and so has the whole width of a narrow screen. Plotly's
    own title stands in the middle of the axis and is cut there.
    """
    return {
        "text": "<br>".join(map(inked, title.split("\n"))),
        **{"xref": "paper", "x": 1, "xanchor": "right", "align": "right"},
        **{"yref": "paper", "y": 0, "yanchor": "top", "yshift": -26},
        "showarrow": False,
        "font": {"size": 13},
    }


def note(text: str, x: float, y: float, size: int = 12, **properties: Any) -> Properties:
    """Return an annotation that begins at ``x``, unless ``properties`` say otherwise."""
    label = {"text": inked(text), "x": x, "y": y, "font": {"size": size}}
    return {**label, "xanchor": "left", "showarrow": False, **properties}


ROW = 34  # pixels

RANKED = {
    "attention": Look(mark("attention"), "#4280d4", "circle", "solid"),
    "gradient": Look(mark("gradient × input"), "#d97706", "diamond", "dash"),
    "leave_one_out": Look(mark("leave-one-out"), "#b65aa0", "square", "dashdot"),
    "gradient_weighted": Look(mark("gradient-weighted attention"), "#7c5ce0", "star", "longdash"),
    "rollout": Look(mark("rollout"), "#bf4040", "pentagon", "longdashdot"),
    "random": Look(mark("random order"), GREY, "x", "dot"),
}
"""By the names of the rankings; colours that stay apart under colour blindness. Names of these
looks are translated where they are drawn."""

UNIFORM = Look(mark("uniform attention"), GREEN, "triangle-up")


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


def interval_note(interval: Interval, name: str, documents: int) -> str:
    """Return what hovering over an interval says; ``name`` is escaped."""
    return tr(
        "<b>{mean:.3f}</b>, 95% interval {low:.3f} to {high:.3f}<br>{name}, {documents}",
        mean=interval.mean, low=interval.low, high=interval.high,
        name=name, documents=counted(documents, "document"),
    )  # fmt: skip


def error_bars(
    colour: str, above: list, below: list | None = None, thickness: float = 1.5, width: int = 3
) -> dict[str, Any]:
    """Return ``error_x`` or ``error_y`` of a trace, symmetric unless ``below`` is given."""
    lengths = {"array": above} if below is None else {"array": above, "arrayminus": below}
    return {**lengths, "color": colour, "thickness": thickness, "width": width}
