"""The verdict bar of Explore: the prediction with thin bars, and one line of evidence."""

from dataclasses import dataclass

import numpy as np

from han_core.explanation.cautions import is_guess
from han_core.explanation.explanation import Explanation
from han_core.explanation.faithfulness import Evidence
from han_core.explanation.verdicts import (
    ONE_WORD,
    SUPPORT,
    Support,
    removal_line,
    support,
)
from han_core.runtime.messages import mark, tr
from han_core.viz.colour_scale import predicted_class, probability_bar
from han_core.viz.markup import chance, html_text

LIKELIEST = 3
"""Classes with a bar."""


@dataclass(frozen=True)
class EvidenceLine:
    """One line of evidence, and its state where the deletion test was made."""

    text: str
    state: Support | None = None


WAITING = EvidenceLine(mark("Measuring what taking words out does …"))
LONG = EvidenceLine(mark("This text is long: measure what taking words out does under Evidence."))


def evidence_line(evidence: Evidence) -> EvidenceLine:
    """Say what removing the most attended words does, beside random ones."""
    if evidence.deletion is None:
        return EvidenceLine(ONE_WORD)
    return EvidenceLine(removal_line(evidence), support(evidence.deletion))


def verdict(explanation: Explanation, line: EvidenceLine, before: Explanation | None = None) -> str:
    """Return the bar as HTML.

    Args:
        before: the explanation before words were removed, whose prediction stands beside.
    """
    lead, name = predicted_class(explanation, tr("Prediction"))
    first = -1 if is_guess(explanation) else 0
    was = "" if before is None else _before(before, explanation)
    order = np.argsort(-explanation.probabilities, kind="stable")[:LIKELIEST].tolist()
    labels, chances = explanation.labels, explanation.probabilities.tolist()
    bars = "".join(
        probability_bar(labels[at], chances[at], place == first) for place, at in enumerate(order)
    )
    return (
        f'<section class="hs hs-verdict" data-testid="verdict" '
        f'aria-label="{html_text(tr("Prediction and evidence"))}"><p class="hs-decision">'
        f"<span>{lead}</span> {name}{was}</p>"
        f'<div class="hs-classes">{bars}</div>{_line(line)}</section>'
    )


def _before(before: Explanation, now: Explanation) -> str:
    """Return "before: positive 92.0% → now 61.3%", of the class that was predicted before."""
    old = int(before.probabilities.argmax())
    then, since = chance(float(before.probabilities[old])), chance(float(now.probabilities[old]))
    text = tr("before: {label} {then} → now {now}", label=before.label, then=then, now=since)
    return f'<span class="hs-before">{html_text(text)}</span>'


def _line(line: EvidenceLine) -> str:
    state = ""
    if line.state is not None:
        state = f'<b class="hs-state hs-{line.state}">{tr(SUPPORT[line.state])}</b> '
    return f'<p class="hs-evidence" aria-live="polite">{state}{html_text(tr(line.text))}</p>'
