"""The second version of the text: a copy to change, kept as it was typed.

A copy that nobody has touched follows the text; one that somebody changed stays.
"""

import streamlit as st

from pages.parts import quotas
from pages.parts.kept import carry
from pages.parts.texts import TEXT_HEIGHT


def second(first: str) -> str:
    """The text area of the second version, and what stands in it.

    Raises:
        WrongInput: if it is empty.
    """
    from han_core.wrong_input import WrongInput

    state = st.session_state
    if state.get("version") == state.get("version_of", first):
        state["version"] = first
    state["version_of"] = first
    carry("version", first)
    st.text_area(
        "Second version",
        height=TEXT_HEIGHT,
        max_chars=quotas.current().characters,
        key="version",
        placeholder="The same text with other words",
        persist_state="session",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Analyse the second version", key="analyze_version")  # leaving the area is enough
        st.button("Copy the text again", key="copy_text", on_click=_copy, args=(first,))
        if state["version"] == first:
            st.caption("Both versions are the same so far. Change some words in the second one.")
    if not state["version"].strip():
        raise WrongInput("The second version is empty; at least one word is expected in it.")
    return state["version"]


def _copy(text: str) -> None:
    st.session_state["version"] = text
