"""The drawer of Explore: evidence, what if, sentences, methods, heads, and the model's card.

Only the part that is open is made.
"""

import streamlit as st

from pages.explore import layers_heads, suggestions, what_if, words
from pages.explore.analysis import Analysis
from pages.shared import controls, explanation_panels, system_pages

EVIDENCE, WHAT_IF, SENTENCES, METHODS, HEADS, MODEL = PARTS = (
    "Evidence", "What if", "Sentences", "Methods", "Layers and heads", "Model",
)  # fmt: skip


def panel(analysis: Analysis) -> None:
    """Draw the parts as tabs, and the content of the one that is open."""
    has_maps = analysis.now.checkpoint.kind.maps
    parts = [name for name in PARTS if has_maps or name != HEADS]
    if st.session_state.get("drawer") not in parts:  # another model, or a link to one
        st.session_state.pop("drawer", None)
    for name, tab in zip(parts, st.tabs(parts, key="drawer", on_change="rerun"), strict=True):
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
    elif name == HEADS:
        layers_heads.panel(analysis)
    else:
        system_pages.links()
        controls.model_card(analysis.question.checkpoint)


def shows_heads() -> bool:
    """Whether the part of layers and heads is open."""
    return st.session_state.get("drawer") == HEADS


def show_heads() -> None:
    """Open the part of layers and heads, before the parts are drawn."""
    st.session_state["drawer"] = HEADS


def show_what_if() -> None:
    """Open the part of what if, from a callback."""
    st.session_state["drawer"] = WHAT_IF
