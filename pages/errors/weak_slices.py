"""Weak slices in the view Slices: what was tried, what stands, and a table that sets the filter."""

import streamlit as st

from han_core.analysis import document_map as maps
from han_core.analysis.document_map import DocumentMapRequest
from han_core.analysis.error_groups import cluster
from han_core.analysis.weak_slices import (
    LEVEL,
    SMALLEST,
    WeakSlices,
    find_weak_slices,
    weak_slice_table,
)
from han_core.runtime.errors import counted
from han_core.runtime.messages import current_locale, mark, tr, trn
from pages.errors import document_map, selection
from pages.errors.context import ErrorsContext, select_rows
from pages.shared.components import hooked
from pages.shared.page import restore_value

SIZE, FOUND, TABLE = "weak_slices_size", "weak_slices_found", "weak_slices_table"
HELP = mark(
    "Looks for parts of the data with more errors than all other documents: classes, "
    "columns, length, unknown words, confidence, scripts and groups of similar "
    "documents, alone and two together, and words and phrases. Each is tested with "
    "Fisher's exact test; p is corrected for the number tried (Holm)."
)
SIZE_HELP = mark("Small slices can be very weak, but need more errors to stand.")
CLICK = mark(
    "All documents, whatever the filter. Click a row to make it the filter; its chip "
    "removes it. A slice by confidence is weak by definition if the model is well "
    "calibrated."
)
NO_GROUPS = mark("Groups of similar documents are tried too once the view Map has been made.")


def panel(errors: ErrorsContext) -> None:
    """Draw the smallest size, a button where the search takes long, and what was found."""
    st.header(tr("Weak slices"), anchor=False, help=tr(HELP))
    smallest, request = _smallest(errors.store.rows), _read_request(errors)
    if request is None and errors.checkpoint is not None:
        st.caption(tr(NO_GROUPS))
    found = _found(errors, smallest, request)
    if found is None:
        return
    st.markdown(found_line(found))
    if found.slices:
        _table(errors, found)
        st.caption(tr(CLICK))


def _smallest(rows: int) -> int:
    restore_value(SIZE, SMALLEST)
    return st.number_input(
        tr("Smallest slice, in documents"), min_value=5,
        max_value=max(5, SMALLEST, rows // 2), step=5,
        key=SIZE, help=tr(SIZE_HELP), persist_state="session", width=220,
    )  # fmt: skip


def _read_request(errors: ErrorsContext) -> DocumentMapRequest | None:
    """The map whose vectors make groups; None before the model has read the documents."""
    if errors.checkpoint is None:
        return None
    request = document_map.request_of(errors, errors.checkpoint, "pca")
    if maps.is_quick(errors.store, "pca"):
        document_map.open_map(errors, request)
    return None if maps.open_map(request) is None else request


def _found(
    errors: ErrorsContext, smallest: int, request: DocumentMapRequest | None
) -> WeakSlices | None:
    """What was found, kept in the session; of many documents None until the button is pressed."""
    key = errors.store.scores.manifest.key, smallest, request is None, current_locale()
    kept = st.session_state.get(FOUND)
    if kept is not None and kept[0] == key:
        return kept[1]
    quick = maps.is_quick(errors.store, "pca")
    if not quick and not st.button(tr("Find weak slices"), key="find_weak_slices", type="primary"):
        return None
    with st.spinner(tr("Looking for weak slices …")):
        vectors = None if request is None else maps.map_vectors(request)
        groups = None if vectors is None else cluster(vectors.unit)[0]
        found = find_weak_slices(errors.store, smallest, groups)
    st.session_state[FOUND] = key, found
    return found


def found_line(found: WeakSlices) -> str:
    """Return how many slices were tried and how many stand, as Markdown."""
    if not found.tried:
        return tr("No part of these documents is large enough to be tried.")
    slices = counted(found.tried, "slice")
    tried = tr("**{slices}** tried", slices=slices)
    if found.documents < found.of:
        tried = tr(
            "**{slices}** tried, in a random sample of {documents:,} of {of:,} documents",
            slices=slices, documents=found.documents, of=found.of,
        )  # fmt: skip
    if not found.standing:
        return tr(
            "{tried}; **0** stand after the correction (adjusted p at most {level:g}), so what is "
            "listed may be chance.",
            tried=tried, level=LEVEL,
        )  # fmt: skip
    return trn(
        "{tried}; **{count:,}** stands after the correction (adjusted p at most {level:g}).",
        "{tried}; **{count:,}** stand after the correction (adjusted p at most {level:g}).",
        found.standing, tried=tried, level=LEVEL,
    )  # fmt: skip


def _table(errors: ErrorsContext, found: WeakSlices) -> None:
    slices = found.slices
    select_rows(TABLE, [at for at, one in enumerate(slices) if one.filter == errors.filter][:1])

    def choose() -> None:
        if (one := selection.clicked_line(TABLE, slices)) is not None:
            selection.put(one.filter)

    column = st.column_config
    with hooked("weak-slices", key="weak_slices_frame"):
        st.dataframe(
            weak_slice_table(found), key=TABLE, hide_index=True, on_select=choose,
            selection_mode="single-row", height=min(38 + 35 * len(slices), 420),
            column_config={
                "slice": column.TextColumn(tr("slice"), width="large"),
                "documents": column.NumberColumn(
                    tr("documents"), format="localized", width="small"
                ),
                "there": column.NumberColumn(tr("errors there"), format="%.1f%%", width="small"),
                "elsewhere": column.NumberColumn(
                    tr("errors elsewhere"), format="%.1f%%", width="small"
                ),
                "p": column.NumberColumn(tr("adjusted p"), format="%.2g", width="small",
                                         help=tr("Corrected for the number tried (Holm).")),
                "tried": column.NumberColumn(tr("number tried"), format="localized", width="small"),
            },
            alt=tr("Weak slices"),
        )  # fmt: skip
