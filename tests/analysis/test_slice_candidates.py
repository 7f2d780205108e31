"""Candidates for weak slices: what they are, and which documents they hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from han_core.analysis.filters import Filter, Marks, Range
from han_core.analysis.query import select
from han_core.analysis.slice_candidates import Candidates, find_candidates, quarters

CELLS = arrays(np.float32, st.integers(1, 40), elements=st.sampled_from([0.1, 0.2, 0.5, 1, 7]))


@given(CELLS)
def test_quarters_part_the_documents_as_their_ranges_do(cells):
    parts = list(quarters(cells))
    assert np.sum([mask for *_, mask in parts], 0).tolist() == [1] * len(cells)
    for low, high, mask in parts:
        within = np.ones(len(cells), dtype=bool)
        within &= cells >= np.float32(-np.inf if low is None else low)
        within &= cells <= np.float32(np.inf if high is None else high)
        assert (within == mask).all()


def test_quarters_of_eight_numbers_and_none_of_nothing():
    parts = [(low, high, mask.sum()) for low, high, mask in quarters(np.arange(1, 9))]
    assert parts == [(None, 2, 2), (3, 4, 2), (5, 6, 2), (7, None, 2)]
    assert list(quarters(np.array([np.nan, np.nan]))) == []
    assert [mask.sum() for *_, mask in quarters(np.array([1, np.nan, 1]))] == [2]


@pytest.fixture
def store(make_store):
    """Forty documents: half positive, a quarter Chinese, topics, prices and a split."""
    english = [f"the food was fine {'indeed ' * (row % 7)}" for row in range(40)]
    texts = [
        "酒店" + " 很 好" * (row % 7) if row % 4 == 3 else text for row, text in enumerate(english)
    ]
    return make_store(
        true=["neg", "pos"] * 20, texts=texts,
        confidence=np.linspace(0.5, 0.99, 40),
        columns={
            "topic": ["food", "room"] * 10 + ["staff"] * 20,
            "price": [str(row * 7 % 40) for row in range(40)],
            "split": ["dev"] * 15 + ["test"] * 25,
        },
    )  # fmt: skip


def names(candidates: Candidates) -> dict[str, int]:
    return {one.name: int(one.mask.sum()) for one in candidates.conditions}


def test_every_kind_is_found_and_no_small_one(store, monkeypatch):
    monkeypatch.setattr("han_core.analysis.slice_candidates.MOST_VALUES", 20)
    groups = np.repeat([0, 1, -1], [8, 8, 24])
    found = names(find_candidates(store, 8, groups))
    assert found["true class: neg"] == found["true class: pos"] == 20
    assert found["topic: food"] == found["topic: room"] == 10
    assert found["split: dev"] == 15
    assert found["written in Chinese characters"] == 10
    assert found["price at most 9"] == found["price 10 to 19"] == found["price at least 30"] == 10
    assert sum(name.startswith("confidence") for name in found) == 4
    assert sum(name.startswith("similar documents") for name in found) == 2
    assert all(8 <= size <= 32 for size in found.values())


def test_the_filter_of_a_condition_selects_its_documents(store):
    candidates = find_candidates(store, 5)
    native = [one for one in candidates.conditions if one.filter is not None]
    assert {one.subject for one in native} >= {"class", "tokens", "confidence", "column topic"}
    for one in native:
        assert select(store, one.filter, Marks()).tolist() == np.flatnonzero(one.mask).tolist()


def test_the_same_documents_are_tried_once_under_one_name(make_store):
    store = make_store(
        true=["neg"] * 10 + ["pos"] * 10, columns={"copy": ["a"] * 10 + ["b"] * 10},
    )  # fmt: skip
    found = names(find_candidates(store, 5))
    assert "true class: neg" in found
    assert not any(name.startswith("copy") for name in found)


def test_groups_are_named_by_their_words(make_store):
    texts = ["plot twist"] * 6 + ["sound mix"] * 6 + ["light"] * 6
    store = make_store(texts=texts)
    found = names(find_candidates(store, 6, np.repeat([0, 1, -1], 6)))
    assert {"similar documents (plot, twist)", "similar documents (mix, sound)"} & set(found)


def test_candidates_do_not_depend_on_what_is_wrong(make_store):
    texts = [f"word{row % 3} text" for row in range(30)]
    right = make_store(true=["neg"] * 30, texts=texts)
    wrong = make_store(true=["neg"] * 30, predicted=["pos"] * 30, texts=texts)
    one, other = find_candidates(right, 5), find_candidates(wrong, 5)
    assert names(one) == names(other)
    assert one.phrases.names == other.phrases.names


def test_a_range_of_lengths_is_said_as_the_chip_says_it(make_store):
    store = make_store(tokens=list(range(1, 41)), true=["neg"] * 40)
    found = {one.name: one.filter for one in find_candidates(store, 5).conditions}
    assert found["length at most 10 tokens"] == Filter(tokens=Range(high=10))


def test_a_group_is_not_combined_with_a_class(store):
    """A group by the model's vectors and a true class would be the errors themselves."""
    subjects = {
        one.name: one.subject
        for one in find_candidates(store, 8, np.repeat([0, 1, -1], [8, 9, 23])).conditions
    }
    groups = {subject for name, subject in subjects.items() if name.startswith("similar")}
    assert groups == {subjects["true class: neg"]}
