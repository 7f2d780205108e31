"""Explore: one text, one model, where its attention stands, and what that is worth."""

import streamlit as st

from pages.parts import cached, card, controls, drawing, strip, texts
from pages.parts.explore import exploring, links, reading, takeaway, whatif
from pages.parts.page import begin, wrong_input_shown

begin(
    "Explore",
    "Paste a text and see how a trained classifier spreads its attention over sentences and words.",
)
links.open_link()
text, choice = st.columns([3, 2], gap="large")
with text:
    texts.document()
with wrong_input_shown():
    with choice:
        checkpoint = controls.checkpoint()
        card.about([checkpoint])
        device = controls.device()
    with text:
        document = texts.analysed()
    scene = exploring.scene(cached.Question(checkpoint, device, document))
    with choice:
        drawing.prediction(scene.explanation)
        card.foreign(checkpoint, scene.explanation)
    grid = drawing.side_by_side()
    with grid.cell():  # words first: they are what is clicked, and figures take their time
        reading.words(scene)
    with grid.cell():
        drawing.sentences([("", scene.explanation)])
        whatif.panel(scene)
    strip.strip(scene.question)
    takeaway.panel(scene)
cached.settle("Explore")
