"""The strip of evidence under a heatmap: how far this attention explains this decision.

Layout only. What is quick is measured at once; leave-one-out too where it is, and on
request, with a progress bar, where it takes long.

An explanation on the page: prediction, sentence bars, word heatmap.

Layout only; every figure comes from ``han_core.figures``.
"""

from collections.abc import Callable, Sequence
from typing import cast

import streamlit as st

from han_core.explanation.attribution import Unit
from han_core.explanation.explanation import Explanation
from han_core.explanation.faithfulness import Evidence, Stage
from han_core.explanation.model_probe import Fill
from han_core.explanation.verdicts import evidence_sentences
from han_core.viz import colour_scale
from han_core.viz.charts.evidence import deletion_curve, flip_strip, swap_strip, tau_dots
from han_core.viz.charts.sentence_bars import sentence_bars
from han_core.viz.colour_scale import reading_scale
from han_core.viz.heatmap import Colour, Out, heatmap
from pages.shared import cache, controls, quotas, wording
from pages.shared.components import draw, figure_export, hooked
from pages.shared.page import plain, restore_value

NARROWEST = 340  # pixels of a figure


def evidence(question: cache.Question) -> None:
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


def evidence_line(question: cache.Question) -> None:
    """What the deletion test says, in two sentences, where there is no room for more."""
    if _at_once(question, "brief"):
        for sentence in evidence_sentences(_measured(question, "word", "delete", "brief"))[:2]:
            st.caption(plain(sentence))
    else:
        st.caption(wording.LONG)


def _wanted(question: cache.Question, unit: Unit, fill: Fill, stage: Stage) -> bool:
    """Whether to measure: at once where that is quick, else when somebody asks for it."""
    if _at_once(question, stage) or cache.has_evidence(question, unit, fill, stage):
        return True
    place = st.empty()
    with place.container():
        st.caption(wording.NOT_YET[stage])
        asked = st.button(wording.MEASURE[stage], key=f"measure_{stage}")
    if asked:
        place.empty()
    return asked


def _at_once(question: cache.Question, stage: Stage) -> bool:
    subject = cache.probe(question)
    words = quotas.current().words_at_once(stage, subject.checkpoint.config.architecture.model)
    return subject.tokens <= words


def _measured(question: cache.Question, unit: Unit, fill: Fill, stage: Stage) -> Evidence:
    bar = st.empty()

    def progress(done: int, of: int) -> None:
        if not _at_once(question, stage):
            bar.progress(done / of, f"{done:,} of {of:,} variants of the text read")

    try:
        return cache.evidence(question, unit, fill, stage, progress)
    finally:
        bar.empty()


def _choices() -> tuple[Unit, Fill]:
    restore_value("unit", "word")
    restore_value("fill", "delete")
    with st.container(horizontal=True):
        unit = st.segmented_control(
            "What is taken out", list(wording.UNITS), format_func=lambda u: wording.UNITS[u],
            key="unit", required=True, persist_state="session",
        )  # fmt: skip
        fill = st.segmented_control(
            "What stands there then", list(wording.FILLS), format_func=lambda f: wording.FILLS[f],
            key="fill", required=True, persist_state="session",
        )  # fmt: skip
    return cast("Unit", unit), cast("Fill", fill)


def _drawn(evidence: Evidence, stage: str) -> None:
    """What was found in sentences, and the figures that they speak of; a key stands once."""
    with hooked("evidence", key=f"evidence_{stage}"):
        for sentence in evidence_sentences(evidence):
            st.markdown(plain(sentence))
        st.space("small")
        if place := quotas.place(f"evidence_figures_{stage}"):
            with place:
                _figures(evidence, stage)
    if place:
        figure_export(f"evidence_{stage}", "evidence")
    st.caption(wording.EVIDENCE)


def _figures(evidence: Evidence, stage: str) -> None:
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


DRAWING_NARROWEST = 480  # pixels that bars or running text need beside each other
MANY = 500
"""Sentences up to which bars are drawn unasked; a browser draws 800 for half a minute."""


def prediction(explanation: Explanation) -> None:
    """The predicted class, the probabilities, and how much of the text was seen."""
    st.html(colour_scale.prediction(explanation))
    st.caption(colour_scale.seen_line(explanation))
    st.caption(wording.PREDICTION)


def document(question: cache.Question) -> None:
    """A document as the model is: prediction, bars beside words, evidence."""
    explanation = cache.probe(question).explanation
    prediction(explanation)
    grid = side_by_side()
    with grid.cell():
        sentences([("", explanation)])
    with grid.cell():
        st.subheader("Words", anchor=False)
        words(explanation, attention_colour(explanation))
    evidence(question)


def side_by_side():
    """A grid for bars and running text: beside each other where there is room."""
    return st.grid(2, min_column_width=DRAWING_NARROWEST, gap=("small", "large"))


def sentences(named: Sequence[tuple[str, Explanation]], columns: int = 60) -> None:
    """The bars of one or several explanations, on one axis; ``columns`` as ``sentence_bars``."""
    st.subheader("Sentences", anchor=False)
    number = max(len(explanation.sentence_weights) for _, explanation in named)
    if number > MANY and not st.toggle(wording.many_bars(number), key="many_bars"):
        return
    with hooked("sentence-bars", key="sentence_bars"):
        st.plotly_chart(
            sentence_bars(named, columns),
            key="sentence_figure",
            config={"displayModeBar": False},
            alt="Attention weight of each sentence",
        )
    figure_export("sentence_bars", "sentences")
    if len(named) == 1:
        st.caption(wording.sentence_concentration(named[0][1]))
    st.caption(wording.SENTENCES)


def attention_colour(explanation: Explanation, beside: Sequence[Explanation] = ()) -> Colour:
    """The switch of the reading, and words coloured by it, on a scale for those beside too."""
    reading = controls.reading()
    st.caption(wording.READINGS[reading])
    return Colour(explanation.weights(reading), reading_scale([explanation, *beside], reading))


def words(
    explanation: Explanation,
    colour: Colour,
    on_act: Callable[[dict], None] | None = None,
    added: frozenset[int] = frozenset(),
    out: Sequence[Out] = (),
) -> None:
    """The legend, and the text in its colours."""
    with st.container(key="words"):
        st.html(colour_scale.legend(colour.scale))
        draw(heatmap(explanation, colour, added=added, out=out), "heatmap", on_act)
    figure_export("words", "words")
    st.caption(wording.word_concentration(explanation))
    st.caption(wording.WORDS)
