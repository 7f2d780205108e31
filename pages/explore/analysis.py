"""What Explore shows: a document, its edits, attention changed by hand, and the verdict's bar.

Edits change the words that the model reads; tampering changes attention over the same hidden
states. Both may be on at once.
"""

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from han_core.explanation.counterfactual import WhatIf
from han_core.explanation.explanation import Explanation
from han_core.explanation.interventions import InterventionResult, intervene
from han_core.explanation.model_probe import ModelProbe
from han_core.models.registry import model_kind
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.text.edits import EditedDocument, apply_edits
from han_core.viz.verdict import LONG, WAITING, EvidenceLine, evidence_line, verdict
from pages.shared import cache, document_input, explanation_panels


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
    def hierarchical(self) -> bool:
        """Whether the model has attention over sentences."""
        return model_kind(self.now.checkpoint.config.architecture.model).hierarchical

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


def begin_verdict(analysis: Analysis) -> DeltaGenerator:
    """Draw the prediction; return where the evidence goes as soon as it is measured."""
    with st.container(horizontal=True, vertical_alignment="center", key="verdict_bar", gap="small"):
        place = st.empty()
        if document_input.edits():
            with st.container(horizontal=True, width="content"):
                st.button(tr("Undo"), key="undo", on_click=document_input.undo, args=(-1,))
                st.button(tr("Reset"), key="reset", on_click=document_input.set_edits, args=((),))
    _draw_verdict(place, analysis, WAITING)
    return place


def fill_verdict(place: DeltaGenerator, analysis: Analysis) -> None:
    """Measure what taking words out does, where that is quick, and draw it."""
    evidence = explanation_panels.quick_evidence(analysis.question)
    _draw_verdict(place, analysis, LONG if evidence is None else evidence_line(evidence))


def _draw_verdict(place: DeltaGenerator, analysis: Analysis, line: EvidenceLine) -> None:
    before = analysis.before.explanation if analysis.changed else None
    place.html(verdict(analysis.explanation, line, before))
