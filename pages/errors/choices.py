"""Errors from its pickers down to the view, and everything that is chosen as an address."""

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlencode

import streamlit as st

from han_core.analysis.annotations import agreement
from han_core.analysis.dataset import Store
from han_core.analysis.filters import Marks, from_text, to_text
from han_core.analysis.sources import Scores, Source
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr
from pages.errors import (
    annotator,
    behaviour,
    cached_scores,
    codebook,
    disagreements,
    document_map,
    documents,
    error_groups,
    export,
    filter_bar,
    labels,
    model_pairs,
    scoring,
    selection,
    slices,
    thresholds,
    word_attention,
)
from pages.errors.context import ErrorsContext, switch, warn_later
from pages.errors.selection import VIEW
from pages.shared import cache, controls, data_picker, system_pages, wording
from pages.shared.page import restore_value
from pages.shared.wording import plain

NARROWEST = 190  # pixels of a picker
OPENED, WANTED = "errors_opened", "errors_wanted"
MOST_DIGITS = 12
UNKNOWN_DOCUMENT = mark("The link names a document that this data set does not have.")


class Choices(NamedTuple):
    """Values of the pickers; see ``scoring.checkpoint_picker`` for ``checkpoint``."""

    source: str
    checkpoint: str
    other: str | None
    device: str
    analyst: str


def pickers() -> Choices:
    """Draw the pickers and return their values.

    Raises:
        UserError: if there is no checkpoint.
    """
    grid = st.grid(5, min_column_width=NARROWEST)
    with grid.cell():
        source = data_picker.source(scoring.choose_checkpoint)
    with grid.cell():
        checkpoint = scoring.checkpoint_picker(source)
    with grid.cell():
        other = _second_model_picker(checkpoint)
    with grid.cell():
        device = controls.device()
    with grid.cell():
        analyst = annotator.picker()
    return Choices(source, checkpoint, other, device, analyst)


def _second_model_picker(checkpoint: str) -> str | None:
    others = {name: one for name, one in cache.listings().items() if name != checkpoint}
    if st.session_state.get("beside") not in others:
        st.session_state["beside"] = None
    restore_value("beside", None)
    return st.selectbox(
        tr("Second model"),
        list(others),
        index=None,
        format_func=lambda name: wording.short_name(others[name]),
        placeholder=tr("None"),
        key="beside",
        help=tr("Compares a second model with the first one on the same documents."),
        persist_state="session",
    )


def open_choices(choices: Choices) -> Store | None:
    """Return the scored documents; None without a file, or while they are being scored.

    Raises:
        UserError: as ``data_picker.documents`` and ``scoring.scored``.
    """
    documents = data_picker.documents(choices.source)
    if documents is None:
        return None
    scores = scoring.scored(choices.checkpoint, choices.device, documents)
    if scores is None:
        return None
    store = _with_second_model(choices, scores, documents)
    _go_to_linked(store)
    return store


def _with_second_model(choices: Choices, scores: Scores, documents: Source) -> Store:
    if choices.other is None:
        return cached_scores.store(scores)
    try:
        other = scoring.scored(choices.other, choices.device, documents, second=True)
        return cached_scores.store(scores, other)
    except UserError as error:
        st.error(plain(str(error)))
        return cached_scores.store(scores)


def filtered(choices: Choices, store: Store) -> ErrorsContext:
    """Draw the filter bar and return what the panels need."""
    marks = _marks()
    filter_bar.warning()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        filter_bar.widgets(store, marks, choices.analyst)
        _link_popover(store)
        scoring.scores_popover(store.scores)
    filter, rows, outcomes = filter_bar.selected(store, marks)
    return ErrorsContext(
        checkpoint=scoring.present(choices.checkpoint),
        other=choices.other if store.other is not None else None,
        device=choices.device,
        store=store,
        marks=marks,
        filter=filter,
        rows=rows,
        outcomes=outcomes,
        analyst=choices.analyst,
    )


def _marks() -> Marks:
    """Tags and flags as of now; none, with the reason, if the database cannot be read."""
    try:
        return agreement.marks(cached_scores.notes())
    except UserError as error:
        st.error(plain(str(error)))
        return Marks()


