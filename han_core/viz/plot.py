"""Sentences cut and broken to a width, where Chinese counts double.

It knows nothing about markup: what comes out still has to be escaped.

A Plotly figure that is its dictionary until somebody looks into it.

Plotly copies a figure several times on its way to the browser, most of all the template of
colours and fonts, which is larger than what most figures hold: 1.5 ms of processor time
each, for what a page hands on unseen. Here the dictionary is handed on as it is; Plotly's
objects are made when one is asked for. It does not know what is drawn.

A figure while it is put together: plain dictionaries, a Plotly figure at the end.

Plotly's own way, where every trace, axis and note is an object that is checked as it is
added, takes 10 to 25 ms of processor time a figure, and a page draws six at every click:
a class would wait for little else. Collecting the same dictionaries takes less than 1 ms.
What Plotly would have checked, the tests do: they hold every figure that they draw to its
schema. It does not know what is drawn.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio

WIDTH = 72  # columns of a note that shows on hover
LINES = 14  # of such a note; a longer one would not fit on the screen


def columns(text: str) -> int:
    """The width of ``text`` in columns: two for a wide character, none for a mark."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def beginning(text: str, width: int) -> str:
    """``text`` on one line, cut with an ellipsis to at most ``width`` columns."""
    line = " ".join(text[: 4 * width + 4].split())
    if columns(line) <= width and len(text) <= 4 * width + 4:
        return line
    kept = ""
    used = 1  # the ellipsis
    for sign in line:
        used += _columns(sign)
        if used > width:
            break
        kept += sign
    return kept.rstrip() + "…"


def wrapped(text: str, width: int = WIDTH, lines: int = LINES) -> list[str]:
    """``text`` in lines of at most ``width`` columns; what does not fit is counted."""
    all_lines = list(_lines(text, width))
    if len(all_lines) <= lines:
        return all_lines
    left = sum(map(len, all_lines[lines - 1 :]))
    return [*all_lines[: lines - 1], f"… and {left:,} more characters"]


def _lines(text: str, width: int) -> Iterator[str]:
    line, used = "", 0
    # A word with the space after it; a wide character may end a line by itself.
    for word in re.findall(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]+\s*|\s+", text):
        for piece in _pieces(" ".join(word.split()) + " " * word[-1].isspace(), width):
            if used + columns(piece.rstrip()) > width:
                yield line.rstrip()
                line, used = "", 0
            line, used = line + piece, used + columns(piece)
    if line.strip():
        yield line.rstrip()


def _pieces(word: str, width: int) -> Iterator[str]:
    """The word itself, or, where it is longer than a line, its parts."""
    if columns(word.rstrip()) <= width:
        yield word
        return
    step = width // 2  # its characters may be wide
    for at in range(0, len(word), step):
        yield word[at : at + step]


@lru_cache(maxsize=8192)
def _columns(sign: str) -> int:
    if unicodedata.combining(sign) or unicodedata.category(sign) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


class Drawn(go.Figure):
    """A figure as any other, but cheap where only ``to_dict`` and ``to_json`` are asked for.

    Args:
        told: ``data``, a list of traces, and ``layout``, as in Plotly's reference, of plain
            lists, numbers and texts; nothing is checked.
    """

    def __init__(self, told: dict[str, Any]) -> None:
        self._told = {**told, "layout": _template() | told["layout"]}

    def __getattr__(self, name: str) -> Any:
        """What Plotly's own constructor makes: it has not run before this is called."""
        told = self.__dict__.pop("_told", None)
        if told is None:
            raise AttributeError(f"a figure has no {name}")
        super().__init__(told, _validate=False)
        return getattr(self, name)

    def to_dict(self) -> dict[str, Any]:
        """The figure as a dictionary, to be read and not to be changed."""
        if "_told" not in self.__dict__:
            return super().to_dict()
        return {
            "data": [dict(trace) for trace in self._told["data"]],
            "layout": dict(self._told["layout"]),
        }


def _template() -> dict[str, Any]:
    """Colours and fonts that stand in where a figure says nothing: Plotly's default, if any."""
    default = pio.templates.default
    if default is None:
        return {}
    named = isinstance(default, str)
    return {"template": _registered(default) if named else default.to_plotly_json()}


@lru_cache(maxsize=4)
def _registered(name: str) -> dict[str, Any]:
    return pio.templates[name].to_plotly_json()


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
