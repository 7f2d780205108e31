"""Bags of words as teachers: scikit-learn pipelines on the n-grams of numbered documents.

``nb-svm`` is the NB-SVM of Wang and Manning (2012) with logistic regression in place of the
support vector machine, for its calm probabilities. ``tf-idf`` is logistic regression on TF-IDF.
They err on different documents, so both together know more than each alone.
"""

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import Binarizer

from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.text.batch import NumberedDocument
from han_core.text.vocabulary import UNKNOWN

FEWEST = 2  # documents that must have an n-gram
MOST_WORDS = 2_000_000
"""Of a vocabulary: the number of a 3-gram is one of 63 bits."""

ROUNDS = 100  # of the solver; more change no probability that anybody would see
CHUNK = 10_000  # documents whose n-grams are in memory together when classes are predicted


@dataclass(frozen=True)
class BagOfWords:
    """A classifier that has learnt.

    Attributes:
        words: size of the vocabulary that numbers the documents.
        longest: words of the longest n-gram.
        n_grams: (n-grams,) int64 the numbers of those that count, ascending.
    """

    words: int
    longest: int
    n_grams: np.ndarray
    classifier: Pipeline

    def probabilities(self, documents: Iterable[NumberedDocument]) -> np.ndarray:
        """(documents, classes) float64 how likely each class is."""
        rest = iter(documents)
        chunks = iter(lambda: list(islice(rest, CHUNK)), [])
        # By rows in memory: scikit-learn's come by columns, which processes cannot add up.
        return np.ascontiguousarray(np.concatenate([self._predict(chunk) for chunk in chunks]))

    def _predict(self, documents: list[NumberedDocument]) -> np.ndarray:
        rows = [n_gram_counts(document.words, self.words, self.longest) for document in documents]
        return self.classifier.predict_proba(count_matrix(rows, self.n_grams))


def learn_nb_svm(
    documents: Sequence[NumberedDocument], classes: np.ndarray, words: int, seed: int = 0
) -> BagOfWords:
    """Learn NB-SVM on 1- to 3-grams of ``documents``, numbered by a vocabulary of ``words`` words.

    Args:
        classes: (documents,) index of each one's class, all from 0 to the largest.

    Raises:
        UserError: if the documents have no n-gram in common.
        ValueError: if the vocabulary is too large.
    """
    one_class = make_pipeline(LogCountRatio(), _logistic_regression(1.0, seed))
    classifier = make_pipeline(Binarizer(), OneVsRestClassifier(one_class))
    return _learn("nb-svm", classifier, documents, classes, words, longest=3)


def learn_tf_idf(
    documents: Sequence[NumberedDocument], classes: np.ndarray, words: int, seed: int = 0
) -> BagOfWords:
    """Learn logistic regression on TF-IDF of 1- and 2-grams; otherwise as ``learn_nb_svm``."""
    one_class = _logistic_regression(20.0, seed)
    classifier = make_pipeline(TfidfTransformer(sublinear_tf=True), OneVsRestClassifier(one_class))
    return _learn("tf-idf", classifier, documents, classes, words, longest=2)


LEARN: dict[str, Callable[..., BagOfWords]] = {"nb-svm": learn_nb_svm, "tf-idf": learn_tf_idf}


def _logistic_regression(strength: float, seed: int) -> LogisticRegression:
    return LogisticRegression(
        C=strength, solver="liblinear", dual=True, max_iter=ROUNDS, random_state=seed
    )


def _learn(
    name: str,
    classifier: Pipeline,
    documents: Sequence[NumberedDocument],
    classes: np.ndarray,
    words: int,
    longest: int,
) -> BagOfWords:
    if words > MOST_WORDS:
        raise ValueError(f"at most {MOST_WORDS} words expected, {words} came")  # not shown
    rows = [n_gram_counts(document.words, words, longest) for document in documents]
    n_grams = frequent([different for different, _ in rows])
    if not len(n_grams):
        raise UserError(
            tr("No word stands in two training documents; {name} learns from such ones.", name=name)
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(count_matrix(rows, n_grams), classes)
    return BagOfWords(words, longest, n_grams, classifier)


class LogCountRatio(TransformerMixin, BaseEstimator):
    """Weigh each n-gram by its log-count ratio between class 1 and class 0."""

    def fit(self, present: sparse.csr_matrix, classes: np.ndarray) -> "LogCountRatio":
        self.ratio_ = log_count_ratio(present, np.asarray(classes).astype(bool))
        return self

    def transform(self, present: sparse.csr_matrix) -> sparse.csr_matrix:
        return present @ sparse.diags(self.ratio_)


def log_count_ratio(present: sparse.csr_matrix, is_one: np.ndarray) -> np.ndarray:
    """(n-grams,) ln of how much likelier each is in the one class than in the rest.

    r = ln((p / ‖p‖₁) / (q / ‖q‖₁)) with p, q the counts in both and one added to each: equation
    of section 2.1 of Wang and Manning (2012).

    Args:
        present: (documents, n-grams) 1 where the n-gram stands in the document.
        is_one: (documents,) bool.
    """
    one = 1 + np.asarray(present[is_one].sum(0), dtype=float).ravel()
    rest = 1 + np.asarray(present[~is_one].sum(0), dtype=float).ravel()
    return np.log((one / one.sum()) / (rest / rest.sum()))


def n_grams_of(numbers: np.ndarray, words: int, longest: int) -> np.ndarray:
    """Number the n-grams of a document, as often as they stand there, without unknown words.

    (tokens,) numbers below ``words`` → (n-grams,) int64: the digits of a number to the base
    ``words`` are the words. None is 0, so that no 2-gram has the number of a word.
    """
    known = numbers > UNKNOWN
    n_grams, whole = numbers.astype(np.int64), known
    by_size = [n_grams[whole]]
    for size in range(2, longest + 1):
        last = numbers[size - 1 :]
        n_grams = n_grams[: len(last)] * words + last
        whole = whole[: len(last)] & known[size - 1 :]
        by_size.append(n_grams[whole])
    return np.concatenate(by_size)


def n_gram_counts(numbers: np.ndarray, words: int, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the different n-grams of a document, ascending, and how often each stands there."""
    return np.unique(n_grams_of(numbers, words, longest), return_counts=True)


def frequent(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Return the n-grams that at least ``FEWEST`` documents have, ascending.

    Args:
        rows: for each document its different n-grams.
    """
    n_grams, documents = np.unique(np.concatenate(rows), return_counts=True)
    return n_grams[documents >= FEWEST]


def count_matrix(
    rows: Sequence[tuple[np.ndarray, np.ndarray]], n_grams: np.ndarray
) -> sparse.csr_matrix:
    """(documents, n-grams) how often each of ``n_grams`` stands in each document.

    Args:
        rows: what ``n_gram_counts`` returns for each document.
    """
    columns, values = [], []
    for different, counts in rows:
        places = n_grams.searchsorted(different).clip(max=len(n_grams) - 1)
        known = n_grams[places] == different
        columns.append(places[known])
        values.append(counts[known].astype(float))
    ends = np.cumsum([0, *map(len, columns)])
    return sparse.csr_matrix(
        (np.concatenate(values), np.concatenate(columns), ends), shape=(len(rows), len(n_grams))
    )
