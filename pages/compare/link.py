"""A link that restores what Compare shows."""

import streamlit as st

from han_core.runtime.errors import UserError, listed
from han_core.runtime.messages import mark, tr
from han_core.runtime.paths import data_root
from han_core.viz.comparison_link import (
    ComparisonView,
    comparison_of,
    restore_comparison,
    share_comparison,
)
from han_core.viz.permalink import DocumentStore
from pages.compare.comparison import Request
from pages.shared import cache, controls, document_input, system_pages
from pages.shared.page import plain

PARAMETER = "view"
OPENED = "opened_comparison"
HELP = mark(
    "The link restores models, methods, both texts and how words are coloured. Long "
    "texts do not fit into a link and are stored on this server instead."
)


def open_link() -> None:
    """Restore the view that the address names, once; show a notice where that fails."""
    token = st.query_params.get(PARAMETER)
    if token is None or token == st.session_state.get(OPENED):
        return
    st.session_state[OPENED] = token
    try:
        _show(restore_comparison(token, _store()))
    except UserError as error:
        document_input.set_notice("text", str(error))


def _store() -> DocumentStore:
    """Texts that are too long for a link."""
    return DocumentStore(data_root() / "documents")


def _show(view: ComparisonView) -> None:
    state, text = st.session_state, view.text or ""
    document_input.show(text)
    state["compared"], state["reading"], state["shown"] = view.kind, view.reading, view.shown
    state["version"], state["version_of"] = view.second or text, text
    if view.kind == "models":
        state["map_words"] = view.words
    if view.kind == "methods":
        state["methods"], state["target"] = list(view.methods), view.target
    there = [name for name in view.checkpoints if name in cache.listings()]
    if missing := [name for name in view.checkpoints if name not in there]:
        absent = [
            tr("{name} {absence}", name=one, absence=system_pages.absence(one)) for one in missing
        ]
        document_input.set_notice(
            "text",
            tr("The link names models that cannot be shown here: {models}.", models=listed(absent)),
        )
    if view.kind == "models" and len(there) > 1:
        state["checkpoints"] = there
    elif view.kind != "models" and there:
        state["checkpoint"] = there[0]
        controls.keep_model(text)


def panel(request: Request, second: str) -> None:
    """Draw the button, and the address once it was pressed."""
    if not st.button(tr("Create a link"), key="link_comparison", help=tr(HELP)):
        return
    try:
        token = share_comparison(view_of(request, st.session_state["analysed"], second), _store())
    except UserError as error:
        st.warning(plain(str(error)))
        return
    st.query_params[PARAMETER] = st.session_state[OPENED] = token
    address = str(st.context.url or "").split("?")[0]
    st.code(f"{address}?{PARAMETER}={token}", language=None, wrap_lines=True)


def view_of(request: Request, text: str, second: str) -> ComparisonView:
    """Return what the pickers say, without the device.

    Raises:
        UserError: if a part is impossible, such as a model of an odd name.
    """
    return comparison_of(
        kind=request.kind,
        checkpoints=request.checkpoints,
        text=text,
        second=second or None,
        reading=request.reading,
        methods=request.methods,
        target=request.target,
        shown=request.shown,
        words=request.words,
    )
