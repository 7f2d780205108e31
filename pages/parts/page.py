"""How every page begins, and how wrong input is shown.

The only place that catches ``WrongInput``. It knows nothing about what pages do.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from han_core.wrong_input import WrongInput
from pages.parts import kept
from pages.parts.wording import plain


def begin(title: str, caption: str) -> None:
    """Title first: it is on the screen while the rest is still being imported."""
    _leave_old_multipage_mode()
    # Here too, because a page can be run by itself.
    st.set_page_config(page_title=f"{title} · Hanscope", page_icon="🔦", layout="wide")
    kept.arrive(title)
    st.title(title, anchor=False)
    st.caption(caption)


def _leave_old_multipage_mode() -> None:
    """Runs app.py after all, where a deep link came before anybody had been there.

    Until ``st.navigation`` has been called once, Streamlit takes a folder called
    pages for the whole app and lists the files in a sidebar. There is no public
    name for that state. Only at the start of a session: a rerun forgets clicks.
    """
    if PagesManager.uses_pages_directory and not kept.arrived():
        PagesManager.uses_pages_directory = False
        st.rerun()


@contextmanager
def wrong_input_shown() -> Iterator[None]:
    """Ends the block at input that cannot be used and shows its one sentence."""
    try:
        yield
    except WrongInput as error:
        st.error(plain(str(error)))
