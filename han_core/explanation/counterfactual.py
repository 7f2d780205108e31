"""What if: one document before and after edits, and how the answer and attention moved.

A word taken out leaves its weight to the others, so a weight that rose may have done
nothing but take its share of that. Beside every new weight stands the one to expect if
all words that stayed had kept their proportions; only what goes beyond it is news.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from han_core.explanation.agreement import divergence as jensen_shannon
from han_core.explanation.explain import explain_document
from han_core.explanation.explanation import Explanation
from han_core.explanation.verdicts import short
from han_core.models.checkpoint import Checkpoint
from han_core.runtime.errors import counted, shown
from han_core.runtime.messages import tr
from han_core.text.document import Document
from han_core.text.edits import Edit, apply_edits


@dataclass(frozen=True)
class WhatIf:
    """A document before and after edits.

    Attributes:
        before: of the document as it was.
        after: of the edited document, by the same model.
        origin: (tokens after,) the number of the token before, None for a new one.
        removed: numbers of the tokens before that are gone.

    Raises:
        ValueError: if classes differ, or a token before neither stayed nor went.
    """

    before: Explanation
    after: Explanation
    origin: tuple[int | None, ...]
    removed: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.before.labels != self.after.labels:
            raise ValueError("two explanations by the same model are expected")
        if len(self.origin) != len(self.after.known):
            raise ValueError(f"{len(self.after.known)} origins expected, {len(self.origin)} came")
        stayed = [token for token in self.origin if token is not None]
        if sorted([*stayed, *self.removed]) != list(range(len(self.before.known))):
            raise ValueError("every token before the edits stays once or goes")

    @property
    def added(self) -> int:
        """Words of replacements."""
        return self.origin.count(None)

    @cached_property
    def stayed(self) -> np.ndarray:
        """(words that stayed,) their numbers in the edited document, in order."""
        return np.array([i for i, token in enumerate(self.origin) if token is not None], dtype=int)

    @cached_property
    def weights(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights within the document of the words that stayed: before, expected, after.

        Expected is before, scaled to all the weight that these words hold after: without
        replacements before / (1 - weight removed). Words that held none expect even shares.
        """
        origin = np.array([self.origin[i] for i in self.stayed], dtype=int)
        before = self.before.document_weights[origin]
        after = self.after.document_weights[self.stayed]
        shares = before / before.sum() if before.sum() else np.ones(len(before)) / len(before)
        return before, shares * after.sum(), after


def what_if(checkpoint: Checkpoint, document: Document, edits: Sequence[Edit]) -> WhatIf:
    """Ask the model about ``document`` as it is and after ``edits``.

    Raises:
        UserError: if the document has no word, or ``edited`` refuses the edits.
    """
    new = apply_edits(document, edits, checkpoint.tokenizer)
    before, after = (explain_document(checkpoint, d) for d in (document, new.document))
    return WhatIf(before, after, new.origin, new.removed)


def class_changes(whatif: WhatIf) -> pd.DataFrame:
    """Return each class's probability: columns class, before, after, change (after - before)."""
    before, after = whatif.before.probabilities, whatif.after.probabilities
    return pd.DataFrame(
        {
            "class": pd.Series(whatif.before.labels, dtype=str),
            "before": before,
            "after": after,
            "change": after - before,
        }
    )


def largest_weight_changes(whatif: WhatIf, n: int) -> pd.DataFrame:
    """Return the ``n`` words that stayed whose weights within the document changed most.

    Columns: text, start and end (in the edited text), before, after, change
    (after - before), expected (before, with its share of the weight that became free),
    beyond (after - expected). Beyond sums to 0 over all words that stayed.
    """
    before, expected, after = whatif.weights
    change = after - before
    # Changes that are equal but for rounding stay in reading order.
    order = np.argsort(-abs(change).round(12), kind="stable")[:n]
    document = whatif.after.document
    spans = [document.tokens[i] for i in whatif.stayed[order].tolist()]
    return pd.DataFrame(
        {
            "text": pd.Series([document.text[start:end] for start, end in spans], dtype=str),
            "start": np.array([span.start for span in spans], dtype=int),
            "end": np.array([span.end for span in spans], dtype=int),
            "before": before[order],
            "after": after[order],
            "change": change[order],
            "expected": expected[order],
            "beyond": (after - expected)[order],
        }
    )


def divergence(whatif: WhatIf) -> float | None:
    """Return how far attention over the words that stayed moved beyond what is expected.

    Jensen-Shannon divergence, in nats, of their weights before and after, each made to sum
    to 1: 0 where all proportions stayed, ln 2 at most. None where no word stayed, or those
    that did hold no weight on one side.
    """
    before, _, after = whatif.weights
    if not before.sum() or not after.sum():
        return None
    return jensen_shannon(before / before.sum(), after / after.sum())


def what_if_sentence(whatif: WhatIf) -> str:
    """ "Without 2 words the probability of positive went from .94 to .71 (−.23); the
    prediction stays." """
    removed, added = len(whatif.removed), whatif.added
    if not removed:
        label, probability = shown(whatif.before.label), short(whatif.before.probability)
        return tr(
            "Nothing is taken out; the probability of {label} is {probability}.",
            label=label, probability=probability,
        )  # fmt: skip
    words, outcome = counted(removed, "word"), probability_change(whatif.before, whatif.after)
    if added:
        return tr(
            "Without {words} and with {new_words} {outcome}",
            words=words, new_words=counted(added, "new word"), outcome=outcome,
        )  # fmt: skip
    return tr("Without {words} {outcome}", words=words, outcome=outcome)


def probability_change(before: Explanation, after: Explanation) -> str:
    """Describe how the probability of the class predicted before moved, and the outcome."""
    target = int(before.probabilities.argmax())
    old, new = (round(float(e.probabilities[target]), 2) for e in (before, after))
    values = {"label": shown(before.label), "old": short(old), "new": short(new),
              "change": signed(new - old)}  # fmt: skip
    if after.label == before.label:
        return tr(
            "the probability of {label} went from {old} to {new} ({change}); the prediction stays.",
            **values,
        )
    return tr(
        "the probability of {label} went from {old} to {new} ({change}); the prediction changes to "
        "{other}.",
        other=shown(after.label), **values,
    )  # fmt: skip


def signed(value: float) -> str:
    """Return two decimals with their sign: +.05, −.23, and ±.00 for what rounds to nothing."""
    if not round(value, 2):
        return f"±{short(0)}"
    return f"+{short(value)}" if value > 0 else short(value)
