"""Explore: one text, one model, where its attention stands, and what that is worth."""

import streamlit as st

from pages.explore import scene as exploring
from pages.explore import share, what_if, words
from pages.shared import cache, controls, document_input, drawing
from pages.shared import controls as card
from pages.shared import drawing as strip
from pages.shared.page import begin, user_errors_shown

begin(
    "Explore",
    "Paste a text and see how a trained classifier spreads its attention over sentences and words.",
)
share.open_link()
text, choice = st.columns([3, 2], gap="large")
with text:
    document_input.document()
with user_errors_shown():
    with choice:
        checkpoint = controls.checkpoint()
        card.about([checkpoint])
        device = controls.device()
    with text:
        document = document_input.analysed()
    scene = exploring.scene(cache.Question(checkpoint, device, document))
    with choice:
        drawing.prediction(scene.explanation)
        card.foreign(checkpoint, scene.explanation)
    grid = drawing.side_by_side()
    with grid.cell():  # words first: they are what is clicked, and figures take their time
        words.words(scene)
    with grid.cell():
        drawing.sentences([("", scene.explanation)])
        what_if.panel(scene)
    strip.strip(scene.question)
    share.panel(scene)
cache.settle("Explore")
