"""What links the figures of Errors: each is drawn of the documents that the filter's other
conditions leave, marks its own condition, and sets it on a click.

So a cell of the matrix can be left for another one without clearing the filter first. What
was drawn last is kept for the session: reading on does not draw it anew.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from pages.parts.errors import filters

if TYPE_CHECKING:
    from han_core.errors.asked.filter import Filter
    from han_core.errors.opened.outcomes import Outcomes
    from pages.parts.errors.bench import Bench

Made = TypeVar("Made")
HELD = "errors_drawn"


def drawn(
    bench: "Bench", own: tuple[str, ...], options: tuple, make: "Callable[[Outcomes], Made]"
) -> Made:
    """What ``make`` makes of the documents that all conditions but ``own`` leave.

    Args:
        own: fields of the filter that the figure sets itself.
        options: all else that decides what ``make`` makes.

    Raises:
        WrongInput: as ``select`` does.
    """
    scores, other = bench.store.scores, bench.store.other
    second = None if other is None else str(other.folder)
    marks = bench.marks if asks_marks(bench.filter) else None
    key = (str(scores.folder), scores.manifest.key, second, bench.filter, marks, own, options)
    held = st.session_state.get(HELD)
    if held is None or held[0] != key:
        held = (key, make(_outcomes(bench, own)))
        st.session_state[HELD] = held
    return held[1]


def asks_marks(filter: "Filter") -> bool:
    """Whether what people marked decides what the filter leaves."""
    return bool(filter.tags or filter.flags or filter.annotated is not None)


def others(filter: "Filter", own: tuple[str, ...]) -> "Filter":
    """The filter without these fields."""
    usual = type(filter)()
    return filter.model_copy(update={field: getattr(usual, field) for field in own})


def marks_itself(bench: "Bench", own: tuple[str, ...]) -> bool:
    """Whether one of the figure's own conditions holds."""
    return others(bench.filter, own) != bench.filter


def points(key: str) -> list[list]:
    """The ``customdata`` of what was clicked in the chart of this key."""
    state = st.session_state.get(key) or {}
    found = state.get("selection", {}).get("points", [])
    return [list(point["customdata"]) for point in found if point.get("customdata")]


def take_range(key: str, field: str) -> None:
    """Sets the range of the bin that was clicked; a second click on it takes it away."""
    for low, high, *more in points(key)[:1]:
        outcome = more[0] if more else filters.current().outcome
        chosen, held = _range(low, high), filters.current()
        if getattr(held, field) == chosen and held.outcome == outcome:
            filters.change(**{field: None}, **({"outcome": None} if more else {}))
        else:
            filters.change(**{field: chosen, "outcome": outcome})


def take_class(key: str) -> None:
    """The documents of a class, or predicted as it, alone; all again on a second click."""
    for label, field in points(key)[:1]:
        if field in ("true", "predicted"):
            alone = getattr(filters.current(), field) == (label,)
            filters.change(**{field: () if alone else (str(label),)})


def take_cell(key: str) -> None:
    """The cell of the matrix that was clicked."""
    for true, predicted, *_ in points(key)[:1]:
        filters.cell(str(true), str(predicted))


def _range(low: Any, high: Any) -> Any:
    from han_core.errors.asked.filter import Range

    return Range(low=float(low), high=float(high))


def _outcomes(bench: "Bench", own: tuple[str, ...]) -> "Outcomes":
    from han_core.errors.asked.select import select

    filter = others(bench.filter, own)
    if filter == bench.filter:
        return bench.outcomes
    if filter == type(filter)():
        return bench.store.outcomes
    return bench.store.outcomes.take(select(bench.store, filter, bench.marks))
