"""Agreement of two answers about one text: in order, at the top, and in shared weight.

Tokenisers may cut a text differently. Where pieces overlap they are joined until the edges
agree, and their weights add up, so no weight is lost and nothing is invented about how a
weight is spread within a piece. Agreement says nothing about who is right.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from han_core.explanation.explanation import Explanation
from han_core.text.document import Span


@dataclass(frozen=True)
class Aligned:
    """Joined pieces in order, and what each way of cutting gives them.

    Attributes:
        spans: the pieces.
        weights: (ways, pieces); 0 where a way has nothing there.
    """

    spans: tuple[Span, ...]
    weights: np.ndarray


def align(ways: Sequence[tuple[Sequence[Span], np.ndarray]]) -> Aligned:
    """Align pieces and their weights, for each way of cutting the same text."""
    cuts = sorted(
        (span.start, span.end, way, weight)
        for way, (spans, weights) in enumerate(ways)
        for span, weight in zip(spans, weights.tolist(), strict=True)
    )
    joined: list[Span] = []
    rows: list[list[float]] = []
    for start, end, way, weight in cuts:
        if joined and start < joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(end, joined[-1].end))
        else:
            joined.append(Span(start, end))
            rows.append([0.0] * len(ways))
        rows[-1][way] += weight
    return Aligned(tuple(joined), np.array(rows).reshape(len(joined), len(ways)).T)


FEWEST = 6
"""A rank correlation of fewer items is chance (DeYoung et al. 2020, ERASER)."""


def align_sentences(*explanations: Explanation) -> Aligned:
    """Align sentences and their weights, a row for each explanation."""
    _check_same_text(explanations)
    return align(
        [
            ([Span(s.start, s.end) for s in e.document.sentences], e.sentence_weights)
            for e in explanations
        ]
    )


def tau(a: np.ndarray, b: np.ndarray) -> float | None:
    """Return Kendall's tau-b (Kendall 1945); None for fewer than six items or a constant side."""
    from scipy.stats import kendalltau

    if len(a) < FEWEST or not np.ptp(a) or not np.ptp(b):
        return None
    return float(kendalltau(a, b, variant="b").statistic)


def overlap(a: np.ndarray, b: np.ndarray, top: int) -> float:
    """Return the share of the ``top`` heaviest items that are the same ones in ``a`` and ``b``.

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
    """Return the Jensen-Shannon divergence of two distributions in nats (Lin 1991), 0 to ln 2."""
    middle = (a + b) / 2

    def relative_entropy(part: np.ndarray) -> float:
        positive = part > 0
        return float((part[positive] * np.log(part[positive] / middle[positive])).sum())

    # Rounding may leave it a hair below 0.
    return max(0.0, (relative_entropy(a) + relative_entropy(b)) / 2)


def _check_same_text(explanations: tuple[Explanation, ...]) -> None:
    if len({explanation.document.text for explanation in explanations}) > 1:
        raise ValueError("explanations of the same text are expected")
