"""The figures of Compare: sentences, classes, agreement, and a table to export."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import cast

import pandas as pd
import streamlit as st

from han_core.explanation.comparison import Column, aligned_sentences, aligned_words
from han_core.runtime.messages import mark, paragraph, tr
from han_core.viz.charts.comparison import MEASURES, Measure, agreement_matrix, pairwise
from han_core.viz.charts.distributions import class_bars
from han_core.viz.charts.sentence_bars import column_bars
from han_core.viz.export import comparison_table, to_csv
from pages.compare.comparison import FEWEST, Comparison
from pages.shared import cache, explanation_panels, wording
from pages.shared.components import figure_export, hooked
from pages.shared.page import restore_value

TOPS = [5, 10, 20]
NARROWEST = 320  # pixels of a matrix
PLAIN = {"displayModeBar": False}
MEASURES_NOTE = mark(
    "The absolute values are compared, word by word, over the words that all sides "
    "have. τ compares the whole ranking, the overlap only its top, the divergence "
    "(Jensen-Shannon) how the weight is distributed."
)
SHARES = mark(
    "Each bar is the share of a sentence in the absolute values of all sentences, so "
    "that methods with different units fit on one axis. Attention has no sign, so "
    "its bars never point left."
)
EXPORT_NOTE = mark(
    "A row for each word and a column for each side, in full precision. Each figure "
    "can be saved as SVG or PNG below it."
)

MATRICES: dict[Measure, str] = {
    "tau": mark("Agreement by tau"),
    "overlap": mark("Agreement by overlap"),
    "divergence": mark("Agreement by divergence"),
}


def obstacle(comparison: Comparison) -> str:
    """Say why the sides cannot be compared; "" where two of them have two words in common."""
    if len(comparison.sides) < FEWEST:
        return tr("There is nothing left to compare. Choose at least two.")
    words = int(aligned_words(comparison.columns).shared.sum())
    return too_few_words(words) if words < 2 else ""


def sentences_and_classes(comparison: Comparison) -> None:
    """Draw all sentence bars on one axis, and the probabilities where models or texts differ."""
    grid = explanation_panels.side_by_side()
    with grid.cell():
        signed = any(column.answer.signed for column in comparison.columns)
        help = tr(SHARES if signed else wording.SENTENCES)
        st.header(tr("Sentences"), anchor=False, help=help)
        with hooked("sentence-bars", key="sentence_bars"):
            st.plotly_chart(
                column_bars(comparison.columns), key="sentence_figure", config=PLAIN,
                alt=tr("Values of the sentences on each side"),
            )  # fmt: skip
        figure_export("sentence_bars", "sentences")
    if comparison.kind == "methods":
        return
    with grid.cell():
        st.header(tr("Probabilities"), anchor=False, help=tr(wording.PREDICTION))
        with st.container(key="classes"):
            named = [(column.name, column.explanation.chances) for column in comparison.columns]
            st.plotly_chart(
                class_bars(named), key="class_figure", config=PLAIN, alt=tr("Class probabilities")
            )
        figure_export("classes", "probabilities")


def agreement(comparison: Comparison) -> None:
    """Draw three matrices with a cell for each pair, and the same values as a table."""
    about = paragraph(tr(wording.AGREEMENT), tr(MEASURES_NOTE))
    st.header(tr("Agreement"), anchor=False, help=about)
    if place := cache.figures_place("agreement_figures"):
        with place:
            _agreement(comparison)


def _agreement(comparison: Comparison) -> None:
    top = _top()
    words = aligned_words(comparison.columns).in_all()
    names = [column.name for column in comparison.columns]
    with hooked("agreement", key="agreement"):
        grid = st.grid(len(MEASURES), min_column_width=NARROWEST, gap=("small", "medium"))
        for measure in MEASURES:
            with grid.cell():
                st.plotly_chart(
                    agreement_matrix(names, words.values, measure, top),
                    key=f"agreement_{measure}", config=PLAIN, alt=tr(MATRICES[measure]),
                )  # fmt: skip
    figure_export("agreement", "agreement")
    if few := few_words_line(len(words.texts), top):
        st.caption(few)
    with st.expander(tr("Show as a table")):
        rows = agreement_table(comparison.columns, top)
        numbers = st.column_config.NumberColumn(format="%.4f")
        st.dataframe(
            rows, hide_index=True, placeholder="–", key="agreement_table",
            column_config=dict.fromkeys(rows.columns[1:], numbers),
        )  # fmt: skip


def _top() -> int:
    restore_value("top_words", 10)
    chosen = st.segmented_control(
        tr("Top words"),
        TOPS,
        key="top_words",
        required=True,
        persist_state="session",
        help=tr("How many of the highest-ranked words the overlap compares"),
    )
    return cast("int", chosen)


def agreement_table(columns: Sequence[Column], top: int) -> pd.DataFrame:
    """Return a row for each pair of columns: how far words and sentences agree."""
    words = aligned_words(columns).in_all().values
    sentences = aligned_sentences(columns).in_all().values
    agreement = {
        tr("tau of words"): pairwise(words, "tau"),
        tr("tau of sentences"): pairwise(sentences, "tau"),
        tr("top {top} shared", top=top): pairwise(words, "overlap", top),
        tr("divergence"): pairwise(words, "divergence"),
    }
    pairs = list(combinations(range(len(columns)), 2))
    named = [tr("{one} and {other}", one=columns[a].name, other=columns[b].name) for a, b in pairs]
    values = {name: [m[pair] for pair in pairs] for name, m in agreement.items()}
    return pd.DataFrame({tr("pair"): named, **values})


def export(comparison: Comparison) -> None:
    """Draw the download button of all words and their values on each side."""
    st.header(tr("Export"), anchor=False, help=tr(EXPORT_NOTE))
    st.download_button(
        tr("Comparison (CSV)"),
        lambda: comparison_csv(comparison),
        file_name=f"comparison-of-{comparison.kind}.csv",
        mime="text/csv",
        on_click="ignore",
        key="get_comparison",
    )


def comparison_csv(comparison: Comparison) -> bytes:
    """Return a row for each word and a column for each side, in full precision."""
    table = comparison_table(
        [
            (side.name, replace(side.column.answer, document=side.column.place))
            for side in comparison.sides
        ]
    )
    if comparison.versions is not None:  # offsets of the aligned text, which is neither version
        table = table.drop(columns=["start", "end"])
    return to_csv(table)


def few_words_line(words: int, top: int) -> str:
    """Say where the top covers every word."""
    if words > top:
        return ""
    return tr(
        "Only {words} words can be compared, so the top {top} are all of them.",
        words=words, top=top,
    )  # fmt: skip


def too_few_words(words: int) -> str:
    """Say why nothing can be compared."""
    if words:
        return tr("There is only one word to compare, and it always has all the weight.")
    return tr("The sides have no word in common, so there is nothing to compare.")
