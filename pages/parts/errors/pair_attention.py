"""Where attention moved with the prediction, measured on request; a document to look at.

The panel *Two models* ends with it.
"""

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.parts import texts
from pages.parts.errors import pair_saying, place
from pages.parts.figure_export import figure_export
from pages.parts.hook import hooked
from pages.parts.kept import carry
from pages.parts.wording import plain

if TYPE_CHECKING:
    from han_core.errors.opened.outcomes import Outcomes
    from han_core.errors.pairs.pair_attention import PairAttention
    from pages.parts.errors.bench import Bench

DOCUMENTS = [100, 500, 2_000]
UNASKED = 300  # documents to read; so many take a moment
NARROWEST = 380  # pixels of a figure
TABLE = "pair_documents"
ASKED, MEASURED = "pair_asked", "pair_measured"


def panel(bench: "Bench", rows: np.ndarray, outcomes: "Outcomes") -> None:
    """Measures where that is quick or was asked for, and shows what came of it."""
    from han_core.errors.pairs.pair import has_changed

    st.subheader("Where attention moved", anchor=False)
    st.caption(pair_saying.ATTENTION)
    if not has_changed(outcomes).any():
        st.info("Both models predict the same class for every document here.")
        return
    number = DOCUMENTS[1]
    if len(rows) <= UNASKED:
        _show(bench, _measured(bench, rows, outcomes, number, _key(bench, rows, number)))
        return
    carry("pair_number", number)
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


def _key(bench: "Bench", rows: np.ndarray, number: int) -> str:
    """All that decides what is measured."""
    assert bench.store.other is not None
    both = bench.store.scores.manifest.key + bench.store.other.manifest.key
    return f"{number} {both} {hashlib.blake2b(rows.tobytes()).hexdigest()}"


def _measured(
    bench: "Bench", rows: np.ndarray, outcomes: "Outcomes", number: int, key: str
) -> "PairAttention":
    """The session remembers the last answer, so that a click does not read it all again."""
    from han_core.errors.pairs.pair_attention import pair_attention

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


def _show(bench: "Bench", found: "PairAttention") -> None:
    from han_core.figures.pair import divergences, moved_words

    st.caption(pair_saying.sample_line(found))
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
        st.caption(pair_saying.WORDS)
    _documents(bench, found)


def _documents(bench: "Bench", found: "PairAttention") -> None:
    """The documents where attention differs most, and the ways on from one of them."""
    from han_core.errors.pairs.pair_tables import attention_table

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


def _document(bench: "Bench", found: "PairAttention", rows, at: int) -> None:
    import pandas as pd

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


def _place(found: "PairAttention", row: int) -> int:
    return int(np.flatnonzero(found.rows == row)[0])


def _read(bench: "Bench", row: int) -> None:
    place.go_to(bench.store.scores.manifest.data_sha256, row, 0)
    st.session_state["errors_view"] = "Documents"


def _compare(bench: "Bench", row: int) -> None:
    from han_core.errors.asked import table

    (text,) = table.texts(bench.store, np.array([row]))
    texts.show(text)
    st.session_state["checkpoints"] = [bench.checkpoint, bench.other]
    st.session_state["compared"] = "models"
    st.switch_page("pages/2_Compare.py")
