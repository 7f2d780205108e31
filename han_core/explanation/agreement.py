"""How far two answers about one text agree: in order, at the top, and in how weight is shared.

Agreement says nothing about who is right: two models may agree and both be far from
what decided. Which words are the same ones is told elsewhere (``alignment``).
"""

import numpy as np

from han_core.explanation.alignment import Aligned, align
from han_core.explanation.explanation import Explanation
from han_core.text.document import Span

FEWEST = 6
"""A rank correlation of fewer items is chance (DeYoung et al. 2020, ERASER)."""


def align_sentences(*explanations: Explanation) -> Aligned:
    """Sentences and their weights, a row for each explanation."""
    _check_same_text(explanations)
    return align(
        [
            ([Span(s.start, s.end) for s in e.document.sentences], e.sentence_weights)
            for e in explanations
        ]
    )


def tau(a: np.ndarray, b: np.ndarray) -> float | None:
    """Kendall's tau-b (Kendall 1945); None for fewer than six items or a constant side."""
    from scipy.stats import kendalltau

    if len(a) < FEWEST or not np.ptp(a) or not np.ptp(b):
        return None
    return float(kendalltau(a, b, variant="b").statistic)


def overlap(a: np.ndarray, b: np.ndarray, top: int) -> float:
    """The share of the ``top`` heaviest items that are the same ones in ``a`` and ``b``.

    Items of equal weight that compete for the last places share them, so that a tie
    is not decided by where a word stands.
    """
    places = min(top, len(a))
    if places < 1:
        return 1.0
    return float(np.minimum(_membership(a, places), _membership(b, places)).sum() / places)


def _membership(weights: np.ndarray, places: int) -> np.ndarray:
    """How much of each item is among the ``places`` heaviest; sums to ``places``."""
    last = np.sort(weights)[-places]
    above, tied = weights > last, weights == last
    return above + tied * (places - above.sum()) / tied.sum()


def divergence(a: np.ndarray, b: np.ndarray) -> float:
    """Jensen-Shannon divergence of two distributions in nats (Lin 1991), 0 to ln 2."""
    middle = (a + b) / 2

    def relative_entropy(part: np.ndarray) -> float:
        there = part > 0
        return float((part[there] * np.log(part[there] / middle[there])).sum())

    # Rounding may leave it a hair below 0.
    return max(0.0, (relative_entropy(a) + relative_entropy(b)) / 2)


def _check_same_text(explanations: tuple[Explanation, ...]) -> None:
    if len({explanation.document.text for explanation in explanations}) > 1:
        raise ValueError("explanations of the same text are expected")
