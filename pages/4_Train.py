"""Train: labelled documents and a preset to a run of its own, and all runs so far."""

import streamlit as st

from pages.parts import cached
from pages.parts.page import begin, wrong_input_shown
from pages.parts.training import live, news, several, switching, table

begin("Train", "Train a model of your own on labelled documents, and watch its attention form.")
if switching.view() == switching.NEW:
    documents, run = st.columns([3, 2], gap="large")
    news.form(documents, run)
else:
    with wrong_input_shown():
        chosen = table.runs()
        if len(chosen) == 1:
            live.one(chosen[0])
        elif chosen:
            several.side_by_side(chosen)
cached.settle("Train")
