"""Means and shares over documents, with 95% intervals from the choice of documents.

The percentile bootstrap (Efron and Tibshirani 1993, section 13.3) draws documents again with
replacement, whole, so that differences are paired. Shares have closed formulas. Nothing here
speaks of other data sets or other seeds.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

RESAMPLES = 1_000

LEVEL = (0.025, 0.975)
"""Quantiles of the resampled means: a 95% interval."""

Z = 1.959963984540054
"""The normal quantile of a 95% interval."""

_AT_ONCE = 2_000_000  # counts drawn together: 16 MB


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


NO_INTERVAL = Interval(None, None, None)


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
        """Return the mean of ``values`` (documents,) without those that are NaN."""
        return _interval(self._means(values))

    def ratio(self, above: np.ndarray, below: np.ndarray, least: float) -> Interval:
        """Return the mean of ``above`` over the mean of ``below``, where both have a value.

        No interval unless the mean of ``below`` is at least ``least`` and its interval positive.
        """
        both = np.isfinite(above) & np.isfinite(below)
        numerator = self._means(np.where(both, above, np.nan))
        denominator = self._means(np.where(both, below, np.nan))
        bounds = _interval(denominator)
        if bounds.mean is None or bounds.low is None or bounds.mean < least or bounds.low <= 0:
            return NO_INTERVAL
        return _interval(numerator / denominator)

    def _means(self, values: np.ndarray) -> np.ndarray:
        """(1 + resamples,) NaN where a resample has no document with a value."""
        present = np.isfinite(values)
        number = self._counts @ present
        total = self._counts @ np.where(present, values, 0.0)
        return np.divide(total, number, out=np.full(len(number), np.nan), where=number > 0)


def _interval(means: np.ndarray) -> Interval:
    return NO_INTERVAL if np.isnan(means[0]) else percentile(float(means[0]), means[1:])


def percentile(value: float, values: np.ndarray) -> Interval:
    """Return a statistic with the middle 95% of its resamples."""
    low, high = np.nanquantile(values, LEVEL)
    return Interval(value, float(low), float(high))


def wilson(successes: np.ndarray, documents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the 95% score interval of each share (Wilson 1927); NaN of none.

    Args:
        successes, documents: of one shape, which the ends have too.
    """
    n = np.asarray(documents, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        share, z2n = np.asarray(successes) / n, Z * Z / n
        middle = (share + z2n / 2) / (1 + z2n)
        half = Z * np.sqrt(share * (1 - share) / n + z2n / n / 4) / (1 + z2n)
    # Rounding may leave the end beyond a share of 0 or 1.
    low, high = np.minimum(middle - half, share), np.maximum(middle + half, share)
    return low.clip(0, 1), high.clip(0, 1)


def share(successes: int, documents: int) -> Interval:
    """Return a share with Wilson's 95% interval; no interval of no document."""
    if not documents:
        return NO_INTERVAL
    low, high = wilson(np.array(successes), np.array(documents))
    return Interval(successes / documents, float(low), float(high))


def difference(successes: int, documents: int, others: int, other_documents: int) -> Interval:
    """Return one share minus another, of different documents, with its 95% interval.

    Newcombe 1998 (Statistics in Medicine 17, 873-890), method 10: the Wilson intervals of
    both, put together. No interval where one has no document.
    """
    if not documents or not other_documents:
        return NO_INTERVAL
    of = np.array([documents, other_documents])
    shares = np.array([successes, others]) / of
    low, high = wilson(shares * of, of)
    apart = float(shares[0] - shares[1])
    below = float(np.hypot(shares[0] - low[0], high[1] - shares[1]))
    above = float(np.hypot(high[0] - shares[0], shares[1] - low[1]))
    return Interval(apart, apart - below, apart + above)


def resampled(
    counts: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], seed: int = 0
) -> np.ndarray:
    """Return (resamples, …) a statistic of documents that are drawn again with replacement.

    To draw documents is to draw how often each kind of them comes, so the cost goes with the
    kinds, not with the documents.

    Args:
        counts: (kinds,) documents of each kind.
        statistic: (draws, kinds) to (draws, …).

    Raises:
        ValueError: if there is no document.
    """
    documents = int(counts.sum())
    if documents < 1:
        raise ValueError("documents are drawn from at least one")
    rng = np.random.default_rng(seed)
    kinds = np.flatnonzero(counts)
    results, most = [], max(1, _AT_ONCE // len(counts))
    for start in range(0, RESAMPLES, most):
        drawn = np.zeros((min(most, RESAMPLES - start), len(counts)), dtype=np.int64)
        drawn[:, kinds] = rng.multinomial(documents, counts[kinds] / documents, len(drawn))
        results.append(statistic(drawn))
    return np.concatenate(results)
