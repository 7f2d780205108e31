"""The view Attention: which words the selected documents attend to, where, how concentrated.

It ends with the faithfulness measures of the command ``faithfulness``, measured on request.
"""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from han_core.analysis.word_attention import WordAttention
from han_core.analysis.word_ranking import (
    DocumentGroup,
    Measure,
    entropy_histogram,
    group_means,
    sentence_profile,
    word_table,
)
from han_core.explanation.dataset_evidence import sample_of_scored
from han_core.runtime.messages import mark, tr
from han_core.viz.charts.corpus_attention import (
    Question,
    attended_words,
    entropy_shares,
    intervals,
    position_profile,
)
from pages.errors import cached_scores, selection, sentences
from pages.errors.context import ErrorsContext, progress_bar
from pages.shared import wording
from pages.shared.components import chart, figure_export, hooked
from pages.shared.page import restore_value

DOCUMENTS = [20, 50, 100, 200, 500]
NARROWEST = 380  # pixels of a figure
TITLES: dict[Question, str] = {
    "comprehensiveness": mark("Comprehensiveness: the top words deleted"),
    "sufficiency": mark("Sufficiency: only the top words kept"),
    "tau": mark("Rank agreement (Kendall's τ)"),
    "attention": mark("Uniform and shuffled attention"),
    "flip": mark("Words zeroed until the prediction flips"),
}


def evidence_panel(errors: ErrorsContext) -> None:
    """Draw the button, the progress, and the intervals of every measure."""
    st.header(tr("Faithfulness on these documents"), anchor=False)
    if errors.checkpoint is None:
        st.info(tr("The model was deleted, so nothing can be measured."))
        return
    st.caption(tr(wording.DATASET))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        restore_value("evidence_documents", DOCUMENTS[0])
        number = st.selectbox(
            tr("Documents to measure"), DOCUMENTS, key="evidence_documents", width=200,
            persist_state="session",
        )  # fmt: skip
        data = errors.store.scores.folder.name
        key = (errors.checkpoint, errors.device, data, errors.filter, number)
        st.button(tr("Measure"), key="measure_dataset", on_click=_request, args=(key,))
    if st.session_state.get("dataset_evidence") == key:
        _evidence_figures(_measured(errors, errors.checkpoint, number))


def _request(key: tuple) -> None:
    st.session_state["dataset_evidence"] = key


def _measured(errors: ErrorsContext, checkpoint: str, number: int) -> dict:
    chosen = sample_of_scored(errors.outcomes.predicted, errors.outcomes.tokens, number)
    documents = errors.store.documents.texts(errors.rows[chosen])
    with progress_bar(tr("Measured")) as progress:
        return cached_scores.faithfulness(checkpoint, errors.device, documents, progress)


def _evidence_figures(result: dict) -> None:
    with hooked("dataset-evidence", key="dataset_evidence_figures"):
        st.caption(
            tr(
                "{number:,} documents; points are means, lines their 95% intervals.",
                number=result["n"],
            )
        )
        grid = st.grid(2, min_column_width=NARROWEST, gap=("small", "medium"))
        for question, title in TITLES.items():
            with grid.cell():
                st.markdown(f"**{tr(title)}**")
                st.plotly_chart(
                    intervals(result, question),
                    key=f"dataset_{question}",
                    config={"displayModeBar": False},
                    alt=tr(title),
                )
    figure_export("dataset_evidence_figures", "evidence")


WORDS = 25
"""Words in the figure; the table below it has more."""

LISTED = 500
CLASSES = 6
"""Most lines in one figure."""

MEASURES: dict[Measure, str] = {"lift": mark("Lift over uniform"), "attention": mark("Attention")}
WHOLE, BESIDE = "All", ["Right", "Wrong"]  # not shown
COLUMNS = {
    "word": mark("word"),
    "documents": mark("documents"),
    "occurrences": mark("occurrences"),
    "attention": mark("attention"),
    "lift": mark("lift"),
    "low": mark("low"),
    "high": mark("high"),
    "shrunken": mark("shrunken"),
}
ATTENDED_NARROWEST = 420  # pixels of a figure


def panel(errors: ErrorsContext) -> None:
    """Draw words, position profile and entropies, then faithfulness on these documents."""
    st.header(tr("Attention on these documents"), anchor=False)
    if not len(errors.rows):
        st.info(tr("The filter selects no document."))
        return
    attention = _attended(errors)
    st.caption(sample_line(attention))
    st.caption(tr(sentences.WORD_ATTENTION))
    _words(attention)
    _figures(attention)
    evidence_panel(errors)


def sample_line(attention: WordAttention) -> str:
    """Return how many documents the figures are based on."""
    n = len(attention.outcomes)
    if n == attention.of:
        return tr("Based on the {n:,} documents that the filter selects.", n=n)
    return tr(
        "Based on a random sample: {n:,} of {of:,} documents that the filter selects.",
        n=n,
        of=attention.of,
    )


