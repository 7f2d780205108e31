"""The bag of words against one that scikit-learn counts and ratios written out by hand."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from han_core.text.batch import NumberedDocument
from han_core.training.grams import MOST_WORDS
from han_core.training.naive_bayes import learn
from han_core.wrong_input import WrongInput

WORDS = 12


def document(numbers) -> NumberedDocument:
    return NumberedDocument(np.array(numbers, np.int32), np.array([len(numbers)], np.int32))


def drawn(documents: int, classes: int, seed: int = 0):
    """Documents in which the word 2 + class is more frequent; 1 is unknown."""
    draw = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), draw.integers(classes, size=documents - classes)])
    rows = [draw.integers(1, WORDS, size=draw.integers(1, 30)) for _ in labels]
    for row, label in zip(rows, labels, strict=True):
        row[draw.random(len(row)) < 0.3] = 2 + label
    return [document(row) for row in rows], labels


def as_scikit_learn_counts(documents, labels, asked):
    """P(class 1) by a vectorizer and equation 1 of Wang and Manning, written out."""

    def text(row):
        # An unknown word is another one each time, so that no n-gram with it stands twice.
        names = (f"u{id(row)}n{at}" if n == 1 else f"w{n}" for at, n in enumerate(row.words))
        return " ".join(names)

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


def test_several_classes_are_learnt():
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
    with pytest.raises(WrongInput, match="two training documents; nb-svm"):
        learn([document([2]), document([3])], np.array([0, 1]), WORDS)


def test_too_many_words_are_refused():
    with pytest.raises(ValueError, match="words"):
        learn([document([2])], np.array([0]), MOST_WORDS + 1)
