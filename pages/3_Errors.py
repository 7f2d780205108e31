"""Errors: labelled documents through one model, and what it gets wrong."""

import streamlit as st

from pages.parts import cached, controls, labelled
from pages.parts.errors import dataset_evidence, filtering, scored
from pages.parts.page import begin, wrong_input_shown

begin("Errors", "Score labelled documents and look at what the model gets wrong, surest first.")
with wrong_input_shown():
    pickers = st.columns([3, 2, 2])
    with pickers[1]:
        source = labelled.source()
    with pickers[0]:
        checkpoint = controls.checkpoint()
    with pickers[2]:
        device = controls.device()
    documents = labelled.labelled(source)
    if documents is not None:
        predictions = scored.scored(checkpoint, device, *documents)
        scored.figures(predictions)
        left, right = st.columns([2, 3], gap="large")
        with left:
            cell = filtering.matrix(predictions)
        with right:
            row = scored.table(predictions, cell)
        if row is not None:
            scored.document(row, checkpoint, device)
        dataset_evidence.panel(checkpoint, device, *documents)
cached.settle("Errors")
