"""Several ways to cut one text into pieces, lined up by their characters.

Two tokenisers may cut the same text differently. Where pieces overlap they are
joined until the edges agree, and their weights add up: nothing is invented about
how a weight is spread within a piece, no weight is lost, and where the cuts are
the same, the pieces stay as they are. The price: nothing is told apart that one
of them did not tell apart. It does not know what the pieces are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

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
    """Lines up pieces and their weights, for each way of cutting the same text."""
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
