"""The drawer of Explore: evidence, what if, sentences, methods, heads, and the model's card.

Only the part that is open is made.
"""

from collections.abc import Collection

import streamlit as st

from han_core.runtime.messages import mark, tr
from pages.explore import layers_heads, suggestions, what_if, words
from pages.explore.analysis import Analysis
from pages.shared import controls, explanation_panels, system_pages

EVIDENCE, WHAT_IF, SENTENCES, METHODS, HEADS, MODEL = PARTS = (
    mark("Evidence"), mark("What if"), mark("Sentences"), mark("Methods"),
    mark("Layers and heads"), mark("Model"),
)  # fmt: skip

OPENED = "opened_part"
"""Which part is open, in English: to Streamlit it is the label of its tab."""


def panel(analysis: Analysis) -> None:
    """Draw the parts as tabs, and the content of the one that is open."""
    has_maps = analysis.now.checkpoint.kind.maps
    parts = {tr(name): name for name in PARTS if has_maps or name != HEADS}
    if st.session_state.get("drawer", "") not in ("", *parts):  # of another model or language
        _open(st.session_state.get(OPENED, EVIDENCE), parts)
    tabs = st.tabs(list(parts), key="drawer", on_change="rerun")
    for name, tab in zip(parts.values(), tabs, strict=True):
        if tab.open:
            st.session_state[OPENED] = name
            with tab:
                _draw(name, analysis)


def _open(name: str, parts: Collection[str]) -> None:
    """Open a part by its name in the visitor's language, or the first one where it is not there."""
    if tr(name) in parts:
        st.session_state["drawer"] = tr(name)
    else:
        st.session_state.pop("drawer", None)


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
    return st.session_state.get("drawer") == tr(HEADS)


def show_heads() -> None:
    """Open the part of layers and heads, before the parts are drawn."""
    st.session_state["drawer"] = tr(HEADS)


def show_what_if() -> None:
    """Open the part of what if, from a callback."""
    st.session_state["drawer"] = tr(WHAT_IF)
