"""The view Model comparison: what a second model fixes and breaks, and where attention changed."""

import hashlib
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from han_core.analysis.dataset import Outcomes
from han_core.analysis.model_pairs import Pair, class_table, has_changed, pairs_by_class, sum_pairs
from han_core.analysis.pair_attention import PairAttention, attention_table, pair_attention
from han_core.analysis.query import select
from han_core.runtime.messages import mark, tr
from han_core.viz.charts.comparison import class_changes, divergences, moved_words
from han_core.viz.charts.confusion import change_matrix
from pages.errors import pair_sentences, selection
from pages.errors.context import ErrorsContext, progress_bar
from pages.shared import document_input
from pages.shared.components import chart
from pages.shared.page import restore_value
from pages.shared.wording import plain

DOCUMENTS = [100, 500, 2_000]
AT_ONCE = 300  # documents that are measured without a button; so many take a moment
NARROWEST = 380  # pixels of a figure
TABLE = "pair_documents"
REQUEST, MEASURED = "pair_asked", "pair_measured"


def attention_panel(errors: ErrorsContext, rows: np.ndarray, outcomes: Outcomes) -> None:
    """Measure and draw, at once for few documents and on request for many."""
    st.header(tr("Changes in attention"), anchor=False)
    st.caption(tr(pair_sentences.PAIR_ATTENTION))
    if not has_changed(outcomes).any():
        st.info(tr("Both models predict the same class for every document here."))
        return
    number = DOCUMENTS[1]
    if len(rows) <= AT_ONCE:
        _show(errors, _measured(errors, rows, outcomes, number, _key(errors, rows, number)))
        return
    restore_value("pair_number", number)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.selectbox(
            tr("Documents per group, at most"), DOCUMENTS, key="pair_number",
            persist_state="session", width=260,
        )  # fmt: skip
        key = _key(errors, rows, number)
        st.button(tr("Measure"), key="measure_pair", on_click=_request, args=(key,))
    if st.session_state.get(REQUEST) == key:
        _show(errors, _measured(errors, rows, outcomes, number, key))


def _request(key: str) -> None:
    st.session_state[REQUEST] = key


def _key(errors: ErrorsContext, rows: np.ndarray, number: int) -> str:
    """Everything that decides what is measured."""
    assert errors.store.other is not None
    both = errors.store.scores.manifest.key + errors.store.other.manifest.key
    return f"{number} {both} {hashlib.blake2b(rows.tobytes()).hexdigest()}"


def _measured(
    errors: ErrorsContext, rows: np.ndarray, outcomes: Outcomes, number: int, key: str
) -> PairAttention:
    """Measure once: the session keeps the last result, so that a click does not repeat it."""
    cached_key, cached = st.session_state.get(MEASURED, ("", None))
    if cached_key == key:
        return cached
    with progress_bar(tr("Read"), every=50) as progress:
        result = pair_attention(errors.store, rows, outcomes, number, progress)
    st.session_state[MEASURED] = (key, result)
    return result


def _show(errors: ErrorsContext, result: PairAttention) -> None:
    st.caption(pair_sentences.sample_line(result))
    grid = st.grid(2, min_column_width=NARROWEST, gap=("small", "large"))
    with grid.cell():
        chart(
            divergences(result.means()),
            "pair_divergences",
            "pair_attention_figure",
            "attention-of-two-models",
            tr("Mean divergence of attention for fixed, broken and unchanged documents"),
            testid="pair-attention",
        )
    with grid.cell():
        chart(
            moved_words(result.words, int(result.changed.sum())),
            "pair_words",
            "pair_words_figure",
            "words-of-two-models",
            tr("Words that gained or lost attention"),
        )
        st.caption(tr(pair_sentences.PAIR_WORDS))
    _documents(errors, result)


def _documents(errors: ErrorsContext, result: PairAttention) -> None:
    """The documents where attention differs most, with links for the selected one."""
    rows = attention_table(errors.store, result)
    event = st.dataframe(
        rows.drop(columns="row").assign(change=rows["change"].map(tr)),
        key=TABLE,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height=320,
        column_config={
            "id": tr("id"),
            "divergence": st.column_config.NumberColumn(
                tr("divergence"), format="%.3f", width="small"
            ),
            "change": tr("change"),
            "true": tr("true"),
            "first": st.column_config.TextColumn(tr("first model")),
            "second": st.column_config.TextColumn(tr("second model")),
            "words": st.column_config.TextColumn(tr("words that differ most"), width="medium"),
            "excerpt": st.column_config.TextColumn(tr("text"), width="large"),
        },
        alt=tr("Documents where attention differs most"),
    )
    selected = event["selection"]["rows"]
    at = selected[0] if selected and 0 <= selected[0] < len(rows) else 0
    if len(rows):
        _document(errors, result, rows["id"].iloc[at], int(rows["row"].iloc[at]))


def _document(errors: ErrorsContext, result: PairAttention, id: str, row: int) -> None:
    st.markdown(tr("**Document {id}**: the words that differ most", id=plain(id)))
    words = result.leading[int(np.flatnonzero(result.rows == row)[0])]
    shares = st.column_config.NumberColumn(format="percent")
    shown = pd.DataFrame(words, columns=[tr("word"), tr("first model"), tr("second model")])
    st.dataframe(
        shown,
        key="pair_document_words",
        hide_index=True,
        width=520,
        column_config=dict.fromkeys(shown.columns[1:], shares),
        alt=tr("Shares of attention"),
    )
    with st.container(horizontal=True):
        st.button(tr("Read this document"), key="pair_read", on_click=_read, args=(errors, row))
        both = errors.checkpoint is not None and errors.other is not None
        if both and st.button(tr("Open in Compare"), key="pair_compare"):
            _compare(errors, row)


