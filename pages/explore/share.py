"""A view of Explore as a link, and a link opened: the way between session and permalink.

What can be taken away from Explore: a page, tables, a link.
"""

import datetime
import re

import streamlit as st

from han_core.explanation.counterfactual import what_if_sentence
from han_core.explanation.explanation import Reading
from han_core.runtime.errors import UserError
from han_core.runtime.paths import data_root
from han_core.viz.colour_scale import legend, prediction, reading_scale, seen_line
from han_core.viz.heatmap import Colour, heatmap
from han_core.viz.html_page import standalone
from han_core.viz.permalink import View, restore, share, view_of
from han_core.viz.tables import to_csv, to_json, weights_table
from han_core.viz.text_store import DocumentStore
from pages.explore.scene import Scene
from pages.shared import cache, document_input, edit_state, wording
from pages.shared.page import plain

PARAMETER = "view"


def store() -> DocumentStore:
    """Long texts of links."""
    return DocumentStore(data_root() / "documents")


def open_link() -> None:
    """Brings back the view of the address, once; says so where that cannot be done."""
    token = st.query_params.get(PARAMETER)
    if token is None or token == st.session_state.get("opened"):
        return
    st.session_state["opened"] = token
    try:
        view = restore(token, store())
    except UserError as error:
        edit_state.say("text", str(error))
        return
    _show(view)


def _show(view: View) -> None:
    document_input.show(view.text or "")
    if view.checkpoint in cache.listings():
        st.session_state["checkpoint"] = view.checkpoint
    else:
        edit_state.say("text", f"The checkpoint {view.checkpoint} of this link is not here.")
    for key in ("reading", "method", "target", "placebo"):
        st.session_state[key] = getattr(view, key)
    edit_state.keep_edits(view.edits)
    edit_state.keep_tampering(view.tampering)


def link() -> None:
    """The button, and the address once it was pressed."""
    if st.button("Make a link", key="link"):
        try:
            token = _token()
        except UserError as error:
            st.warning(plain(str(error)))
            return
        st.query_params[PARAMETER] = st.session_state["opened"] = token
        address = str(st.context.url or "").split("?")[0]
        st.code(f"{address}?{PARAMETER}={token}", language=None, wrap_lines=True)
    st.caption(wording.LINK)


def _token() -> str:
    state = st.session_state
    view = view_of(
        checkpoint=state["checkpoint"],
        text=state["analysed"],
        reading=state.get("reading", "document"),
        method=state.get("method", "attention"),
        target=state.get("target"),
        edits=edit_state.edits(),
        tampering=edit_state.tampering(),
        placebo=state.get("placebo", "none"),
    )
    return share(view, store())


def panel(scene: Scene) -> None:
    """The buttons; files are made when they are asked for, far from what the session holds."""
    st.subheader("Take it away", anchor=False)
    reading = st.session_state.get("reading", "document")
    name = re.sub(r"\W+", "-", scene.before.checkpoint.name).strip("-")
    with st.container(horizontal=True):
        _button("Page (HTML)", lambda: _page(scene, reading), f"{name}.html", "text/html")
        _button("Weights (CSV)", lambda: _csv(scene), f"{name}.csv", "text/csv")
        _button("Explanation (JSON)", lambda: _json(scene), f"{name}.json", "application/json")
    st.caption(wording.AWAY)
    link()


def _button(label: str, content, file_name: str, mime: str) -> None:
    st.download_button(
        label, content, file_name=file_name, mime=mime, on_click="ignore", key=f"get_{mime}"
    )


def _page(scene: Scene, reading: Reading) -> bytes:
    """The heatmap by attention as a page that needs nothing else."""
    shown = scene.explanation
    colour = Colour(shown.weights(reading), reading_scale([shown], reading))
    today = datetime.date.today().isoformat()
    notes = [f"{scene.before.checkpoint.name}, {today}.", seen_line(shown)]
    if scene.question.edits:
        notes.append(what_if_sentence(scene.whatif))
    head = prediction(shown) + legend(colour.scale)
    title = f"{shown.label}: attention of {scene.before.checkpoint.name}"
    return standalone(heatmap(shown, colour), head, title, notes).encode()


def _csv(scene: Scene) -> bytes:
    return to_csv(weights_table(scene.explanation))


def _json(scene: Scene) -> bytes:
    return to_json(scene.explanation)
