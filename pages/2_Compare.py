"""Compare: models, methods or two versions of one text, side by side on one scale."""

import streamlit as st

from pages.parts import cached, texts
from pages.parts.compare import choices, comparing, difference, figures, panels, versions
from pages.parts.page import begin, wrong_input_shown

begin(
    "Compare",
    "Several models, several methods or two versions of a text, side by side on one scale.",
)
text, choice = st.columns([3, 2], gap="large")
with text:
    texts.document()
with wrong_input_shown():
    with choice:
        asked = choices.asked()
    with text:
        document = texts.analysed()
        second = versions.second(document) if asked.kind == "versions" else ""
    compared = comparing.compared(asked, document, second)
    evidence = panels.panels(compared)
    if figures.enough(compared):
        figures.sentences_and_classes(compared)
        figures.agreement(compared)
        difference.difference(compared)
        figures.take_away(compared)
    panels.fill(evidence, compared)
cached.settle("Compare")
