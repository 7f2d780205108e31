"""N-grams as numbers, by hand and as a property."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from han_core.training.bag_of_words import MOST_WORDS, frequent, grams_of, probabilities_of, sides


def test_n_grams_by_hand():
    assert grams_of(np.array([2, 3, 2, 3]), 10).tolist() == [2, 3, 2, 3, 23, 32, 23, 232, 323]
    assert grams_of(np.array([2, 3, 4]), 10, longest=2).tolist() == [2, 3, 4, 23, 34]
    assert grams_of(np.array([2, 1, 3]), 10).tolist() == [2, 3]  # none over an unknown word
    assert grams_of(np.array([4]), 10).tolist() == [4]
    assert grams_of(np.array([1], np.int32), 10).tolist() == []


@given(st.lists(st.integers(1, MOST_WORDS - 1), min_size=1, max_size=8))
def test_different_n_grams_have_different_numbers(numbers):
    pieces = [
        tuple(numbers[at : at + size])
        for size in (1, 2, 3)
        for at in range(len(numbers) - size + 1)
        if 1 not in numbers[at : at + size]
    ]
    found = grams_of(np.array(numbers, np.int32), MOST_WORDS)
    assert len(found) == len(pieces)
    assert len(np.unique(found)) == len(set(pieces))
    assert (found > 0).all()


def test_what_several_documents_have_counts():
    grams, holding = frequent([np.array([2, 5, 9]), np.array([5]), np.array([2, 5])], "nobody")
    assert (grams.tolist(), holding.tolist()) == ([2, 5], [2, 3])


def test_two_classes_are_one_question_and_three_are_three():
    assert [own.tolist() for own in sides(np.array([0, 1]))] == [[False, True]]
    assert [own.tolist() for own in sides(np.array([0, 2, 1]))] == np.eye(3)[[0, 2, 1]].tolist()
    odds = np.log([[3.0], [1.0]])
    assert np.allclose(probabilities_of(odds), [[1 / 4, 3 / 4], [1 / 2, 1 / 2]])
    assert np.allclose(probabilities_of(np.log([[3.0, 1.0, 1.0]])), [[3 / 7, 2 / 7, 2 / 7]])
    assert np.allclose(probabilities_of(np.array([[1e9]])), [[0, 1]])
