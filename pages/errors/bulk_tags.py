"""Select several documents, and add a tag to all of them or remove it, with undo."""

import numpy as np
import streamlit as st

from han_core.analysis.annotations.bulk import BulkChange, tag_documents, undo
from han_core.analysis.annotations.codebook import codebook, in_key_order, save_tag
from han_core.analysis.annotations.schema import checked_name, folded
from han_core.runtime.errors import UserError, counted
from han_core.runtime.messages import tr
from pages.errors import annotation_sentences, cached_scores
from pages.errors.context import ErrorsContext, attempt
from pages.shared.wording import plain

SELECTED, TAG, DONE, TROUBLE = "errors_selected", "bulk_tag", "bulk_done", "bulk_trouble"
CHANGED = "errors_list_changed"
"""Set where more than the list depends on what was done, so that the page runs."""


def selected(data: str) -> np.ndarray:
    """(documents,) int64 rows of the data set that are selected, ascending."""
    return st.session_state.get(SELECTED, {}).get(data, np.empty(0, dtype=np.int64))


def select(data: str, rows: np.ndarray, on: bool = True) -> None:
    """Add ``rows`` to those that are selected, or remove them; a callback."""
    change = np.union1d if on else np.setdiff1d
    st.session_state.setdefault(SELECTED, {})[data] = change(selected(data), rows)


def toggle(data: str, row: int) -> None:
    """Select a document, or no longer."""
    select(data, np.array([row]), on=row not in selected(data))


def panel(errors: ErrorsContext, order: np.ndarray) -> None:
    """Draw the number of selected documents, what can be done with them, and the last act."""
    rows = selected(errors.data)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="bulk_bar"):
        if len(rows):
            st.markdown(selected_line(rows, order), width="content")
            _tag_popover(errors, rows)
        st.button(
            tr("Select all {count:,}", count=len(order)), key="bulk_all", type="tertiary",
            on_click=select, args=(errors.data, order), help=tr(annotation_sentences.SELECT),
        )  # fmt: skip
        if len(rows):
            st.button(
                tr("Clear"), key="bulk_none", type="tertiary", help=tr("Selects no document."),
                on_click=select, args=(errors.data, rows, False),
            )  # fmt: skip
        if errors.analyst:
            undo_button(errors)
    if sentence := st.session_state.pop(TROUBLE, None):
        st.error(plain(sentence))


def selected_line(rows: np.ndarray, order: np.ndarray) -> str:
    """Return "3 selected", and how many of them the filter does not select, as Markdown."""
    outside = len(rows) - int(np.isin(rows, order).sum())
    if not outside:
        return tr("**{count:,} selected**", count=len(rows))
    return tr(
        "**{count:,} selected** ({outside:,} outside the filter)", count=len(rows), outside=outside
    )


def _tag_popover(errors: ErrorsContext, rows: np.ndarray) -> None:
    with st.popover(tr("Tag them"), icon=":material/sell:", key="bulk_popover"):
        if not errors.analyst:
            st.info(tr(annotation_sentences.NAME_TO_ANNOTATE))
            return
        try:
            tags = {tag.name: tag for tag in in_key_order(codebook(cached_scores.notes()))}
        except UserError as error:
            st.error(plain(str(error)))
            return
        if not tags:
            st.info(tr(annotation_sentences.NO_TAG))
            return
        tag = st.selectbox(tr("Tag"), list(tags), key=TAG)
        with st.container(horizontal=True):
            for on, label in ((True, tr("Add to all")), (False, tr("Remove from all"))):
                st.button(label, key=f"bulk_{'add' if on else 'remove'}",
                          type="primary" if on else "secondary",
                          on_click=_tag, args=(errors, rows, tag, on))  # fmt: skip


def _tag(errors: ErrorsContext, rows: np.ndarray, tag: str, on: bool) -> None:
    contents = errors.store.documents.contents(rows)
    _write(errors, lambda: tag_documents(cached_scores.notes(), contents, tag, errors.analyst, on))


def tag_with_new(errors: ErrorsContext, rows: np.ndarray, name: str) -> None:
    """Tag the documents of ``rows``; a tag that is not in the codebook is created first."""

    def write() -> BulkChange:
        database, contents = cached_scores.notes(), errors.store.documents.contents(rows)
        known = {folded(tag.name): tag.name for tag in codebook(database)}
        tidy = checked_name(name, tr("A tag's name"))
        tag = known.get(folded(tidy)) or save_tag(database, tidy, errors.analyst).name
        return tag_documents(database, contents, tag, errors.analyst)

    _write(errors, write)


def undo_button(errors: ErrorsContext) -> None:
    """What was done last by this analyst to this data set, and the button that takes it back."""
    done = st.session_state.get(DONE)
    if done is None or done[:2] != (errors.data, errors.analyst):
        return
    change: BulkChange = done[2]

    def reverse() -> None:
        _write(errors, lambda: undo(cached_scores.notes(), change, errors.analyst))
        if TROUBLE not in st.session_state:
            st.session_state.pop(DONE)

    st.markdown(change_line(change), width="content")
    if change.contents:
        st.button(tr("Undo"), key="bulk_undo", icon=":material/undo:", on_click=reverse)


def change_line(change: BulkChange) -> str:
    """Return "irony added to 12 documents" as Markdown."""
    tag, documents = plain(change.tag), counted(len(change.contents), "document")
    if change.on:
        return tr("{tag} added to {documents}", tag=tag, documents=documents)
    return tr("{tag} removed from {documents}", tag=tag, documents=documents)


def _write(errors: ErrorsContext, write) -> None:
    """Write, and draw the page again: figures and filter depend on tags."""

    def keep() -> None:
        st.session_state[DONE] = (errors.data, errors.analyst, write())

    attempt(keep, lambda sentence: st.session_state.update({TROUBLE: sentence}))
    st.session_state[CHANGED] = True
