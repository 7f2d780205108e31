"""Pictures: a text with a picture, attention over words and patches, and what each side adds."""

import streamlit as st

from han_core.runtime.messages import mark, tr
from pages.shared.page import begin, user_errors_shown

heading = begin(
    mark("Pictures"),
    mark(
        "The attention of a model over the words of a text and the patches of a picture beside it."
    ),
)
from pages.pictures import choose, training, view
from pages.shared import cache, controls

with heading:
    checkpoint = choose.checkpoint()
    if checkpoint is not None:
        controls.about_models([checkpoint.name])
with user_errors_shown():
    if checkpoint is None:
        st.info(tr("There is no model for texts with pictures yet. Train one below."))
    elif chosen := choose.document(checkpoint):
        view.show(checkpoint, chosen)
training.panel()
cache.freeze_loaded_objects("Pictures")  # not shown
