"""What both bags of words keep to, and the documents that they are tried on."""

import numpy as np
import pytest

from han_core.runtime.errors import UserError
from han_core.text.batch import NumberedDocument
from han_core.training.bag_of_words import MOST_WORDS, NB_SVM, TF_IDF, learn_nb_svm, learn_tf_idf

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


def text(row) -> str:
    """A document for scikit-learn to count."""
    # An unknown word is another one each time, so that no n-gram with it stands twice.
    names = (f"u{id(row)}n{at}" if n == 1 else f"w{n}" for at, n in enumerate(row.words))
    return " ".join(names)


BAGS = {NB_SVM: learn_nb_svm, TF_IDF: learn_tf_idf}


@pytest.fixture(params=BAGS)
def bag(request):
    return request.param


@pytest.fixture
def learn(bag):
    return BAGS[bag]


def test_several_classes_are_learnt(learn):
    documents, labels = drawn(200, 4)
    asked, right = drawn(100, 4, seed=1)
    found = learn(documents, labels, WORDS).probabilities(asked)
    assert found.shape == (100, 4)
    assert found.sum(1) == pytest.approx(1)
    assert (found.argmax(1) == right).mean() > 0.85


def test_the_same_documents_teach_the_same(learn):
    documents, labels = drawn(50, 2)
    first, second = (learn(documents, labels, WORDS, seed=3) for _ in range(2))
    assert (first.weights == second.weights).all()
    assert (first.biases == second.biases).all()


def test_documents_that_have_nothing_in_common_are_refused(bag, learn):
    with pytest.raises(UserError, match=f"two training documents; {bag}"):
        learn([document([2]), document([3])], np.array([0, 1]), WORDS)


def test_too_many_words_are_refused(learn):
    with pytest.raises(ValueError, match="words"):
        learn([document([2])], np.array([0]), MOST_WORDS + 1)
