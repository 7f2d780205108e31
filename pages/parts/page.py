"""How every page begins, and how wrong input is shown.

The only place that catches ``WrongInput``. It knows nothing about what pages do.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from han_core.wrong_input import WrongInput
from pages.parts import kept
from pages.parts.wording import plain


def begin(title: str, caption: str) -> None:
    """Title first: it is on the screen while the rest is still being imported."""
    # Here too, because the first visit to a deep link runs the page without app.py.
    st.set_page_config(page_title=f"{title} · Hanscope", page_icon="🔦", layout="wide")
    kept.arrive(title)
    st.title(title, anchor=False)
    st.caption(caption)


@contextmanager
def wrong_input_shown() -> Iterator[None]:
    """Ends the block at input that cannot be used and shows its one sentence."""
    try:
        yield
    except WrongInput as error:
        st.error(plain(str(error)))
