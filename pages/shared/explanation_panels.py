"""Panels that draw one explanation: prediction, sentence bars, word heatmap and evidence."""

from collections.abc import Sequence
from typing import cast

import streamlit as st

from han_core.explanation.attribution import Unit
from han_core.explanation.explanation import Explanation
from han_core.explanation.faithfulness import Evidence, Stage
from han_core.explanation.model_probe import Fill
from han_core.explanation.verdicts import answers, evidence_sentences
from han_core.runtime.messages import paragraph, tr
from han_core.viz import colour_scale
from han_core.viz.charts.evidence import deletion_curve, flip_strip, swap_strip, tau_dots
from han_core.viz.charts.layers import layer_strip
from han_core.viz.charts.sentence_bars import sentence_bars
from han_core.viz.colour_scale import reading_scale
from han_core.viz.heatmap import Colour, heatmap
from pages.shared import cache, controls, wording
from pages.shared.components import draw, figure_export, hooked
from pages.shared.page import plain, restore_value

FIGURE_WIDTH = 340
TEXT_WIDTH = 480
"""The fewest pixels that a figure, and bars or running text, need side by side."""

MANY = 500
"""Sentences above which bars wait for a click; a browser draws 800 for half a minute."""


def prediction(explanation: Explanation) -> None:
    """Draw the predicted class, the probabilities, and how much of the text was read."""
    st.html(colour_scale.prediction(explanation))
    st.caption(colour_scale.seen_line(explanation))
    st.caption(tr(wording.PREDICTION))


def side_by_side():
    """Return a grid for bars and running text: two columns where there is room."""
    return st.grid(2, min_column_width=TEXT_WIDTH, gap=("small", "large"))


def sentences(
    named: Sequence[tuple[str, Explanation]],
    columns: int = 60,
    testid: str = "sentence-bars",
    hierarchical: bool = True,
) -> None:
    """Draw sentence bars of one or several explanations on one axis.

    Args:
        hierarchical: whether all models have attention over sentences.
    """
    number = max(len(explanation.sentence_weights) for _, explanation in named)
    if number > MANY and not st.toggle(wording.many_bars(number), key="many_bars"):
        return
    with hooked(testid, key="sentence_bars"):
        st.plotly_chart(
            sentence_bars(named, columns),
            key="sentence_figure",
            config={"displayModeBar": False},
            alt=tr("Attention weight of each sentence"),
        )
    figure_export("sentence_bars", "sentences")
    if len(named) == 1:
        st.caption(wording.sentence_concentration(named[0][1]))
    st.caption(tr(wording.SENTENCES if hierarchical else wording.SENTENCE_SUMS))


def attention_colour(explanation: Explanation, others: Sequence[Explanation] = ()) -> Colour:
    """Draw the switch of the reading; return its colours, on one scale with ``others``."""
    reading = controls.reading()
    return Colour(explanation.weights(reading), reading_scale([explanation, *others], reading))


def words(explanation: Explanation, colour: Colour) -> None:
    """Draw the colour scale, the word heatmap, and what its marks mean."""
    with st.container(key="words", gap="small"):
        st.html(colour_scale.scale_only(colour.scale))
        draw(heatmap(explanation, colour), "heatmap")
        st.html(colour_scale.marks_only(colour.scale))
    figure_export("words", "words")
    st.caption(wording.word_concentration(explanation, colour), help=tr(wording.WORDS))


def evidence(question: cache.Question) -> None:
    """Draw what perturbing the document says about attention, in sentences and figures.

    What is quick is measured at once; leave-one-out waits for a click where it takes long.
    """
    unit, fill = _evidence_controls()
    place = st.empty()
    stages: tuple[Stage, ...] = ("quick", "thorough")
    for stage in stages:
        if not _is_wanted(question, unit, fill, stage):
            return
        measured = _measure(question, unit, fill, stage)
        # Figures take longer to draw than what comes at once takes to measure.
        if stage == "thorough" or not _at_once(question, "thorough"):
            with place.container():
                _draw_evidence(measured, stage)


