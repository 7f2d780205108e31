"""A Plotly figure that is its dictionary until somebody looks into it.

Plotly copies a figure several times on its way to the browser, most of all the template of
colours and fonts, which is larger than what most figures hold: 1.5 ms of processor time
each, for what a page hands on unseen. Here the dictionary is handed on as it is; Plotly's
objects are made when one is asked for. It does not know what is drawn.
"""

from functools import lru_cache
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio


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
