"""Evidence over the documents that the filter leaves: the command ``faithfulness`` as a panel.

Asked for, measured with a progress bar, and kept.

What the documents that the filter leaves attend to: words, places, how gathered.
"""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from han_core.analysis.attended_words import (
    DocumentGroup,
    Measure,
    entropy_histogram,
    group_means,
    sentence_profile,
    word_table,
)
from han_core.analysis.word_attention import WordAttention
from han_core.explanation.dataset_evidence import sample_of_scored
from han_core.viz.charts.faithfulness import Question, intervals
from han_core.viz.charts.word_attention import attended_words, entropy_shares, position_profile
from pages.errors import cached_scores, context
from pages.errors.context import ErrorsContext
from pages.shared import wording
from pages.shared.components import figure_export, hooked
from pages.shared.page import restore_value

DOCUMENTS = [20, 50, 100, 200, 500]
NARROWEST = 380  # pixels of a figure
TITLES: dict[Question, str] = {
    "comprehensiveness": "Taken out",
    "sufficiency": "Kept alone",
    "tau": "Order of the words",
    "attention": "Other attention",
    "flip": "Attention set to 0",
}


def evidence_panel(bench: ErrorsContext) -> None:
    """The button, the progress, and the intervals of every question."""
    st.subheader("Evidence over these documents", anchor=False)
    if bench.checkpoint is None:
        st.info("The checkpoint is gone, so nothing more can be measured.")
        return
    st.caption(wording.DATASET)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        restore_value("evidence_documents", DOCUMENTS[0])
        number = st.selectbox(
            "Documents to measure", DOCUMENTS, key="evidence_documents", width=200,
            persist_state="session",
        )  # fmt: skip
        data = bench.store.scores.folder.name
        key = (bench.checkpoint, bench.device, data, bench.filter, number)
        st.button("Measure", key="measure_dataset", on_click=_ask, args=(key,))
    if st.session_state.get("dataset_evidence") == key:
        _evidence_figures(_measured(bench, bench.checkpoint, number))


def _ask(key: tuple) -> None:
    st.session_state["dataset_evidence"] = key


def _measured(bench: ErrorsContext, checkpoint: str, number: int) -> dict:
    chosen = sample_of_scored(bench.outcomes.predicted, bench.outcomes.tokens, number)
    bar = st.empty()

    def progress(done: int, of: int) -> None:
        bar.progress(done / of, f"Measured {done:,} of {of:,} documents")

    try:
        documents = bench.store.documents.texts(bench.rows[chosen])
        return cached_scores.faithfulness(checkpoint, bench.device, documents, progress)
    finally:
        bar.empty()


def _evidence_figures(found: dict) -> None:
    with hooked("dataset-evidence", key="dataset_evidence_figures"):
        st.caption(f"{found['n']:,} documents; points are means, lines their 95% intervals.")
        grid = st.grid(2, min_column_width=NARROWEST, gap=("small", "medium"))
        for question, title in TITLES.items():
            with grid.cell():
                st.markdown(f"**{title}**")
                st.plotly_chart(
                    intervals(found, question),
                    key=f"dataset_{question}",
                    config={"displayModeBar": False},
                    alt=title,
                )
    figure_export("dataset_evidence_figures", "evidence")


WORDS = 25
"""That the figure shows; the table underneath has more."""

LISTED = 500
CLASSES = 6
"""Lines of one figure."""

MEASURES: dict[Measure, str] = {"lift": "Lift over uniform", "attention": "Attention"}
ATTENDED_NARROWEST = 420  # pixels of a figure

ABOUT = (
    "A word's attention is its weight within the document, and its lift how many times the weight "
    "that even attention would give. Means are over documents; the order shrinks means of rare "
    "words towards the mean of all words. Click a word to see the documents where it stands "
    "among the five most attended."
)
PLACES = (
    "Where sentence weight sits, in tenths of the document: 1 is even attention. Documents of one "
    "sentence do not count. Where weight sits says nothing of why."
)
ENTROPY = (
    "How gathered attention to words is: 0 is all on one word, 1 is even. Attention that is "
    "gathered is no sign of a sure or a right prediction."
)


def panel(bench: ErrorsContext) -> None:
    """Words, position profile and entropies; then the evidence over these documents."""
    st.subheader("What they attend to", anchor=False)
    if not len(bench.rows):
        st.info("The filter leaves no document to look at.")
        return
    found = _attended(bench)
    st.caption(read(found))
    st.caption(ABOUT)
    _words(found)
    _figures(found)
    evidence_panel(bench)


def read(found: WordAttention) -> str:
    """How many documents the figures are of."""
    n = len(found.outcomes)
    if n == found.of:
        return f"Of the {n:,} documents that the filter leaves."
    return f"Of {n:,} documents drawn at random from the {found.of:,} that the filter leaves."


