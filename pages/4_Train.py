"""Train: a model of your own from labelled documents, and all runs so far."""

import streamlit as st

from han_core.runtime.messages import mark
from pages.shared.page import begin, user_errors_shown

heading = begin(
    mark("Train"),
    mark("Train a model of your own on labelled documents, and watch its attention form."),
)
from pages.shared import cache, system_training
from pages.train import new_run, run_list, run_notes, run_notice, run_view

with heading:
    run_notice.ask()
if run_list.view() == run_list.NEW:
    run_notes.warn_missing()
    documents, run = st.columns([3, 2], gap="large")
    new_run.form(documents, run)
else:
    with user_errors_shown():
        chosen = run_list.runs()
        if len(chosen) == 1:
            run_view.show(chosen[0])
        elif chosen:
            run_list.side_by_side(chosen)
    with user_errors_shown():
        system_training.list_runs()
cache.freeze_loaded_objects("Train")  # not shown
