"""Where attention moved with the prediction, measured on request; a document to look at.

The panel *Two models* ends with it.

Two models on one data set: what was fixed and broken, tests of it, and where attention moved.
"""

import hashlib

import numpy as np
import pandas as pd
import streamlit as st

from han_core.analysis.dataset import Outcomes
from han_core.analysis.model_pairs import Pair, class_table, has_changed, pairs_by_class, sum_pairs
from han_core.analysis.pair_attention import PairAttention, attention_table, pair_attention
from han_core.analysis.query import select
from han_core.viz.charts.confusion import change_matrix
from han_core.viz.charts.pair import class_changes, divergences, moved_words
from pages.errors import context, sentences
from pages.errors.context import ErrorsContext
from pages.shared import document_input
from pages.shared.components import figure_export, hooked
from pages.shared.page import restore_value
from pages.shared.wording import plain

DOCUMENTS = [100, 500, 2_000]
UNASKED = 300  # documents to read; so many take a moment
NARROWEST = 380  # pixels of a figure
TABLE = "pair_documents"
ASKED, MEASURED = "pair_asked", "pair_measured"


def attention_panel(bench: ErrorsContext, rows: np.ndarray, outcomes: Outcomes) -> None:
    """Measures where that is quick or was asked for, and shows what came of it."""
    st.subheader("Where attention moved", anchor=False)
    st.caption(sentences.ATTENTION)
    if not has_changed(outcomes).any():
        st.info("Both models predict the same class for every document here.")
        return
    number = DOCUMENTS[1]
    if len(rows) <= UNASKED:
        _show(bench, _measured(bench, rows, outcomes, number, _key(bench, rows, number)))
        return
    restore_value("pair_number", number)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.selectbox(
            "Documents of each kind, at most", DOCUMENTS, key="pair_number",
            persist_state="session", width=260,
        )  # fmt: skip
        key = _key(bench, rows, number)
        st.button("Measure", key="measure_pair", on_click=_ask, args=(key,))
    if st.session_state.get(ASKED) == key:
        _show(bench, _measured(bench, rows, outcomes, number, key))


def _ask(key: str) -> None:
    st.session_state[ASKED] = key


def _key(bench: ErrorsContext, rows: np.ndarray, number: int) -> str:
    """All that decides what is measured."""
    assert bench.store.other is not None
    both = bench.store.scores.manifest.key + bench.store.other.manifest.key
    return f"{number} {both} {hashlib.blake2b(rows.tobytes()).hexdigest()}"


def _measured(
    bench: ErrorsContext, rows: np.ndarray, outcomes: Outcomes, number: int, key: str
) -> PairAttention:
    """The session remembers the last answer, so that a click does not read it all again."""
    held_key, held = st.session_state.get(MEASURED, ("", None))
    if held_key == key:
        return held
    bar = st.empty()

    def progress(done: int, of: int) -> None:
        if not done % 50:
            bar.progress(done / of, f"Read {done:,} of {of:,} documents")

    try:
        found = pair_attention(bench.store, rows, outcomes, number, progress)
    finally:
        bar.empty()
    st.session_state[MEASURED] = (key, found)
    return found


def _show(bench: ErrorsContext, found: PairAttention) -> None:
    st.caption(sentences.sample_line(found))
    grid = st.grid(2, min_column_width=NARROWEST, gap=("small", "large"))
    with grid.cell():
        with hooked("pair-attention", key="pair_attention_figure"):
            st.plotly_chart(
                divergences(found.means()),
                key="pair_divergences",
                config={"displayModeBar": False},
                alt="Mean divergence of attention by what became of the documents",
            )
        figure_export("pair_attention_figure", "attention-of-two-models")
    with grid.cell():
        with st.container(key="pair_words_figure"):
            st.plotly_chart(
                moved_words(found.words, int(found.changed.sum())),
                key="pair_words",
                config={"displayModeBar": False},
                alt="Words that gained or lost attention",
            )
        figure_export("pair_words_figure", "words-of-two-models")
        st.caption(sentences.WORDS)
    _documents(bench, found)


def _documents(bench: ErrorsContext, found: PairAttention) -> None:
    """The documents where attention differs most, and the ways on from one of them."""
    rows = attention_table(bench.store, found)
    event = st.dataframe(
        rows.drop(columns="row"),
        key=TABLE,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height=320,
        column_config={
            "divergence": st.column_config.NumberColumn(format="%.3f", width="small"),
            "first": st.column_config.TextColumn("first model"),
            "second": st.column_config.TextColumn("second model"),
            "words": st.column_config.TextColumn("words that differ most", width="medium"),
            "excerpt": st.column_config.TextColumn("text", width="large"),
        },
        alt="Documents where attention differs most",
    )
    selected = event["selection"]["rows"]
    at = selected[0] if selected and 0 <= selected[0] < len(rows) else 0
    if len(rows):
        _document(bench, found, rows, at)


def _document(bench: ErrorsContext, found: PairAttention, rows, at: int) -> None:
    row, words = int(rows["row"].iloc[at]), found.leading[_place(found, rows["row"].iloc[at])]
    st.markdown(f"**Document {plain(rows['id'].iloc[at])}**: the words that differ most")
    shares = st.column_config.NumberColumn(format="percent")
    shown = pd.DataFrame(words, columns=["word", "first model", "second model"])
    st.dataframe(
        shown,
        key="pair_document_words",
        hide_index=True,
        width=520,
        column_config=dict.fromkeys(shown.columns[1:], shares),
        alt="Shares of attention",
    )
    with st.container(horizontal=True):
        st.button("Read it", key="pair_read", on_click=_read, args=(bench, row))
        both = bench.checkpoint is not None and bench.other is not None
        if both and st.button("Side by side in Compare", key="pair_compare"):
            _compare(bench, row)


