"""The figures of Compare: sentences, classes, agreement, and a table to take away.

The functions that make tables are pure; the others lay out.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import cast

import pandas as pd
import streamlit as st

from han_core.explanation.comparison import Column, aligned_sentences, aligned_words
from han_core.viz.charts.agreement import MEASURES, agreement_matrix, pairwise
from han_core.viz.charts.distributions import class_bars
from han_core.viz.charts.sentence_bars import column_bars
from han_core.viz.tables import comparison_table, to_csv
from pages.compare import sentences
from pages.compare.choices import FEWEST
from pages.compare.comparison import Compared
from pages.shared import explanation_panels, quotas, wording
from pages.shared.components import figure_export, hooked
from pages.shared.page import restore_value

TOPS = [5, 10, 20]
NARROWEST = 320  # pixels of a matrix
PLAIN = {"displayModeBar": False}


def enough(compared: Compared) -> bool:
    """Whether there are two sides with two words in common; says so where there are not."""
    if len(compared.sides) < FEWEST:
        st.info("There is nothing left to compare.")
        return False
    words = int(aligned_words(compared.columns).shared.sum())
    if words < 2:
        st.info(sentences.too_few_words(words))
    return words > 1


def sentences_and_classes(compared: Compared) -> None:
    """Sentence bars of all on one axis, and the probabilities where models or texts differ."""
    grid = explanation_panels.side_by_side()
    with grid.cell():
        st.subheader("Sentences", anchor=False)
        with hooked("sentence-bars", key="sentence_bars"):
            st.plotly_chart(
                column_bars(compared.columns), key="sentence_figure", config=PLAIN,
                alt="What each gives to the sentences",
            )  # fmt: skip
        figure_export("sentence_bars", "sentences")
        signed = any(column.answer.signed for column in compared.columns)
        st.caption(sentences.SHARES if signed else wording.SENTENCES)
    if compared.kind == "methods":
        return
    with grid.cell():
        st.subheader("Probabilities", anchor=False)
        with st.container(key="classes"):
            named = [(column.name, column.explanation.chances) for column in compared.columns]
            st.plotly_chart(
                class_bars(named), key="class_figure", config=PLAIN, alt="Class probabilities"
            )
        figure_export("classes", "probabilities")
        st.caption(wording.PREDICTION)


def agreement(compared: Compared) -> None:
    """Three matrices, a cell for each pair, and the same as a table."""
    st.subheader("Agreement", anchor=False)
    if place := quotas.place("agreement_figures"):
        with place:
            _agreement(compared)


def _agreement(compared: Compared) -> None:
    top = _top()
    words = aligned_words(compared.columns).in_all()
    names = [column.name for column in compared.columns]
    with hooked("agreement", key="agreement"):
        grid = st.grid(len(MEASURES), min_column_width=NARROWEST, gap=("small", "medium"))
        for measure in MEASURES:
            with grid.cell():
                st.plotly_chart(
                    agreement_matrix(names, words.values, measure, top),
                    key=f"agreement_{measure}", config=PLAIN, alt=f"Agreement by {measure}",
                )  # fmt: skip
    figure_export("agreement", "agreement")
    few = sentences.few_words_line(len(words.texts), top)
    st.caption(f"{wording.AGREEMENT} {sentences.MEASURES} {few}".strip())
    with st.expander("The same as a table"):
        rows = agreement_table(compared.columns, top)
        numbers = st.column_config.NumberColumn(format="%.4f")
        st.dataframe(
            rows, hide_index=True, placeholder="–", key="agreement_table",
            column_config=dict.fromkeys(rows.columns[1:], numbers),
        )  # fmt: skip


def _top() -> int:
    restore_value("top_words", 10)
    chosen = st.segmented_control(
        "Words at the top", TOPS, key="top_words", required=True, persist_state="session"
    )
    return cast("int", chosen)


def agreement_table(columns: Sequence[Column], top: int) -> pd.DataFrame:
    """A row for each pair of columns: how far words and sentences agree."""
    words = aligned_words(columns).in_all().values
    sentences = aligned_sentences(columns).in_all().values
    found = {
        "tau of words": pairwise(words, "tau"),
        "tau of sentences": pairwise(sentences, "tau"),
        f"top {top} shared": pairwise(words, "overlap", top),
        "divergence": pairwise(words, "divergence"),
    }
    pairs = list(combinations(range(len(columns)), 2))
    named = [f"{columns[a].name} and {columns[b].name}" for a, b in pairs]
    return pd.DataFrame(
        {"pair": named, **{name: [m[pair] for pair in pairs] for name, m in found.items()}}
    )


def export(compared: Compared) -> None:
    """The words and what each side gives them, as CSV."""
    st.subheader("Take it away", anchor=False)
    st.download_button(
        "Comparison (CSV)",
        lambda: comparison_csv(compared),
        file_name=f"comparison-of-{compared.kind}.csv",
        mime="text/csv",
        on_click="ignore",
        key="get_comparison",
    )
    st.caption(sentences.AWAY)


def comparison_csv(compared: Compared) -> bytes:
    """A row for each word, a column for each side, in full precision."""
    table = comparison_table(
        [
            (column.name, replace(column.answer, document=column.place))
            for column in compared.columns
        ]
    )
    if compared.versions is not None:  # places on a line that nobody else has
        table = table.drop(columns=["start", "end"])
    return to_csv(table)
