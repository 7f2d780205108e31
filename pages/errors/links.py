"""Where one is on Errors as an address, and an address opened.

Data, checkpoints, filter and document each stand in the address by themselves. Whatever
comes in one is checked against what is there before it counts.
"""

from collections.abc import Callable
from urllib.parse import urlencode

import streamlit as st

from han_core.analysis.dataset import Store
from han_core.analysis.filters import from_text, to_text
from han_core.runtime.errors import UserError
from pages.errors import context
from pages.shared import cache, data_picker
from pages.shared.wording import plain

OPENED, WANTED = "errors_opened", "errors_wanted"
PARTS = ("source", "checkpoint", "beside", "filter", "document")
MOST_DIGITS = 12


def open_link() -> None:
    """Takes over what the address says, once; says so where it cannot be."""
    came = {name: st.query_params[name] for name in PARTS if name in st.query_params}
    if not came or came == st.session_state.get(OPENED):
        return
    st.session_state[OPENED] = came
    for name, take in _TAKERS.items():
        if name in came and (refused := take(came[name])):
            context.say(refused)


def arrive(store: Store) -> None:
    """Goes to the document of the address, once its data are open."""
    wanted = st.session_state.pop(WANTED, None)
    if wanted is None:
        return
    if wanted < store.rows:
        context.go_to(store.scores.manifest.data_sha256, wanted, 0)
    else:
        context.say("The link's document is none of these.")


def link(store: Store) -> None:
    """The popover with the address of all that is chosen, for the document being read too."""
    with st.popover("Link", icon=":material/link:", key="errors_link"):
        try:
            address = _address(store)
        except UserError as error:
            st.warning(plain(str(error)))
            return
        st.code(address, language=None, wrap_lines=True)
        st.caption(
            "It brings back documents, checkpoints, filter and the document being read, on this "
            "server; tags and notes are here for everybody anyway."
        )


def _address(store: Store) -> str:
    state, data = st.session_state, store.scores.manifest.data_sha256
    bundled = state["source"] in data_picker.BUNDLED
    source = state["source"] if bundled else data_picker.KEPT + data
    parts = {"source": source, "checkpoint": state.get("checkpoint")}
    parts |= {"beside": state.get("beside"), "filter": to_text(context.current())}
    held: context.Place | None = state.get(context.PLACE)
    if held is not None and held.data == data:
        parts["document"] = str(held.row)
    there = {name: value for name, value in parts.items() if value}
    return f"{str(st.context.url or '').split('?')[0]}?{urlencode(there)}"


def _take_source(came: str) -> str:
    bundled = came in data_picker.BUNDLED
    if not bundled and came.removeprefix(data_picker.KEPT) not in data_picker.before():
        return "The link's documents are not here; choose others."
    st.session_state["source"] = came
    return ""


def _take_checkpoint(key: str) -> Callable[[str], str]:
    def take(came: str) -> str:
        if came not in cache.listings():
            return "The link's checkpoint is not here; choose another one."
        st.session_state[key] = came
        return ""

    return take


def _take_filter(came: str) -> str:
    try:
        context.put(from_text(came))
    except UserError as error:
        return str(error)
    return ""


def _take_document(came: str) -> str:
    if not (came.isascii() and came.isdecimal() and len(came) <= MOST_DIGITS):
        return "The link's document is none of these."
    st.session_state[WANTED] = int(came)
    return ""


_TAKERS: dict[str, Callable[[str], str]] = {
    "source": _take_source,
    "checkpoint": _take_checkpoint("checkpoint"),
    "beside": _take_checkpoint("beside"),
    "filter": _take_filter,
    "document": _take_document,
}
