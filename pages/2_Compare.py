"""Compare: models, methods or two versions of one text, side by side on one scale."""

import streamlit as st

from han_core.runtime.messages import mark
from pages.shared.page import begin, user_errors_shown

bar = begin(
    mark("Compare"),
    mark("Several models, several methods or two versions of a text, side by side on one scale."),
)
from pages.compare import charts, comparison, link, panels
from pages.shared import cache, controls, document_input

link.open_link()
text = st.container(gap="small")
with text:
    document_input.document()
strip = st.container(horizontal=True, vertical_alignment="bottom", key="compare_strip")
with user_errors_shown():
    with bar:
        request = comparison.pick(strip)
    with text:
        document = document_input.analysed()
        if request.kind == "models":
            controls.suggest_readers(document, request.checkpoints)
        else:
            controls.switch_notice(document, request.checkpoints[0])
        second = comparison.second_version(document) if request.kind == "versions" else ""
    compared = comparison.compare(request, document, second)
    obstacle = charts.obstacle(compared)
    if request.shown == "difference" and not obstacle:
        evidence = panels.differences(compared, strip)
    else:
        evidence = panels.panels(compared, strip)
    if obstacle:
        st.info(obstacle)
    else:
        charts.sentences_and_classes(compared)
        charts.agreement(compared)
        charts.export(compared)
    link.panel(request, second)
    panels.fill(evidence, compared.kind)
cache.freeze_loaded_objects("Compare")  # not shown
