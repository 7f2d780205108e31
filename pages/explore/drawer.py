"""The drawer of Explore: evidence, what if, sentences, methods, and the model's card.

Only the part that is open is made.
"""

import streamlit as st

from pages.explore import suggestions, what_if, words
from pages.explore.analysis import Analysis
from pages.shared import controls, explanation_panels

EVIDENCE, WHAT_IF, SENTENCES, METHODS, MODEL = PARTS = (
    "Evidence", "What if", "Sentences", "Methods", "Model",
)  # fmt: skip


def panel(analysis: Analysis) -> None:
    """Draw the parts as tabs, and the content of the one that is open."""
    for name, tab in zip(PARTS, st.tabs(PARTS, key="drawer", on_change="rerun"), strict=True):
        if tab.open:
            with tab:
                _draw(name, analysis)


def _draw(name: str, analysis: Analysis) -> None:
    if name == EVIDENCE:
        explanation_panels.evidence(analysis.question)
    elif name == WHAT_IF:
        what_if.panel(analysis)
        suggestions.suggestions(analysis)
    elif name == SENTENCES:
        named = [("", analysis.explanation)]
        explanation_panels.sentences(
            named, testid="sentence-chart", hierarchical=analysis.hierarchical
        )
    elif name == METHODS:
        words.placebo_panel(analysis)
    else:
        controls.model_card(analysis.question.checkpoint)


def show_what_if() -> None:
    """Open the part of what if, from a callback."""
    st.session_state["drawer"] = WHAT_IF