def _place(found: PairAttention, row: int) -> int:
    return int(np.flatnonzero(found.rows == row)[0])


def _read(bench: ErrorsContext, row: int) -> None:
    context.go_to(bench.store.scores.manifest.data_sha256, row, 0)
    st.session_state["errors_view"] = "Documents"


def _compare(bench: ErrorsContext, row: int) -> None:
    (text,) = bench.store.documents.texts(np.array([row]))
    document_input.show(text)
    st.session_state["checkpoints"] = [bench.checkpoint, bench.other]
    st.session_state["compared"] = "models"
    st.switch_page("pages/2_Compare.py")


MATRIX, CLASSES = "pair_matrix", "pair_classes"


def panel(bench: ErrorsContext) -> None:
    """The view; says how to come to it where there is no second model."""
    if bench.store.other is None:
        st.info(sentences.NO_SECOND)
        return
    rows, outcomes = without_change(bench)
    names = bench.store.scores.manifest.checkpoint, bench.store.other.manifest.checkpoint
    pairs = pairs_by_class(outcomes)
    found = sum_pairs(pairs)
    st.caption(f"First: **{plain(names[0])}** · second: **{plain(names[1])}**")
    _figures(found)
    for sentence in (sentences.chosen_line(bench.filter), sentences.another_line(found)):
        if sentence:
            st.caption(sentence)
    _ways(bench, found, pairs, names)
    _table(bench, pairs)
    attention_panel(bench, rows, outcomes)


def without_change(bench: ErrorsContext) -> tuple[np.ndarray, Outcomes]:
    """What the filter leaves but for what became of it: a comparison needs all four cells."""
    if bench.filter.change is None:
        return bench.rows, bench.outcomes
    filter = bench.filter.model_copy(update={"change": None})
    rows = select(bench.store, filter, bench.marks)
    return rows, bench.store.outcomes.take(rows)


def _figures(found: Pair) -> None:
    tiles = st.grid(4, min_column_width=150)
    first, second = found.accuracies or (None, None)
    tiles.metric("Documents", f"{len(found):,}", border=True)
    for name, accuracy in (("First: accuracy", first), ("Second: accuracy", second)):
        tiles.metric(name, "–" if accuracy is None else f"{accuracy:.1%}", border=True)
    tiles.metric(
        "Fixed − broken",
        f"{found.fixed - found.broken:+,}".replace("-", "−"),
        border=True,
    )
    st.markdown(sentences.accuracy_line(found))
    st.markdown(sentences.mcnemar_line(found))


def _ways(
    bench: ErrorsContext, found: Pair, pairs: tuple[Pair, ...], names: tuple[str, str]
) -> None:
    """The matrix and the classes, whose clicks filter."""
    grid = st.grid(2, min_column_width=NARROWEST, gap=("small", "large"))
    with grid.cell():
        with hooked("change-matrix", key="change_matrix"):
            st.plotly_chart(
                change_matrix(found, *names, selected=bench.filter.change),
                key=MATRIX,
                on_select=_take_cell,
                selection_mode="points",
                config={"displayModeBar": False},
                alt="Documents by whether the first and the second model are right",
            )
        figure_export("change_matrix", "two-models")
        st.caption(sentences.MATRIX)
    with grid.cell():
        with hooked("class-changes", key="class_changes"):
            st.plotly_chart(
                class_changes(pairs, bench.store.labels),
                key=CLASSES,
                on_select=_take_bar,
                selection_mode="points",
                config={"displayModeBar": False},
                alt="Documents fixed and broken in each true class",
            )
        figure_export("class_changes", "two-models-by-class")
        st.caption(sentences.CLASSES)


def _take_cell() -> None:
    data = _clicked(MATRIX, 1)
    context.change(change=None if not data or data[0] == context.current().change else data[0])


def _take_bar() -> None:
    data = _clicked(CLASSES, 2)
    held = context.current()
    if not data or (held.true == (data[0],) and held.change == data[1]):
        context.change(true=(), change=None)
    else:
        context.change(true=(data[0],), change=data[1])


def _clicked(key: str, parts: int) -> list[str]:
    """What a figure's clicked mark says of itself; nothing where a click took it back."""
    points = st.session_state[key]["selection"]["points"]
    found = [str(part) for part in (points[0].get("customdata") or ())] if points else []
    return found if len(found) >= parts else []


def _table(bench: ErrorsContext, pairs: tuple[Pair, ...]) -> None:
    with st.expander("Each class in numbers", key="pair_table_fold"):
        rows = class_table(pairs, bench.store.labels)
        share = st.column_config.NumberColumn(format="percent", width="small")
        number = st.column_config.NumberColumn(format="%.3f", width="small")
        st.dataframe(
            rows,
            key="pair_table",
            hide_index=True,
            column_config={
                **dict.fromkeys(["first", "second"], share),
                **dict.fromkeys(["difference", "low", "high", "p"], number),
                "low": st.column_config.NumberColumn("95% from", format="%.3f", width="small"),
                "high": st.column_config.NumberColumn("to", format="%.3f", width="small"),
                "p_holm": st.column_config.NumberColumn("p (Holm)", format="%.3f", width="small"),
            },
            alt="Two models in each true class",
        )
        st.caption(sentences.tests_line(int(rows["p"].notna().sum())))
