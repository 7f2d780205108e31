"""The words of Explore: which answer colours them, for which class, beside which placebo."""

from functools import partial
from typing import cast

import streamlit as st

from han_core.explanation.attribution import Method
from han_core.explanation.explanation import Explanation
from han_core.runtime.errors import UserError
from han_core.text.edits import struck
from han_core.viz.colour_scale import attribution_scale
from han_core.viz.heatmap import Colour, heatmap
from pages.explore.scene import Scene
from pages.shared import cache, controls, edit_state, explanation_panels, wording
from pages.shared.components import draw
from pages.shared.page import plain, restore_value

PLACEBOS = {"none": "None", "untrained": "Untrained twin", "uniform": "Uniform attention"}


def words(scene: Scene) -> None:
    """The switches, the heatmap to touch, and under it the placebo's."""
    st.subheader("Words", anchor=False)
    method = _method()
    restore_value("placebo", "none")
    kind = st.session_state["placebo"]
    placebo = None if kind == "none" else cache.placebo(scene.question, kind)
    colour = _colour(scene, method, placebo)
    st.caption(wording.TOUCH)
    explanation_panels.words(
        scene.explanation,
        colour,
        partial(
            edit_state.touch,
            document=scene.before.document,
            edited=scene.edited,
            tokenizer=scene.before.checkpoint.tokenizer,
        ),
        added=frozenset(i for i, by in enumerate(scene.edited.made_by) if by is not None),
        out=[(s.before, s.text, str(s.edit)) for s in struck(scene.before.document, scene.edited)],
    )
    _choose_placebo()
    if placebo is not None:
        _draw_placebo(placebo, colour, PLACEBOS[kind])


def _method() -> Method:
    restore_value("method", "attention")
    chosen = st.selectbox(
        "Coloured by",
        list(wording.METHOD_NAMES),
        format_func=lambda method: wording.METHOD_NAMES[method],
        key="method",
        persist_state="session",
    )
    return cast("Method", chosen)


def _choose_placebo() -> None:
    st.segmented_control(
        "Placebo beside it",
        list(PLACEBOS),
        format_func=lambda kind: PLACEBOS[kind],
        key="placebo",
        required=True,
        wrap=True,
        persist_state="session",
    )


def _colour(scene: Scene, method: Method, placebo: Explanation | None) -> Colour:
    """What colours the words: attention in one of its readings, or another method's values."""
    if method != "attention":
        try:
            found = cache.attribution(scene.question, method, _target(scene))
        except UserError as error:  # one word alone, say: attention can still be drawn
            st.warning(plain(str(error)))
        else:
            st.caption(f"{wording.METHODS[method]} {wording.gap_line(found)}")
            return Colour(found.words, attribution_scale([found]))
    return explanation_panels.attention_colour(scene.explanation, [placebo] if placebo else [])


def _target(scene: Scene) -> int:
    """The class asked about: the predicted one unless another is chosen."""
    labels = scene.now.checkpoint.labels
    chosen = controls.target(labels)
    return scene.now.target if chosen is None else labels.index(chosen)


def _draw_placebo(placebo: Explanation, colour: Colour, name: str) -> None:
    st.markdown(f"**Placebo: {name.lower()}**")
    st.caption(wording.PLACEBO)
    values = placebo.weights(st.session_state.get("reading", "document"))
    with st.container(key="placebo_words"):
        draw(heatmap(placebo, Colour(values, colour.scale)), "placebo_heatmap")
