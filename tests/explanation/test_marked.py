"""Against scikit-learn, against all orders one by one, and against figures by hand."""

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score

from han_core.explanation.plausibility import (
    average_precision,
    f1_at_length,
    marked_words,
    people_average_precision,
    people_f1,
    random_average_precision,
    random_f1,
)
from han_core.text.document import Document, Sentence, Span

LEVELS = st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0])  # so few that ties are usual


@st.composite
def ranked(draw, most: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Which words are marked, one at least, and scores."""
    words = draw(st.integers(1, most))
    marked = np.array(draw(st.lists(st.booleans(), min_size=words, max_size=words)))
    marked[draw(st.integers(0, words - 1))] = True
    return marked, np.array(draw(st.lists(LEVELS, min_size=words, max_size=words)))


@given(ranked())
def test_average_precision_is_that_of_scikit_learn(given):
    marked, scores = given
    expected = average_precision_score(marked, scores)
    assert average_precision(marked, scores) == pytest.approx(expected)


def test_average_precision_by_hand():
    marked = np.array([True, False, True, False])
    assert average_precision(marked, np.array([4, 3, 2, 1])) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(marked, np.array([4, 1, 3, 2])) == 1
    assert average_precision(marked, np.zeros(4)) == 0.5


@given(ranked(most=5))
def test_f1_is_the_mean_over_all_ways_to_break_ties(given):
    marked, scores = given
    length, found = int(marked.sum()), []
    for tiebreak in permutations(range(len(scores))):
        top = np.lexsort((tiebreak, -scores))[:length]
        found.append(marked[top].sum() / length)  # precision and recall
    assert f1_at_length(marked, scores) == pytest.approx(np.mean(found))


@pytest.mark.parametrize(("words", "length"), [(1, 1), (4, 1), (4, 4), (5, 2), (6, 3)])
def test_random_is_the_mean_over_all_orders(words, length):
    marked = np.arange(words) < length
    orders = np.array(list(permutations(range(words))), dtype=float)
    expected = np.mean([average_precision(marked, order) for order in orders])
    assert random_average_precision(marked) == pytest.approx(expected)
    expected = np.mean([f1_at_length(marked, order) for order in orders])
    assert random_f1(marked) == pytest.approx(expected)


def test_people_by_hand():
    a, b, c = [1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 1]
    marked = np.array([a, b, c], dtype=bool)
    assert people_f1(marked) == pytest.approx((2 / 4 + 4 / 5 + 2 / 5) / 3)
    # Others of a: [2, 1, 1, 1]; of b: [2, 2, 0, 1]; of c: [2, 1, 1, 0].
    by_a = (1 + 2 / 4) / 2
    by_b = 1 / 2 * 1 / 2 + 1 / 2 * 2 / 4
    by_c = 1 / 3 * 1 + 1 / 3 * 2 / 3 + 1 / 3 * 3 / 4
    assert people_average_precision(marked) == pytest.approx((by_a + by_b + by_c) / 3)


@given(st.lists(ranked().map(lambda drawn: drawn[0]), min_size=2, max_size=5))
def test_agreement_is_f1_of_pairs(rows):
    words = max(map(len, rows))
    marked = np.array([np.pad(row, (0, words - len(row))) for row in rows])
    expected = np.mean([f1_score(a, b) for a, b in combinations(marked, 2)])
    assert people_f1(marked) == pytest.approx(expected)


def test_one_person_agrees_with_nobody():
    marked = np.array([[True, False]])
    assert people_f1(marked) is None
    assert people_average_precision(marked) is None


@given(st.data())
def test_a_word_is_marked_where_a_character_of_it_is(data):
    edges = sorted(data.draw(st.sets(st.integers(0, 30), min_size=2)))
    tokens = tuple(Span(*pair) for pair in zip(edges[::2], edges[1::2], strict=False))
    text = "x" * 30
    document = Document(text, (Sentence(tokens),), len(text))
    pairs = st.tuples(st.integers(0, 29), st.integers(0, 29)).map(sorted)
    spans = data.draw(st.lists(pairs.map(lambda pair: Span(pair[0], pair[1] + 1)), max_size=4))
    characters = {at for start, end in spans for at in range(start, end)}
    expected = [bool(characters & set(range(start, end))) for start, end in tokens]
    assert marked_words(document, tuple(spans)).tolist() == expected
