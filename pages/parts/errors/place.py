"""Which document is being read, and how one goes on from it.

A document that is being read stays, whatever is filtered or coded, as long as the filter
that was changed still holds it; one that leaves the filter by being coded stays as well,
until somebody goes on. It knows nothing about widgets.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import streamlit as st

from pages.parts.errors import filters

if TYPE_CHECKING:
    from han_core.errors.asked.filter import Filter

PLACE = "errors_place"


class Place(NamedTuple):
    """A document that somebody went to.

    Attributes:
        data: hash of the data set that ``row`` counts in.
        at: where it stood in the order, from 0.
        filter: that held then.
    """

    data: str
    row: int
    at: int
    filter: "Filter"


class Here(NamedTuple):
    """Where the reader is.

    Attributes:
        row: the document.
        at: where it stands in the order; where it stood if it has left it.
        within: whether the order holds it.
    """

    row: int
    at: int
    within: bool


def here(data: str, order: np.ndarray) -> Here | None:
    """The document to show: the one gone to if it still counts, else the first of the order."""
    held: Place | None = st.session_state.get(PLACE)
    if held is not None and held.data == data:
        found = np.flatnonzero(order == held.row)
        if len(found):
            return Here(held.row, int(found[0]), True)
        if held.filter == filters.current():
            return Here(held.row, min(held.at, len(order)), False)
    return Here(int(order[0]), 0, True) if len(order) else None


def go_to(data: str, row: int, at: int) -> None:
    """Reads this document from now on; the table turns to the page where it stands."""
    st.session_state[PLACE] = Place(data, int(row), at, filters.current())
    st.session_state[filters.PAGE] = None


def step(data: str, order: np.ndarray, now: Here, forward: bool) -> None:
    """The next document or the one before; at either end it stays."""
    at = now.at + (1 if now.within else 0) if forward else now.at - 1
    if 0 <= at < len(order):
        go_to(data, order[at], at)
