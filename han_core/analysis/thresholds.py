"""Thresholds: one class against the rest, at every threshold of its probability.

A document counts as the class where its probability is at least the threshold. Of two classes,
0.5 decides as the model does; of more, the model takes the likeliest class instead.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix_at_thresholds,
    roc_auc_score,
)

from han_core.analysis.scoring.table import read_probabilities
from han_core.analysis.sources import Scores
from han_core.explanation.statistics import (
    LEVEL,
    NO_INTERVAL,
    Interval,
    resampled,
    share,
)
from han_core.runtime.errors import UserError, shown
from han_core.runtime.messages import tr

STEP = 0.001
"""Between two thresholds that can be chosen."""


def class_probabilities(scores: Scores, label: str) -> np.ndarray:
    """Return (documents,) float32, the probability of one class for every scored document.

    Raises:
        UserError: if a part of the scores is missing or damaged.
    """
    manifest, place = scores.manifest, scores.manifest.classes.index(label)
    parts = (
        read_probabilities(scores.folder, manifest, number)[:, place]
        for number in range(manifest.parts)
    )
    return np.concatenate([np.ascontiguousarray(part) for part in parts])


@dataclass(frozen=True)
class ThresholdCurve:
    """Counts of the four cells at every threshold that changes one of them.

    Attributes:
        label: the class that is told from the rest.
        thresholds: (points,) probabilities, falling; the first lies above all of them.
        hits: (points,) documents of the class at or above the threshold.
        false_alarms: (points,) documents of other classes at or above it.
        area: under the ROC curve, with its interval.
        average_precision: Σ (recall − recall before) · precision, with its interval.
    """

    label: str
    thresholds: np.ndarray
    hits: np.ndarray
    false_alarms: np.ndarray
    area: Interval
    average_precision: Interval

    @property
    def positives(self) -> int:
        """Documents of the class."""
        return int(self.hits[-1])

    @property
    def negatives(self) -> int:
        """Documents of other classes."""
        return int(self.false_alarms[-1])

    @property
    def recall(self) -> np.ndarray:
        """(points,) share of the class's documents that are found."""
        return self.hits / self.positives

    @property
    def false_positive_rate(self) -> np.ndarray:
        """(points,) share of the other documents that are taken for the class."""
        return self.false_alarms / self.negatives

    @property
    def precision(self) -> np.ndarray:
        """(points,) share of what is taken for the class that is of it; NaN of nothing."""
        taken = self.hits + self.false_alarms
        return np.divide(self.hits, taken, out=np.full(len(taken), np.nan), where=taken > 0)

    @property
    def f1(self) -> np.ndarray:
        """(points,) harmonic mean of precision and recall."""
        return 2 * self.hits / (self.hits + self.false_alarms + self.positives)

    def place(self, threshold: float) -> int:
        """Return the point whose counts are those of this threshold."""
        return int(np.searchsorted(-self.thresholds, -threshold, side="right")) - 1


def threshold_curve(label: str, positive: np.ndarray, probability: np.ndarray) -> ThresholdCurve:
    """Count hits and false alarms of one class at every threshold.

    Args:
        positive: (documents,) whether each is of the class.
        probability: (documents,) of the class.

    Raises:
        UserError: if there is no document of the class, or none of another.
    """
    if not positive.any() or positive.all():
        missing = tr("another class") if positive.any() else shown(label)
        raise UserError(
            tr(
                "Documents of {label} and of other classes are expected; these have none of "
                "{missing}. Change the filter or choose another class.",
                label=shown(label),
                missing=missing,
            )
        )
    score = probability.astype(np.float64)
    _, alarms, _, hits, thresholds = confusion_matrix_at_thresholds(positive, score)
    area, precision = _resampled_areas(positive, score)
    return ThresholdCurve(
        label,
        np.concatenate(([np.inf], thresholds)),
        np.concatenate(([0], hits)).astype(np.int64),
        np.concatenate(([0], alarms)).astype(np.int64),
        _within(float(roc_auc_score(positive, score)), area),
        _within(float(average_precision_score(positive, score)), precision),
    )


