"""Documents put into bins by a number: how many there are and how many of them are right.

A bin says the smallest and the largest value that stand in it, so that a filter from one to
the other leaves just its documents. It knows nothing about what the number is.
"""

from dataclasses import dataclass

import numpy as np

from han_core.errors.measured.intervals import wilson
from han_core.errors.opened.outcomes import Outcomes

LENGTHS = 10
"""Bins of length."""

BARS = 40
"""Bars of the histogram of confidence between 0 and 1."""


@dataclass(frozen=True)
class Bins:
    """Bins that hold a document or more, in order.

    Attributes:
        low, high: (bins,) the smallest and the largest value in each.
        documents, right: (bins,) how many.

    Raises:
        ValueError: if the sizes differ, a bin is empty, or has more right than documents.
    """

    low: np.ndarray
    high: np.ndarray
    documents: np.ndarray
    right: np.ndarray

    def __post_init__(self) -> None:
        sizes = {len(cells) for cells in (self.low, self.high, self.documents, self.right)}
        if len(sizes) != 1:
            raise ValueError(f"columns of one length expected, {sorted(sizes)} came")
        if (self.documents < 1).any() or (self.right > self.documents).any():
            raise ValueError("bins with documents, no more of them right, expected")

    def __len__(self) -> int:
        return len(self.documents)

    @property
    def accuracy(self) -> np.ndarray:
        """(bins,) share that is right."""
        return self.right / self.documents

    @property
    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """(bins,) each: Wilson's 95% interval of the accuracy."""
        return wilson(self.right, self.documents)


def quantile_groups(values: np.ndarray, groups: int) -> np.ndarray:
    """(documents,) the group of each value, groups about as large as one another.

    Equal values stay together, so there may be fewer groups, and unequal ones.
    """
    if not len(values):
        return np.zeros(0, dtype=np.int64)
    last = -(-np.arange(1, groups) * len(values) // groups) - 1  # of each group but the last
    edges = np.unique(np.partition(values, last)[last]) if len(last) else values[:0]
    return np.searchsorted(edges, values, side="left")


def width_groups(values: np.ndarray, low: float, high: float, groups: int) -> np.ndarray:
    """(documents,) the group of each value, groups of one width, each with its upper end."""
    place = np.ceil((values - low) / (high - low) * groups).astype(np.int64) - 1
    return place.clip(0, groups - 1)


def filled(group: np.ndarray) -> tuple[np.ndarray, int]:
    """The same groups numbered without gaps, and how many there are."""
    there = np.bincount(group) > 0
    number = np.cumsum(there) - 1
    return number[group], int(there.sum())


def binned(values: np.ndarray, right: np.ndarray, group: np.ndarray, groups: int) -> Bins:
    """Bins of ``groups`` groups, none of which is empty."""
    low, high = np.full(groups, np.inf), np.full(groups, -np.inf)
    np.minimum.at(low, group, values)
    np.maximum.at(high, group, values)
    return Bins(
        low,
        high,
        np.bincount(group, minlength=groups),
        np.bincount(group[right], minlength=groups),
    )


def by_length(outcomes: Outcomes, bins: int = LENGTHS) -> Bins:
    """Accuracy by tokens, in bins that hold about as many documents as one another."""
    group, groups = filled(quantile_groups(outcomes.tokens, bins))
    return binned(outcomes.tokens.astype(np.float64), outcomes.right, group, groups)


def by_confidence(outcomes: Outcomes, bars: int = BARS) -> Bins:
    """Right and wrong documents by confidence, in bins as wide as one another."""
    confidence = outcomes.confidence.astype(np.float64)
    group, groups = filled(width_groups(confidence, 0, 1, bars))
    return binned(confidence, outcomes.right, group, groups)
