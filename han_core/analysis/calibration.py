"""Calibration: reliability bins, expected calibration error, accuracy by length.

Only the probability of the predicted class is considered. Each bin knows its smallest and
largest value, so that a filter on that range selects exactly its documents.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from han_core.analysis.dataset import Outcomes
from han_core.explanation.statistics import (
    LEVEL,
    NO_INTERVAL,
    RESAMPLES,
    Interval,
    resampled,
    wilson,
)

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


def renumbered(group: np.ndarray) -> tuple[np.ndarray, int]:
    """Number the groups without gaps; return them and their count."""
    occurring = np.bincount(group) > 0
    number = np.cumsum(occurring) - 1
    return number[group], int(occurring.sum())


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
    group, groups = renumbered(quantile_groups(outcomes.tokens, bins))
    return binned(outcomes.tokens.astype(np.float64), outcomes.right, group, groups)


def by_confidence(outcomes: Outcomes, bars: int = BARS) -> Bins:
    """Right and wrong documents by confidence, in bins as wide as one another."""
    confidence = outcomes.confidence.astype(np.float64)
    group, groups = renumbered(width_groups(confidence, 0, 1, bars))
    return binned(confidence, outcomes.right, group, groups)


BINS = 15
"""Of confidence, as in Guo et al. 2017."""

Binning = Literal["width", "mass"]

_STEPS = 1_000  # confidences that agree to a thousandth are drawn as one


@dataclass(frozen=True)
class Calibration:
    """Accuracy beside confidence.

    Attributes:
        bins: of confidence; the empty ones are left out.
        confidence: (bins,) the mean confidence in each.
        error: the expected calibration error with its interval.
        by_chance: what a perfectly calibrated model stays below in 95% of draws of labels;
            None of no document.
    """

    bins: Bins
    confidence: np.ndarray
    error: Interval
    by_chance: float | None


def calibration(
    outcomes: Outcomes, by: Binning = "width", bins: int = BINS, seed: int = 0
) -> Calibration:
    """Reliability and expected calibration error (Guo, Pleiss, Sun and Weinberger 2017, eq. 3).

    The error is the mean over documents of |accuracy − mean confidence| of their bin.

    Args:
        by: "width", bins as wide as one another, (m − 1)/M < confidence ≤ m/M; "mass", bins
            that hold as many documents as one another (Nguyen and O'Connor 2015).
    """
    confidence = outcomes.confidence.astype(np.float64)
    group = (
        width_groups(confidence, 0, 1, bins) if by == "width" else quantile_groups(confidence, bins)
    )
    group, groups = renumbered(group)
    reliability = binned(confidence, outcomes.right, group, groups)
    means = np.bincount(group, confidence, groups) / reliability.documents
    if not len(outcomes):
        return Calibration(reliability, means, NO_INTERVAL, None)
    kinds = _kinds(confidence, outcomes.right, group)
    chance = _by_chance(kinds, seed)
    return Calibration(reliability, means, _error(reliability, means, kinds, chance, seed), chance)


@dataclass(frozen=True)
class _Kinds:
    """Documents alike in bin, confidence and being right: (kinds,) each."""

    documents: np.ndarray
    group: np.ndarray
    confidence: np.ndarray
    right: np.ndarray


def _kinds(confidence: np.ndarray, right: np.ndarray, group: np.ndarray) -> _Kinds:
    steps = np.rint(confidence * _STEPS).astype(np.int64)
    code = (group * (_STEPS + 1) + steps) * 2 + right
    documents = np.bincount(code)
    occurring = np.flatnonzero(documents)
    sums = np.bincount(code, confidence)[occurring]
    return _Kinds(
        documents[occurring],
        occurring // (2 * (_STEPS + 1)),
        sums / documents[occurring],
        (occurring % 2).astype(np.float64),
    )


def _error(bins: Bins, means: np.ndarray, kinds: _Kinds, chance: float, seed: int) -> Interval:
    """The error and its interval.

    Chance alone makes an error larger, and drawing again adds chance a second time. So the
    resamples are reflected at the value found (the basic bootstrap, Davison and Hinkley
    1997, eq. 5.6); the bins stay. What a perfectly calibrated model might show as well has
    an interval that begins at 0.
    """
    documents = bins.documents.sum()
    value = float((np.abs(bins.right / bins.documents - means) * bins.documents).sum() / documents)
    apart = np.zeros((len(kinds.group), len(bins)))
    apart[np.arange(len(kinds.group)), kinds.group] = kinds.right - kinds.confidence

    def statistic(drawn: np.ndarray) -> np.ndarray:
        return np.abs(drawn @ apart).sum(1) / documents

    low, high = np.quantile(resampled(kinds.documents, statistic, seed), LEVEL).tolist()
    least = 0.0 if value <= chance else max(0.0, 2 * value - high)
    return Interval(value, least, max(value, 2 * value - low))


def _by_chance(kinds: _Kinds, seed: int) -> float:
    """Labels drawn by the confidences themselves (consistency resampling, Bröcker and Smith
    2007); 95% of the errors that come of it lie below.
    """
    documents, rng = kinds.documents.sum(), np.random.default_rng(seed)
    right = rng.binomial(
        kinds.documents, kinds.confidence.clip(0, 1), (RESAMPLES, len(kinds.group))
    )
    apart = right - kinds.documents * kinds.confidence
    member = kinds.group[:, None] == np.arange(kinds.group.max() + 1)
    return float(np.quantile(np.abs(apart @ member).sum(1) / documents, 0.95))
