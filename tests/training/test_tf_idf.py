"""TF-IDF as scikit-learn has it, and logistic regression on it."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from han_core.training.bag_of_words import learn_tf_idf as learn
from tests.training.test_bags import WORDS, document, drawn, text


def as_scikit_learn_has_it(documents, labels, asked):
    """(asked, classes) each class told from the rest, the shares adding up to 1."""

    counter = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, token_pattern=r"\S+")
    features = counter.fit_transform(map(text, documents))
    model = LogisticRegression(C=20.0, solver="liblinear", tol=1e-8, max_iter=10_000)
    wanted = counter.transform(map(text, asked))
    found = [
        model.fit(features, labels == label).predict_proba(wanted)[:, 1]
        for label in range(labels.max() + 1)
    ]
    return np.stack(found, 1) / np.sum(found, 0)[:, None]


@pytest.mark.parametrize("classes", [2, 3])
def test_classes_are_told_as_scikit_learn_tells_them(classes):
    documents, labels = drawn(80, classes)
    asked = [*drawn(20, classes, seed=1)[0], document([1])]
    expected = as_scikit_learn_has_it(documents, labels, asked)
    found = learn(documents, labels, WORDS).probabilities(asked)
    assert found == pytest.approx(expected, abs=2e-2)
    assert np.abs(found - expected).mean() < 2e-3
