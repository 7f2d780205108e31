"""Compare: models, methods or two versions of one text, side by side on one scale."""

import streamlit as st

from pages.compare import charts, choices, comparison, panels
from pages.compare import choices as versions
from pages.compare import panels as difference
from pages.shared import cache, document_input
from pages.shared.page import begin, user_errors_shown

begin(
    "Compare",
    "Several models, several methods or two versions of a text, side by side on one scale.",
)
text, choice = st.columns([3, 2], gap="large")
with text:
    document_input.document()
with user_errors_shown():
    with choice:
        asked = choices.asked()
    with text:
        document = document_input.analysed()
        second = versions.second(document) if asked.kind == "versions" else ""
    compared = comparison.compared(asked, document, second)
    evidence = panels.panels(compared)
    if charts.enough(compared):
        charts.sentences_and_classes(compared)
        charts.agreement(compared)
        difference.difference(compared)
        charts.take_away(compared)
    panels.fill(evidence, compared)
cache.settle("Compare")
