"""The deletion test in one sentence, for any method and any class.

A tenth of the words goes: those that the method ranks highest, and random ones. It is
what stands under a heatmap among several; ``faithfulness`` measures more, of attention
and the predicted class alone.
"""

from dataclasses import dataclass

import numpy as np

from han_core.corpora.wording import shown
from han_core.evidence.deletion import SHARES, removed_units
from han_core.evidence.faithfulness import DRAWS
from han_core.evidence.methods import Attribution
from han_core.evidence.ranking import order, random_orders
from han_core.evidence.subject import Subject
from han_core.evidence.wording import TOLD, short


@dataclass(frozen=True)
class Removal:
    """What the probability of ``target`` does when words go.

    Attributes:
        attended: whether words were ranked by attention, else by another method's values.
        words: how many went.
        fall: p(text) − p(text without the words ranked highest).
        random: the same without as many random words, the mean of ``DRAWS`` draws.
    """

    target: str
    attended: bool
    words: int
    fall: float
    random: float


def removal(subject: Subject, answer: Attribution, seed: int = 0) -> Removal | None:
    """Takes a tenth of the words out, in one call of the model; None where there is one word.

    The same random words go for every method.
    """
    tokens, target = subject.tokens, subject.checkpoint.labels.index(answer.target)
    if tokens < 2:
        return None
    words, rng = int(removed_units(tokens)[TOLD]), np.random.default_rng(seed)
    draws = random_orders(tokens, DRAWS, rng)
    first = np.concatenate([order(answer.words, rng)[None], draws])[:, :words]
    kept = np.ones((len(first), tokens), dtype=bool)
    np.put_along_axis(kept, first, False, axis=1)
    falls = subject.explanation.probabilities[target] - subject.probabilities(kept)[:, target]
    attended = answer.method == "attention"
    return Removal(answer.target, attended, words, float(falls[0]), float(falls[1:].mean()))


def sentence(found: Removal) -> str:
    """ "Removing the 10% most attended words lowers the probability of positive by .31;
    random words by .01." """
    kind = "most attended" if found.attended else "highest ranked"
    most, some = f"the {SHARES[TOLD]}% {kind} words", "random words"
    if found.words == 1:
        most, some = f"the {kind} word", "a random word"
    ours, theirs = round(found.fall, 2), round(found.random, 2)
    first = f"Removing {most} {_verb(ours)} the probability of {shown(found.target)}"
    if theirs and _verb(theirs) != _verb(ours):
        other = f"removing {some} {_verb(theirs)} it by {short(abs(theirs))}"
        return f"{first} by {short(abs(ours))}; {other}."
    return f"{first} by {short(abs(ours))}; {some} by {short(abs(theirs))}."


def _verb(fall: float) -> str:
    if not fall:
        return "changes"
    return "lowers" if fall > 0 else "raises"
