"""TF-IDF as scikit-learn has it, and logistic regression on it."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from han_core.training.grams import MOST_WORDS
from han_core.training.tf_idf import learn
from han_core.wrong_input import WrongInput
from tests.training.test_naive_bayes import WORDS, document, drawn


def as_scikit_learn_has_it(documents, labels, asked):
    """(asked, classes) each class told from the rest, the shares adding up to 1."""

    def text(row):
        # An unknown word is another one each time, so that no n-gram with it stands twice.
        names = (f"u{id(row)}n{at}" if n == 1 else f"w{n}" for at, n in enumerate(row.words))
        return " ".join(names)

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


def test_what_is_learnt_finds_the_classes():
    documents, labels = drawn(200, 4)
    asked, right = drawn(100, 4, seed=1)
    found = learn(documents, labels, WORDS).probabilities(asked)
    assert found.shape == (100, 4)
    assert found.sum(1) == pytest.approx(1)
    assert (found.argmax(1) == right).mean() > 0.85


def test_the_same_documents_teach_the_same():
    documents, labels = drawn(50, 2)
    first, second = (learn(documents, labels, WORDS, seed=3) for _ in range(2))
    assert (first.weights == second.weights).all()
    assert (first.biases == second.biases).all()


def test_documents_that_have_nothing_in_common_are_refused():
    with pytest.raises(WrongInput, match="two training documents; tf-idf"):
        learn([document([2]), document([3])], np.array([0, 1]), WORDS)


def test_too_many_words_are_refused():
    with pytest.raises(ValueError, match="words"):
        learn([document([2])], np.array([0]), MOST_WORDS + 1)
