"""Words of two models lined up: the same cuts, other cuts, limits, and what moved."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.analysis.dataset import StoredWords
from han_core.analysis.pair_attention import (
    MOST_MOVED,
    AlignedWords,
    WordShift,
    align_words,
    largest_shifts,
    mean_shifts,
)
from han_core.explanation.agreement import divergence


def words(weights: dict[str, float]) -> StoredWords:
    return StoredWords(tuple(weights), np.array(list(weights.values())))


def test_the_same_words_keep_their_weights():
    first, second = words({"a": 0.2, "film": 0.8}), words({"a": 0.5, "film": 0.5})
    found = align_words(first, second)
    assert found.words == ("a", "film")
    assert found.weights == pytest.approx(np.array([[0.2, 0.8], [0.5, 0.5]]))


def test_other_cuts_are_joined_until_their_edges_agree():
    first = words({"Do": 0.1, "n't": 0.3, "go": 0.4, "!": 0.2})
    second = words({"don't": 0.7, "go!": 0.3})
    found = align_words(first, second)
    assert found.words == ("don't", "go!")
    assert found.weights == pytest.approx(np.array([[0.4, 0.6], [0.7, 0.3]]))


def test_upper_and_lower_case_are_one_word_even_where_letters_become_two():
    first = words({"İstanbul": 0.4, "ΟΔΟΣ": 0.1, "STRASSE": 0.5})
    second = words({"i̇stanbul": 0.3, "οδος": 0.5, "strasse": 0.2})
    found = align_words(first, second)
    assert found.weights == pytest.approx(np.array([[0.4, 0.1, 0.5], [0.3, 0.5, 0.2]]))
    split = StoredWords(("i̇stanbul", "οδοσ", "strasse"), second.weights)  # a sigma alone
    assert align_words(first, split).weights == pytest.approx(found.weights)


def test_what_one_model_did_not_see_is_left_out():
    first = words({"good": 0.25, "film": 0.25, "indeed": 0.5})
    second = words({"good": 0.4, "film": 0.6})
    found = align_words(first, second)
    assert found.words == ("good", "film")
    assert found.weights == pytest.approx(np.array([[0.5, 0.5], [0.4, 0.6]]))
    unseen = words({"good": 0.0, "film": 0.0, "indeed": 1.0})
    assert align_words(unseen, second) is None


def test_other_texts_are_not_lined_up():
    assert align_words(words({"good": 1.0}), words({"bad": 1.0})) is None
    assert largest_shifts(None) == ()


TEXT = st.text("abc ", min_size=1, max_size=12).filter(str.strip)


@st.composite
def two_cuts(draw):
    """One text cut twice, with weights."""
    text = draw(TEXT)
    letters = "".join(text.split())

    def cut() -> StoredWords:
        ends = draw(st.sets(st.integers(1, len(letters) - 1))) if len(letters) > 1 else set()
        edges = [0, *sorted(ends), len(letters)]
        pieces = [letters[a:b] for a, b in pairwise(edges)]
        raw = np.array([draw(st.integers(1, 9)) for _ in pieces], dtype=float)
        return StoredWords(tuple(pieces), raw / raw.sum())

    return cut(), cut()


@given(two_cuts())
def test_no_weight_is_lost_and_edges_are_those_of_both(cuts):
    found = align_words(*cuts)
    assert found.weights.sum(1) == pytest.approx([1, 1])
    ends = [set(np.cumsum([len(word) for word in cut.words]).tolist()) for cut in cuts]
    assert set(np.cumsum([len(word) for word in found.words]).tolist()) == ends[0] & ends[1]
    swapped = align_words(*cuts[::-1])
    assert swapped.words == found.words
    assert divergence(*swapped.weights) == pytest.approx(divergence(*found.weights))


def test_the_words_that_differ_most_stand_first():
    lined = AlignedWords(("a", "b", "c"), np.array([[0.5, 0.3, 0.2], [0.1, 0.4, 0.5]]))
    assert largest_shifts(lined) == (
        WordShift("a", 0.5, 0.1),
        WordShift("c", 0.2, 0.5),
        WordShift("b", 0.3, 0.4),
    )


def test_moved_words_by_hand():
    one = AlignedWords(("good", "a", "good"), np.array([[0.2, 0.6, 0.2], [0.4, 0.2, 0.4]]))
    two = AlignedWords(("good", "film"), np.array([[0.5, 0.5], [0.9, 0.1]]))
    three = AlignedWords(("film", "a"), np.array([[0.5, 0.5], [0.5, 0.5]]))
    first, second, third = mean_shifts([one, two, three])
    assert first.word == "good"
    assert first.documents == 2
    assert (first.first, first.second) == pytest.approx((0.45, 0.85))
    assert first.moved == pytest.approx(0.8 / 3)
    assert [second.word, third.word] == ["a", "film"]  # equal: by the alphabet
    assert second.moved == pytest.approx(-0.4 / 3)
    assert mean_shifts([one], fewest=2) == ()
    assert mean_shifts([]) == ()


def test_of_many_words_the_most_gained_and_the_most_lost_are_kept():
    n = 2 * MOST_MOVED + 50
    words = tuple(f"w{at:03}" for at in range(n))
    rising = np.arange(1, n + 1, dtype=float)
    one = AlignedWords(words, np.array([rising[::-1], rising]) / rising.sum())
    found = mean_shifts([one, one])
    assert [word.word for word in found[:2]] == [words[-1], words[-2]]
    assert [word.word for word in found[-2:]] == [words[1], words[0]]
    assert len(found) == 2 * MOST_MOVED
    moved = [word.moved for word in found]
    assert moved == sorted(moved, reverse=True)