def _read(errors: ErrorsContext, row: int) -> None:
    selection.go_to(errors.data, row, 0)
    st.session_state[selection.VIEW] = selection.DOCUMENTS


def _compare(errors: ErrorsContext, row: int) -> None:
    (text,) = errors.store.documents.texts(np.array([row]))
    document_input.show(text)
    st.session_state["checkpoints"] = [errors.checkpoint, errors.other]
    st.session_state["compared"] = "models"
    st.switch_page("pages/2_Compare.py")


MATRIX, CLASSES = "pair_matrix", "pair_classes"
COLUMNS = {
    "class": mark("class"),
    "documents": mark("documents"),
    "fixed": mark("fixed"),
    "broken": mark("broken"),
}


def panel(errors: ErrorsContext) -> None:
    """Draw the view, or how to choose a second model."""
    if errors.store.other is None:
        st.info(tr(pair_sentences.NO_SECOND))
        return
    rows, outcomes = without_change(errors)
    names = errors.store.scores.manifest.checkpoint, errors.store.other.manifest.checkpoint
    pairs = pairs_by_class(outcomes)
    total = sum_pairs(pairs)
    st.caption(
        tr(
            "First: **{first}** · second: **{second}**",
            first=plain(names[0]),
            second=plain(names[1]),
        )
    )
    _figures(total)
    biased = pair_sentences.selection_bias_line(errors.filter)
    for line in (biased, pair_sentences.different_errors_line(total)):
        if line:
            st.caption(line)
    _charts(errors, total, pairs, names)
    _table(errors, pairs)
    attention_panel(errors, rows, outcomes)


def without_change(errors: ErrorsContext) -> tuple[np.ndarray, Outcomes]:
    """Return the selection without the condition on change: a comparison needs all four cells."""
    if errors.filter.change is None:
        return errors.rows, errors.outcomes
    filter = selection.without_fields(errors.filter, ("change",))
    rows = select(errors.store, filter, errors.marks)
    return rows, errors.store.outcomes.take(rows)


def _figures(total: Pair) -> None:
    tiles = st.grid(4, min_column_width=150)
    first, second = total.accuracies or (None, None)
    tiles.metric(tr("Documents"), f"{len(total):,}", border=True)
    for name, accuracy in (
        (tr("First: accuracy"), first),
        (tr("Second: accuracy"), second),
    ):
        tiles.metric(name, "–" if accuracy is None else f"{accuracy:.1%}", border=True)
    difference = f"{total.fixed - total.broken:+,}".replace("-", "−")
    tiles.metric(tr("Fixed − broken"), difference, border=True)
    st.markdown(pair_sentences.accuracy_line(total))
    st.markdown(pair_sentences.mcnemar_line(total))


def _charts(
    errors: ErrorsContext, total: Pair, pairs: tuple[Pair, ...], names: tuple[str, str]
) -> None:
    """The matrix of changes, and the changes in each class; clicks filter."""
    grid = st.grid(2, min_column_width=NARROWEST, gap=("small", "large"))
    with grid.cell():
        chart(
            change_matrix(total, *names, selected=errors.filter.change),
            MATRIX,
            "change_matrix",
            "two-models",
            tr("Documents by whether the first and the second model are right"),
            testid="change-matrix",
            on_select=_click_cell,
        )
        st.caption(tr(pair_sentences.PAIR_MATRIX))
    with grid.cell():
        chart(
            class_changes(pairs, errors.store.labels),
            CLASSES,
            "class_changes",
            "two-models-by-class",
            tr("Documents fixed and broken in each true class"),
            testid="class-changes",
            on_select=_click_bar,
        )
        st.caption(tr(pair_sentences.PAIR_CLASSES))


def _click_cell() -> None:
    change = next((cell for cell, *_ in selection.clicked(MATRIX)), None)
    repeated = change == selection.current().change
    selection.change(change=None if repeated else change)


def _click_bar() -> None:
    filter = selection.current()
    true, change = next((bar for bar in selection.clicked(CLASSES) if len(bar) == 2), (None, None))
    if true is None or (filter.true == (true,) and filter.change == change):
        selection.change(true=(), change=None)
    else:
        selection.change(true=(true,), change=change)


def _table(errors: ErrorsContext, pairs: tuple[Pair, ...]) -> None:
    with st.expander(tr("Table of classes"), key="pair_table_fold"):
        rows = class_table(pairs, errors.store.labels)
        column = st.column_config.NumberColumn
        share = partial(column, format="percent", width="small")
        number = partial(column, format="%.3f", width="small")
        st.dataframe(
            rows,
            key="pair_table",
            hide_index=True,
            column_config={
                **{name: tr(title) for name, title in COLUMNS.items()},
                "first": share(tr("first")),
                "second": share(tr("second")),
                "difference": number(tr("difference")),
                "p": number("p"),
                "low": number(tr("95% from")),
                "high": number(tr("to")),
                "p_holm": number(tr("p (Holm)")),
            },
            alt=tr("Two models in each true class"),
        )
        st.caption(pair_sentences.tests_line(int(rows["p"].notna().sum())))
