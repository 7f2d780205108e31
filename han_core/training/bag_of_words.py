"""The n-grams of documents as numbers, and linear models of them.

What the bags of words have in common that teach. It knows nothing about what an n-gram
counts for.

A bag of words as a teacher: logistic regression on naive-Bayes features of 1- to 3-grams.

NB-SVM of Wang and Manning (2012), with logistic regression for its calm probabilities: a
document is which n-grams it has, each weighed by its log-count ratio between a class and the
rest. It knows nothing about files or runs.

A bag of words as a teacher: logistic regression on TF-IDF of 1- and 2-grams.

Of many classes it tells more than NB-SVM, and of few it errs elsewhere, so that both together
know more than each. It knows nothing about files or runs.
"""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from han_core.runtime.errors import UserError
from han_core.text.batch import NumberedDocument
from han_core.text.vocabulary import UNKNOWN

LONGEST = 3  # words of an n-gram
FEWEST = 2  # documents that have an n-gram which counts
MOST_WORDS = 2_000_000
"""Of a vocabulary: the number of a 3-gram is one of 63 bits."""

ROUNDS = 100  # of the solver; more change no probability that anybody would see


class Bag(Protocol):
    """A bag of words that has learnt."""

    def probabilities(self, documents: Iterable[NumberedDocument]) -> np.ndarray:
        """(documents, classes) float64 how likely each class is."""


def grams_of(numbers: np.ndarray, words: int, longest: int = LONGEST) -> np.ndarray:
    """The n-grams of a document, as often as they stand there, none with an unknown word.

    (tokens,) numbers below ``words`` → (n-grams,) int64: the digits of a number to the base
    ``words`` are the words. None is 0, so that no 2-gram has the number of a word.
    """
    known = numbers > UNKNOWN
    grams, whole = numbers.astype(np.int64), known
    found = [grams[whole]]
    for size in range(2, longest + 1):
        last = numbers[size - 1 :]
        grams = grams[: len(last)] * words + last
        whole = whole[: len(last)] & known[size - 1 :]
        found.append(grams[whole])
    return np.concatenate(found)


def frequent(rows: Sequence[np.ndarray], teacher: str) -> tuple[np.ndarray, np.ndarray]:
    """The n-grams that several documents have, ascending, and how many have each.

    Args:
        rows: for each document its different n-grams.

    Raises:
        UserError: if there is none.
    """
    grams, times = np.unique(np.concatenate(rows), return_counts=True)
    counted = times >= FEWEST
    if not counted.any():
        raise UserError(
            f"No word stands in two training documents; {teacher} learns from such ones."
        )
    return grams[counted], times[counted]


def check_words(words: int) -> None:
    """Raises ValueError if n-grams of so large a vocabulary have no numbers."""
    if words > MOST_WORDS:
        raise ValueError(f"at most {MOST_WORDS} words expected, {words} came")


def places_of(grams: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where those of ``grams`` stand that are ``known``, and which these are."""
    if not len(known):
        return np.empty(0, np.int64), np.zeros(len(grams), bool)
    places = known.searchsorted(grams).clip(max=len(known) - 1)
    there = known[places] == grams
    return places[there], there


def sides(classes: np.ndarray) -> list[np.ndarray]:
    """(documents,) whether each is of a class: of two classes the second, else each in turn."""
    several = int(classes.max()) + 1
    return [classes == c for c in ([1] if several == 2 else range(several))]


def told_apart(features, own: np.ndarray, seed: int, strength: float) -> tuple[np.ndarray, float]:
    """(n-grams,) coefficients and the bias by which ``own`` documents are told from the others.

    Args:
        features: (documents, n-grams) a sparse matrix.
        strength: of the fit, the reciprocal of the L2 penalty.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(
        C=strength, solver="liblinear", dual=True, max_iter=ROUNDS, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features, own)
    return model.coef_[0], float(model.intercept_[0])


def probabilities_of(scores: np.ndarray) -> np.ndarray:
    """(documents, classes) float64; several classes are each asked alone, and shared out.

    Args:
        scores: (documents, columns) log-odds, one column for two classes.
    """
    yes = 1 / (1 + np.exp(-scores.clip(-500, 500)))
    if yes.shape[1] == 1:
        return np.hstack([1 - yes, yes])
    return yes / yes.sum(1, keepdims=True)


NB_SVM = "nb-svm"
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


def learn_nb_svm(
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
        UserError: if the documents have no n-gram in common.
        ValueError: if the vocabulary is too large.
    """
    check_words(words)
    rows = [_different(document, words) for document in documents]
    grams, _ = frequent(rows, NB_SVM)
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


TF_IDF = "tf-idf"
TF_IDF_LONGEST = 2  # words of an n-gram


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


def learn_tf_idf(
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
        UserError: if the documents have no n-gram in common.
        ValueError: if the vocabulary is too large.
    """
    from scipy.sparse import csr_matrix

    check_words(words)
    counted = [_counted(document, words) for document in documents]
    grams, holding = frequent([row for row, _ in counted], TF_IDF)
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
    return np.unique(grams_of(document.words, words, TF_IDF_LONGEST), return_counts=True)


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
