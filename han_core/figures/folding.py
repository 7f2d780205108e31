"""Which sentences of a long document may be folded away.

A run of sentences that hold little weight, and no word that stands out in the
picture, becomes one line with their number and their weight. How a document begins
stays in sight, and short documents are never folded. It does not know how a fold is
drawn.
"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from han_core.explanation.explanation import Explanation

ROOMY = 40
"""Documents of so many sentences are shown whole."""

SHORTEST = 3
"""Fewer sentences than this in a row are not worth a fold."""

LOW = 0.5
"""Times the uniform weight; a sentence of less may be folded."""

STRONGEST = 10
"""So many of the heaviest words, and of the most strongly coloured ones, stay in sight."""


class Fold(NamedTuple):
    """Sentences ``first`` to ``first + size - 1`` and the weight they have together."""

    first: int
    size: int
    weight: float


def folds(
    explanation: Explanation, values: np.ndarray, kept: Collection[int] = frozenset()
) -> list[Fold]:
    """The folds of a document, in order.

    Args:
        values: (tokens,) what the words are coloured by, where that is not attention.
        kept: sentences that have to stay in sight.
    """
    weights = explanation.sentence_weights
    sentences = len(weights)
    if sentences <= ROOMY:
        return []
    low = weights < LOW / sentences
    for sizes in (explanation.document_weights, np.abs(values)):
        low[explanation.sentence_of_token[np.argsort(-sizes, kind="stable")[:STRONGEST]]] = False
    low[[0, *kept]] = False
    steps = np.diff(np.concatenate([[0], low.astype(int), [0]]))
    runs = zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True)
    return [
        Fold(int(start), int(end - start), float(weights[start:end].sum()))
        for start, end in runs
        if end - start >= SHORTEST
    ]
