"""Errors: labelled documents through one model, and what it gets wrong."""

import streamlit as st

from pages.parts import cached, controls, dataset_evidence, errors, filtering, labelled
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
        predictions = errors.scored(checkpoint, device, *documents)
        errors.figures(predictions)
        left, right = st.columns([2, 3], gap="large")
        with left:
            cell = filtering.matrix(predictions)
        with right:
            row = errors.table(predictions, cell)
        if row is not None:
            errors.document(row, checkpoint, device)
        dataset_evidence.panel(checkpoint, device, *documents)
cached.settle("Errors")
