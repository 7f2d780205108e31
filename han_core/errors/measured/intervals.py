"""Shares of documents and how far chance in the choice of documents could move them.

Closed formulas for shares; what has none is drawn again and again from a table of counts.
It knows nothing about what is counted.
"""

from collections.abc import Callable, Iterator

import numpy as np

from han_core.evidence.bootstrap import LEVEL, NOTHING, Interval

Z = 1.959963984540054
"""The normal quantile of a 95% interval."""

RESAMPLES = 1_000
_AT_ONCE = 2_000_000  # counts drawn together: 16 MB


def wilson(successes: np.ndarray, documents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the 95% score interval of each share (Wilson 1927); NaN of no document.

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
    """A share with Wilson's 95% interval; nothing of no document."""
    if not documents:
        return NOTHING
    low, high = wilson(np.array(successes), np.array(documents))
    return Interval(successes / documents, float(low), float(high))


def difference(successes: int, documents: int, others: int, other_documents: int) -> Interval:
    """One share minus another, of different documents, with its 95% interval.

    Newcombe 1998 (Statistics in Medicine 17, 873-890), method 10: the Wilson intervals of
    both, put together. Nothing where one has no document.
    """
    if not documents or not other_documents:
        return NOTHING
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
    """(resamples,) a statistic of documents that are drawn again with replacement.

    To draw documents is to draw how often each kind of them comes, so the cost goes with the
    kinds, not with the documents (the bootstrap of Efron and Tibshirani 1993).

    Args:
        counts: (kinds,) documents of each kind.
        statistic: (draws, kinds) to (draws,).

    Raises:
        ValueError: if there is no document.
    """
    documents = int(counts.sum())
    if documents < 1:
        raise ValueError("documents are drawn from at least one")
    rng = np.random.default_rng(seed)
    kinds = np.flatnonzero(counts)
    shares = counts[kinds] / documents
    found = []
    for draws in _draws(RESAMPLES, len(counts)):
        drawn = np.zeros((draws, len(counts)), dtype=np.int64)
        drawn[:, kinds] = rng.multinomial(documents, shares, draws)
        found.append(statistic(drawn))
    return np.concatenate(found)


def _draws(resamples: int, kinds: int) -> Iterator[int]:
    """How many are drawn at once, so that memory stays bounded."""
    most = max(1, _AT_ONCE // max(1, kinds))
    for start in range(0, resamples, most):
        yield min(most, resamples - start)


def percentile(value: float, values: np.ndarray) -> Interval:
    """A statistic with the middle 95% of its resamples (Efron and Tibshirani 1993, 13.3)."""
    low, high = np.nanquantile(values, LEVEL)
    return Interval(value, float(low), float(high))
