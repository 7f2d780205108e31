"""Explore: the attention of one model over one text, and how far it explains the prediction."""

from contextlib import ExitStack

import streamlit as st

from han_core.runtime.messages import mark
from pages.shared.page import begin, user_errors_shown

rest = ExitStack()  # what a rerun draws when the words are on their way
heading = begin(
    mark("Explore"),
    mark(
        "Paste a text and see how a trained classifier spreads its attention over sentences and "
        "words."
    ),
    rest,
)
from pages.explore import drawer, share, words
from pages.explore.analysis import analyse, begin_verdict, fill_verdict
from pages.shared import cache, controls, document_input

share.open_link()
with heading:
    model, sharing, settings = st.container(), *(st.container(width="content") for _ in range(2))
with rest, user_errors_shown():
    document_input.document(rest)
    controls.follow_language(document_input.analysed_text())
    with model:
        checkpoint = controls.checkpoint(in_row=True)
    with settings:
        device = controls.device_menu()
    document = document_input.analysed()
    analysis = analyse(cache.Question(checkpoint, device, document))
    controls.switch_notice(document, checkpoint)
    controls.caution(checkpoint, analysis.explanation, key="checkpoint")
    place = begin_verdict(analysis)
    with st.container(key="explore_body"):
        left, right = st.columns([8, 5], gap="medium")
        with left:
            words.panel(analysis, drawer.show_what_if)
        drawer_place = right.container(key="drawer_panel")
    fill_verdict(place, analysis)
    rest.close()
    with drawer_place:
        drawer.panel(analysis)
    with sharing:
        share.panel(analysis)
cache.freeze_loaded_objects("Explore")  # not shown