def groups(labels: tuple[str, ...]) -> dict[str, DocumentGroup]:
    """Name → group of documents, all that can be asked for."""
    named = {
        "All": DocumentGroup(),
        "Right": DocumentGroup("right"),
        "Wrong": DocumentGroup("wrong"),
    }
    named |= {f"True {label}": DocumentGroup("true", label) for label in labels}
    return named | {f"Predicted {label}": DocumentGroup("predicted", label) for label in labels}


def least(documents: int) -> int:
    """In how many documents a word stands at least, unless somebody says otherwise."""
    return max(3, documents // 1_000)


def _attended(bench: ErrorsContext) -> WordAttention:
    bar = st.empty()

    def progress(done: int, of: int) -> None:
        bar.progress(done / of, f"Read {done:,} of {of:,} documents")

    try:
        return cached_scores.attended(bench.store, bench.rows, progress)
    finally:
        bar.empty()


def _words(found: WordAttention) -> None:
    there = groups(found.outcomes.labels)
    group, by, at_least, beside = _asked(found, list(there))
    words = word_table(found, there[group], by, at_least)
    if not len(words):
        st.info(f"No word stands in {at_least:,} documents of this group.")
        return
    shown = words.head(WORDS)
    named = {name: there[name] for name in beside if name != group}
    means = group_means(found, shown["word"].tolist(), list(named.values()), by)
    _draw_words(shown, by, dict(zip(named, means, strict=True)))
    with st.expander(f"As a table: {min(len(words), LISTED):,} of {len(words):,} words"):
        st.dataframe(words.head(LISTED), hide_index=True, height=320, key="attended_table")


def _asked(found: WordAttention, there: list[str]) -> tuple[str, Measure, int, list[str]]:
    pickers = st.columns([3, 3, 2, 4])
    with pickers[0]:
        restore_value("attended_group", there[0], there)
        group = st.selectbox(
            "Documents", there, key="attended_group", persist_state="session"
        )  # fmt: skip
    with pickers[1]:
        restore_value("attended_by", "lift")
        by = st.segmented_control(
            "Measure", list(MEASURES), key="attended_by", required=True,
            format_func=lambda name: MEASURES[name], persist_state="session", wrap=True,
        )  # fmt: skip
    with pickers[2]:
        restore_value("attended_least", least(len(found.outcomes)))
        at_least = st.number_input(
            "In at least (documents)", 1, 10_000, key="attended_least", persist_state="session"
        )
    with pickers[3]:
        restore_value("attended_beside", ["Right", "Wrong"], there)
        beside = st.multiselect(
            "Beside it", there, key="attended_beside", max_selections=4, persist_state="session"
        )
    return group, by or "lift", int(at_least), beside


def _draw_words(words: pd.DataFrame, by: Measure, others: dict) -> None:
    with hooked("attended-words", key="attended_words"):
        st.plotly_chart(
            attended_words(words, by, others),
            key="attended_words_figure",
            on_select=_take_word,
            selection_mode="points",
            config={"displayModeBar": False},
            alt="Words by their mean attention, with intervals",
        )
    figure_export("attended_words", "attended-words")


def _take_word() -> None:
    """A click: only documents where the word stands among the most attended; again, all."""
    points = st.session_state["attended_words_figure"]["selection"]["points"]
    if (word := chosen_word(points)) is not None:
        context.toggle("attended", word)


def chosen_word(points: list[dict]) -> str | None:
    """The word in a Plotly selection."""
    if not points or not (came := points[0].get("customdata")):
        return None
    return str(came[0] if isinstance(came, list) else came)


def _figures(found: WordAttention) -> None:
    there = groups(found.outcomes.labels)
    restore_value("attended_lines", ["Right", "Wrong"], there)
    chosen = st.multiselect(
        "Groups of documents in the two figures", list(there), key="attended_lines",
        max_selections=CLASSES, persist_state="session",
    ) or ["All"]  # fmt: skip
    grid = st.grid(2, min_column_width=ATTENDED_NARROWEST, gap=("small", "medium"))
    asked = {name: there[name] for name in chosen}
    with grid.cell():
        profiles = {name: sentence_profile(found, group) for name, group in asked.items()}
        _draw("position-profile", position_profile(profiles), PLACES)
    with grid.cell():
        counts = {name: entropy_histogram(found, group) for name, group in asked.items()}
        _draw("entropy-shares", entropy_shares(counts), ENTROPY)


def _draw(name: str, figure: go.Figure, about: str) -> None:
    key = name.replace("-", "_")
    with hooked(name, key=key):
        st.plotly_chart(figure, key=f"{key}_figure", config={"displayModeBar": False}, alt=about)
    figure_export(key, name)
    st.caption(about)
