"""The filter of Errors: every panel reads and changes it here, and it holds for all of them.

It lives as long as the session, across pages. It knows nothing about scores or widgets.
"""

from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from han_core.errors.asked.filter import Filter

FILTER, PAGE, NOTICE = "errors_filter", "errors_page", "errors_notice"


def current() -> "Filter":
    """The filter that holds now."""
    from han_core.errors.asked.filter import Filter

    return st.session_state.get(FILTER) or Filter()


def put(filter: "Filter") -> None:
    """Another filter as a whole; the table turns to the document that is being read."""
    st.session_state[FILTER] = filter
    st.session_state[PAGE] = None


def change(**fields: Any) -> None:
    """Sets fields of the filter; made to be a callback (``on_click=change, kwargs={...}``).

    What no filter can hold (a range that ends before it begins) is said on the page, and
    the filter stays.
    """
    from pydantic import ValidationError

    from han_core.errors.asked.filter import Filter

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
    from han_core.errors.asked.filter import Filter

    put(Filter())


def say(sentence: str) -> None:
    """Shown once, above the filter, when the page is next drawn."""
    st.session_state[NOTICE] = sentence


def notice() -> str:
    """What was said since the page was drawn, or ""."""
    return st.session_state.pop(NOTICE, "")


def _empty(field: str) -> Any:
    from han_core.errors.asked.filter import Filter

    return Filter.model_fields[field].get_default()


def _one_sentence(error: Any) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = str(found["loc"][0]) if found["loc"] else "filter"
    said = found["msg"].removeprefix("Value error, ").rstrip(".")
    return f"The filter stays as it was; no filter can be like this ({place}: {said})."
