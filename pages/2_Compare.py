"""Compare: models, methods or two versions of one text, side by side on one scale."""

import streamlit as st

from pages.parts import (
    cached,
    comparing,
    comparing_choices,
    comparing_difference,
    comparing_figures,
    comparing_panels,
    texts,
    versions,
)
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
        asked = comparing_choices.asked()
    with text:
        document = texts.analysed()
        second = versions.second(document) if asked.kind == "versions" else ""
    compared = comparing.compared(asked, document, second)
    evidence = comparing_panels.panels(compared)
    if comparing_figures.enough(compared):
        comparing_figures.sentences_and_classes(compared)
        comparing_figures.agreement(compared)
        comparing_difference.difference(compared)
        comparing_figures.take_away(compared)
    comparing_panels.fill(evidence, compared)
cached.settle("Compare")
