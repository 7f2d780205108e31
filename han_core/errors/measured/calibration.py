"""Whether a model is as often right as it is sure: bins of confidence, calibration error.

Only the predicted class's probability is looked at. It knows nothing about other classes.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from han_core.errors.measured.binning import Bins, binned, filled, quantile_groups, width_groups
from han_core.errors.measured.intervals import RESAMPLES, resampled
from han_core.errors.opened.outcomes import Outcomes
from han_core.evidence.bootstrap import LEVEL, NOTHING, Interval

BINS = 15
"""As in Guo et al. 2017."""

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
    group, groups = filled(group)
    found = binned(confidence, outcomes.right, group, groups)
    means = np.bincount(group, confidence, groups) / found.documents
    if not len(outcomes):
        return Calibration(found, means, NOTHING, None)
    kinds = _kinds(confidence, outcomes.right, group)
    chance = _by_chance(kinds, seed)
    return Calibration(found, means, _error(found, means, kinds, chance, seed), chance)


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
    there = np.flatnonzero(documents)
    sums = np.bincount(code, confidence)[there]
    return _Kinds(
        documents[there],
        there // (2 * (_STEPS + 1)),
        sums / documents[there],
        (there % 2).astype(np.float64),
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
