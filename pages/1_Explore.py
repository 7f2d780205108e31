"""Explore: the attention of one model over one text, and how far it explains the prediction."""

import streamlit as st

from pages.shared.page import begin, user_errors_shown

begin(
    "Explore",
    "Paste a text and see how a trained classifier spreads its attention over sentences and words.",
)
from pages.explore import share, what_if, words
from pages.shared import cache, controls, document_input, explanation_panels

share.open_link()
text, choice = st.columns([3, 2], gap="large")
with text:
    document_input.document()
with user_errors_shown():
    with choice:
        checkpoint = controls.checkpoint()
        controls.about_models([checkpoint])
        device = controls.device()
    with text:
        document = document_input.analysed()
    analysis = words.analyse(cache.Question(checkpoint, device, document))
    with choice:
        explanation_panels.prediction(analysis.explanation)
        controls.caution(checkpoint, analysis.explanation, "checkpoint")
    grid = explanation_panels.side_by_side()
    with grid.cell():  # words first: they are what is clicked, and figures take their time
        words.panel(analysis)
    with grid.cell():
        explanation_panels.sentences([("", analysis.explanation)])
        what_if.panel(analysis)
    explanation_panels.evidence(analysis.question)
    share.panel(analysis)
cache.freeze_loaded_objects("Explore")
