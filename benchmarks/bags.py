"""Bags of words as classifiers: what a model with attention has to beat.

Each is a function of training texts, their classes and the kind of text; it answers with a
function of other texts. It knows nothing about files, measures or our models.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

Texts = Sequence[str]
Predict = Callable[[Texts], np.ndarray]

WORDS = re.compile(r"\w+|[^\w\s]")
"""Words as the NB-SVM of Wang and Manning counts them: marks are words as well."""

WITHOUT_SPACES = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
"""Kana and Chinese characters, which are written without spaces between words."""

SAMPLE = 1_000  # texts whose script is looked at


class Reading(NamedTuple):
    """How long n-grams may be, and whether of words or of characters."""

    longest: int
    unit: str  # "words" or "characters"

    def vectorizer(self, kind: type, **more: object):
        """A vectorizer of scikit-learn for these n-grams."""
        if self.unit == "characters":
            return kind(analyzer="char", ngram_range=(1, self.longest), **more)
        return kind(ngram_range=(1, self.longest), **more)


def unit_of(texts: Texts) -> str:
    """ "characters" where most texts are in a script without spaces, else "words"."""
    sample = texts[:SAMPLE]
    without = sum(bool(WITHOUT_SPACES.search(text)) for text in sample)
    return "characters" if 2 * without > len(sample) else "words"


def logistic_regression(texts: Texts, classes: np.ndarray, reading: Reading) -> Predict:
    """TF-IDF, sublinear, and L2 logistic regression."""
    from sklearn.linear_model import LogisticRegression

    return _on_tf_idf(LogisticRegression(C=10, max_iter=300), texts, classes, reading)


def linear_svm(texts: Texts, classes: np.ndarray, reading: Reading) -> Predict:
    """TF-IDF, sublinear, and a linear support vector machine, one class against the rest."""
    from sklearn.svm import LinearSVC

    return _on_tf_idf(LinearSVC(), texts, classes, reading)


def _on_tf_idf(model, texts: Texts, classes: np.ndarray, reading: Reading) -> Predict:
    from sklearn.feature_extraction.text import TfidfVectorizer

    counted = reading.vectorizer(TfidfVectorizer, sublinear_tf=True, min_df=2, dtype=np.float32)
    model.fit(counted.fit_transform(texts), classes)
    return lambda others: model.predict(counted.transform(others))


def nb_svm(texts: Texts, classes: np.ndarray, reading: Reading) -> Predict:
    """Presence of n-grams times their log-count ratio, and a linear model on that.

    Wang and Manning, "Baselines and bigrams" (ACL 2012), section 2.3, with L2 logistic
    regression in place of the support vector machine, as its later users have it. Of several
    classes each is told from the rest, and the surest wins.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    pattern = {} if reading.unit == "characters" else {"token_pattern": WORDS.pattern}
    counted = reading.vectorizer(
        CountVectorizer, binary=True, min_df=2, dtype=np.float32, **pattern
    )
    present = counted.fit_transform(texts)
    kinds = np.unique(classes)
    # Two classes need one ratio: that of the other is its negative.
    asked = kinds[1:] if len(kinds) == 2 else kinds
    sides = [_one_against_rest(present, classes == kind) for kind in asked]

    def predict(others: Texts) -> np.ndarray:
        there = counted.transform(others)
        surest = np.stack([decide(there) for decide in sides], axis=1)
        if len(kinds) == 2:
            return kinds[(surest[:, 0] > 0).astype(int)]
        return kinds[surest.argmax(1)]

    return predict


def _one_against_rest(present: sparse.csr_matrix, is_one: np.ndarray) -> Callable:
    """The decision value, (documents,), of a class beside the others."""
    from sklearn.linear_model import LogisticRegression

    ratio = sparse.diags(log_count_ratio(present, is_one))
    # Newton's method settles in few rounds where the dual form of so uneven numbers does not.
    model = LogisticRegression(solver="liblinear")
    model.fit(present @ ratio, is_one)
    return lambda there: model.decision_function(there @ ratio)


def log_count_ratio(present: sparse.csr_matrix, is_one: np.ndarray) -> np.ndarray:
    """(n-grams,) ln of how much likelier each is in the one class than in the rest.

    r = ln((p / ‖p‖₁) / (q / ‖q‖₁)) with p, q the counts in both and one added to each: equation
    of section 2.1 of Wang and Manning (2012).

    Args:
        present: (documents, n-grams) 1 where the n-gram stands in the document.
        is_one: (documents,) bool.
    """
    one = 1 + np.asarray(present[is_one].sum(0)).ravel()
    rest = 1 + np.asarray(present[~is_one].sum(0)).ravel()
    return np.log((one / one.sum()) / (rest / rest.sum())).astype(np.float32)


BAGS: dict[str, Callable[[Texts, np.ndarray, Reading], Predict]] = {
    "tf-idf-logistic-regression": logistic_regression,
    "tf-idf-linear-svm": linear_svm,
    "nb-svm": nb_svm,
}
