"""Counts decide which words are known, and the same words get the same numbers."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.runtime.errors import UserError
from han_core.text.vocabulary import PADDING, RESERVED, UNKNOWN, Vocabulary

DOCUMENTS = [["b", "a", "B", "c"], ["A", "b", "d", "."], ["."]]  # b 3, a 2, "." 2, c 1, d 1


def test_the_reserved_words_come_first():
    assert (PADDING, UNKNOWN) == (0, 1)
    assert Vocabulary.build(DOCUMENTS).words[:2] == RESERVED == ("<pad>", "<unk>")


def test_frequent_words_come_first_and_ties_in_code_point_order():
    assert Vocabulary.build(DOCUMENTS, minimum_count=1).words[2:] == ("b", ".", "a", "c", "d")


def test_rare_words_are_left_out():
    assert Vocabulary.build(DOCUMENTS, minimum_count=2).words[2:] == ("b", ".", "a")
    assert Vocabulary.build(DOCUMENTS, minimum_count=3).words[2:] == ("b",)


@pytest.mark.parametrize(("size", "expected"), [(2, ()), (3, ("b",)), (4, ("b", ".")), (99, 5)])
def test_the_largest_size_counts_the_reserved_words(size, expected):
    words = Vocabulary.build(DOCUMENTS, minimum_count=1, maximum_size=size).words
    assert len(words) <= size
    assert words[2:] == expected or len(words[2:]) == expected


def test_upper_case_is_another_word_only_if_asked_for():
    lower = Vocabulary.build(DOCUMENTS, minimum_count=1)
    exact = Vocabulary.build(DOCUMENTS, minimum_count=1, lowercase=False)
    assert lower.numbers(["B", "b"]) == [2, 2]
    assert exact.words[2:] == (".", "b", "A", "B", "a", "c", "d")
    assert exact.numbers(["B", "b"]) == [5, 3]


def test_a_word_that_was_not_there_is_unknown():
    assert Vocabulary.build(DOCUMENTS).number("zebra") == UNKNOWN


@pytest.mark.parametrize("word", ["<unk>", "<UNK>", "<pad>", "<Pad>"])
@pytest.mark.parametrize("lowercase", [True, False])
def test_a_reserved_word_that_somebody_typed_is_unknown(word, lowercase):
    vocabulary = Vocabulary.build([[word] * 9, ["a", "a"]], lowercase=lowercase)
    assert vocabulary.number(word) == UNKNOWN or vocabulary.words[2] == word
    assert vocabulary.number(word) != PADDING
    assert RESERVED[0] not in vocabulary.words[1:]
    assert RESERVED[1] not in vocabulary.words[2:]


@given(st.lists(st.lists(st.text(max_size=3))), st.randoms(use_true_random=False))
def test_a_rebuild_from_the_same_documents_is_identical(documents, draw: random.Random):
    first = Vocabulary.build(documents, minimum_count=1)
    shuffled = [draw.sample(words, len(words)) for words in draw.sample(documents, len(documents))]
    assert Vocabulary.build(shuffled, minimum_count=1) == first
    for word in first.words[2:]:
        assert first.words[first.number(word)] == word


@pytest.mark.parametrize(
    "words", [(), ("<pad>",), ("<unk>", "<pad>", "a"), ("a", "b"), (*RESERVED, "a", "b", "a")]
)
def test_a_list_of_words_that_is_no_vocabulary_is_refused(words):
    with pytest.raises(UserError):
        Vocabulary(words)


def test_known_words_keep_their_numbers_when_new_ones_come():
    vocabulary = Vocabulary((*RESERVED, "z", "b"))
    counts = {"a": 2, "b": 9, "c": 3, "d": 2, "e": 1, "<pad>": 5}
    assert vocabulary.extended(counts, 2, 99).words == (*RESERVED, "z", "b", "c", "a", "d")
    assert vocabulary.extended(counts, 2, 6).words == (*RESERVED, "z", "b", "c", "a")


def test_no_known_word_goes_where_there_is_no_room():
    vocabulary = Vocabulary((*RESERVED, "z", "b"), lowercase=False)
    assert vocabulary.extended({"a": 2}, 1, 3) == vocabulary
    assert vocabulary.extended({}, 1, 99) == vocabulary
