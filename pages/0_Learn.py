"""Learn: short lessons about attention, with numbers of the models that come along."""

import streamlit as st

from han_core.runtime.messages import current_locale, mark
from pages.shared.page import begin, user_errors_shown

heading = begin(
    mark("Learn"),
    mark("Short lessons about attention: predict, see what a model computes, then change it."),
)
from han_core.explanation.lesson import interface, lessons
from pages.learn import address, lesson_view
from pages.shared import cache

with user_errors_shown():
    address.take()
    words = interface()[current_locale()]
    lesson = address.lesson_picker(lessons(current_locale()), words)
    with heading:
        text, hidden = address.text_and_controls(lesson, words)
    address.write(lesson, text, hidden)
    with st.container(key="learn"):
        lesson_view.draw(lesson, text, hidden, words)
cache.freeze_loaded_objects("Learn")  # not shown
