"""Translate: a sentence, its translation, and how attention aligns their words."""

import streamlit as st

from han_core.runtime.messages import mark, tr
from pages.shared.page import begin, user_errors_shown

heading = begin(
    mark("Translate"),
    mark(
        "A translation word by word, and the attention of each word to the words of the sentence."
    ),
)
from pages.shared import cache, controls
from pages.translate import choose, training, view

with heading:
    checkpoint = choose.checkpoint()
    if checkpoint is not None:
        controls.about_models([checkpoint.name])
with user_errors_shown():
    if checkpoint is None:
        st.info(tr("There is no translator yet. Train one below."))
    else:
        text, settings = choose.sentence(checkpoint)
        if text:
            view.show(checkpoint, text, settings)
training.panel()
cache.freeze_loaded_objects("Translate")  # not shown
