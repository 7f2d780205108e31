"""What people chose and typed, carried from page to page.

A widget of the same key on another page is another widget to Streamlit, and what
the server set in the first (an example, a default) does not reach the second.
So each page counts as a visit, and a widget's value is set anew once a visit;
not more often, because that would overwrite what is being typed.

How every page begins, and how wrong input is shown.

The only place that catches ``UserError``. It knows nothing about what pages do.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from han_core.runtime.errors import UserError
from pages.shared.wording import plain


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


def begin(title: str, caption: str) -> None:
    """Title first: it is on the screen while the rest is still being imported."""
    _leave_old_multipage_mode()
    # Here too, because a page can be run by itself.
    st.set_page_config(page_title=f"{title} · Hanscope", page_icon="🔦", layout="wide")
    arrive(title)
    st.title(title, anchor=False)
    st.caption(caption)


def _leave_old_multipage_mode() -> None:
    """Runs app.py after all, where a deep link came before anybody had been there.

    Until ``st.navigation`` has been called once, Streamlit takes a folder called
    pages for the whole app and lists the files in a sidebar. There is no public
    name for that state. Only at the start of a session: a rerun forgets clicks.
    """
    if PagesManager.uses_pages_directory and not arrived():
        PagesManager.uses_pages_directory = False
        st.rerun()


@contextmanager
def user_errors_shown() -> Iterator[None]:
    """Ends the block at input that cannot be used and shows its one sentence."""
    try:
        yield
    except UserError as error:
        st.error(plain(str(error)))
