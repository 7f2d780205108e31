"""Export from Explore: a page, tables, and a link that restores the view."""

import datetime
import re
from contextlib import suppress

import streamlit as st

from han_core.explanation.attribution import Method, attribute
from han_core.explanation.counterfactual import what_if_sentence
from han_core.explanation.explanation import Reading
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.runtime.paths import data_root
from han_core.viz.colour_scale import legend, prediction, reading_scale, seen_line
from han_core.viz.export import standalone, to_csv, to_json, weights_table
from han_core.viz.heatmap import Colour, heatmap
from han_core.viz.permalink import DocumentStore, View, restore, share, view_of
from pages.explore import drawer, layers_heads
from pages.explore.analysis import Analysis
from pages.shared import cache, controls, document_input, system_pages, wording
from pages.shared.language import in_language
from pages.shared.page import plain

PARAMETER = "view"


def open_link() -> None:
    """Restore the view that the address names, once; show a notice where that fails."""
    token = st.query_params.get(PARAMETER)
    if token is None or token == st.session_state.get("opened"):
        return
    st.session_state["opened"] = token
    try:
        view = restore(token, _store())
    except UserError as error:
        document_input.set_notice("text", str(error))
        return
    _show(view)


def _store() -> DocumentStore:
    """Texts that are too long for a link."""
    return DocumentStore(data_root() / "documents")


def _show(view: View) -> None:
    document_input.show(view.text or "")
    if view.checkpoint in cache.listings():
        st.session_state["checkpoint"] = view.checkpoint
        controls.keep_model(view.text or "")
    else:
        absence = system_pages.absence(view.checkpoint)
        document_input.set_notice(
            "text",
            tr(
                "The link names the model {name}, which {absence}.",
                name=view.checkpoint,
                absence=absence,
            ),
        )
    for key in ("reading", "method", "target", "placebo"):
        st.session_state[key] = getattr(view, key)
    document_input.set_edits(view.edits)
    document_input.set_tampering(view.tampering)
    if view.edits or view.tampering:
        drawer.show_what_if()
    if view.heads is not None:
        layers_heads.show(view.heads, view.checkpoint)
        drawer.show_heads()


def panel(analysis: Analysis) -> None:
    """Draw the menu of downloads and the link; a file is made when it is asked for."""
    with st.popover(tr("Share"), icon=":material/share:", key="share"):
        _menu(analysis)


def _menu(analysis: Analysis) -> None:
    reading = st.session_state.get("reading", "document")
    method = st.session_state.get("method", "attention")
    target = st.session_state.get("target")  # None for the predicted class
    name = re.sub(r"\W+", "-", analysis.before.checkpoint.name).strip("-")
    with st.container(horizontal=True):
        _button(tr("Page (HTML)"), lambda: _page(analysis, reading), f"{name}.html", "text/html")
        _button(
            tr("Weights (CSV)"), lambda: _csv(analysis, method, target), f"{name}.csv", "text/csv"
        )
        _button(
            tr("Explanation (JSON)"), lambda: _json(analysis), f"{name}.json", "application/json"
        )
    _link(analysis)


def _button(label: str, content, file_name: str, mime: str) -> None:
    st.download_button(
        label,
        in_language(content),
        file_name=file_name,
        mime=mime,
        on_click="ignore",
        key=f"get_{mime}",
    )


def _link(analysis: Analysis) -> None:
    """The button, and the address once it was pressed."""
    if st.button(tr("Create a link"), key="link"):
        try:
            token = _token(analysis)
        except UserError as error:
            st.warning(plain(str(error)))
            return
        st.query_params[PARAMETER] = st.session_state["opened"] = token
        address = str(st.context.url or "").split("?")[0]
        st.code(f"{address}?{PARAMETER}={token}", language=None, wrap_lines=True)
    st.caption(tr(wording.LINK))


def _token(analysis: Analysis) -> str:
    state = st.session_state
    view = view_of(
        checkpoint=state["checkpoint"],
        text=state["analysed"],
        reading=state.get("reading", "document"),
        method=state.get("method", "attention"),
        target=state.get("target"),
        edits=document_input.edits(),
        tampering=document_input.tampering(),
        placebo=state.get("placebo", "none"),
        heads=layers_heads.view(analysis) if drawer.shows_heads() else None,
    )
    return share(view, _store())


def _page(analysis: Analysis, reading: Reading) -> bytes:
    """The attention heatmap as a page that needs no other file."""
    shown = analysis.explanation
    colour = Colour(shown.weights(reading), reading_scale([shown], reading))
    today = datetime.date.today().isoformat()
    name = analysis.before.checkpoint.name
    notes = [tr("{model}, {day}.", model=name, day=today), seen_line(shown)]
    if analysis.question.edits:
        notes.append(what_if_sentence(analysis.what_if))
    head = prediction(shown) + legend(colour.scale)
    title = tr("{label}: attention of {model}", label=shown.label, model=name)
    return standalone(heatmap(shown, colour), head, title, notes).encode()


def _csv(analysis: Analysis, method: Method = "attention", target: str | None = None) -> bytes:
    """The weights, and the values of the method that words are coloured by."""
    values = []
    if method != "attention":
        labels = analysis.now.checkpoint.labels
        with suppress(UserError):  # nothing to leave out, for example: then weights alone
            values = [attribute(analysis.now, method, labels.index(target) if target else None)]
    return to_csv(weights_table(analysis.explanation, values))


def _json(analysis: Analysis) -> bytes:
    return to_json(analysis.explanation)
