"""Series: which steps of a time series a model attends to, and what happens without them."""

import streamlit as st

from han_core.runtime.messages import mark, tr
from pages.shared.page import begin, user_errors_shown

heading = begin(
    mark("Series"),
    mark(
        "The attention of a model over the steps of a time series, and its prediction without them."
    ),
)
from pages.series import choose, training, view
from pages.shared import cache, controls

with heading:
    checkpoint = choose.checkpoint()
    if checkpoint is not None:
        controls.about_models([checkpoint.name])
with user_errors_shown():
    if checkpoint is None:
        st.info(tr("There is no model for time series yet. Train one below."))
    else:
        chosen, second = choose.series(checkpoint.name)
        if chosen is not None:
            view.show(checkpoint, chosen, second)
training.panel()
cache.freeze_loaded_objects("Series")  # not shown
