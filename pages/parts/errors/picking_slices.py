"""Filters under a name: one is saved from the bar, and one is opened there."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.errors import cached, filters
from pages.parts.wording import plain

if TYPE_CHECKING:
    from han_core.coding.slices import Slice
    from han_core.errors.opened.store import Store

NAME = "slice_name"


def picker(store: "Store", analyst: str) -> None:
    """The popover of the slices of these documents."""
    with st.popover("Slices", icon=":material/bookmarks:", key="slices_popover"):
        if sentence := st.session_state.pop("slice_notice", None):
            st.warning(plain(sentence))
        data = store.scores.manifest.data_sha256
        there = _saved(data)
        for number, saved in enumerate(there):
            st.button(
                plain(saved.name),
                key=f"open_slice_{number}",
                on_click=put,
                args=(saved,),
                type="tertiary",
                help=f"Saved by {plain(saved.analyst)}",
            )
        if not there:
            st.caption("No slice of these documents is saved yet.")
        st.text_input("Save the present filter as", key=NAME, max_chars=80)
        st.button("Save as slice", key="save_slice", on_click=_save, args=(data, analyst),
                  disabled=not analyst)  # fmt: skip
        if not analyst:
            st.caption("Say your name above, so that others know whose it is.")


def put(saved: "Slice") -> None:
    """Makes a slice's filter the one that holds."""
    from pydantic import ValidationError

    from han_core.errors.asked.filter import Filter

    try:
        filters.put(Filter.model_validate_json(saved.filter))
    except ValidationError:
        filters.say(f"The slice {saved.name} holds a filter that this version does not know.")


def _saved(data: str) -> "tuple[Slice, ...]":
    from han_core.coding.slices import slices
    from han_core.wrong_input import WrongInput

    try:
        return slices(cached.notes(), data)
    except WrongInput as error:
        st.warning(plain(str(error)))
        return ()


def _save(data: str, analyst: str) -> None:
    from han_core.coding.slices import save_slice
    from han_core.wrong_input import WrongInput

    name, filter = st.session_state[NAME], filters.current().model_dump_json(exclude_defaults=True)
    try:
        save_slice(cached.notes(), data, name, filter, analyst)
    except WrongInput as error:  # what was typed stays
        st.session_state["slice_notice"] = str(error)
    else:
        st.session_state[NAME] = ""
