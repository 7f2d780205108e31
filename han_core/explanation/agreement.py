"""How far two models' attention agrees on one text.

Words and sentences are lined up by their characters (``alignment``), so the models
may split texts differently. Agreement says nothing about who is right: two models
may agree and both be far from what decided.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from han_core.explanation.alignment import Aligned, align
from han_core.explanation.explanation import Explanation
from han_core.text.document import Span

FEWEST = 6
"""A rank correlation of fewer items is chance (DeYoung et al. 2020, ERASER)."""


@dataclass(frozen=True)
class Agreement:
    """Attributes:
    tau: Kendall's tau-b over words' weights within the document, -1 to 1; None
        for fewer than ``FEWEST`` words or where one side is constant.
    sentence_tau: the same over sentences.
    overlap: the share of the heaviest words that are the same ones, 0 to 1.
    divergence: Jensen-Shannon divergence of words' weights in nats, 0 to ln 2.
    """

    tau: float | None
    sentence_tau: float | None
    overlap: float
    divergence: float


def agreement(a: Explanation, b: Explanation, top: int = 10) -> Agreement:
    """Compares two explanations of the same text; ``overlap`` is of ``top`` words.

    Raises:
        ValueError: if the texts differ.
    """
    one, other = align_words(a, b).weights
    return Agreement(
        tau=tau(one, other),
        sentence_tau=tau(*align_sentences(a, b).weights),
        overlap=overlap(one, other, top),
        divergence=divergence(one, other),
    )


def align_words(*explanations: Explanation) -> Aligned:
    """Words and their weights within the document, a row for each explanation."""
    _check_same_text(explanations)
    return align([(e.document.tokens, e.document_weights) for e in explanations])


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


def largest_differences_by_word(a: Explanation, b: Explanation, n: int) -> pd.DataFrame:
    """The ``n`` words whose weights within the document differ most.

    Columns: text, start, end, "weight in a", "weight in b", difference (a - b).
    """
    return _largest_differences(a.document.text, align_words(a, b), n)


def largest_differences_by_sentence(a: Explanation, b: Explanation, n: int) -> pd.DataFrame:
    """The ``n`` sentences whose weights differ most; columns as for words."""
    return _largest_differences(a.document.text, align_sentences(a, b), n)


def _largest_differences(text: str, aligned: Aligned, n: int) -> pd.DataFrame:
    a, b = aligned.weights
    # Differences that are equal but for rounding stay in reading order.
    order = np.argsort(-abs(a - b).round(12), kind="stable")[:n]
    spans = [aligned.spans[i] for i in order.tolist()]
    return pd.DataFrame(
        {
            "text": pd.Series([text[start:end] for start, end in spans], dtype=str),
            "start": [span.start for span in spans],
            "end": [span.end for span in spans],
            "weight in a": a[order],
            "weight in b": b[order],
            "difference": (a - b)[order],
        }
    )


def _check_same_text(explanations: tuple[Explanation, ...]) -> None:
    if len({explanation.document.text for explanation in explanations}) > 1:
        raise ValueError("explanations of the same text are expected")
