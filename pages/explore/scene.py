"""Explore's scene: the document as it is asked about now, and the one it is held against.

Edits change the words that the model reads; tampering changes attention over the same
states. Both may be on at once. Layout is elsewhere.
"""

from dataclasses import dataclass

from han_core.explanation.counterfactual import WhatIf
from han_core.explanation.explanation import Explanation
from han_core.explanation.interventions import InterventionResult, intervene
from han_core.explanation.model_probe import ModelProbe
from han_core.runtime.errors import UserError
from han_core.text.edits import Edited, edited
from pages.shared import cache, edit_state


@dataclass(frozen=True)
class Scene:
    """What is shown on Explore.

    Attributes:
        question: the document with its edits, before one model.
        before: the analysed text as it is.
        now: after the edits; ``before`` itself where there are none.
        edited: where the words of ``now`` come from.
        tampered: ``now`` under attention changed by hand, or None.
    """

    question: cache.Question
    before: ModelProbe
    now: ModelProbe
    edited: Edited
    tampered: InterventionResult | None

    @property
    def explanation(self) -> Explanation:
        """The one to draw."""
        return self.now.explanation if self.tampered is None else self.tampered.explanation

    @property
    def changed(self) -> bool:
        return self.now is not self.before or self.tampered is not None

    @property
    def whatif(self) -> WhatIf:
        """From the text as it is to the words of now; attention changed by hand apart."""
        edited = self.edited
        return WhatIf(self.before.explanation, self.now.explanation, edited.origin, edited.removed)


def scene(question: cache.Question) -> Scene:
    """Asks for all that is shown. Edits and tampering that do not fit are dropped and said.

    Raises:
        UserError: as ``cached.subject`` does for the text as it is.
    """
    before = cache.probe(question)
    edits = edit_state.edits()
    try:
        new = edited(before.document, edits, before.checkpoint.tokenizer)
    except UserError as error:  # edits from a link, or another tokeniser than they were made for
        edit_state.say("edits", str(error))
        edit_state.keep_edits(())
        edits, new = (), edited(before.document, (), before.checkpoint.tokenizer)
    asked = question._replace(edits=tuple((e.start, e.end, e.replacement) for e in edits))
    now = cache.probe(asked) if edits else before
    tampered = None
    if (tampering := edit_state.tampering()) is not None:
        try:
            tampered = intervene(now, tampering)
        except UserError as error:
            edit_state.say("edits", str(error))
            edit_state.keep_tampering(None)
    return Scene(asked, before, now, new, tampered)
