"""The view Labels: likely wrong labels and the surest errors, read one after the other."""

import numpy as np
import pandas as pd
import streamlit as st

from han_core.analysis.document_table import (
    issue_page,
    label_pairs,
    ranked_issues,
    surest_errors,
    table_page,
)
from han_core.analysis.label_issues import LabelIssues, find_label_issues
from han_core.analysis.training_documents import trained_on
from han_core.models.checkpoint import read_metrics
from pages.errors import context, reading, sentences
from pages.errors.context import ErrorsContext, config
from pages.shared import cache
from pages.shared.components import hooked
from pages.shared.page import restore_value

A_PAGE = 25
TABLE, LIST = "labels_table", "labels_list"
SHOWN = ("id", "label", "true", "likely", "predicted", "margin", "confidence", "excerpt")


def panel(bench: ErrorsContext) -> None:
    """Both lists, how far to trust them, and the document that is being read."""
    with st.spinner("Looking for likely wrong labels …"):
        found = find_label_issues(bench.store)
    restore_value(LIST, sentences.LISTS[0], sentences.LISTS)
    chosen = st.segmented_control(
        "List", sentences.LISTS, key=LIST, required=True, persist_state="session",
        label_visibility="collapsed",
    )  # fmt: skip
    of_suspects = chosen == sentences.LISTS[0]
    if of_suspects:
        order, whole = ranked_issues(found, bench.rows), found.rows
        _about_suspects(bench, found, len(order))
    else:
        order = surest_errors(bench.store, bench.rows)
        whole = np.flatnonzero(~bench.store.outcomes.right)
        st.caption(sentences.ERRORS)
    now = _here(bench, order, whole)
    if now is None:
        st.info("No document that the filter leaves is in this list.")
        return
    _list(bench, found if of_suspects else None, order, now)
    reading.panel(bench, order, now)


def _here(bench: ErrorsContext, order: np.ndarray, whole: np.ndarray) -> context.Here | None:
    """The document to read: one that this list never had gives way to its first."""
    now = context.here(_data(bench), order)
    if now is None or now.within or now.row in whole:
        return now
    return context.Here(int(order[0]), 0, True) if len(order) else None


def _about_suspects(bench: ErrorsContext, found: LabelIssues, number: int) -> None:
    """How many there are, which labels are confused, and what stands against believing it."""
    st.caption(sentences.SUSPECTS)
    st.caption(_limits(bench))
    figures, pairs = st.columns([2, 3], gap="large")
    with figures, st.container(key="label_figures"):
        tiles = st.grid(2, min_column_width=150)
        tiles.metric("Likely wrong labels", f"{number:,}", border=True)
        tiles.metric(
            "Wrong labels, estimated", f"{found.wrong_share:.1%}", border=True,
            help=sentences.ESTIMATE,
        )  # fmt: skip
        st.button(
            "Keep only these", key="only_suspects", disabled=context.current().suspect,
            on_click=context.change, kwargs={"suspect": True},
            help="Sets the filter “Label likely wrong”, for every view and for what you take away.",
        )  # fmt: skip
    with pairs:
        _pairs(label_pairs(found, bench.rows))


def _limits(bench: ErrorsContext) -> str:
    manifest, metrics = bench.store.scores.manifest, {}
    if bench.checkpoint is not None:
        metrics = read_metrics(cache.checkpoints_root() / bench.checkpoint)
    return sentences.limits(trained_on(metrics, manifest.data), manifest.checkpoint, manifest.data)


def _pairs(pairs: pd.DataFrame) -> None:
    """Label and likely class; a click keeps the documents of that label that are suspect."""

    def choose() -> None:
        for at in st.session_state["label_pairs"]["selection"]["rows"]:
            context.change(true=(pairs["label"].iloc[at],), suspect=True)

    if len(pairs):
        st.dataframe(
            pairs, key="label_pairs", hide_index=True, height=min(220, 38 + 35 * len(pairs)),
            on_select=choose, selection_mode="single-row",
            alt="Labels and the classes that are likelier",
        )  # fmt: skip


def _list(
    bench: ErrorsContext, found: LabelIssues | None, order: np.ndarray, now: context.Here
) -> None:
    """A page of the list, the one where the document stands; a row is read underneath."""
    number = min(now.at, len(order) - 1) // A_PAGE if len(order) else 0
    if found is None:
        shown = table_page(bench.store, order, None, number * A_PAGE, A_PAGE)
    else:
        shown = issue_page(bench.store, found, order, number * A_PAGE, A_PAGE)
    there, data = shown["row"].tolist(), _data(bench)
    _mark([there.index(now.row)] if now.row in there else [])

    def choose() -> None:
        selection = st.session_state[TABLE]["selection"]
        for at in [*selection["rows"], *(at for at, _ in selection["cells"])]:
            if at < len(there) and there[at] != now.row:
                context.go_to(data, there[at], number * A_PAGE + at)

    margin = st.column_config.NumberColumn(format="%.3f", help=sentences.MARGIN)
    with hooked("labels-list", key="labels_list_place"):
        st.dataframe(
            shown[[name for name in SHOWN if name in shown]],
            key=TABLE, hide_index=True, on_select=choose, height=320,
            selection_mode=["single-row", "single-cell"],
            column_config={**config(), "margin": margin}, alt="Documents to review",
        )  # fmt: skip
    _pager(data, order, number)


def _pager(data: str, order: np.ndarray, number: int) -> None:
    """Another page is the reading of its first document."""
    pages = -(-len(order) // A_PAGE)
    if pages < 2:
        return
    key = f"labels_page_{number}"

    def turn() -> None:
        first = (st.session_state[key] - 1) * A_PAGE
        context.go_to(data, order[first], first)

    st.pagination(pages, default=number + 1, key=key, on_change=turn)


def _mark(rows: list[int]) -> None:
    """Marks the document that is being read, and no cell."""
    held = st.session_state.get(TABLE)
    marked = dict(held["selection"]) if held else {"rows": []}
    if marked["rows"] != rows or marked.get("cells"):
        st.session_state[TABLE] = {"selection": {"rows": rows}}


def _data(bench: ErrorsContext) -> str:
    return bench.store.scores.manifest.data_sha256
