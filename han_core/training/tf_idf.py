"""A bag of words as a teacher: logistic regression on TF-IDF of 1- and 2-grams.

Of many classes it tells more than NB-SVM, and of few it errs elsewhere, so that both together
know more than each. It knows nothing about files or runs.
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

NAME = "tf-idf"
LONGEST = 2  # words of an n-gram


@dataclass(frozen=True)
class TfIdf:
    """What was learnt.

    Attributes:
        words: numbers of the vocabulary, of which n-grams are made.
        grams: (n-grams,) int64 ascending, the number of each.
        rarity: (n-grams,) the logarithm of how rare each is, and 1.
        weights: (columns, n-grams) float32 one column for two classes, else one for each.
        biases: (columns,) of each.
    """

    words: int
    grams: np.ndarray
    rarity: np.ndarray
    weights: np.ndarray
    biases: np.ndarray

    def probabilities(self, documents: Iterable[NumberedDocument]) -> np.ndarray:
        """(documents, classes) float64 how likely each class is."""
        return probabilities_of(np.stack(list(map(self._scores, documents))))

    def _scores(self, document: NumberedDocument) -> np.ndarray:
        places, values = _features(*_counted(document, self.words), self.grams, self.rarity)
        return self.weights[:, places] @ values + self.biases


def learn(
    documents: Sequence[NumberedDocument],
    classes: np.ndarray,
    words: int,
    seed: int = 0,
    strength: float = 20.0,
) -> TfIdf:
    """Learns from ``documents``, numbered by a vocabulary of ``words`` words.

    Args:
        classes: (documents,) index of each one's class, all from 0 to the largest.
        strength: of the fit, the reciprocal of the L2 penalty.

    Raises:
        WrongInput: if the documents have no n-gram in common.
        ValueError: if the vocabulary is too large.
    """
    from scipy.sparse import csr_matrix

    check_words(words)
    counted = [_counted(document, words) for document in documents]
    grams, holding = frequent([row for row, _ in counted], NAME)
    rarity = 1 + np.log((1 + len(documents)) / (1 + holding))
    rows = [_features(*row, grams, rarity) for row in counted]
    ends = np.cumsum([0, *(len(places) for places, _ in rows)])
    places, values = map(np.concatenate, zip(*rows, strict=True))
    features = csr_matrix((values, places, ends), shape=(len(rows), len(grams)))
    found = [told_apart(features, own, seed, strength) for own in sides(classes)]
    weights, biases = zip(*found, strict=True)
    return TfIdf(words, grams, rarity, np.stack(weights).astype(np.float32), np.array(biases))


def _counted(document: NumberedDocument, words: int) -> tuple[np.ndarray, np.ndarray]:
    """The different n-grams of a document, and how often each stands there."""
    return np.unique(grams_of(document.words, words, LONGEST), return_counts=True)


def _features(
    own: np.ndarray, times: np.ndarray, grams: np.ndarray, rarity: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where those of a document's n-grams stand that count, and their values of length 1.

    (1 + ln times) · rarity, over the root of the sum of squares.
    """
    places, there = places_of(own, grams)
    values = (1 + np.log(times[there])) * rarity[places]
    length = float(np.linalg.norm(values))
    return places, values / (length or 1.0)
