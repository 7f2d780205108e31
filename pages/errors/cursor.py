"""The document that is being read, and the whole state of Errors as an address.

The document stays while the filter that was changed still selects it. One that leaves the filter
because it was annotated stays as well, until the reader goes on.
"""

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from han_core.analysis.dataset import Store
from han_core.analysis.filters import Filter, from_text, to_text
from han_core.runtime.errors import UserError
from pages.errors import cross_filter
from pages.errors.context import warn_later
from pages.shared import cache, data_picker
from pages.shared.wording import plain

PLACE = "errors_place"
OPENED, WANTED = "errors_opened", "errors_wanted"
MOST_DIGITS = 12
UNKNOWN_DOCUMENT = "The link names a document that this data set does not have."


class Place(NamedTuple):
    """The document that the reader went to.

    Attributes:
        data: hash of the data set that ``row`` counts in.
        at: its place in the order, from 0.
        filter: the filter at that time.
    """

    data: str
    row: int
    at: int
    filter: Filter


class Position(NamedTuple):
    """Where the reader is.

    Attributes:
        row: the document.
        at: its place in the order, or its last one if it has left the order.
        within: whether the order has it.
    """

    row: int
    at: int
    within: bool


def position(data: str, order: np.ndarray) -> Position | None:
    """Return the document to show: the one last gone to, else the first of the order."""
    place: Place | None = st.session_state.get(PLACE)
    if place is not None and place.data == data:
        matches = np.flatnonzero(order == place.row)
        if len(matches):
            return Position(place.row, int(matches[0]), True)
        if place.filter == cross_filter.current():
            return Position(place.row, min(place.at, len(order)), False)
    return Position(int(order[0]), 0, True) if len(order) else None


def go_to(data: str, row: int, at: int) -> None:
    """Read this document from now on; the table turns to its page."""
    st.session_state[PLACE] = Place(data, int(row), at, cross_filter.current())
    st.session_state[cross_filter.PAGE] = None


def step(data: str, order: np.ndarray, now: Position, forward: bool) -> None:
    """Go to the next document or the previous one; at either end nothing changes."""
    at = now.at + (1 if now.within else 0) if forward else now.at - 1
    if 0 <= at < len(order):
        go_to(data, order[at], at)


def open_link() -> None:
    """Apply the parts of the page's address, once; warn about those that are not valid."""
    parts = {name: st.query_params[name] for name in _SETTERS if name in st.query_params}
    if not parts or parts == st.session_state.get(OPENED):
        return
    st.session_state[OPENED] = parts
    for name, value in parts.items():
        if problem := _SETTERS[name](value):
            warn_later(problem)


def go_to_linked(store: Store) -> None:
    """Go to the document of the address, once its data set is open."""
    row = st.session_state.pop(WANTED, None)
    if row is None:
        return
    if row < store.rows:
        go_to(store.scores.manifest.data_sha256, row, 0)
    else:
        warn_later(UNKNOWN_DOCUMENT)


def link_popover(store: Store) -> None:
    """Draw the popover with the address of everything that is chosen."""
    with st.popover("Link", icon=":material/link:", key="errors_link"):
        try:
            address = _address(store)
        except UserError as error:
            st.warning(plain(str(error)))
            return
        st.code(address, language=None, wrap_lines=True)
        st.caption(
            "Opens these documents, checkpoints and filter, at the document that you are reading, "
            "for anybody on this server. Everybody sees tags and notes anyway."
        )


def _address(store: Store) -> str:
    state, data = st.session_state, store.scores.manifest.data_sha256
    source = state["source"]
    place: Place | None = state.get(PLACE)
    parts = {
        "source": source if source in data_picker.BUNDLED else data_picker.KEPT + data,
        "checkpoint": state.get("checkpoint"),
        "beside": state.get("beside"),
        "filter": to_text(cross_filter.current()),
        "document": str(place.row) if place is not None and place.data == data else "",
    }
    query = urlencode({name: value for name, value in parts.items() if value})
    return f"{str(st.context.url or '').split('?')[0]}?{query}"


def _set_source(value: str) -> str:
    scored_before = value.removeprefix(data_picker.KEPT) in data_picker.before()
    if value not in data_picker.BUNDLED and not scored_before:
        return "The documents of the link are not on this server; choose others."
    st.session_state["source"] = value
    return ""


def _set_checkpoint(key: str) -> Callable[[str], str]:
    def set_checkpoint(value: str) -> str:
        if value not in cache.listings():
            return "The checkpoint of the link is not on this server; choose another one."
        st.session_state[key] = value
        return ""

    return set_checkpoint


def _set_filter(value: str) -> str:
    try:
        cross_filter.put(from_text(value))
    except UserError as error:
        return str(error)
    return ""


def _set_document(value: str) -> str:
    if not (value.isascii() and value.isdecimal() and len(value) <= MOST_DIGITS):
        return UNKNOWN_DOCUMENT
    st.session_state[WANTED] = int(value)
    return ""


_SETTERS: dict[str, Callable[[str], str]] = {
    "source": _set_source,
    "checkpoint": _set_checkpoint("checkpoint"),
    "beside": _set_checkpoint("beside"),
    "filter": _set_filter,
    "document": _set_document,
}
"""Part of the address → what applies it and returns a problem, or "". In this order."""
