"""Compare: one text through two or more models, on one scale."""

import streamlit as st

from pages.parts import cached, comparing, controls, drawing, wording
from pages.parts.page import begin, wrong_input_shown

begin("Compare", "The same text through two or more models, side by side on one scale.")
text, choice = st.columns([3, 2], gap="large")
with text:
    controls.document()
with wrong_input_shown():
    with choice:
        names = controls.checkpoints()
        device = controls.device()
        reading = controls.reading()
    with text:
        document = controls.analysed()
    named = [(name, cached.explanation(name, device, document)) for name in names]
    comparing.panels(named, reading)
    st.subheader("Sentences", anchor=False)
    drawing.sentences(named)
    st.caption(wording.SENTENCES)
    comparing.agreements(named)
    comparing.differences(named)
cached.settle("Compare")
