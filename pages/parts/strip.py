"""The strip of evidence under a heatmap: how far this attention explains this decision.

Layout only. What is quick is measured at once; leave-one-out too where it is, and on
request, with a progress bar, where it takes long.
"""

from typing import TYPE_CHECKING, cast

import streamlit as st

from pages.parts import cached, quotas, saying
from pages.parts.figure_export import figure_export
from pages.parts.hook import hooked
from pages.parts.kept import carry
from pages.parts.wording import plain

if TYPE_CHECKING:
    from han_core.evidence.faithfulness import Evidence, Stage
    from han_core.evidence.ranking import Unit
    from han_core.evidence.subject import Fill

NARROWEST = 340  # pixels of a figure


def strip(question: cached.Question) -> None:
    """Sentences and figures for one document before one model, as the model is."""
    st.subheader("Evidence", anchor=False)
    unit, fill = _choices()
    place = st.empty()
    stages: tuple[Stage, ...] = ("quick", "thorough")
    for stage in stages:
        if not _wanted(question, unit, fill, stage):
            return
        found = _measured(question, unit, fill, stage)
        # Figures take longer to draw than what comes at once takes to measure.
        if stage == "thorough" or not _at_once(question, "thorough"):
            with place.container():
                _drawn(found, stage)


def line(question: cached.Question) -> None:
    """What the deletion test says, in two sentences, where there is no room for more."""
    from han_core.evidence.wording import said

    if _at_once(question, "brief"):
        for sentence in said(_measured(question, "word", "delete", "brief"))[:2]:
            st.caption(plain(sentence))
    else:
        st.caption(saying.LONG)


def _wanted(question: cached.Question, unit: "Unit", fill: "Fill", stage: "Stage") -> bool:
    """Whether to measure: at once where that is quick, else when somebody asks for it."""
    if _at_once(question, stage) or cached.has_evidence(question, unit, fill, stage):
        return True
    place = st.empty()
    with place.container():
        st.caption(saying.NOT_YET[stage])
        asked = st.button(saying.MEASURE[stage], key=f"measure_{stage}")
    if asked:
        place.empty()
    return asked


def _at_once(question: cached.Question, stage: "Stage") -> bool:
    subject = cached.subject(question)
    words = quotas.current().at_once[stage][subject.checkpoint.config.architecture.model]
    return subject.tokens <= words


def _measured(question: cached.Question, unit: "Unit", fill: "Fill", stage: "Stage") -> "Evidence":
    bar = st.empty()

    def progress(done: int, of: int) -> None:
        if not _at_once(question, stage):
            bar.progress(done / of, f"{done:,} of {of:,} variants of the text read")

    try:
        return cached.evidence(question, unit, fill, stage, progress)
    finally:
        bar.empty()


def _choices() -> "tuple[Unit, Fill]":
    carry("unit", "word")
    carry("fill", "delete")
    with st.container(horizontal=True):
        unit = st.segmented_control(
            "What is taken out", list(saying.UNITS), format_func=lambda u: saying.UNITS[u],
            key="unit", required=True, persist_state="session",
        )  # fmt: skip
        fill = st.segmented_control(
            "What stands there then", list(saying.FILLS), format_func=lambda f: saying.FILLS[f],
            key="fill", required=True, persist_state="session",
        )  # fmt: skip
    return cast("Unit", unit), cast("Fill", fill)


def _drawn(evidence: "Evidence", stage: str) -> None:
    """What was found in sentences, and the figures that they speak of; a key stands once."""
    from han_core.evidence.wording import said

    with hooked("evidence", key=f"evidence_{stage}"):
        for sentence in said(evidence):
            st.markdown(plain(sentence))
        st.space("small")
        if place := quotas.place(f"evidence_figures_{stage}"):
            with place:
                _figures(evidence, stage)
    if place:
        figure_export(f"evidence_{stage}", "evidence")
    st.caption(saying.EVIDENCE)


def _figures(evidence: "Evidence", stage: str) -> None:
    from han_core.figures.deletion import deletion_curve
    from han_core.figures.evidence import flip_strip, swap_strip, tau_dots

    figures = []
    if evidence.deletion is not None:
        figures = [
            ("Taken out", deletion_curve(evidence.deletion, evidence.label)),
            ("Kept alone", deletion_curve(evidence.deletion, evidence.label, "sufficiency")),
            ("Order of the words", tau_dots(evidence)),
        ]
    if evidence.swaps is not None:
        figures.append(("Other attention", swap_strip(evidence.swaps, evidence.label)))
        if evidence.swaps.flip is not None:
            figures.append(("Attention set to 0", flip_strip(evidence.swaps.flip)))
    grid = st.grid(2, min_column_width=NARROWEST, gap=("small", "medium"))
    for number, (title, figure) in enumerate(figures):
        with grid.cell():
            st.markdown(f"**{title}**")
            st.plotly_chart(
                figure, key=f"{stage}_{number}", config={"displayModeBar": False}, alt=title
            )
