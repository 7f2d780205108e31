"""A bag of words as a teacher: logistic regression on naive-Bayes features of 1- to 3-grams.

NB-SVM of Wang and Manning (2012), with logistic regression for its calm probabilities: a
document is which n-grams it has, each weighed by its log-count ratio between a class and the
rest. It knows nothing about files or runs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from han_core.text.batch import NumberedDocument
from han_core.training.grams import (
    check_words,
    frequent,
    grams_of,
    places_of,
    probabilities_of,
    sides,
    told_apart,
)

NAME = "nb-svm"
SMOOTHING = 1.0


@dataclass(frozen=True)
class NaiveBayes:
    """What was learnt.

    Attributes:
        words: numbers of the vocabulary, of which n-grams are made.
        grams: (n-grams,) int64 ascending, the number of each.
        weights: (columns, n-grams) float32 one column for two classes, else one for each.
        biases: (columns,) of each.
    """

    words: int
    grams: np.ndarray
    weights: np.ndarray
    biases: np.ndarray

    def probabilities(self, documents: Iterable[NumberedDocument]) -> np.ndarray:
        """(documents, classes) float64 how likely each class is."""
        rows = [self._scores(_different(document, self.words)) for document in documents]
        return probabilities_of(np.stack(rows))

    def _scores(self, grams: np.ndarray) -> np.ndarray:
        places, _ = places_of(grams, self.grams)
        return self.weights[:, places].sum(1) + self.biases


def learn(
    documents: Sequence[NumberedDocument],
    classes: np.ndarray,
    words: int,
    seed: int = 0,
    strength: float = 1.0,
) -> NaiveBayes:
    """Learns from ``documents``, numbered by a vocabulary of ``words`` words.

    Args:
        classes: (documents,) index of each one's class, all from 0 to the largest.
        strength: of the fit, the reciprocal of the L2 penalty.

    Raises:
        WrongInput: if the documents have no n-gram in common.
        ValueError: if the vocabulary is too large.
    """
    check_words(words)
    rows = [_different(document, words) for document in documents]
    grams, _ = frequent(rows, NAME)
    held = [places_of(row, grams)[0] for row in rows]
    found = [_one_against_the_rest(held, len(grams), own, seed, strength) for own in sides(classes)]
    weights, biases = zip(*found, strict=True)
    return NaiveBayes(words, grams, np.stack(weights), np.array(biases))


def _different(document: NumberedDocument, words: int) -> np.ndarray:
    return np.unique(grams_of(document.words, words))


def _one_against_the_rest(
    held: Sequence[np.ndarray], grams: int, own: np.ndarray, seed: int, strength: float
) -> tuple[np.ndarray, float]:
    """(n-grams,) float32 weights and the bias of one class against all others."""
    from scipy.sparse import csr_matrix

    ends = np.cumsum([0, *map(len, held)])
    places = np.concatenate(held)
    ratio = _log_count_ratio(places, np.repeat(own, np.diff(ends)), grams)
    features = csr_matrix((ratio[places], places, ends), shape=(len(held), grams))
    weights, bias = told_apart(features, own, seed, strength)
    return (weights * ratio).astype(np.float32), bias


def _log_count_ratio(places: np.ndarray, own: np.ndarray, grams: int) -> np.ndarray:
    """(n-grams,) Wang and Manning's equation 1: ln((p / ‖p‖₁) / (q / ‖q‖₁))."""
    p = SMOOTHING + np.bincount(places[own], minlength=grams)
    q = SMOOTHING + np.bincount(places[~own], minlength=grams)
    return np.log((p / p.sum()) / (q / q.sum()))
