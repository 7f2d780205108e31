"""Find documents whose label is likely wrong, by confident learning.

Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels"
(Journal of Artificial Intelligence Research 70, 2021), https://arxiv.org/abs/1911.00068. A
class is likely for a document if its probability reaches the class's mean probability among
the documents labelled so; a label is an issue if another class is likely, and more probable.
A model that was trained on these documents is too sure of their labels, and finds fewer.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np

from han_core.analysis.dataset import Outcomes, Store
from han_core.analysis.metrics import accuracy, confusion_counts
from han_core.analysis.scoring.table import read_probabilities
from han_core.analysis.sources import Scores

HELD = 20_000_000
"""Numbers (80 MB) up to which probabilities are read once and held, not read twice."""

LEAST_KAPPA = 1 / 3
"""Cohen's kappa of predictions and labels from which a model may judge labels: of the errors
that guessing in the same proportions makes, it makes two thirds at most."""

OUT_OF_DOMAIN = 0.1
"""So much less accuracy than on its own test documents shows that a model has left its domain."""

Parts = Iterable[tuple[int, np.ndarray]]

_cached: "WeakKeyDictionary[Store, LabelIssues]" = WeakKeyDictionary()
_one_at_a_time = Lock()


@dataclass(frozen=True)
class LabelIssues:
    """Documents whose label is likely wrong, the likeliest first.

    Attributes:
        labels: the classes, which the integers below count.
        rows: (suspects,) int64 of the store.
        label: (suspects,) the label of each.
        likely: (suspects,) the class that each more likely belongs to.
        margin: (suspects,) probability of the label less that of the likeliest other class,
            −1 to 0 (the paper's normalised margin): what they are ordered by.
        thresholds: (classes,) mean probability of a class among the documents that are
            labelled so, t_j of equation 2; NaN where no document is.
        joint: (classes, classes) documents by label and likely class, C of equation 1.
            Documents with no likely class are not counted; those that are likely another
            class while the model still predicts their label are, and are no suspects.
        labelled: (classes,) documents by label.
    """

    labels: tuple[str, ...]
    rows: np.ndarray
    label: np.ndarray
    likely: np.ndarray
    margin: np.ndarray
    thresholds: np.ndarray
    joint: np.ndarray
    labelled: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def wrong_share(self) -> float:
        """Estimated share of wrong labels: what stands off the diagonal of equation 3's joint.

        A label's row counts as much as it has documents; one with no likely class counts
        as right.
        """
        counted = self.joint.sum(1)
        off = counted - self.joint.diagonal()
        shares = np.divide(off, counted, out=np.zeros(len(off)), where=counted > 0)
        return float(shares @ self.labelled / self.labelled.sum())

    def among(self, rows: np.ndarray) -> np.ndarray:
        """(found,) positions of those that stand in ``rows``, the likeliest first."""
        return np.flatnonzero(np.isin(self.rows, rows))


def can_judge_labels(outcomes: Outcomes, own_accuracy: float | None = None) -> bool:
    """Whether these predictions allow an estimate of the share of wrong labels.

    Confident learning takes errors of the labels from a model that itself errs little. Where
    the model is hardly better than guessing, or far worse than on its own documents, most
    disagreements are the model's errors, and the estimate means nothing.

    Args:
        own_accuracy: on documents like those that it was trained on; None if it is not known.
    """
    right = accuracy(outcomes)
    if right.mean is None or right.low is None:
        return False
    counts = confusion_counts(outcomes)
    chance = float(counts.sum(0) @ counts.sum(1)) / counts.sum() ** 2
    kappa = (right.mean - chance) / max(1 - chance, 1e-9)
    in_domain = own_accuracy is None or right.mean > own_accuracy - OUT_OF_DOMAIN
    return bool(right.low > chance and kappa >= LEAST_KAPPA and in_domain)


def find_label_issues(store: Store) -> LabelIssues:
    """Of all documents; found once for a store and kept as long as it is."""
    with _one_at_a_time:
        if store not in _cached:
            _cached[store] = confident_learning(store.scores, store.outcomes.true)
        return _cached[store]


def confident_learning(scores: Scores, true: np.ndarray) -> LabelIssues:
    """Find label issues; where probabilities are many, read them twice, a part at a time.

    Args:
        true: (documents,) the labels, as places in the manifest's classes.
    """
    classes = len(scores.manifest.classes)
    labelled = np.bincount(true, minlength=classes)
    held = list(_parts(scores)) if len(true) * classes <= HELD else None
    thresholds = _thresholds(held or _parts(scores), true, labelled)
    joint = np.zeros((classes, classes), dtype=np.int64)
    result: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for start, probabilities in held or _parts(scores):
        label = true[start : start + len(probabilities)]
        is_likely, likely = _likely(probabilities, thresholds)
        np.add.at(joint, (label[is_likely], likely[is_likely]), 1)
        other = np.flatnonzero(is_likely & (likely != label))
        margin = _margin(probabilities[other], label[other])
        disagrees = margin < 0
        result.append((start + other[disagrees], likely[other[disagrees]], margin[disagrees]))
    rows, likely, margin = (np.concatenate(cells) for cells in zip(*result, strict=True))
    order = np.lexsort((rows, margin))
    return LabelIssues(
        scores.manifest.classes,
        rows[order].astype(np.int64),
        true[rows[order]],
        likely[order],
        margin[order],
        thresholds,
        joint,
        labelled,
    )


def _thresholds(parts: Parts, true: np.ndarray, labelled: np.ndarray) -> np.ndarray:
    """(classes,) t_j of equation 2."""
    sums = np.zeros(len(labelled))
    for start, probabilities in parts:
        label = true[start : start + len(probabilities)]
        own = probabilities[np.arange(len(label)), label]
        sums += np.bincount(label, weights=own, minlength=len(labelled))
    return np.divide(sums, labelled, out=np.full(len(sums), np.nan), where=labelled > 0)


def _likely(probabilities: np.ndarray, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(documents,) whether any class reaches its threshold, and the most probable that does."""
    confident = np.where(probabilities >= thresholds, probabilities, -1)
    return confident.max(1) >= 0, confident.argmax(1)


def _margin(probabilities: np.ndarray, label: np.ndarray) -> np.ndarray:
    """(documents,) the label's probability less the largest of the others."""
    at = np.arange(len(label)), label
    others = probabilities.copy()
    others[at] = -1
    return probabilities[at] - others.max(1, initial=-1)


def _parts(scores: Scores) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (first row, (documents, classes) probabilities) of each part, in order."""
    for number in range(scores.manifest.parts):
        start = number * scores.manifest.rows_a_part
        yield start, read_probabilities(scores.folder, scores.manifest, number)
