"""Words and pairs of words are counted in documents, as by a plain loop."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from han_core.analysis.slice_candidates import Phrases, frequent_phrases, words_of

WORDS = st.sampled_from(["a", "B", "b", "c", ".", "3", "不", "d"])


def counted(texts: list[list[str]], smallest: int) -> tuple[dict[str, set[int]], set[str]]:
    """Documents of each word and pair that fits, and which of them are single words."""
    single: dict[str, set[int]] = {}
    double: dict[str, set[int]] = {}
    for row, text in enumerate(texts):
        lower = [word.lower() for word in text]
        for at, word in enumerate(lower):
            if word.isalpha():
                single.setdefault(word, set()).add(row)
            if at and word.isalpha() and lower[at - 1].isalpha():
                double.setdefault(f"{lower[at - 1]} {word}", set()).add(row)
    most, sizes = len(texts) // 2, Counter({word: len(rows) for word, rows in single.items()})
    words = {word for word, rows in single.items() if smallest <= len(rows) <= most}
    result = {word: single[word] for word in words}
    for pair, rows in double.items():
        least = min(sizes[word] for word in pair.split())
        if smallest <= len(rows) < least and len(rows) <= most:
            result[pair] = rows
    return result, words


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(WORDS, max_size=8), min_size=1, max_size=12), st.integers(1, 3))
def test_as_by_a_plain_loop(texts, smallest):
    phrases = frequent_phrases(pa.array(texts, pa.list_(pa.string())), smallest)
    expected, words = counted(texts, smallest)
    table = phrases.table.toarray()
    found = {name: set(np.flatnonzero(table[:, at])) for at, name in enumerate(phrases.names)}
    assert found == expected
    assert set(phrases.names[: phrases.words]) == words
    assert set(table.ravel()) <= {0, 1}


def test_the_most_frequent_are_kept(monkeypatch):
    monkeypatch.setattr("han_core.analysis.slice_candidates.MOST_WORDS", 1)
    monkeypatch.setattr("han_core.analysis.slice_candidates.MOST_PHRASES", 0)
    texts = [["rare"], ["often"], ["often"], ["x"], ["y"]]
    assert frequent_phrases(pa.array(texts), 1).names == ("often",)


def test_words_of_a_store_in_its_order(make_store):
    store = make_store(texts=["one two", "three", "four five six"], rows_a_part=2)
    assert words_of(store, np.array([0, 2])).to_pylist() == [
        ["one", "two"],
        ["four", "five", "six"],
    ]


def test_a_table_of_another_width_is_refused():
    with pytest.raises(ValueError, match="1 columns expected"):
        Phrases(("a",), 1, sparse.csr_matrix((3, 2)))
