"""The n-grams of documents as numbers, and linear models of them.

What the bags of words have in common that teach. It knows nothing about what an n-gram
counts for.
"""

import warnings
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from han_core.text.batch import NumberedDocument
from han_core.text.vocabulary import UNKNOWN
from han_core.wrong_input import WrongInput

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
        WrongInput: if there is none.
    """
    grams, times = np.unique(np.concatenate(rows), return_counts=True)
    counted = times >= FEWEST
    if not counted.any():
        raise WrongInput(
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
