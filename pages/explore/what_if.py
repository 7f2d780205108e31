"""The what-if panel of Explore: words removed or replaced, and attention changed by hand."""

from dataclasses import replace
from typing import Literal

import pandas as pd
import streamlit as st

from han_core.explanation import counterfactual
from han_core.explanation.interventions import (
    Intervention,
    InterventionKind,
    InterventionResult,
    ShuffleEffect,
    intervention_sentence,
    measure_shuffling,
)
from han_core.explanation.layer_replacement import DRAWS
from han_core.explanation.model_probe import ModelProbe
from han_core.runtime.messages import mark, tr
from han_core.viz.charts.distributions import class_bars
from pages.explore.analysis import Analysis
from pages.shared import document_input, wording
from pages.shared.components import hooked
from pages.shared.page import plain

LISTED = 12
"""Edits with a field of their own, the latest ones."""

MOVED = 5
# None would count as no choice, and no button would be marked.
UNCHANGED: Literal["unchanged"] = "unchanged"
KINDS: dict[InterventionKind | Literal["unchanged"], str] = {
    UNCHANGED: mark("Unchanged"),
    "flatten": mark("Flatten"),
    "shuffle": mark("Shuffle"),
    "sharpen": mark("Sharpen"),
}


def panel(analysis: Analysis) -> None:
    """Draw what can be changed, both predictions side by side, and the list of edits."""
    with st.container():  # a place of its own, or the tabs below would begin anew
        document_input.notice("edits")
    if not document_input.edits():
        st.caption(tr(wording.CLICK_TO_REMOVE))
    _tampering(analysis)
    if analysis.changed:
        _comparison(analysis)
    _edits(analysis)


def _edits(analysis: Analysis) -> None:
    """The list of edits, the latest first, each with a field for a replacement."""
    edits = document_input.edits()
    for number in range(len(edits) - 1, max(-1, len(edits) - 1 - LISTED), -1):
        _edit(analysis, number)
    if len(edits) > LISTED:
        st.caption(tr("The last {listed} of {count:,} edits.", listed=LISTED, count=len(edits)))


def _edit(analysis: Analysis, number: int) -> None:
    edit, document = document_input.edits()[number], analysis.before.document
    key = f"replacement_{edit.start}_{edit.end}_{number}"
    st.session_state[key] = edit.replacement
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text_input(
            wording.edit_name(document.text[edit.start : edit.end]),
            key=key,
            placeholder=tr("nothing; type a replacement here"),
            on_change=lambda: document_input.replace(
                number, st.session_state[key], document, analysis.before.checkpoint.tokenizer
            ),
        )
        st.button("✕", key=f"back_{key}", on_click=document_input.undo, args=(number,),
                  help=tr("Restore it"))  # fmt: skip


def _tampering(analysis: Analysis) -> None:
    """Attention flattened, shuffled or sharpened, in one sentence, everywhere or in a layer."""
    tampering = document_input.tampering()
    st.session_state["tamper_kind"] = tampering.kind if tampering else UNCHANGED
    st.segmented_control(
        tr("Attention"), list(KINDS), format_func=lambda kind: tr(KINDS[kind]), key="tamper_kind",
        on_change=_take_tampering, wrap=True, help=tr(wording.TAMPERING),
    )  # fmt: skip
    if tampering is None:
        return
    _tampered_layer(analysis, tampering)
    if tampering.layer is None:
        _tampered_sentence(analysis, tampering)
    if tampering.kind == "sharpen":
        st.session_state["temperature"] = tampering.temperature
        st.select_slider(
            tr("Temperature"), wording.TEMPERATURES, key="temperature", on_change=_take_tampering,
            help=tr("Below 1 attention concentrates on fewer words, above 1 it spreads out."),
        )  # fmt: skip
    if tampering.kind == "shuffle":
        st.button(tr("Shuffle again"), key="reshuffle", on_click=_reshuffle)


