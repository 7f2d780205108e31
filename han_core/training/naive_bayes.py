"""A bag of words as a teacher: logistic regression on naive-Bayes features of 1- to 3-grams.

NB-SVM of Wang and Manning (2012), with logistic regression for its calm probabilities: a
document is which n-grams it has, each weighed by its log-count ratio between a class and the
rest. It knows nothing about files or runs.
"""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from han_core.text.batch import NumberedDocument
from han_core.text.vocabulary import UNKNOWN
from han_core.wrong_input import WrongInput

LONGEST = 3  # words of an n-gram
FEWEST = 2  # documents that have an n-gram which counts
MOST_WORDS = 2_000_000
"""Of a vocabulary: the number of a 3-gram is one of 63 bits."""

SMOOTHING = 1.0
ROUNDS = 100  # of the solver; more change no probability that anybody would see


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
        """(documents, classes) float64; several classes are each asked alone, and shared out."""
        rows = [self._scores(grams_of(document.words, self.words)) for document in documents]
        yes = 1 / (1 + np.exp(-np.stack(rows).clip(-500, 500)))
        if yes.shape[1] == 1:
            return np.hstack([1 - yes, yes])
        return yes / yes.sum(1, keepdims=True)

    def _scores(self, grams: np.ndarray) -> np.ndarray:
        places, _ = _places(grams, self.grams)
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
    if words > MOST_WORDS:
        raise ValueError(f"at most {MOST_WORDS} words expected, {words} came")
    rows = [grams_of(document.words, words) for document in documents]
    grams, times = np.unique(np.concatenate(rows), return_counts=True)
    grams = grams[times >= FEWEST]
    if not len(grams):
        raise WrongInput("No word stands in two training documents; nb-svm learns from such ones.")
    held = [_places(row, grams)[0] for row in rows]
    several = int(classes.max()) + 1
    columns = [1] if several == 2 else range(several)
    found = [_one_against_the_rest(held, len(grams), classes == c, seed, strength) for c in columns]
    weights, biases = zip(*found, strict=True)
    return NaiveBayes(words, grams, np.stack(weights), np.array(biases))


def grams_of(numbers: np.ndarray, words: int) -> np.ndarray:
    """The different n-grams of a document, ascending, none with an unknown word.

    (tokens,) numbers below ``words`` → (n-grams,) int64: the digits of a number to the base
    ``words`` are the words. None is 0, so that no 2-gram has the number of a word.
    """
    known = numbers > UNKNOWN
    grams, whole = numbers.astype(np.int64), known
    found = [grams[whole]]
    for size in range(2, LONGEST + 1):
        last = numbers[size - 1 :]
        grams = grams[: len(last)] * words + last
        whole = whole[: len(last)] & known[size - 1 :]
        found.append(grams[whole])
    return np.unique(np.concatenate(found))


def _places(grams: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where those of ``grams`` stand that are ``known``, and which these are."""
    if not len(known):
        return np.empty(0, np.int64), np.zeros(len(grams), bool)
    places = known.searchsorted(grams).clip(max=len(known) - 1)
    there = known[places] == grams
    return places[there], there


def _one_against_the_rest(
    held: Sequence[np.ndarray], grams: int, own: np.ndarray, seed: int, strength: float
) -> tuple[np.ndarray, float]:
    """(n-grams,) float32 weights and the bias of one class against all others."""
    from scipy.sparse import csr_matrix
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    ends = np.cumsum([0, *map(len, held)])
    places = np.concatenate(held)
    ratio = _log_count_ratio(places, np.repeat(own, np.diff(ends)), grams)
    features = csr_matrix((ratio[places], places, ends), shape=(len(held), grams))
    model = LogisticRegression(
        C=strength, solver="liblinear", dual=True, max_iter=ROUNDS, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features, own)
    return (model.coef_[0] * ratio).astype(np.float32), float(model.intercept_[0])


def _log_count_ratio(places: np.ndarray, own: np.ndarray, grams: int) -> np.ndarray:
    """(n-grams,) Wang and Manning's equation 1: ln((p / ‖p‖₁) / (q / ‖q‖₁))."""
    p = SMOOTHING + np.bincount(places[own], minlength=grams)
    q = SMOOTHING + np.bincount(places[~own], minlength=grams)
    return np.log((p / p.sum()) / (q / q.sum()))
