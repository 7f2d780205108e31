"""Confusion matrix, accuracy, macro F1, and precision and recall of each class.

Everything is computed from the table of true by predicted classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from han_core.analysis.dataset import Outcomes
from han_core.explanation.statistics import (
    NO_INTERVAL,
    Interval,
    percentile,
    resampled,
    share,
    wilson,
)

Normalised = Literal["counts", "true", "predicted"]
Order = Literal["model", "name", "confusions"]


def confusion_counts(outcomes: Outcomes) -> np.ndarray:
    """(classes, classes) documents by true (row) and predicted class (column)."""
    classes = len(outcomes.labels)
    cells = outcomes.true.astype(np.int64) * classes + outcomes.predicted
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def accuracy(outcomes: Outcomes) -> Interval:
    """The share that is right, with Wilson's interval; nothing of no document."""
    return share(int(np.count_nonzero(outcomes.right)), len(outcomes))


def normalised(counts: np.ndarray, by: Normalised) -> np.ndarray:
    """(classes, classes) shares of the true class (rows make 1), of the predicted (columns
    make 1), or the counts; 0 where there is no document.
    """
    if by == "counts":
        return counts
    return counts / counts.sum(1 if by == "true" else 0, keepdims=True).clip(1)


def macro_f1(counts: np.ndarray) -> np.ndarray:
    """(…) the mean of the classes' F1, for tables (…, classes, classes); NaN of no document.

    Over the classes that occur among the true or the predicted ones, as scikit-learn does
    it and ``training.evaluate`` reports it.
    """
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    either = counts.sum(-1) + counts.sum(-2)
    f1 = 2 * hits / np.maximum(either, 1)
    occur = np.count_nonzero(either, axis=-1)
    return np.where(occur, f1.sum(-1) / np.maximum(occur, 1), np.nan)


def macro_f1_resampled(counts: np.ndarray, seed: int = 0) -> np.ndarray:
    """(resamples,) macro F1 of as many documents, drawn again with replacement."""
    # Classes that do not occur are in no resample either.
    occurring = np.flatnonzero(counts.sum(0) + counts.sum(1))
    table = counts[np.ix_(occurring, occurring)]

    def statistic(drawn: np.ndarray) -> np.ndarray:
        return macro_f1(drawn.reshape(-1, *table.shape))

    return resampled(table.ravel(), statistic, seed)


def macro_f1_interval(counts: np.ndarray, seed: int = 0) -> Interval:
    """Macro F1 with its 95% interval by the bootstrap; nothing of no document."""
    if not counts.any():
        return NO_INTERVAL
    return percentile(float(macro_f1(counts)), macro_f1_resampled(counts, seed))


@dataclass(frozen=True)
class ClassScores:
    """Each class by itself; NaN where a share has no document to be one of.

    Attributes:
        precision: (classes,) of the documents predicted as the class, those that are of it.
        recall: (classes,) of the documents of the class, those predicted as it.
        f1: (classes,) their harmonic mean.
        support, predicted: (classes,) documents of the class, and predicted as it.
        precision_ends, recall_ends: (2, classes) Wilson's 95% interval.
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    support: np.ndarray
    predicted: np.ndarray
    precision_ends: np.ndarray
    recall_ends: np.ndarray


def class_scores(counts: np.ndarray) -> ClassScores:
    """Precision, recall and F1 of each class, from a table of true by predicted classes."""
    hits, support, predicted = np.diag(counts), counts.sum(1), counts.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall = hits / predicted, hits / support
        f1 = 2 * hits / (support + predicted)
    return ClassScores(
        precision,
        recall,
        f1,
        support,
        predicted,
        np.stack(wilson(hits, predicted)),
        np.stack(wilson(hits, support)),
    )


class Confusion(NamedTuple):
    """Documents of one class that are predicted as another.

    Attributes:
        share: of the documents of the true class.
        back: documents that are confused the other way round.
    """

    true: str
    predicted: str
    documents: int
    share: float
    back: int


def largest_confusions(
    counts: np.ndarray, labels: Sequence[str], most: int = 50
) -> list[Confusion]:
    """The pairs of classes with the most wrong documents, the largest first."""
    shares = normalised(counts, "true")
    wrong = counts * (1 - np.eye(len(labels), dtype=counts.dtype))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    cells = zip(*np.unravel_index(order, counts.shape), strict=True)
    return [
        Confusion(labels[i], labels[j], int(counts[i, j]), float(shares[i, j]), int(counts[j, i]))
        for i, j in cells
        if wrong[i, j]
    ]


def class_order(counts: np.ndarray, labels: Sequence[str], by: Order) -> np.ndarray:
    """(classes,) places of the classes in the order asked for.

    "confusions" puts classes that are taken for each other side by side: average linkage of
    one minus the mean of both ways' shares, its leaves ordered so that neighbours are near
    (Bar-Joseph, Gifford and Jaakkola 2001).
    """
    if by == "name":
        return np.array(sorted(range(len(labels)), key=lambda at: labels[at].casefold()))
    if by == "model" or len(labels) < 3:
        return np.arange(len(labels))
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    shares = normalised(counts, "true")
    apart = 1 - (shares + shares.T) / 2
    np.fill_diagonal(apart, 0)
    near = squareform(apart, checks=False)
    return leaves_list(linkage(near, "average", optimal_ordering=True))


def most_confused(counts: np.ndarray, most: int) -> np.ndarray:
    """Places of at most so many classes, in their order: those in the most wrong documents."""
    hits = np.diag(counts)
    wrong = counts.sum(0) + counts.sum(1) - 2 * hits
    return np.sort(np.argsort(-wrong, kind="stable")[:most])