def _resampled_areas(positive: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(resamples,) areas under the ROC curve and average precisions, by the bootstrap.

    Probabilities that agree to a thousandth count as equal, so that the cost does not grow with
    the documents.
    """
    codes = np.rint(score / STEP).astype(np.int64) * 2 + positive
    occurring, counts = np.unique(codes, return_counts=True)
    steps, place = np.unique(occurring // 2, return_inverse=True)
    of_class = occurring % 2 == 1
    falling = len(steps) - 1 - place  # the surest first

    def areas(drawn: np.ndarray) -> np.ndarray:
        at_step = np.zeros((2, len(drawn), len(steps)))
        at_step[0][:, falling[of_class]] = drawn[:, of_class]
        at_step[1][:, falling[~of_class]] = drawn[:, ~of_class]
        hits, alarms = at_step.cumsum(-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            ranked = (at_step[1] * (hits - at_step[0] / 2)).sum(-1)
            area = ranked / (hits[:, -1] * alarms[:, -1])
            precise = (at_step[0] * hits / np.maximum(hits + alarms, 1)).sum(-1) / hits[:, -1]
        return np.stack((area, precise), axis=1)

    both = resampled(counts, areas)
    return both[:, 0], both[:, 1]


def _within(value: float, values: np.ndarray) -> Interval:
    """The interval, which holds the value: it is exact, and the resamples are rounded."""
    low, high = np.nanquantile(values, LEVEL).tolist()
    return Interval(value, min(low, value), max(high, value))


@dataclass(frozen=True)
class ThresholdScores:
    """One threshold.

    Attributes:
        hits, misses: documents of the class at or above the threshold, and below it.
        false_alarms, rejections: documents of other classes at or above it, and below it.
    """

    threshold: float
    hits: int
    misses: int
    false_alarms: int
    rejections: int

    @property
    def precision(self) -> Interval:
        """With Wilson's 95% interval; nothing where no document is taken for the class."""
        return share(self.hits, self.hits + self.false_alarms)

    @property
    def recall(self) -> Interval:
        """With Wilson's 95% interval."""
        return share(self.hits, self.hits + self.misses)

    @property
    def false_positive_rate(self) -> Interval:
        """With Wilson's 95% interval."""
        return share(self.false_alarms, self.false_alarms + self.rejections)

    @property
    def f1(self) -> Interval:
        """With a bootstrap interval over the documents; nothing where no cell but one counts."""
        cells = np.array([self.hits, self.misses, self.false_alarms, self.rejections])
        if not cells[:3].any():
            return NO_INTERVAL
        value = 2 * self.hits / (cells @ (2, 1, 1, 0))
        return _within(float(value), resampled(cells, _f1))


def _f1(cells: np.ndarray) -> np.ndarray:
    """(draws,) F1 of tables (draws, 4): hits, misses, false alarms, rejections."""
    either = cells @ np.array([2, 1, 1, 0])
    return np.divide(2 * cells[:, 0], either, out=np.full(len(cells), np.nan), where=either > 0)


def at_threshold(curve: ThresholdCurve, threshold: float) -> ThresholdScores:
    """Return the four cells at one threshold."""
    place = curve.place(threshold)
    hits, alarms = int(curve.hits[place]), int(curve.false_alarms[place])
    return ThresholdScores(
        threshold, hits, curve.positives - hits, alarms, curve.negatives - alarms
    )


def best_threshold(curve: ThresholdCurve) -> float:
    """Return the threshold of highest F1 that can be chosen; the largest of equals.

    It was found on these documents, so its F1 on others will be a little lower.
    """
    grid = np.arange(round(1 / STEP) + 1)[::-1] * STEP
    places = np.searchsorted(-curve.thresholds, -grid, side="right") - 1
    return round(float(grid[int(curve.f1[places].argmax())]), 3)
