"""The view Label issues: likely wrong labels and the most confident errors, to be read."""

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
from han_core.analysis.label_issues import LabelIssues, can_judge_labels, find_label_issues
from han_core.analysis.training_documents import TrainedOn, trained_on
from han_core.models.checkpoint import read_metrics
from han_core.runtime.messages import tr
from pages.errors import reading, selection, sentences
from pages.errors.context import ErrorsContext, document_columns, select_rows
from pages.errors.selection import Position
from pages.shared import cache
from pages.shared.components import hooked
from pages.shared.page import restore_value
from pages.shared.wording import plain

A_PAGE = 25
TABLE, PAIRS, LIST = "labels_table", "label_pairs", "labels_list"
SHOWN = ("id", "label", "true", "likely", "predicted", "margin", "confidence", "excerpt")


def panel(errors: ErrorsContext) -> None:
    """Draw the chosen list, how far to trust it, and the document that is being read."""
    with st.spinner(tr("Looking for likely wrong labels …")):
        issues = find_label_issues(errors.store)
    restore_value(LIST, sentences.LABEL_LISTS[0], sentences.LABEL_LISTS)
    chosen = st.segmented_control(
        tr("List"), sentences.LABEL_LISTS, key=LIST, required=True, persist_state="session",
        format_func=tr,        label_visibility="collapsed",
    )  # fmt: skip
    listed: LabelIssues | None = None
    if chosen == sentences.LABEL_LISTS[0]:
        listed = issues
        order, unfiltered = ranked_issues(issues, errors.rows), issues.rows
        _about_issues(errors, issues, len(order))
    else:
        order = surest_errors(errors.store, errors.rows)
        unfiltered = np.flatnonzero(~errors.store.outcomes.right)
        st.caption(tr(sentences.CONFIDENT_ERRORS))
    now = _position(errors, order, unfiltered)
    if now is None:
        st.info(tr("The filter selects no document of this list."))
        return
    _list(errors, listed, order, now)
    reading.panel(errors, order, now)


def _position(errors: ErrorsContext, order: np.ndarray, unfiltered: np.ndarray) -> Position | None:
    """The document to read; one that this list never had gives way to its first."""
    now = selection.position(errors.data, order)
    if now is None or now.within or now.row in unfiltered:
        return now
    return Position(int(order[0]), 0, True) if len(order) else None


def _about_issues(errors: ErrorsContext, issues: LabelIssues, number: int) -> None:
    """How many there are, which labels are confused, and how far to trust the list."""
    st.caption(tr(sentences.LABEL_ISSUES))
    manifest = errors.store.scores.manifest
    st.caption(trust_line(_trained_on(errors), manifest.checkpoint, manifest.data))
    figures, pairs = st.columns([2, 3], gap="large")
    with figures, st.container(key="label_figures"):
        tiles = st.grid(2, min_column_width=150)
        tiles.metric(
            tr("Model and label disagree"), f"{number:,}", border=True, help=tr(sentences.DISAGREE)
        )
        if can_judge_labels(errors.store.outcomes, _own_accuracy(errors)):
            tiles.metric(
                tr("Wrong labels, estimated"), f"{issues.wrong_share:.1%}", border=True,
                help=tr(sentences.WRONG_SHARE),
            )  # fmt: skip
        else:
            tiles.metric(
                tr("Wrong labels, estimated"), "–", border=True, help=tr(sentences.NO_WRONG_SHARE)
            )
        st.button(
            tr("Select only these"), key="only_suspects", disabled=selection.current().suspect,
            on_click=selection.change, kwargs={"suspect": True},
            help=tr(
                "Sets the filter “Likely wrong label”, which holds in every view and for exports."
            ),
        )  # fmt: skip
    with pairs:
        _pairs(label_pairs(issues, errors.rows))


def _own_accuracy(errors: ErrorsContext) -> float | None:
    """On documents like those that the model was trained on, where its metrics say so."""
    listing = cache.listings().get(errors.checkpoint or "")
    return listing.accuracy if listing else None


def _trained_on(errors: ErrorsContext) -> TrainedOn:
    metrics = {}
    if errors.checkpoint is not None:
        metrics = read_metrics(cache.checkpoints_root() / errors.checkpoint)
    return trained_on(metrics, errors.store.scores.manifest.data)


def trust_line(trained: TrainedOn, checkpoint: str, data: str) -> str:
    """Return how well ``checkpoint`` can find wrong labels of ``data``, as Markdown."""
    model, documents = plain(checkpoint), plain(data)
    if trained == "same":
        return tr(
            "**{model} was trained on {documents}, as its metrics.json says.** It has learnt "
            "these labels, also the wrong ones, so many of them will not be found: the "
            "method needs a model that has not seen the documents.",
            model=model,
            documents=documents,
        )
    if trained == "other part":  # not shown
        return tr(
            "{model} was trained on another part of these data, as its metrics.json says. So "
            "it has not seen these documents, as the method requires.",
            model=model,
        )
    return tr(
        "It is not known whether {model} was trained on any of {documents}. If so, it "
        "has learnt their labels, and many wrong ones will not be found.",
        model=model,
        documents=documents,
    )


def _pairs(pairs: pd.DataFrame) -> None:
    """Label and likely class; a click selects the issues of that label."""

    def choose() -> None:
        for at in st.session_state[PAIRS]["selection"]["rows"]:
            selection.change(true=(pairs["label"].iloc[at],), suspect=True)

    if len(pairs):
        st.dataframe(
            pairs, key=PAIRS, hide_index=True, height=min(220, 38 + 35 * len(pairs)),
            on_select=choose, selection_mode="single-row", alt=tr("Labels and more likely classes"),
            column_config=document_columns(),
        )  # fmt: skip


def _list(
    errors: ErrorsContext, issues: LabelIssues | None, order: np.ndarray, now: Position
) -> None:
    """The page of the list that has the document; the selected row is read below."""
    number = min(now.at, len(order) - 1) // A_PAGE if len(order) else 0
    if issues is None:
        page = table_page(errors.store, order, None, number * A_PAGE, A_PAGE)
    else:
        page = issue_page(errors.store, issues, order, number * A_PAGE, A_PAGE)
    rows = page["row"].tolist()
    select_rows(TABLE, [rows.index(now.row)] if now.row in rows else [])

    def choose() -> None:
        clicked = st.session_state[TABLE]["selection"]
        for at in [*clicked["rows"], *(at for at, _ in clicked["cells"])]:
            if at < len(rows) and rows[at] != now.row:
                selection.go_to(errors.data, rows[at], number * A_PAGE + at)

    columns = document_columns()
    columns["margin"] |= {"help": tr(sentences.MARGIN)}
    with hooked("labels-list", key="labels_list_place"):
        st.dataframe(
            page[[name for name in SHOWN if name in page]],
            key=TABLE, hide_index=True, on_select=choose, height=320,
            selection_mode=["single-row", "single-cell"],
            column_config=columns, alt=tr("Documents to review"),
        )  # fmt: skip
    _pager(errors.data, order, number)


def _pager(data: str, order: np.ndarray, number: int) -> None:
    """Buttons of the pages; another page starts with its first document."""
    pages = -(-len(order) // A_PAGE)
    if pages < 2:
        return
    key = f"labels_page_{number}"

    def turn() -> None:
        first = (st.session_state[key] - 1) * A_PAGE
        selection.go_to(data, order[first], first)

    st.pagination(pages, default=number + 1, key=key, on_change=turn)
