"""Bags of words: n-grams by hand, and both against vectorizers and formulas of scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from han_core.runtime.errors import UserError
from han_core.text.batch import NumberedDocument
from han_core.training import bag_of_words
from han_core.training.bag_of_words import (
    LEARN,
    MOST_WORDS,
    count_matrix,
    frequent,
    learn_nb_svm,
    learn_tf_idf,
    n_gram_counts,
    n_grams_of,
)

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


def test_n_grams_by_hand():
    def n_grams(numbers, longest=3):
        return n_grams_of(np.array(numbers, np.int32), 10, longest).tolist()

    assert n_grams([2, 3, 2, 3]) == [2, 3, 2, 3, 23, 32, 23, 232, 323]
    assert n_grams([2, 3, 4], longest=2) == [2, 3, 4, 23, 34]
    assert n_grams([2, 1, 3]) == [2, 3]  # none over an unknown word
    assert n_grams([4]) == [4]
    assert n_grams([1]) == []


@given(st.lists(st.integers(1, MOST_WORDS - 1), min_size=1, max_size=8))
def test_different_n_grams_have_different_numbers(numbers):
    pieces = [
        tuple(numbers[at : at + size])
        for size in (1, 2, 3)
        for at in range(len(numbers) - size + 1)
        if 1 not in numbers[at : at + size]
    ]
    n_grams = n_grams_of(np.array(numbers, np.int32), MOST_WORDS, 3)
    assert len(n_grams) == len(pieces)
    assert len(np.unique(n_grams)) == len(set(pieces))
    assert (n_grams > 0).all()


def test_n_grams_of_two_documents_count():
    assert frequent([np.array([2, 5, 9]), np.array([5]), np.array([2, 5])]).tolist() == [2, 5]
    rows = [n_gram_counts(np.array(row, np.int32), 10, 1) for row in ([5, 2, 5, 9], [9], [3, 2])]
    assert count_matrix(rows, np.array([2, 5])).toarray().tolist() == [[1, 2], [0, 0], [1, 0]]


@pytest.fixture(params=LEARN)
def name(request):
    return request.param


def test_several_classes_are_learnt(name):
    documents, labels = drawn(200, 4)
    others, right = drawn(100, 4, seed=1)
    found = LEARN[name](documents, labels, WORDS).probabilities(others)
    assert found.shape == (100, 4)
    assert found.sum(1) == pytest.approx(1)
    assert (found.argmax(1) == right).mean() > 0.85


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("learn", LEARN.values(), ids=LEARN)
def test_probabilities_stand_row_by_row_in_memory(learn, classes):
    """Processes add up memory as it stands, so that all need the same order."""
    documents, labels = drawn(50, classes)
    assert learn(documents, labels, WORDS).probabilities(documents).flags.c_contiguous


def test_the_same_documents_teach_the_same_and_chunks_change_nothing(name, monkeypatch):
    documents, labels = drawn(50, 2)
    first, second = (LEARN[name](documents, labels, WORDS, seed=3) for _ in range(2))
    whole = first.probabilities(documents)
    monkeypatch.setattr(bag_of_words, "CHUNK", 7)
    assert (second.probabilities(documents) == whole).all()


def test_documents_that_have_nothing_in_common_are_refused(name):
    with pytest.raises(UserError, match=f"two training documents; {name}"):
        LEARN[name]([document([2]), document([3])], np.array([0, 1]), WORDS)


def test_too_many_words_are_refused(name):
    with pytest.raises(ValueError, match="words"):
        LEARN[name]([document([2])], np.array([0]), MOST_WORDS + 1)


def one_against_the_rest(features, labels, others, strength):
    """(others, classes) each class told from the rest, the shares adding up to 1."""
    model = LogisticRegression(C=strength, solver="liblinear", tol=1e-8, max_iter=10_000)
    likely = [
        model.fit(features(label), labels == label).predict_proba(others(label))[:, 1]
        for label in range(labels.max() + 1)
    ]
    return np.stack(likely, 1) / np.sum(likely, 0)[:, None]


@pytest.mark.parametrize("classes", [2, 3])
def test_nb_svm_is_equation_1_of_wang_and_manning_on_scikit_learn_counts(classes):
    documents, labels = drawn(80, classes)
    others = [*drawn(20, classes, seed=1)[0], document([1])]
    counter = CountVectorizer(ngram_range=(1, 3), binary=True, min_df=2, token_pattern=r"\S+")
    present = counter.fit_transform(map(text, documents)).toarray()
    asked = counter.transform(map(text, others)).toarray()

    def ratio(label):
        p, q = 1 + present[labels == label].sum(0), 1 + present[labels != label].sum(0)
        return np.log((p / p.sum()) / (q / q.sum()))

    expected = one_against_the_rest(
        lambda label: present * ratio(label), labels, lambda label: asked * ratio(label), 1.0
    )
    found = learn_nb_svm(documents, labels, WORDS).probabilities(others)
    assert found == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("classes", [2, 3])
def test_tf_idf_is_that_of_scikit_learn(classes):
    documents, labels = drawn(80, classes)
    others = [*drawn(20, classes, seed=1)[0], document([1])]
    counter = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, token_pattern=r"\S+")
    features = counter.fit_transform(map(text, documents))
    asked = counter.transform(map(text, others))
    expected = one_against_the_rest(lambda _: features, labels, lambda _: asked, 20.0)
    found = learn_tf_idf(documents, labels, WORDS).probabilities(others)
    assert found == pytest.approx(expected, abs=2e-2)
    assert np.abs(found - expected).mean() < 2e-3
