"""Streamlit components of our own: test ids, figure export, and the word heatmap."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import streamlit as st
from plotly.graph_objects import Figure

from han_core.runtime.messages import tr
from han_core.viz.anatomy import AnatomyFigure
from han_core.viz.attention_heads import AttentionHeads
from han_core.viz.heatmap import Heatmap
from han_core.viz.markup import (
    ALIGNMENT_SCRIPT,
    ALIGNMENT_STYLESHEET,
    ANATOMY_SCRIPT,
    ANATOMY_STYLESHEET,
    FILM_SCRIPT,
    FILM_STYLESHEET,
    HEADS_COMPONENT,
    HEADS_STYLESHEET,
    OVERVIEW_STYLESHEET,
    PICTURE_SCRIPT,
    PICTURE_STYLESHEET,
    SCRIPT,
)

# Streamlit sets no attributes on containers, so an invisible component inside does.
_MARK = st.components.v2.component(
    "hanscope_test_id",
    js="""
export default function ({ data, parentElement }) {
  const place = parentElement.host ?? parentElement;
  const container = place.closest(".st-key-" + data.container);
  for (const [name, value] of Object.entries(data))
    if (name !== "container") container?.setAttribute(`data-${name}`, value);
}
""",
)


@contextmanager
def hooked(testid: str, key: str, **attributes: str) -> Iterator[None]:
    """Open a container with a ``data-testid``; ``key`` is unique on the page.

    Args:
        attributes: further ones, whose names follow "data-".
    """
    with st.container(key=key, gap=None):
        _MARK(key=f"{key}_mark", data={"container": key, "testid": testid, **attributes})
        yield


def _read(name: str) -> str:
    return (Path(__file__).with_name("assets") / name).read_text(encoding="utf-8")


EXPORT_SCRIPT = _read("figure_export.js") + _read("figure_export_html.js")
"""One module, with ``svgOf(container)`` and ``pngBlob(svg)``."""

_EXPORT = st.components.v2.component(
    "hanscope_figure_export", css=_read("figure_export.css"), js=EXPORT_SCRIPT, isolate_styles=False
)


RUN_NOTICE = st.components.v2.component(
    "hanscope_run_notice", css=_read("figure_export.css"), js=_read("run_notice.js"),
    isolate_styles=False,
)  # fmt: skip
"""Asks for notifications where ``ask`` is set, and tells of the runs in ``ended``; ``labels``
are what it says."""


def figure_export(
    container_key: str,
    filename: str,
    width: Literal["stretch", "content"] = "stretch",
    part: str | None = None,
) -> None:
    """Draw buttons that save all figures of a container as SVG or PNG, made in the browser.

    Args:
        filename: without extension; characters that file systems refuse become underscores.
        part: a selector of the only figure to save.
    """
    name = re.sub(r"[^\w.-]+", "_", filename)[:80].strip("._") or "figure"
    labels = {
        "svg": tr("Save the figure as {format}", format="SVG"),
        "png": tr("Save the figure as {format}", format="PNG"),
        "none": tr("There is no figure to save."),
    }
    data: dict[str, Any] = {"container": container_key, "filename": name, "labels": labels}
    key = f"{container_key}_export"
    if part is not None:
        data, key = data | {"part": part}, f"{key}_{name}"
    _EXPORT(key=key, data=data, width=width)


def chart(
    figure: Figure,
    key: str,
    container: str,
    filename: str,
    alt: str,
    testid: str | None = None,
    on_select: Callable[[], None] | None = None,
    modes: tuple[str, ...] = ("points",),
    **config: str,
) -> None:
    """Draw a figure without Plotly's buttons, and buttons that save it.

    Args:
        container: widget key of the container around the figure.
        filename: of the saved figure, without extension.
        testid: the container's ``data-testid``.
        on_select: called when points are selected.
        modes: how: "points" (a click), "box", "lasso".
        config: further settings of Plotly.
    """
    selection: dict[str, Any] = {}
    if on_select is not None:
        selection = {"on_select": on_select, "selection_mode": modes}
    with st.container(key=container) if testid is None else hooked(testid, key=container):
        st.plotly_chart(
            figure, key=key, config={"displayModeBar": False, **config}, alt=alt, **selection
        )
    figure_export(container, filename)


Act = dict[str, Any]
"""A click: ``do`` is "word", "sentence" or "ask" (about a word) with its ``start`` and ``end``
(characters of the text drawn), or "back" with the ``id`` of words that were removed."""

# In the page itself, not in a shadow root: checks from outside look for its words.
_HEATMAP = st.components.v2.component(
    "hanscope_heatmap", css=OVERVIEW_STYLESHEET, js=SCRIPT, isolate_styles=False
)


def draw(
    heatmap: Heatmap,
    key: str,
    on_act: Callable[[Act], None] | None = None,
    asks: bool = False,
) -> None:
    """Draw the word heatmap; ``key`` is unique on the page and the same from run to run.

    With ``on_act``, words, sentences and removed words can be clicked; it is called before
    the next run of the page, as Streamlit's callbacks are.

    Args:
        asks: whether a click with Ctrl asks about a word.
    """

    def take_act() -> None:
        act = valid_act(st.session_state[key].get("act"), heatmap.data)
        if act is not None and on_act is not None:
            on_act(act)

    data = heatmap.data | {"interactive": on_act is not None} | ({"asks": True} if asks else {})
    _HEATMAP(key=key, data=data, on_act_change=take_act)


def valid_act(value: object, data: dict[str, Any]) -> Act | None:
    """Return what a browser sent if it names something that ``data`` drew; None otherwise."""
    if not isinstance(value, dict) or set(value) != {"do", "start", "end", "id"}:
        return None
    do, span, id = value["do"], (value["start"], value["end"]), value["id"]
    if do == "back":
        removed = {run[2] for run in data["out"]}
        return value if span == (None, None) and isinstance(id, str) and id in removed else None
    if id is not None or not all(type(offset) is int for offset in span):
        return None
    spans = (
        {"word": _words, "ask": _words, "sentence": _sentences}.get(do)
        if isinstance(do, str)
        else None
    )
    return value if spans is not None and span in spans(data) else None


def _words(data: dict[str, Any]) -> set[tuple[int, int]]:
    return set(zip(data["starts"], data["ends"], strict=True))


def _sentences(data: dict[str, Any]) -> set[tuple[int, int]]:
    firsts = data["sentences"]["firsts"]
    lasts = [first - 1 for first in [*firsts[1:], len(data["ends"])]]
    return {
        (data["starts"][first], data["ends"][last])
        for first, last in zip(firsts, lasts, strict=True)
    }


_ANATOMY = st.components.v2.component(
    "hanscope_anatomy", css=ANATOMY_STYLESHEET, js=ANATOMY_SCRIPT, isolate_styles=False
)


def draw_anatomy(figure: AnatomyFigure, key: str) -> None:
    """Draw one step of attention; what a reader changes there stays in the browser."""
    _ANATOMY(key=key, data=figure.data)


_HEADS = st.components.v2.component(
    "hanscope_attention_heads", css=HEADS_STYLESHEET, js=HEADS_COMPONENT, isolate_styles=False
)


def draw_heads(
    heads: AttentionHeads, key: str, on_act: Callable[[Act], None], offered: str | None = None
) -> None:
    """Draw the grid of heads with one of them open; ``key`` is unique on the page.

    Args:
        on_act: called with ``do`` "open" with a ``layer`` and a ``head``, or "prune" with all
            ``heads`` that are out, before the next run.
        offered: the name by which the browser gets heads that ``heads`` has not sent in full.
    """

    def take_act() -> None:
        act = valid_head_act(st.session_state[key].get("act"), heads.data)
        if act is not None:
            on_act(act)

    data = heads.data | {"interactive": True, "offered": offered}
    _HEADS(key=key, data=data, on_act_change=take_act)


def valid_head_act(value: object, data: dict[str, Any]) -> Act | None:
    """Return what a browser sent if it names heads that ``data`` drew; None otherwise."""
    if not isinstance(value, dict):
        return None
    if value.get("do") == "open" and set(value) == {"do", "layer", "head"}:
        return value if _is_head([value["layer"], value["head"]], data) else None
    if value.get("do") != "prune" or set(value) != {"do", "heads"} or not data["prunes"]:
        return None
    heads = value["heads"]
    is_list = isinstance(heads, list) and len(heads) <= len(data["layers"]) * len(data["heads"])
    return value if is_list and all(_is_head(head, data) for head in heads) else None


def _is_head(value: object, data: dict[str, Any]) -> bool:
    if not isinstance(value, list) or len(value) != 2 or any(type(at) is not int for at in value):
        return False
    return 0 <= value[0] < len(data["layers"]) and 0 <= value[1] < len(data["heads"])


_ALIGNMENT = st.components.v2.component(
    "hanscope_alignment", css=ALIGNMENT_STYLESHEET, js=ALIGNMENT_SCRIPT, isolate_styles=False
)


def draw_alignment(
    view: dict[str, Any], key: str, on_candidate: Callable[[int, int], None] | None = None
) -> None:
    """Draw a translation and its alignment; ``key`` is unique on the page.

    Args:
        on_candidate: called with a step and the number of one of its candidates that was clicked.
    """

    def take_act() -> None:
        place = valid_candidate(st.session_state[key].get("act"), view)
        if place is not None and on_candidate is not None:
            on_candidate(*place)

    _ALIGNMENT(key=key, data=view, on_act_change=take_act)


def valid_candidate(value: object, view: dict[str, Any]) -> tuple[int, int] | None:
    """Return the step and the candidate that a browser named, if ``view`` has them."""
    if not isinstance(value, dict) or value.get("do") != "candidate":
        return None
    step, candidate, steps = value.get("step"), value.get("candidate"), view["steps"]
    if type(step) is not int or type(candidate) is not int or not 0 <= step < len(steps):
        return None
    return (step, candidate) if 0 <= candidate < len(steps[step]) else None


_FILM = st.components.v2.component(
    "hanscope_film", css=FILM_STYLESHEET, js=FILM_SCRIPT, isolate_styles=False
)


def draw_film(view: dict[str, Any], key: str) -> None:
    """Draw a document at every recorded step of a run; ``key`` is unique on the page."""
    _FILM(key=key, data=view)


_PICTURE = st.components.v2.component(
    "hanscope_picture", css=PICTURE_STYLESHEET, js=PICTURE_SCRIPT, isolate_styles=False
)


def draw_picture(view: dict[str, Any], key: str, on_patch: Callable[[int], None]) -> None:
    """Draw a picture and its patches; ``on_patch`` is called with the number of one clicked."""

    def take_act() -> None:
        patch = valid_patch(st.session_state[key].get("act"), view)
        if patch is not None:
            on_patch(patch)

    _PICTURE(key=key, data=view, on_act_change=take_act)


def valid_patch(value: object, view: dict[str, Any]) -> int | None:
    """Return the patch that a browser named, if ``view`` has it."""
    if not isinstance(value, dict) or value.get("do") != "patch":
        return None
    patch = value.get("patch")
    return patch if type(patch) is int and 0 <= patch < len(view["weights"]) else None
