"""Rank the words that a model attends to, and profile where attention lies.

A mean over few documents is uncertain, so words are ranked by the credibility mean of Bühlmann
and Straub (Bühlmann & Gisler 2005, A Course in Credibility Theory, chapter 4): with n documents
that have the word, x̄ their mean, and μ the mean of all words,

    Z·x̄ + (1 − Z)·μ,  Z = n / (n + σ²/τ²),

where σ² is the variance between documents of one word and τ² that between words, both
estimated without assuming a distribution.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from han_core.analysis.word_attention import BINS, WordAttention

Measure = Literal["lift", "attention"]
Kind = Literal["all", "right", "wrong", "true", "predicted"]
LEAST = 5
"""Documents that a word stands in at least, unless fewer are asked for."""


@dataclass(frozen=True)
class DocumentGroup:
    """A subset of the documents; ``label`` is the class of the kinds "true" and "predicted"."""

    kind: Kind = "all"
    label: str = ""

    def of(self, true: np.ndarray, predicted: np.ndarray, labels: tuple[str, ...]) -> np.ndarray:
        """(…,) which of these (…,) classes belong to the group."""
        if self.kind == "all":
            return np.ones(len(true), bool)
        if self.kind in ("right", "wrong"):
            return (true == predicted) == (self.kind == "right")
        return (true if self.kind == "true" else predicted) == labels.index(self.label)


ALL_DOCUMENTS = DocumentGroup()


def word_table(
    attention: WordAttention,
    group: DocumentGroup = ALL_DOCUMENTS,
    by: Measure = "lift",
    at_least: int = LEAST,
) -> pd.DataFrame:
    """Words of a group of documents, those that are attended to most first.

    Returns:
        A row a word that stands in ``at_least`` documents: ``word``, ``documents``,
        ``occurrences``, ``attention`` and ``lift`` (means over documents), ``low`` and
        ``high`` (95% interval of the mean of ``by``, Student's t), ``shrunken`` (the
        credibility mean of ``by``, which is what orders).
    """
    sums = _of_group(attention, group)
    frequent = np.flatnonzero(sums["documents"] >= max(1, at_least))
    sums = {name: column[frequent] for name, column in sums.items()}
    n, total, squares = sums["documents"], sums[by], sums[f"{by}2"]
    low, high = t_interval(n, total, squares)
    shrunken = credibility(n, total, squares)
    order = np.lexsort((frequent, -n, -shrunken))
    return pd.DataFrame(
        {
            "word": [attention.words[at] for at in frequent[order].tolist()],
            "documents": n[order].astype(np.int64),
            "occurrences": sums["occurrences"][order].astype(np.int64),
            "attention": (sums["attention"] / n)[order],
            "lift": (sums["lift"] / n)[order],
            "low": low[order],
            "high": high[order],
            "shrunken": shrunken[order],
        }
    )


def group_means(
    attention: WordAttention, words: list[str], groups: list[DocumentGroup], by: Measure = "lift"
) -> np.ndarray:
    """(groups, words) mean of ``by`` over the documents of each group; NaN where none has it."""
    places = {word: at for at, word in enumerate(attention.words)}
    wanted = [places[word] for word in words]
    means = []
    for group in groups:
        sums = _of_group(attention, group)
        n = sums["documents"][wanted]
        means.append(np.divide(sums[by][wanted], n, out=np.full(len(n), np.nan), where=n > 0))
    return np.array(means).reshape(len(groups), len(words))


def credibility(n: np.ndarray, total: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """(words,) means shrunk towards the mean of all words.

    Args:
        n, total, squares: (words,) observations, their sum, and the sum of their squares.
    """
    if len(n) < 2:
        return total / n
    mean = total / n
    spare = (n - 1).sum()
    between_documents = (squares - total * mean).sum() / spare if spare > 0 else 0.0
    everything = n.sum()
    middle = total.sum() / everything
    scale = everything - (n**2).sum() / everything
    spread = (n * (mean - middle) ** 2).sum() - (len(n) - 1) * between_documents
    between_words = max(0.0, spread / scale)
    if between_words == 0:  # the words differ by no more than chance
        return np.full(len(n), middle)
    z = n / (n + between_documents / between_words)
    collective = (z * mean).sum() / z.sum()
    return z * mean + (1 - z) * collective


def t_interval(
    n: np.ndarray, total: np.ndarray, squares: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(…,) 95% interval of means, Student's t; NaN for a single observation."""
    from scipy.stats import t

    mean = total / n
    spare = np.maximum(n - 1, 1)
    variance = np.maximum(squares - total * mean, 0) / spare
    half = t.ppf(0.975, spare) * np.sqrt(variance / n)
    half = np.where(n > 1, half, np.nan)
    return mean - half, mean + half


def _of_group(attention: WordAttention, group: DocumentGroup) -> dict[str, np.ndarray]:
    """Each of the sums (words,), over the documents of the group."""
    labels = attention.outcomes.labels
    true, predicted = np.divmod(attention.cell, len(labels))
    inside = group.of(true, predicted, labels)
    word, size = attention.word[inside], len(attention.words)
    return {
        name: np.bincount(word, column[inside], minlength=size)
        for name, column in attention.sums.items()
    }


SHARES = 20
"""Bins of a distribution of entropy."""


@dataclass(frozen=True)
class PositionProfile:
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


def sentence_profile(
    attention: WordAttention, group: DocumentGroup = ALL_DOCUMENTS
) -> PositionProfile:
    """Return the mean sentence weight by position in the documents of a group."""
    rows = attention.positions[_inside(attention, group)].astype(np.float64)
    rows = rows[~np.isnan(rows[:, 0])]
    if not len(rows):
        nothing = np.full(BINS, np.nan)
        return PositionProfile(0, nothing, nothing, nothing)
    n = np.full(BINS, float(len(rows)))
    low, high = t_interval(n, rows.sum(0), (rows**2).sum(0))
    return PositionProfile(len(rows), rows.mean(0), low, high)


def entropy_histogram(attention: WordAttention, group: DocumentGroup = ALL_DOCUMENTS) -> np.ndarray:
    """(``SHARES``,) documents of a group by the entropy of their attention, from 0 to 1."""
    entropy = attention.outcomes.entropy[_inside(attention, group)]
    return np.histogram(entropy, bins=SHARES, range=(0, 1))[0]


def _inside(attention: WordAttention, group: DocumentGroup) -> np.ndarray:
    outcomes = attention.outcomes
    return group.of(outcomes.true, outcomes.predicted, outcomes.labels)