def _tampered_layer(analysis: Analysis, tampering: Intervention) -> None:
    """Draw the choice of the pooling or a layer, where the model has self-attention."""
    checkpoint = analysis.now.checkpoint
    if not checkpoint.kind.maps:
        return
    st.session_state["tamper_layer"] = tampering.layer
    st.selectbox(
        tr("Attention of"),
        [None, *range(checkpoint.config.architecture.layers)],
        format_func=_layer_name,
        key="tamper_layer",
        placeholder=tr("The pooling"),  # stands for None, which counts as no choice
        on_change=_take_tampering,
        help=tr(wording.LAYER_TAMPERING),
    )


def _layer_name(layer: int | None) -> str:
    return tr("The pooling") if layer is None else tr("Layer {number}", number=layer + 1)


def _tampered_sentence(analysis: Analysis, tampering: Intervention) -> None:
    """Draw the choice of a sentence or the whole document."""
    sentence, now = tampering.sentence, analysis.now
    st.session_state["tamper_where"] = (
        sentence if sentence is None or sentence < now.sentences else None
    )
    st.selectbox(
        tr("Where"),
        [None, *range(now.sentences)],
        format_func=lambda i: tr("Everywhere") if i is None else wording.sentence_name(now, i),
        key="tamper_where",
        placeholder=tr("Everywhere"),
        on_change=_take_tampering,
    )


def _take_tampering() -> None:
    """Store what the widgets say; a widget that was not drawn leaves its value as it was."""
    before, kind = document_input.tampering(), st.session_state["tamper_kind"]
    if kind in (None, UNCHANGED):
        document_input.set_tampering(None)
        return
    temperature = 0.5 if before is None or before.kind != "sharpen" else before.temperature
    layer = st.session_state.get("tamper_layer") if before else None
    sentence = st.session_state.get("tamper_where") if before and layer is None else None
    document_input.set_tampering(
        Intervention(
            kind,
            sentence,
            st.session_state.get("temperature", temperature) if kind == "sharpen" else 1.0,
            before.seed if before else 0,
            layer,
        )
    )


def _reshuffle() -> None:
    if (before := document_input.tampering()) is not None:
        document_input.set_tampering(replace(before, seed=before.seed + 1))


def _comparison(analysis: Analysis) -> None:
    """Both predictions side by side, in a figure and in a sentence, and how attention moved."""
    named = [(tr("before"), analysis.before.explanation), (tr("now"), analysis.explanation)]
    with hooked("what-if", key="what_if"):
        if document_input.edits():
            st.markdown(plain(counterfactual.what_if_sentence(analysis.what_if)))
        if analysis.tampered is not None:
            st.markdown(plain(intervention_sentence(analysis.tampered)))
        st.plotly_chart(
            class_bars([(name, explanation.chances) for name, explanation in named]),
            key="what_if_figure", config={"displayModeBar": False},
            alt=tr("Probabilities before and now"),
        )  # fmt: skip
        if analysis.tampered is not None:
            st.caption(wording.shuffle_line(_shuffling(analysis.now, analysis.tampered)))
        if document_input.edits():
            st.caption(wording.moved_line(counterfactual.divergence(analysis.what_if)))
            st.space("small")
            with st.expander(tr("Where attention moved")):
                _moved_table(counterfactual.largest_weight_changes(analysis.what_if, MOVED))


def _shuffling(now: ModelProbe, tampered: InterventionResult) -> ShuffleEffect:
    """What shuffles of the changed attention do; fewer of a layer's, where each is a pass."""
    layer = tampered.intervention.layer
    return measure_shuffling(now, 100 if layer is None else DRAWS, layer=layer)


def _moved_table(rows: pd.DataFrame) -> None:
    numbers = st.column_config.NumberColumn(format="%.4f")
    shown = rows.drop(columns=["start", "end"])
    st.dataframe(shown, hide_index=True, column_config=dict.fromkeys(shown.columns[1:], numbers))
    st.caption(tr(wording.EXPECTED))
