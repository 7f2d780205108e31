"""A row of buttons of which one is always on, remembered from page to page."""

from collections.abc import Mapping
from typing import TypeVar

import streamlit as st

from pages.parts.kept import carry

Choice = TypeVar("Choice", bound=str)


def switch(label: str, names: Mapping[Choice, str], key: str, hidden: bool = False) -> Choice:
    """The choice that is on, the first of ``names`` until another one is taken.

    Args:
        names: what each choice is called on the page.
        hidden: whether the label is for screen readers only.
    """
    first = next(iter(names))
    carry(key, first, names)
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
