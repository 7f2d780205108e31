"""A view of Explore as a link, and a link opened: the way between session and permalink."""

from typing import TYPE_CHECKING

import streamlit as st

from han_core.places import data_root
from pages.parts import asking, cached, saying, texts
from pages.parts.wording import plain

if TYPE_CHECKING:
    from han_core.sharing.permalink import View
    from han_core.sharing.store import DocumentStore

PARAMETER = "view"


def store() -> "DocumentStore":
    """Long texts of links."""
    from han_core.sharing.store import DocumentStore

    return DocumentStore(data_root() / "documents")


def open_link() -> None:
    """Brings back the view of the address, once; says so where that cannot be done."""
    from han_core.sharing.permalink import restore
    from han_core.wrong_input import WrongInput

    token = st.query_params.get(PARAMETER)
    if token is None or token == st.session_state.get("opened"):
        return
    st.session_state["opened"] = token
    try:
        view = restore(token, store())
    except WrongInput as error:
        asking.say("text", str(error))
        return
    _show(view)


def _show(view: "View") -> None:
    texts.show(view.text or "")
    if view.checkpoint in cached.listings():
        st.session_state["checkpoint"] = view.checkpoint
    else:
        asking.say("text", f"The checkpoint {view.checkpoint} of this link is not here.")
    for key in ("reading", "method", "target", "placebo"):
        st.session_state[key] = getattr(view, key)
    asking.keep_edits(view.edits)
    asking.keep_tampering(view.tampering)


def link() -> None:
    """The button, and the address once it was pressed."""
    if st.button("Make a link", key="link"):
        from han_core.wrong_input import WrongInput

        try:
            token = _token()
        except WrongInput as error:
            st.warning(plain(str(error)))
            return
        st.query_params[PARAMETER] = st.session_state["opened"] = token
        address = str(st.context.url or "").split("?")[0]
        st.code(f"{address}?{PARAMETER}={token}", language=None, wrap_lines=True)
    st.caption(saying.LINK)


def _token() -> str:
    from han_core.sharing.permalink import share, view_of

    state = st.session_state
    view = view_of(
        checkpoint=state["checkpoint"],
        text=state["analysed"],
        reading=state.get("reading", "document"),
        method=state.get("method", "attention"),
        target=state.get("target"),
        edits=asking.edits(),
        tampering=asking.tampering(),
        placebo=state.get("placebo", "none"),
    )
    return share(view, store())