def quick_evidence(question: cache.Question) -> Evidence | None:
    """Return what taking words out does, measured at once; None for a long text until it is asked.

    Where the panel of evidence is about words as well, it shares the measurement.
    """
    for stage in ("thorough", "quick"):
        if cache.has_evidence(question, "word", "delete", stage):
            return _measure(question, "word", "delete", stage)
    if not _at_once(question, "quick"):
        return None
    return _measure(question, "word", "delete", "quick")


def evidence_line(question: cache.Question) -> None:
    """Draw the result of the deletion test in two sentences, where there is no room for more."""
    if _at_once(question, "brief"):
        for sentence in evidence_sentences(_measure(question, "word", "delete", "brief"))[:2]:
            st.caption(plain(sentence))
    else:
        st.caption(tr(wording.LONG))


def _is_wanted(question: cache.Question, unit: Unit, fill: Fill, stage: Stage) -> bool:
    """Whether to measure: at once where that is quick, else after a click."""
    if _at_once(question, stage) or cache.has_evidence(question, unit, fill, stage):
        return True
    place = st.empty()
    with place.container():
        st.caption(tr(wording.NOT_MEASURED[stage]))
        pressed = st.button(tr(wording.MEASURE[stage]), key=f"measure_{stage}")
    if pressed:
        place.empty()
    return pressed


def _at_once(question: cache.Question, stage: Stage) -> bool:
    probe = cache.probe(question)
    shape = probe.checkpoint.config.architecture
    return probe.tokens <= cache.quotas().words_at_once(stage, shape)


def _measure(question: cache.Question, unit: Unit, fill: Fill, stage: Stage) -> Evidence:
    bar = st.empty()

    def progress(done: int, of: int) -> None:
        if not _at_once(question, stage):
            said = tr("{done:,} of {of:,} variants of the text read", done=done, of=of)
            bar.progress(done / of, said)

    try:
        return cache.evidence(question, unit, fill, stage, progress)
    finally:
        bar.empty()


def _evidence_controls() -> tuple[Unit, Fill]:
    restore_value("unit", "word")
    restore_value("fill", "delete")
    with st.container(horizontal=True):
        unit = st.segmented_control(
            tr("Remove"), list(wording.UNITS), format_func=lambda unit: tr(wording.UNITS[unit]),
            key="unit", required=True, persist_state="session",
            help=tr("What the deletion test removes at each step"),
        )  # fmt: skip
        fill = st.segmented_control(
            tr("Replace with"), list(wording.FILLS),
            format_func=lambda fill: tr(wording.FILLS[fill]),
            key="fill", required=True, persist_state="session",
            help=tr("What the model reads in place of what was removed"),
        )  # fmt: skip
    return cast("Unit", unit), cast("Fill", fill)


def _draw_evidence(measured: Evidence, stage: str) -> None:
    """Three questions with a word and what was measured; each key is used once."""
    with hooked("evidence", key=f"evidence_{stage}"):
        for answer in answers(measured):
            st.markdown(f"**{plain(answer.question)}** :blue-background[**{answer.word}**]",
                        help=tr(wording.EVIDENCE))  # fmt: skip
            st.markdown(plain(paragraph(*answer.sentences)))
        fold = st.expander(tr("Figures"), on_change="rerun", key=f"evidence_figures_{stage}")
        if fold.open:
            with fold:
                _draw_figures(measured, stage)
    if fold.open:
        figure_export(f"evidence_{stage}", "evidence")


def _draw_figures(measured: Evidence, stage: str) -> None:
    figures = {}
    if (deletion := measured.deletion) is not None:
        figures["deletion"] = deletion_curve(deletion, measured.label)
        figures["sufficiency"] = deletion_curve(deletion, measured.label, "sufficiency")
        figures["agreement"] = tau_dots(measured)
    if measured.swaps is not None:
        figures["swaps"] = swap_strip(measured.swaps, measured.label)
        if measured.swaps.flip is not None:
            figures["flip"] = flip_strip(measured.swaps.flip)
    if measured.layers:
        figures["layers"] = layer_strip(measured)
    grid = st.grid(2, min_column_width=FIGURE_WIDTH, gap=("small", "medium"))
    for number, (name, figure) in enumerate(figures.items()):
        title = tr(wording.FIGURES[name])
        with grid.cell():
            st.markdown(f"**{title}**")
            st.plotly_chart(
                figure, key=f"{stage}_{number}", config={"displayModeBar": False}, alt=title
            )
