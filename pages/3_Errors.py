"""Errors: labelled documents scored by one model or two, and what the models get wrong."""

import streamlit as st

from han_core.runtime.messages import mark
from pages.shared.page import begin, user_errors_shown

begin(
    mark("Errors"),
    mark("Score labelled documents, find what a model gets wrong, and annotate what you see."),
)
from pages.errors import choices
from pages.shared import cache

with user_errors_shown():
    choices.open_link()
    with st.container(key="errors_choices"):
        chosen = choices.pickers()
        store = choices.open_choices(chosen)
    if store is not None:
        choices.show(choices.filtered(chosen, store))
cache.freeze_loaded_objects("Errors")  # not shown
