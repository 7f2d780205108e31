"""How many words a corpus knows, told from a part of it."""

import random
from collections import Counter
from itertools import accumulate

import pytest

from han_core.training.cost import expected_words


def test_of_all_texts_the_words_are_counted():
    counts = Counter(["a", "a", "a", "b", "b", "c"])
    assert [expected_words(counts, 6, least) for least in (1, 2, 3, 4)] == [3, 2, 1, 0]


def test_by_hand():
    """Half the words stand once: four times the tokens have twice the words."""
    counts = {"a": 1, "b": 1, "c": 4, "d": 4}
    assert expected_words(counts, 40, 1) == round(4 * 4**0.5)
    # Of them (1 − ½) / 1 stand twice or more, and of these (2 − ½) / 2 three times or more.
    assert expected_words(counts, 40, 2) == 4
    assert expected_words(counts, 40, 3) == 3


def test_where_no_word_is_new_any_more_there_are_no_others():
    assert expected_words({"a": 5, "b": 5}, 10_000, 2) == 2


def test_where_every_word_is_new_none_is_frequent():
    assert expected_words({"a": 1, "b": 1}, 10_000, 1) == 10_000
    assert expected_words({"a": 1, "b": 1}, 10_000, 2) == 0


@pytest.mark.parametrize("exponent", [1.05, 1.3, 1.6])
@pytest.mark.parametrize("least", [1, 2, 5])
def test_words_that_follow_a_power_law_are_foretold(exponent, least):
    """Zipf's law for 200,000 words, and a sample of a thirtieth of the corpus."""
    cumulative = list(accumulate(1 / rank**exponent for rank in range(1, 200_001)))
    words = random.Random(1).choices(range(200_000), cum_weights=cumulative, k=300_000)
    real = sum(count >= least for count in Counter(words).values())
    told = expected_words(Counter(map(str, words[:10_000])), len(words), least)
    assert real / 1.6 < told < real * 1.6
