"""The flip test: how much attention has to go before the decision changes?

Serrano and Smith 2019 (section 4): attention weights of the layer closest to the output
are zeroed in some order, the rest renormalised, until the model decides otherwise. The
states stay as they are, so this is about the weights and not about the words. A ranking
that flips a decision early has found what it hung on.
"""

from dataclasses import dataclass

import numpy as np

from han_core.evidence.ranking import (
    Unit,
    attention,
    by_token,
    order,
    random_orders,
)
from han_core.evidence.subject import Subject

_CELLS = 2_000_000  # of (orders, entries, classes) at once: bounds the memory it takes


@dataclass(frozen=True)
class Flip:
    """How much attention has to go before the decision changes.

    A share is the number of entries zeroed over ``entries``, above 0 and below 1. None is
    "never": the decision stood with one entry left. That is a censored value, not 100%.

    Attributes:
        unit: whose attention was zeroed, in the layer closest to the output.
        entries: how many weights that layer has, at least two.
        attention: highest weight first.
        gradient: highest gradient of p(predicted class) at the weight first, with its sign.
        random: the median of ``draws`` random orders; None where half of them or more never
            flip.

    Raises:
        ValueError: for fewer than two entries, or a share outside 0 to 1.
    """

    unit: Unit
    entries: int
    attention: float | None
    gradient: float | None
    random: float | None
    draws: int

    def __post_init__(self) -> None:
        if self.entries < 2:
            raise ValueError("zeroing attention needs at least two entries")
        for share in (self.attention, self.gradient, self.random):
            if share is not None and not 0 < share < 1:
                raise ValueError(f"a share between 0 and 1 expected, {share} came")

    @property
    def never(self) -> bool:
        """Whether one of the orders never flips the decision: then they cannot be compared."""
        return None in (self.attention, self.gradient, self.random)


def flip(subject: Subject, draws: int, rng: np.random.Generator) -> Flip | None:
    """The flip test on the layer closest to the output: a HAN's sentences, or all words.

    Serrano and Smith 2019 rank by the weight, or by the gradient of the decision at the
    weight; so does this. None where that layer has a single weight.
    """
    unit: Unit = "sentence" if hierarchical(subject) else "word"
    weights = attention(subject, unit)
    if len(weights) < 2:
        return None
    votes = subject.alone()
    gradient = at_weights(votes, subject.explanation.probabilities, subject.target)

    random = random_orders(len(weights), draws, rng)
    rankings = np.vstack((random, order(weights, rng), order(gradient, rng)))
    *shares, by_attention, by_gradient = flip_shares(rankings, weights, votes, subject.target)
    return Flip(
        unit,
        len(weights),
        attention=by_attention,
        gradient=by_gradient,
        random=_median(shares),
        draws=draws,
    )


def at_weights(votes: np.ndarray, probabilities: np.ndarray, target: int) -> np.ndarray:
    """(entries,) the gradient of p(``target``) at the weights, but for one constant.

    The derivative of softmax(weights @ votes); weights that sum to 1 leave a constant free,
    which changes no order.
    """
    return probabilities[target] * (votes[:, target] - votes @ probabilities)


def flip_shares(
    rankings: np.ndarray, weights: np.ndarray, votes: np.ndarray, target: int
) -> list[float | None]:
    """The share of ``weights`` to zero, in the order of each ranking, until ``target`` loses.

    Args:
        rankings: (orders, entries) numbers of the entries, those to go first first.
        weights: (entries,) attention; what is left is renormalised, which changes no winner.
        votes: (entries, classes) log probabilities of each entry alone.

    Returns:
        None for each order by which the decision stands with one entry left.
    """
    step = max(1, _CELLS // votes.size)
    parts = (rankings[at : at + step] for at in range(0, len(rankings), step))
    zeroed = np.concatenate([_zeroed(part, weights[:, None] * votes, target) for part in parts])
    return [int(number) / len(weights) if number else None for number in zeroed]


def _zeroed(rankings: np.ndarray, weighted: np.ndarray, target: int) -> np.ndarray:
    """(orders,) entries to zero until the decision flips, 0 for never."""
    left = weighted[rankings[:, ::-1]].cumsum(1)[:, ::-1]  # (orders, entries, classes)
    flipped = (left.max(2) > left[..., target])[:, 1:]
    return np.where(flipped.any(1), flipped.argmax(1) + 1, 0)


def _median(shares: list[float | None]) -> float | None:
    """The median where None is larger than all: a censored value has a rank but no size."""
    middle = float(np.median([np.inf if share is None else share for share in shares]))
    return middle if np.isfinite(middle) else None


def hierarchical(subject: Subject) -> bool:
    """Whether attention over sentences stands closest to the output."""
    return subject.checkpoint.config.architecture.model == "han"


def levels(subject: Subject, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights of a flat model (copies, tokens) as words within sentences and sentences."""
    lengths = subject.numbered.sentence_lengths
    sentences = np.add.reduceat(weights, lengths.cumsum() - lengths, axis=1)
    whole = by_token(subject, "sentence", sentences)
    return np.divide(weights, whole, out=np.zeros_like(weights), where=whole > 0), sentences
