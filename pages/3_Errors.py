"""Errors: labelled documents through one model or two, and what they get wrong."""

import streamlit as st

from pages.shared.page import begin, user_errors_shown

begin("Errors", "Score labelled documents, find what a model gets wrong, and code what you see.")
from pages.errors import choices, links, views
from pages.shared import cache

with user_errors_shown():
    links.open_link()
    with st.container(key="errors_choices"):
        asked = choices.asked()
        store = choices.opened(asked)
    if store is not None:
        views.show(choices.bench(asked, store))
cache.freeze_loaded_objects("Errors")
