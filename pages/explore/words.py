"""The word heatmap of Explore, and the analysis that it draws.

Edits change the words that the model reads; tampering changes attention over the same hidden
states. Both may be on at once.
"""

from dataclasses import dataclass
from functools import partial
from typing import cast

import streamlit as st

from han_core.explanation.attribution import Method
from han_core.explanation.counterfactual import WhatIf
from han_core.explanation.explanation import Explanation
from han_core.explanation.interventions import InterventionResult, intervene
from han_core.explanation.model_probe import ModelProbe
from han_core.runtime.errors import UserError
from han_core.text.edits import EditedDocument, apply_edits, removed_runs
from han_core.viz.colour_scale import attribution_scale
from han_core.viz.heatmap import Colour, heatmap
from pages.shared import cache, controls, document_input, explanation_panels, wording
from pages.shared.components import draw
from pages.shared.page import plain, restore_value

PLACEBOS = {"none": "None", "untrained": "Untrained model", "uniform": "Uniform attention"}


@dataclass(frozen=True)
class Analysis:
    """What Explore shows.

    Attributes:
        question: the document with its edits, and the model.
        before: the analysed text without edits.
        now: after the edits; ``before`` itself where there are none.
        edited: where the words of ``now`` come from.
        tampered: ``now`` under attention changed by hand, or None.
    """

    question: cache.Question
    before: ModelProbe
    now: ModelProbe
    edited: EditedDocument
    tampered: InterventionResult | None

    @property
    def explanation(self) -> Explanation:
        """The one to draw."""
        return self.now.explanation if self.tampered is None else self.tampered.explanation

    @property
    def changed(self) -> bool:
        return self.now is not self.before or self.tampered is not None

    @property
    def what_if(self) -> WhatIf:
        """From the text without edits to the text with them; without tampering."""
        edited = self.edited
        return WhatIf(self.before.explanation, self.now.explanation, edited.origin, edited.removed)


def analyse(question: cache.Question) -> Analysis:
    """Ask the model; edits and tampering that do not fit are dropped, with a notice.

    Raises:
        UserError: as ``cache.probe`` does for the text without edits.
    """
    before = cache.probe(question)
    edits = document_input.edits()
    try:
        new = apply_edits(before.document, edits, before.checkpoint.tokenizer)
    except UserError as error:  # edits from a link, or made with another tokenizer
        document_input.set_notice("edits", str(error))
        document_input.set_edits(())
        edits, new = (), apply_edits(before.document, (), before.checkpoint.tokenizer)
    question = question._replace(edits=tuple((e.start, e.end, e.replacement) for e in edits))
    now = cache.probe(question) if edits else before
    return Analysis(question, before, now, new, _tampered(now))


def _tampered(now: ModelProbe) -> InterventionResult | None:
    if (tampering := document_input.tampering()) is None:
        return None
    try:
        return intervene(now, tampering)
    except UserError as error:
        document_input.set_notice("edits", str(error))
        document_input.set_tampering(None)
        return None


def panel(analysis: Analysis) -> None:
    """Draw the switches, the heatmap that can be clicked, and the placebo under it."""
    st.subheader("Words", anchor=False)
    method = _method()
    restore_value("placebo", "none")
    kind = st.session_state["placebo"]
    placebo = None if kind == "none" else cache.placebo(analysis.question, kind)
    colour = _colour(analysis, method, placebo)
    st.caption(wording.CLICK_TO_REMOVE)
    document, new = analysis.before.document, analysis.edited
    explanation_panels.words(
        analysis.explanation,
        colour,
        partial(
            document_input.take_click,
            document=document,
            edited=new,
            tokenizer=analysis.before.checkpoint.tokenizer,
        ),
        added=frozenset(i for i, by in enumerate(new.made_by) if by is not None),
        out=[(run.before, run.text, str(run.edit)) for run in removed_runs(document, new)],
    )
    _choose_placebo()
    if placebo is not None:
        _draw_placebo(placebo, colour, PLACEBOS[kind])


def _method() -> Method:
    restore_value("method", "attention")
    chosen = st.selectbox(
        "Colour words by",
        list(wording.METHOD_NAMES),
        format_func=lambda method: wording.METHOD_NAMES[method],
        key="method",
        persist_state="session",
    )
    return cast("Method", chosen)


def _choose_placebo() -> None:
    st.segmented_control(
        "Placebo",
        list(PLACEBOS),
        format_func=lambda kind: PLACEBOS[kind],
        key="placebo",
        required=True,
        wrap=True,
        persist_state="session",
        help="A second heatmap from a model that cannot know anything, for comparison",
    )


def _colour(analysis: Analysis, method: Method, placebo: Explanation | None) -> Colour:
    """Colour words by a reading of attention, or by another method's values."""
    if method != "attention":
        try:
            attribution = cache.attribution(analysis.question, method, _target(analysis))
        except UserError as error:  # a single word, for example: attention can still be drawn
            st.warning(plain(str(error)))
        else:
            st.caption(f"{wording.METHODS[method]} {wording.gap_line(attribution)}")
            return Colour(attribution.words, attribution_scale([attribution]))
    return explanation_panels.attention_colour(analysis.explanation, [placebo] if placebo else [])


def _target(analysis: Analysis) -> int:
    """The class to explain: the predicted one unless another is chosen."""
    labels = analysis.now.checkpoint.labels
    chosen = controls.target(labels)
    return analysis.now.target if chosen is None else labels.index(chosen)


def _draw_placebo(placebo: Explanation, colour: Colour, name: str) -> None:
    st.markdown(f"**Placebo: {name.lower()}**")
    st.caption(wording.PLACEBO)
    values = placebo.weights(st.session_state.get("reading", "document"))
    with st.container(key="placebo_words"):
        draw(heatmap(placebo, Colour(values, colour.scale)), "placebo_heatmap")
