"""The bar of Explore that stays in sight: prediction, one line of evidence, and Undo."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from han_core.viz.verdict import LONG, WAITING, EvidenceLine, evidence_line, verdict
from pages.explore.analysis import Analysis
from pages.shared import document_input, explanation_panels


def begin(analysis: Analysis) -> DeltaGenerator:
    """Draw the prediction; return where the evidence goes as soon as it is measured."""
    with st.container(horizontal=True, vertical_alignment="center", key="verdict_bar", gap="small"):
        place = st.empty()
        if document_input.edits():
            with st.container(horizontal=True, width="content"):
                st.button("Undo", key="undo", on_click=document_input.undo, args=(-1,))
                st.button("Reset", key="reset", on_click=document_input.set_edits, args=((),))
    _draw(place, analysis, WAITING)
    return place


def fill(place: DeltaGenerator, analysis: Analysis) -> None:
    """Measure what taking words out does, where that is quick, and draw it."""
    evidence = explanation_panels.quick_evidence(analysis.question)
    _draw(place, analysis, LONG if evidence is None else evidence_line(evidence))


def _draw(place: DeltaGenerator, analysis: Analysis, line: EvidenceLine) -> None:
    before = analysis.before.explanation if analysis.changed else None
    place.html(verdict(analysis.explanation, line, before))
