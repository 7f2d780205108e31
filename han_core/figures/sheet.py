"""A figure while it is put together: plain dictionaries, a Plotly figure at the end.

Plotly's own way, where every trace, axis and note is an object that is checked as it is
added, takes 10 to 25 ms of processor time a figure, and a page draws six at every click:
a class would wait for little else. Collecting the same dictionaries takes less than 1 ms.
What Plotly would have checked, the tests do: they hold every figure that they draw to its
schema. It does not know what is drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import plotly.graph_objects as go

from han_core.figures.drawn import Drawn

Properties = dict[str, Any]
"""Of a trace, an axis, a note …, by the names of Plotly's reference, nested ones in full:
``title={"text": …}``, not ``title_text``."""


@dataclass
class Sheet:
    """What will be a figure.

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

    def trace(self, kind: str, **properties: Any) -> None:
        """Add a trace of this type, such as ``bar`` or ``scatter``; it is drawn over the others."""
        self.traces.append({"type": kind, **properties})

    def lay_out(self, **properties: Any) -> None:
        """Set these properties of the layout; of nested ones, the others stay as they are."""
        self.layout = _merged(self.layout, properties)

    def x_axis(self, **properties: Any) -> None:
        self.lay_out(xaxis=properties)

    def y_axis(self, **properties: Any) -> None:
        self.lay_out(yaxis=properties)

    def annotate(self, *annotations: Properties) -> None:
        self.annotations.extend(annotations)

    def shape(self, kind: str, **properties: Any) -> None:
        """Add a shape of this type: ``line`` or ``rect``."""
        self.shapes.append({"type": kind, **properties})

    def vertical_line(self, x: float, line: Properties, name: Properties | None = None) -> None:
        """A line from the bottom to the top.

        Args:
            name: an annotation that stands at the line, its ``y`` from 0 at the bottom to 1.
        """
        self._across("x", "line", x, x, line=line)
        if name is not None:
            self.annotate({"x": x, "xref": "x", "yref": "y domain", "showarrow": False, **name})

    def horizontal_line(self, y: float, line: Properties) -> None:
        """A line from the left to the right."""
        self._across("y", "line", y, y, line=line)

    def vertical_band(self, low: float, high: float, **properties: Any) -> None:
        """A band from the bottom to the top, between two values of x."""
        self._across("x", "rect", low, high, **properties)

    def horizontal_band(self, low: float, high: float, **properties: Any) -> None:
        """A band from the left to the right, between two values of y."""
        self._across("y", "rect", low, high, **properties)

    def _across(self, along: str, kind: str, low: float, high: float, **properties: Any) -> None:
        """A shape between two values of one axis that goes all along the other."""
        other = "y" if along == "x" else "x"
        places = {
            f"{along}ref": along, f"{along}0": low, f"{along}1": high,
            f"{other}ref": f"{other} domain", f"{other}0": 0, f"{other}1": 1,
        }  # fmt: skip
        self.shape(kind, **places, **properties)

    def figure(self) -> go.Figure:
        """The figure, in the template that is Plotly's default at the time; nothing is checked."""
        above = {"annotations": self.annotations, "shapes": self.shapes}
        layout = self.layout | {name: each for name, each in above.items() if each}
        return Drawn({"data": self.traces, "layout": layout})


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> Properties:
    found = dict(old)
    for name, value in new.items():
        both = isinstance(value, dict) and isinstance(found.get(name), dict)
        found[name] = _merged(found[name], value) if both else value
    return found
