"""The filter of Errors, changed by widgets and clicks on figures, and the document that is read.

Each figure shows the documents that the filter's other conditions select and marks its own
condition. So a click can move from one cell of the matrix to another without clearing first.

The document stays while the filter that was changed still selects it. One that leaves the filter
because it was annotated stays as well, until the reader goes on.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import streamlit as st
from pydantic import ValidationError

from han_core.analysis.dataset import Outcomes
from han_core.analysis.filters import Filter, Range
from han_core.analysis.query import select
from han_core.runtime.messages import current_locale, tr
from pages.errors.context import ErrorsContext, warn_later

FILTER, PAGE, DRAWN = "errors_filter", "errors_page", "errors_drawn"
PLACE = "errors_place"
VIEW, DOCUMENTS = "errors_view", "Documents"  # not shown
Result = TypeVar("Result")  # not shown
Line = TypeVar("Line")  # not shown


def current() -> Filter:
    """Return the filter as it is now."""
    return st.session_state.get(FILTER) or Filter()


def put(filter: Filter) -> None:
    """Replace the filter; the table turns to the page of the document that is being read."""
    st.session_state[FILTER] = filter
    st.session_state[PAGE] = None


def change(**fields: Any) -> None:
    """Set fields of the filter; made to be a callback (``on_click=change, kwargs={...}``).

    A value that no filter can have (a range that ends before it begins) changes nothing, and
    the page says so.
    """
    try:
        changed = Filter(**(dict(current()) | fields))
    except ValidationError as error:
        warn_later(_one_sentence(error))
    else:
        put(changed)


def toggle(field: str, value: Any) -> None:
    """Add ``value`` to a field of several values, or remove it; set or clear any other field."""
    present = getattr(current(), field)
    if isinstance(present, tuple):
        rest = tuple(one for one in present if one != value)
        change(**{field: rest if len(rest) < len(present) else (*present, value)})
    else:
        usual = Filter.model_fields[field].get_default()
        change(**{field: usual if present == value else value})


def select_cell(true: str, predicted: str) -> None:
    """Select one cell of the confusion matrix, or all of them if it was selected already."""
    filter = current()
    selected = filter.true == (true,) and filter.predicted == (predicted,)
    change(true=() if selected else (true,), predicted=() if selected else (predicted,))


def clear() -> None:
    """Select all documents again."""
    put(Filter())


def _one_sentence(error: ValidationError) -> str:
    details = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = str(details["loc"][0]) if details["loc"] else "filter"
    reason = details["msg"].removeprefix("Value error, ").rstrip(".")  # not shown
    return tr(
        "The filter was not changed, because {field} cannot have this value: {reason}.",
        field=field,
        reason=reason,
    )


def cached_figure(
    errors: ErrorsContext,
    own: tuple[str, ...],
    options: tuple,
    make: Callable[[Outcomes], Result],
) -> Result:
    """Return what ``make`` draws of the documents that all conditions but ``own`` select.

    The last result stays in the session, so reading on does not draw it again.

    Args:
        own: fields of the filter that the figure sets itself.
        options: everything else that decides what ``make`` returns.

    Raises:
        UserError: as ``select``.
    """
    scores, other = errors.store.scores, errors.store.other
    second = None if other is None else str(other.folder)
    marks = errors.marks if depends_on_marks(errors.filter) else None
    stored = str(scores.folder), scores.manifest.key, second
    key = (*stored, errors.filter, marks, own, options, current_locale())
    cached = st.session_state.get(DRAWN)
    if cached is None or cached[0] != key:
        cached = (key, make(_outcomes(errors, own)))
        st.session_state[DRAWN] = cached
    return cached[1]


def depends_on_marks(filter: Filter) -> bool:
    """Return whether tags, flags and notes decide what the filter selects."""
    return bool(filter.tags or filter.flags or filter.annotated is not None)


def without_fields(filter: Filter, fields: tuple[str, ...]) -> Filter:
    """Return the filter without its conditions on these fields."""
    usual = type(filter)()
    return filter.model_copy(update={field: getattr(usual, field) for field in fields})


def has_condition(filter: Filter, fields: tuple[str, ...]) -> bool:
    """Return whether the filter has a condition on one of these fields."""
    return without_fields(filter, fields) != filter


def _outcomes(errors: ErrorsContext, own: tuple[str, ...]) -> Outcomes:
    filter = without_fields(errors.filter, own)
    if filter == errors.filter:
        return errors.outcomes
    if filter == Filter():
        return errors.store.outcomes
    return errors.store.outcomes.take(select(errors.store, filter, errors.marks))


def clicked(key: str) -> list[list]:
    """Return the ``customdata`` of the points that were clicked in the chart of this key."""
    points = (st.session_state.get(key) or {}).get("selection", {}).get("points", [])
    data = [point["customdata"] for point in points if point.get("customdata")]
    return [list(each) if isinstance(each, list | tuple) else [each] for each in data]


def clicked_line(key: str, lines: Sequence[Line]) -> Line | None:
    """Return the one of ``lines``, the rows of the table of this key, that was clicked.

    None for a row that was deselected: a browser may do that late, after another condition was
    set, so it changes nothing.
    """
    rows = st.session_state[key]["selection"]["rows"]
    return next((lines[at] for at in rows if at < len(lines)), None)


def click_range(key: str, field: str) -> None:
    """Select the bin that was clicked; a second click on it removes the condition."""
    for low, high, *more in clicked(key)[:1]:
        filter = current()
        outcome = more[0] if more else filter.outcome
        chosen = Range(low=float(low), high=float(high))
        if getattr(filter, field) == chosen and filter.outcome == outcome:
            change(**{field: None}, **({"outcome": None} if more else {}))
        else:
            change(**{field: chosen, "outcome": outcome})


def click_class(key: str) -> None:
    """Select the documents of a true or predicted class; all again on a second click."""
    for label, field in clicked(key)[:1]:
        if field in ("true", "predicted"):
            selected = getattr(current(), field) == (label,)
            change(**{field: () if selected else (str(label),)})


def click_cell(key: str) -> None:
    """Select the cell of the confusion matrix that was clicked."""
    for true, predicted, *_ in clicked(key)[:1]:
        select_cell(str(true), str(predicted))


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
        if place.filter == current():
            return Position(place.row, min(place.at, len(order)), False)
    return Position(int(order[0]), 0, True) if len(order) else None


def go_to(data: str, row: int, at: int) -> None:
    """Read this document from now on; the table turns to its page."""
    st.session_state[PLACE] = Place(data, int(row), at, current())
    st.session_state[PAGE] = None


def step(data: str, order: np.ndarray, now: Position, forward: bool) -> None:
    """Go to the next document or the previous one; at either end nothing changes."""
    at = now.at + (1 if now.within else 0) if forward else now.at - 1
    if 0 <= at < len(order):
        go_to(data, order[at], at)


def open_document(data: str, row: int) -> None:
    """Read this document in the view Documents, also if the filter does not select it."""
    go_to(data, row, 0)
    st.session_state[VIEW] = DOCUMENTS


def next_without(order: np.ndarray, rows: np.ndarray, start: int) -> int | None:
    """Return the first place from ``start`` on whose document is not among ``rows``.

    The search goes on at the beginning; None if ``rows`` has every document of ``order``.
    """
    free = np.flatnonzero(~np.isin(order, rows))
    if not len(free):
        return None
    at = np.searchsorted(free, start)
    return int(free[at % len(free)])