VIEWS: dict[str, tuple[str, Callable[[ErrorsContext], None]]] = {
    "Documents": (mark("Documents"), documents.panel),
    "Slices": (mark("Slices"), slices.panel),
    "Attention": (mark("Attention"), word_attention.panel),
    "Labels": (mark("Label issues"), labels.panel),
    "Two models": (mark("Model comparison"), model_pairs.panel),
    "Codebook": (mark("Codebook"), codebook.panel),
    "Take away": (mark("Export"), export.panel),
    "Thresholds": (mark("Thresholds"), thresholds.panel),
    "Behaviour": (mark("Behavioural tests"), behaviour.panel),
    "Map": (mark("Map"), document_map.panel),
    "Groups": (mark("Error groups"), error_groups.panel),
    "Disagreements": (mark("Disagreements"), disagreements.panel),
}
"""Value of the switch, which the session keeps → its label and its panel."""


def show(errors: ErrorsContext) -> None:
    """Draw the switch of the views, and the chosen view; the others do not run."""
    names = {value: tr(label) for value, (label, _) in VIEWS.items()}
    VIEWS[switch(tr("View"), names, VIEW, hidden=True)][1](errors)


def open_link() -> None:
    """Apply the parts of the page's address, once; warn about those that are not valid."""
    parts = {name: st.query_params[name] for name in _SETTERS if name in st.query_params}
    if not parts or parts == st.session_state.get(OPENED):
        return
    st.session_state[OPENED] = parts
    for name, value in parts.items():
        if problem := _SETTERS[name](value):
            warn_later(problem)


def _go_to_linked(store: Store) -> None:
    """Go to the document of the address, once its data set is open."""
    row = st.session_state.pop(WANTED, None)
    if row is None:
        return
    if row < store.rows:
        selection.go_to(store.scores.manifest.data_sha256, row, 0)
    else:
        warn_later(tr(UNKNOWN_DOCUMENT))


def _link_popover(store: Store) -> None:
    """Draw the popover with the address of everything that is chosen."""
    with st.popover(tr("Link"), icon=":material/link:", key="errors_link"):
        try:
            address = _address(store)
        except UserError as error:
            st.warning(plain(str(error)))
            return
        st.code(address, language=None, wrap_lines=True)
        st.caption(
            tr(
                "Opens these documents, models and filter, at the document that you are reading, "
                "for anybody on this server. Everybody sees tags and notes anyway."
            )
        )


def _address(store: Store) -> str:
    state, data = st.session_state, store.scores.manifest.data_sha256
    source = state["source"]
    place: selection.Place | None = state.get(selection.PLACE)
    parts = {
        "source": source if source in data_picker.BUNDLED else data_picker.KEPT + data,
        "checkpoint": state.get("checkpoint"),
        "beside": state.get("beside"),
        "filter": to_text(selection.current()),
        "document": str(place.row) if place is not None and place.data == data else "",
    }
    query = urlencode({name: value for name, value in parts.items() if value})
    return f"{str(st.context.url or '').split('?')[0]}?{query}"


def _set_source(value: str) -> str:
    scored_before = value.removeprefix(data_picker.KEPT) in data_picker.before()
    if value not in data_picker.BUNDLED and not scored_before:
        return tr("The documents of the link are not on this server; choose others.")
    st.session_state["source"] = value
    scoring.choose_checkpoint()
    return ""


def _set_checkpoint(key: str) -> Callable[[str], str]:
    def set_checkpoint(value: str) -> str:
        if value not in cache.listings():
            return tr(
                "The model of the link {absence}; choose another one.",
                absence=system_pages.absence(value),
            )
        st.session_state[key] = value
        return ""

    return set_checkpoint


def _set_filter(value: str) -> str:
    try:
        selection.put(from_text(value))
    except UserError as error:
        return str(error)
    return ""


def _set_document(value: str) -> str:
    if not (value.isascii() and value.isdecimal() and len(value) <= MOST_DIGITS):
        return tr(UNKNOWN_DOCUMENT)
    st.session_state[WANTED] = int(value)
    return ""


_SETTERS: dict[str, Callable[[str], str]] = {
    "source": _set_source,
    "checkpoint": _set_checkpoint("checkpoint"),
    "beside": _set_checkpoint("beside"),
    "filter": _set_filter,
    "document": _set_document,
}
"""Part of the address → what applies it and returns a problem, or "". In this order."""
