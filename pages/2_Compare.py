"""Compare: models, methods or two versions of one text, side by side on one scale."""

import streamlit as st

from pages.shared.page import begin, user_errors_shown

begin(
    "Compare",
    "Several models, several methods or two versions of a text, side by side on one scale.",
)
from pages.compare import charts, comparison, panels
from pages.shared import cache, document_input

text, choice = st.columns([3, 2], gap="large")
with text:
    document_input.document()
with user_errors_shown():
    with choice:
        request = comparison.pick()
    with text:
        document = document_input.analysed()
        second = comparison.second_version(document) if request.kind == "versions" else ""
    compared = comparison.compare(request, document, second)
    evidence = panels.panels(compared)
    if charts.enough(compared):
        charts.sentences_and_classes(compared)
        charts.agreement(compared)
        panels.differences(compared)
        charts.export(compared)
    panels.fill(evidence, compared)
cache.freeze_loaded_objects("Compare")
