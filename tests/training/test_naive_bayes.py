"""The bag of words against one that scikit-learn counts and ratios written out by hand."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from han_core.training.bag_of_words import learn_nb_svm as learn
from tests.training.test_bags import WORDS, document, drawn, text


def as_scikit_learn_counts(documents, labels, asked):
    """P(class 1) by a vectorizer and equation 1 of Wang and Manning, written out."""

    counter = CountVectorizer(ngram_range=(1, 3), binary=True, min_df=2, token_pattern=r"\S+")
    present = counter.fit_transform(map(text, documents)).toarray()
    p = 1 + present[labels == 1].sum(0)
    q = 1 + present[labels == 0].sum(0)
    ratio = np.log((p / p.sum()) / (q / q.sum()))
    model = LogisticRegression(solver="liblinear", tol=1e-8, max_iter=10_000)
    model.fit(present * ratio, labels)
    return model.predict_proba(counter.transform(map(text, asked)).toarray() * ratio)


def test_two_classes_are_as_scikit_learn_counts_them():
    documents, labels = drawn(80, 2)
    asked = [*drawn(20, 2, seed=1)[0], document([1])]
    expected = as_scikit_learn_counts(documents, labels, asked)
    found = learn(documents, labels, WORDS).probabilities(asked)
    assert found == pytest.approx(expected, abs=1e-3)
