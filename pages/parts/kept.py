"""What people chose and typed, carried from page to page.

A widget of the same key on another page is another widget to Streamlit, and what
the server set in the first (an example, a default) does not reach the second.
So each page counts as a visit, and a widget's value is set anew once a visit;
not more often, because that would overwrite what is being typed.
"""

from collections.abc import Collection

import streamlit as st

from pages.parts.wording import plain


def arrived() -> bool:
    """Whether this session has been to a page."""
    return "page" in st.session_state


def arrive(page: str) -> None:
    """Says which page is being drawn, before any of its widgets."""
    if st.session_state.get("page") != page:
        st.session_state["page"] = page
        st.session_state["visit"] = st.session_state.get("visit", 0) + 1
        st.session_state["carried"] = set()


def carry(key: str, usual: object, there: Collection[str] | None = None) -> None:
    """Gives the widget ``key``, drawn next, its value of before, at first ``usual``.

    Args:
        there: what can be chosen now; a choice that is gone (a folder removed, a
            device unplugged) gives way to ``usual``, with a warning.
    """
    held = value = st.session_state.get(key, usual)
    if there is not None and (left := _still_there(key, held, there)) != held:
        value = left or usual
    if key not in st.session_state or key not in st.session_state["carried"] or value != held:
        st.session_state[key] = value
        st.session_state["carried"].add(key)


def _still_there(key: str, held: object, there: Collection[str]) -> object:
    """``held``, one choice or a list of them, without what is gone."""
    choices = held if isinstance(held, list) else [held]
    for choice in choices:
        if choice not in there:
            name = key.removesuffix("s")
            st.warning(f"The {name} {plain(str(choice))} is no longer there.")
    left = [choice for choice in choices if choice in there]
    return left if isinstance(held, list) else next(iter(left), None)
