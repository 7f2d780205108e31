"""Explore: one text, one model, and where its attention stands."""

import streamlit as st

from pages.parts import cached, controls, drawing
from pages.parts.page import begin, wrong_input_shown

begin(
    "Explore",
    "Paste a text and see how a trained classifier spreads its attention over sentences and words.",
)
text, choice = st.columns([3, 2], gap="large")
with text:
    controls.document()
with wrong_input_shown():
    with choice:
        checkpoint = controls.checkpoint()
        device = controls.device()
    with text:
        document = controls.analysed()
    explanation = cached.explanation(checkpoint, device, document)
    with choice:
        drawing.prediction(explanation)
    drawing.evidence(explanation)
cached.settle("Explore")
