"""A container that carries a ``data-testid`` of our own.

Streamlit sets no attributes on containers, so a component without any look does:
it is mounted inside the container and marks it. It comes and goes with the
container, whatever made the page draw again.

Two buttons that save the figures of a container as SVG or PNG, made in the browser.

The picture is what stands on the page, in the theme that is on. It does not know
what the figures show.

The word heatmap on a page: the one component that every page draws it with.

What comes back from a browser is checked against what was drawn before anybody sees it.
It does not know what a click is for.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import streamlit as st

from han_core.viz.heatmap import Heatmap
from han_core.viz.markup import SCRIPT, STYLESHEET

_MARK = st.components.v2.component(
    "hanscope_test_id",
    js="""
export default function ({ data, parentElement }) {
  const place = parentElement.host ?? parentElement;
  place.closest(".st-key-" + data.container)?.setAttribute("data-testid", data.testid);
}
""",
)


@contextmanager
def hooked(testid: str, key: str) -> Iterator[None]:
    """A container with this test id; ``key`` is its own on the page."""
    with st.container(key=key, gap=None):
        _MARK(key=f"{key}_mark", data={"container": key, "testid": testid})
        yield


def _read(name: str) -> str:
    return (Path(__file__).with_name("assets") / name).read_text(encoding="utf-8")


EXPORT_SCRIPT = _read("figure_export.js") + _read("figure_export_html.js")
"""One module, with ``svgOf(container)`` and ``pngBlob(svg)``."""

_EXPORT = st.components.v2.component(
    "hanscope_figure_export", css=_read("figure_export.css"), js=EXPORT_SCRIPT, isolate_styles=False
)


def figure_export(container_key: str, filename: str) -> None:
    """The buttons for everything drawn in the container, chart or component of this key.

    Args:
        filename: without extension; what no file system likes becomes an underscore.
    """
    name = re.sub(r"[^\w.-]+", "_", filename)[:80].strip("._") or "figure"
    _EXPORT(key=f"{container_key}_export", data={"container": container_key, "filename": name})


Act = dict[str, Any]
"""What somebody asked for: ``do`` is "word" or "sentence" with its ``start`` and ``end``
(characters of the text drawn), or "back" with the ``id`` of what was taken out."""

# In the page itself, not in a shadow root: checks from outside look for its words.
_HEATMAP = st.components.v2.component(
    "hanscope_heatmap", css=STYLESHEET, js=SCRIPT, isolate_styles=False
)


def draw(heatmap: Heatmap, key: str, on_act: Callable[[Act], None] | None = None) -> None:
    """The heatmap; ``key`` is its own on the page, the same from run to run.

    With ``on_act`` words, sentences and what was taken out can be clicked. It is called
    before the next run of the page, as Streamlit's callbacks are.
    """

    def came() -> None:
        act = understood(st.session_state[key].get("act"), heatmap.data)
        if act is not None and on_act is not None:
            on_act(act)

    data = heatmap.data | {"interactive": on_act is not None}
    _HEATMAP(key=key, data=data, on_act_change=came)


def understood(came: object, data: dict[str, Any]) -> Act | None:
    """What a browser sent, if it names something that ``data`` drew; None otherwise."""
    if not isinstance(came, dict) or set(came) != {"do", "start", "end", "id"}:
        return None
    do, span, id = came["do"], (came["start"], came["end"]), came["id"]
    if do == "back":
        known = span == (None, None) and isinstance(id, str) and id in {o[2] for o in data["out"]}
        return came if known else None
    if id is not None or not all(type(offset) is int for offset in span):
        return None
    there = {"word": _words, "sentence": _sentences}.get(do) if isinstance(do, str) else None
    return came if there is not None and span in there(data) else None


def _words(data: dict[str, Any]) -> set[tuple[int, int]]:
    return set(zip(data["starts"], data["ends"], strict=True))


def _sentences(data: dict[str, Any]) -> set[tuple[int, int]]:
    firsts = data["sentences"]["firsts"]
    lasts = [first - 1 for first in [*firsts[1:], len(data["ends"])]]
    return {
        (data["starts"][first], data["ends"][last])
        for first, last in zip(firsts, lasts, strict=True)
    }