def groups(labels: tuple[str, ...]) -> dict[str, DocumentGroup]:
    """Return all groups of documents by their names."""
    named = {
        WHOLE: DocumentGroup(),  # not shown
        "Right": DocumentGroup("right"),  # not shown
        "Wrong": DocumentGroup("wrong"),  # not shown
    }
    named |= {f"True {label}": DocumentGroup("true", label) for label in labels}  # not shown
    return named | {
        f"Predicted {label}": DocumentGroup("predicted", label)  # not shown
        for label in labels
    }


def group_title(group: DocumentGroup) -> str:
    """Return what the group with this key is called where it is drawn."""
    titles = {"all": mark("All"), "right": mark("Right"), "wrong": mark("Wrong")}
    if group.kind in titles:
        return tr(titles[group.kind])
    if group.kind == "true":
        return tr("True {label}", label=group.label)
    return tr("Predicted {label}", label=group.label)


def least(documents: int) -> int:
    """Return the default of the fewest documents that a word must be in."""
    return max(3, documents // 1_000)


def _attended(errors: ErrorsContext) -> WordAttention:
    with progress_bar(tr("Read")) as progress:
        return cached_scores.gather_word_attention(errors.store, errors.rows, progress)


def _words(attention: WordAttention) -> None:
    named = groups(attention.outcomes.labels)
    group, by, at_least, compared = _pickers(attention, named)
    words = word_table(attention, named[group], by, at_least)
    if not len(words):
        st.info(tr("No word is in {at_least:,} documents of this group.", at_least=at_least))
        return
    shown = words.head(WORDS)
    others = {group_title(named[name]): named[name] for name in compared if name != group}
    means = group_means(attention, shown["word"].tolist(), list(others.values()), by)
    _draw_words(shown, by, dict(zip(others, means, strict=True)))
    with st.expander(table_title(len(words))):
        st.dataframe(
            words.head(LISTED), hide_index=True, height=320, key="attended_table",
            column_config={name: tr(title) for name, title in COLUMNS.items()},
        )  # fmt: skip


def table_title(words: int) -> str:
    """Return how many words the table has, and of how many."""
    return tr("Table of {number:,} of {of:,} words", number=min(words, LISTED), of=words)


def _pickers(
    attention: WordAttention, named: dict[str, DocumentGroup]
) -> tuple[str, Measure, int, list[str]]:
    pickers, names = st.columns([3, 3, 2, 4]), list(named)

    def title(name: str) -> str:
        return group_title(named[name])

    with pickers[0]:
        restore_value("attended_group", names[0], names)
        group = st.selectbox(
            tr("Documents"), names, key="attended_group", persist_state="session",
            format_func=title,
        )  # fmt: skip
    with pickers[1]:
        restore_value("attended_by", "lift")
        by = st.segmented_control(
            tr("Measure"), list(MEASURES), key="attended_by", required=True,
            format_func=lambda name: tr(MEASURES[name]), persist_state="session", wrap=True,
        )  # fmt: skip
    with pickers[2]:
        restore_value("attended_least", least(len(attention.outcomes)))
        at_least = st.number_input(
            tr("Documents with the word, at least"),
            1,
            10_000,
            key="attended_least",
            persist_state="session",
        )
    with pickers[3]:
        restore_value("attended_beside", BESIDE, names)
        compared = st.multiselect(
            tr("Compare with"), names, key="attended_beside", max_selections=4,
            persist_state="session", format_func=title,
            placeholder=tr("Choose options"),
        )  # fmt: skip
    return group, by or "lift", int(at_least), compared


def _draw_words(words: pd.DataFrame, by: Measure, others: dict) -> None:
    chart(
        attended_words(words, by, others),
        "attended_words_figure",
        "attended_words",
        "attended-words",
        tr("Words by their mean attention, with intervals"),
        testid="attended-words",
        on_select=_take_word,
    )


def _take_word() -> None:
    """Select documents with the clicked word among the most attended; again: all."""
    for word, *_ in selection.clicked("attended_words_figure")[:1]:
        selection.toggle("attended", str(word))


def _figures(attention: WordAttention) -> None:
    named = groups(attention.outcomes.labels)
    restore_value("attended_lines", BESIDE, named)
    chosen = st.multiselect(
        tr("Groups of documents in these two figures"), list(named), key="attended_lines",
        max_selections=CLASSES, persist_state="session",
        format_func=lambda name: group_title(named[name]),
        placeholder=tr("Choose options"),
    ) or [WHOLE]  # fmt: skip
    grid = st.grid(2, min_column_width=ATTENDED_NARROWEST, gap=("small", "medium"))
    selected = {group_title(named[name]): named[name] for name in chosen}
    with grid.cell():
        profiles = {name: sentence_profile(attention, group) for name, group in selected.items()}
        _draw("position-profile", position_profile(profiles), tr(sentences.POSITIONS))
    with grid.cell():
        counts = {name: entropy_histogram(attention, group) for name, group in selected.items()}
        _draw("entropy-shares", entropy_shares(counts), tr(sentences.ENTROPIES))


def _draw(name: str, figure: go.Figure, about: str) -> None:
    key = name.replace("-", "_")
    chart(figure, f"{key}_figure", key, name, about, testid=name)
    st.caption(about)
