"""The list of documents in the middle of the view Documents, and which of them are selected.

A browser receives some rows around those in sight and asks for others while it scrolls. Then
only the list runs again; going to another document runs the page.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from han_core.analysis.annotations.codebook import Tag, codebook, in_key_order
from han_core.analysis.annotations.schema import DEFAULT_COLOUR
from han_core.analysis.document_list import ListedDocument, listed_documents
from han_core.analysis.filters import Marks
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.viz.markup import percent, writable
from pages.errors import bulk_tags, cached_scores, selection
from pages.errors.context import ErrorsContext
from pages.errors.selection import Position

LIST, SCROLLED = "errors_list", "errors_scrolled"
SENT = 60
"""Rows sent at once: five times as many as a window shows."""

ASSETS = Path(__file__).with_name("assets")
_LIST = st.components.v2.component(
    "hanscope_document_list",
    css=(ASSETS / "document_list.css").read_text(encoding="utf-8"),
    js=(ASSETS / "document_list.js").read_text(encoding="utf-8"),
)


class Act(NamedTuple):
    """What a reader did: ``do`` is "show" (scroll to ``at``), "read" or "select".

    Attributes:
        at: place in the order.
        start: the other end of a selection of several, else ``at``.
    """

    do: str
    at: int
    start: int


def valid_act(value: object, order: np.ndarray) -> Act | None:
    """Return what a browser sent if it names a document of ``order``; None otherwise."""
    if not isinstance(value, dict) or value.get("do") not in ("show", "read", "select"):
        return None
    at = _place(value.get("at"), len(order))
    start = _place(value.get("from", at), len(order))
    if at is None or start is None:
        return None
    is_there = value["do"] == "show" or value.get("row") == order[at]
    return Act(value["do"], at, start) if is_there else None


def _place(value: object, of: int) -> int | None:
    return value if isinstance(value, int) and type(value) is int and 0 <= value < of else None


@st.fragment
def panel(errors: ErrorsContext, order: np.ndarray, now: Position) -> None:
    """Draw what can be done with several documents, and the list."""
    if st.session_state.pop(bulk_tags.CHANGED, False):
        st.rerun()
    bulk_tags.panel(errors, order)

    def act() -> None:
        sent = valid_act(st.session_state[LIST].get("act"), order)
        if sent is not None:
            _take(errors.data, order, now, sent)

    _LIST(key=LIST, data=list_data(errors, order, now, _tags()), on_act_change=act)


def _take(data: str, order: np.ndarray, now: Position, act: Act) -> None:
    if act.do == "show":
        st.session_state[SCROLLED] = (now.row, selection.current(), act.at)
    elif act.do == "read":
        selection.go_to(data, order[act.at], act.at)
        st.session_state[bulk_tags.CHANGED] = True
    else:
        low, high = sorted((act.start, act.at))
        rows = order[low : high + 1]
        on = bool(order[act.at] not in bulk_tags.selected(data))
        bulk_tags.select(data, rows, on)


def list_data(
    errors: ErrorsContext, order: np.ndarray, now: Position, tags: Sequence[Tag]
) -> dict[str, Any]:
    """Return what the component draws, as JSON; ``at`` is the document that is read, or -1."""
    first = first_sent(_wanted(now), len(order))
    listed = listed_documents(errors.store, order[first : first + SENT])
    selected = set(bulk_tags.selected(errors.data).tolist())
    return {
        "list": f"{errors.data} {len(order)} {errors.filter!r}",
        "total": len(order),
        "first": first,
        "at": now.at if now.within else -1,
        "alt": tr("Documents that the filter selects"),
        "words": {"select": tr("Select {id}"), "second": tr("second: {class}")},
        "rows": [
            _row(one, tag_chips(errors.marks, tags, one.content), one.row in selected)
            for one in listed
        ],
    }


def _wanted(now: Position) -> int:
    """The place to which the reader scrolled since going to the document, else its own."""
    row, filter, at = st.session_state.get(SCROLLED, (None, None, 0))
    return at if (row, filter) == (now.row, selection.current()) else now.at


def first_sent(at: int, of: int) -> int:
    """Return the first place to send so that ``at`` has a third of the rows above it."""
    return max(0, min(at - SENT // 3, of - SENT))


def _row(one: ListedDocument, tags: list[tuple[str, str]], selected: bool) -> dict[str, Any]:
    return {
        "row": one.row,
        "id": writable(one.id),
        "true": writable(one.true),
        "predicted": writable(one.predicted),
        "wrong": one.true != one.predicted,
        "other": None if one.other is None else writable(one.other),
        "confidence": percent(one.confidence, 2),
        "excerpt": [(writable(piece.text), piece.strong) for piece in one.excerpt],
        "tags": tags,
        "selected": selected,
    }


def tag_chips(marks: Marks, tags: Iterable[Tag], content: str) -> list[tuple[str, str]]:
    """Return name and colour of a document's tags, in the order of their keys; retired ones last.

    Args:
        tags: of the codebook, in that order.
    """
    colours = {tag.name: tag.colour for tag in tags}
    names = [*colours, *sorted(name for name in marks.tagged if name not in colours)]
    present = (name for name in names if content in marks.tagged.get(name, ()))
    return [(name, colours.get(name, DEFAULT_COLOUR)) for name in present]


def _tags() -> tuple[Tag, ...]:
    """None while the database cannot be read, which the page says elsewhere."""
    try:
        return in_key_order(codebook(cached_scores.notes()))
    except UserError:
        return ()
