"""Where in documents sentence weight sits, and how gathered attention is.

It knows nothing about words or figures.
"""

from dataclasses import dataclass

import numpy as np

from han_core.errors.words.attended import BINS, Attended
from han_core.errors.words.attended_words import ALL, Group, interval

SHARES = 20
"""Bins of a distribution of entropy."""


@dataclass(frozen=True)
class Profile:
    """Sentence weight by tenths of the document, 1 being even attention.

    Attributes:
        documents: with two sentences or more, which are those that count.
        mean, low, high: (``BINS``,) with a 95% interval over documents (Student's t); NaN
            where no document counts.
    """

    documents: int
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def profile(found: Attended, group: Group = ALL) -> Profile:
    """Where sentence weight sits in the documents of a group."""
    rows = found.positions[_inside(found, group)].astype(np.float64)
    rows = rows[~np.isnan(rows[:, 0])]
    if not len(rows):
        nothing = np.full(BINS, np.nan)
        return Profile(0, nothing, nothing, nothing)
    n = np.full(BINS, float(len(rows)))
    low, high = interval(n, rows.sum(0), (rows**2).sum(0))
    return Profile(len(rows), rows.mean(0), low, high)


def entropies(found: Attended, group: Group = ALL) -> np.ndarray:
    """(``SHARES``,) documents of a group by the entropy of their attention, from 0 to 1."""
    entropy = found.outcomes.entropy[_inside(found, group)]
    return np.histogram(entropy, bins=SHARES, range=(0, 1))[0]


def _inside(found: Attended, group: Group) -> np.ndarray:
    outcomes = found.outcomes
    return group.of(outcomes.true, outcomes.predicted, outcomes.labels)
