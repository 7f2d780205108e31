"""Errors from its pickers down to the view: documents, checkpoints, filter, and the panels."""

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from han_core.analysis.annotations import agreement
from han_core.analysis.dataset import Store
from han_core.analysis.filters import Marks
from han_core.analysis.sources import Scores, Source
from han_core.runtime.errors import UserError
from pages.errors import (
    cached_scores,
    codebook,
    cursor,
    export,
    filter_bar,
    labels,
    model_pairs,
    scoring,
    slices,
    table,
    word_attention,
)
from pages.errors.context import ErrorsContext, switch
from pages.shared import cache, controls, data_picker, wording
from pages.shared.page import restore_value
from pages.shared.wording import plain

VIEW = "errors_view"
LONGEST_NAME = 80
NARROWEST = 190  # pixels of a picker


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
        source = data_picker.source()
    with grid.cell():
        checkpoint = scoring.checkpoint_picker(source)
    with grid.cell():
        other = _second_model_picker(checkpoint)
    with grid.cell():
        device = controls.device()
    with grid.cell():
        analyst = _analyst()
    return Choices(source, checkpoint, other, device, analyst)


def _second_model_picker(checkpoint: str) -> str | None:
    others = {name: one for name, one in cache.listings().items() if name != checkpoint}
    if st.session_state.get("beside") not in others:
        st.session_state["beside"] = None
    restore_value("beside", None)
    return st.selectbox(
        "Second model",
        list(others),
        index=None,
        format_func=lambda name: wording.short_name(others[name]),
        placeholder="None",
        key="beside",
        help="Compares a second checkpoint with the first one on the same documents.",
        persist_state="session",
    )


def _analyst() -> str:
    restore_value("analyst", "")
    name = st.text_input(
        "Your name",
        key="analyst",
        max_chars=LONGEST_NAME,
        placeholder="For tags and notes",
        help="Tags, flags and notes are stored under this name.",
        persist_state="session",
    )
    return " ".join(name.split())


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
    cursor.go_to_linked(store)
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
        cursor.link_popover(store)
        scoring.scores_popover(store.scores)
    filter, rows, outcomes = filter_bar.selection(store, marks)
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
    "Documents": ("Documents", table.panel),
    "Slices": ("Slices", slices.panel),
    "Attention": ("Attention", word_attention.panel),
    "Labels": ("Label issues", labels.panel),
    "Two models": ("Model comparison", model_pairs.panel),
    "Codebook": ("Codebook", codebook.panel),
    "Take away": ("Export", export.panel),
}
"""Value of the switch, which the session keeps → its label and its panel."""


def show(errors: ErrorsContext) -> None:
    """Draw the switch of the views, and the chosen view; the others do not run."""
    names = {value: label for value, (label, _) in VIEWS.items()}
    VIEWS[switch("View", names, VIEW, hidden=True)][1](errors)
