"""Means over documents and how far chance in the choice of documents could move them.

The percentile bootstrap (Efron and Tibshirani 1993, section 13.3): documents are drawn
again with replacement, whole, so that what was measured on one document stays together
and differences are paired. It says nothing about other data sets or other seeds.
"""

from dataclasses import dataclass

import numpy as np

RESAMPLES = 1_000

LEVEL = (0.025, 0.975)
"""Quantiles of the resampled means: a 95% interval."""


@dataclass(frozen=True)
class Interval:
    """A mean over documents and its 95% interval; all None where no document has a value.

    Raises:
        ValueError: if only some of them are None, or ``low`` lies above ``high``.
    """

    mean: float | None
    low: float | None
    high: float | None

    def __post_init__(self) -> None:
        if self.mean is None or self.low is None or self.high is None:
            if (self.mean, self.low, self.high) != (None, None, None):
                raise ValueError("mean, low and high are all None or none is")
        elif not self.low <= self.high:
            raise ValueError(f"low {self.low} lies above high {self.high}")

    def to_json(self) -> dict[str, float | None]:
        return {"mean": self.mean, "low": self.low, "high": self.high}


NOTHING = Interval(None, None, None)


class Bootstrap:
    """The same resamples of ``documents`` documents for every question."""

    def __init__(self, documents: int, seed: int, resamples: int = RESAMPLES):
        if documents < 1:
            raise ValueError("a mean over documents needs at least one")
        rng = np.random.default_rng(seed)
        drawn = rng.multinomial(documents, np.full(documents, 1 / documents), resamples)
        # (1 + resamples, documents) how often each document counts; first as it is.
        self._counts = np.vstack((np.ones(documents, dtype=int), drawn))

    def mean(self, values: np.ndarray) -> Interval:
        """The mean of ``values`` (documents,) without those that are NaN."""
        return _interval(self._means(values))

    def ratio(self, above: np.ndarray, below: np.ndarray, least: float) -> Interval:
        """The mean of ``above`` over the mean of ``below``, where both have a value.

        Nothing unless the mean of ``below`` is at least ``least`` and its interval positive.
        """
        both = np.isfinite(above) & np.isfinite(below)
        numerator = self._means(np.where(both, above, np.nan))
        denominator = self._means(np.where(both, below, np.nan))
        found = _interval(denominator)
        if found.mean is None or found.low is None or found.mean < least or found.low <= 0:
            return NOTHING
        return _interval(numerator / denominator)

    def _means(self, values: np.ndarray) -> np.ndarray:
        """(1 + resamples,) NaN where a resample has no document with a value."""
        there = np.isfinite(values)
        number = self._counts @ there
        total = self._counts @ np.where(there, values, 0.0)
        return np.divide(total, number, out=np.full(len(number), np.nan), where=number > 0)


def _interval(means: np.ndarray) -> Interval:
    if np.isnan(means[0]):
        return NOTHING
    low, high = np.nanquantile(means[1:], LEVEL)
    return Interval(float(means[0]), float(low), float(high))
