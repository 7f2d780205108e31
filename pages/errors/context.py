"""What every panel of Errors is given; it draws nothing.

The filter of Errors: every panel reads and changes it here, and it holds for all of them.

It lives as long as the session, across pages. It knows nothing about scores or widgets.

Which document is being read, and how one goes on from it.

A document that is being read stays, whatever is filtered or coded, as long as the filter
that was changed still holds it; one that leaves the filter by being coded stays as well,
until somebody goes on. It knows nothing about widgets.

How the columns of documents look in a table.

A row of buttons of which one is always on, remembered from page to page.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np
import streamlit as st
from pydantic import ValidationError

from han_core.analysis.dataset import Outcomes, Store
from han_core.analysis.filters import Filter, Marks
from han_core.runtime.errors import UserError
from pages.shared.page import restore_value

TROUBLE = "coding_trouble"


class ErrorsContext(NamedTuple):
    """The scored data set on the page, and what its filter leaves.

    Attributes:
        checkpoint: name of the checkpoint; None if it is gone and only its scores are kept.
        other: name of the second one, or None.
        marks: what is marked now.
        rows: (documents,) the rows that the filter leaves, ascending.
        outcomes: of these rows.
        analyst: who is at work, "" if not said.
    """

    checkpoint: str | None
    other: str | None
    device: str
    store: Store
    marks: Marks
    filter: Filter
    rows: np.ndarray
    outcomes: Outcomes
    analyst: str


def attempt(write: Callable[[], object]) -> bool:
    """Writes, or keeps the sentence that says why not for the page; returns whether it did."""
    try:
        write()
    except UserError as error:
        st.session_state[TROUBLE] = str(error)
        return False
    return True


FILTER, PAGE, NOTICE = "errors_filter", "errors_page", "errors_notice"


def current() -> Filter:
    """The filter that holds now."""
    return st.session_state.get(FILTER) or Filter()


def put(filter: Filter) -> None:
    """Another filter as a whole; the table turns to the document that is being read."""
    st.session_state[FILTER] = filter
    st.session_state[PAGE] = None


def change(**fields: Any) -> None:
    """Sets fields of the filter; made to be a callback (``on_click=change, kwargs={...}``).

    What no filter can hold (a range that ends before it begins) is said on the page, and
    the filter stays.
    """
    try:
        changed = Filter(**(dict(current()) | fields))
    except ValidationError as error:
        say(_one_sentence(error))
    else:
        put(changed)


def toggle(field: str, value: Any) -> None:
    """Adds ``value`` to a field of several, or takes it out; sets another field, or clears it."""
    held = getattr(current(), field)
    if isinstance(held, tuple):
        left = tuple(one for one in held if one != value)
        change(**{field: left if len(left) < len(held) else (*held, value)})
    else:
        change(**{field: _empty(field) if held == value else value})


def cell(true: str, predicted: str) -> None:
    """A cell of the matrix alone; all of them again where it was alone already."""
    held = current()
    alone = held.true == (true,) and held.predicted == (predicted,)
    change(true=() if alone else (true,), predicted=() if alone else (predicted,))


def clear() -> None:
    """All documents again."""
    put(Filter())


def say(sentence: str) -> None:
    """Shown once, above the filter, when the page is next drawn."""
    st.session_state[NOTICE] = sentence


def notice() -> str:
    """What was said since the page was drawn, or ""."""
    return st.session_state.pop(NOTICE, "")


def _empty(field: str) -> Any:
    return Filter.model_fields[field].get_default()


def _one_sentence(error: Any) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = str(found["loc"][0]) if found["loc"] else "filter"
    said = found["msg"].removeprefix("Value error, ").rstrip(".")
    return f"The filter stays as it was; no filter can be like this ({place}: {said})."


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
    filter: Filter


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
        if held.filter == current():
            return Here(held.row, min(held.at, len(order)), False)
    return Here(int(order[0]), 0, True) if len(order) else None


def go_to(data: str, row: int, at: int) -> None:
    """Reads this document from now on; the table turns to the page where it stands."""
    st.session_state[PLACE] = Place(data, int(row), at, current())
    st.session_state[PAGE] = None


def step(data: str, order: np.ndarray, now: Here, forward: bool) -> None:
    """The next document or the one before; at either end it stays."""
    at = now.at + (1 if now.within else 0) if forward else now.at - 1
    if 0 <= at < len(order):
        go_to(data, order[at], at)


def config() -> dict:
    """For ``st.dataframe``: heads, widths and digits of what every scored document has."""
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "wrong": st.column_config.CheckboxColumn(width="small"),
        "confidence": number(format="%.3f", width=96),
        "p_true": number("p(true)", format="%.3f", width="small"),
        "loss": number(format="%.2f", width="small"),
        "tokens": number(format="localized", width="small"),
        "unknown": number("unknown", format="percent", width="small"),
        "entropy": number(format="%.2f", width="small"),
        "other": text("second model"),
        "excerpt": text("text", width="large"),
    }


Choice = TypeVar("Choice", bound=str)


def switch(label: str, names: Mapping[Choice, str], key: str, hidden: bool = False) -> Choice:
    """The choice that is on, the first of ``names`` until another one is taken.

    Args:
        names: what each choice is called on the page.
        hidden: whether the label is for screen readers only.
    """
    first = next(iter(names))
    restore_value(key, first, names)
    chosen = st.segmented_control(
        label,
        list(names),
        format_func=lambda one: names[one],
        key=key,
        required=True,
        wrap=True,
        label_visibility="collapsed" if hidden else "visible",
        persist_state="session",
    )
    return first if chosen is None else chosen
