"""Groups stay on one side of a division, and the classes stay in proportion."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.data.corpus import Corpus
from han_core.data.document_groups import grouped_split, groups_of
from han_core.runtime.errors import UserError


def corpus(labels, **columns) -> Corpus:
    rows = tuple(map(str, range(1, len(labels) + 1)))
    ids = columns.pop("ids", rows)
    texts = tuple(f"text {row}" for row in rows)
    return Corpus("toy", texts, tuple(labels), tuple(ids), columns)


def test_groups_by_hand():
    films = corpus("abab", film=("x", " y ", "x", "z"))
    assert groups_of(films, "film").tolist() == [0, 1, 0, 2]
    numbered = corpus("abab", file=("0", "9", "10", "29"))
    assert groups_of(numbered, "file/10").tolist() == [0, 0, 1, 2]
    assert groups_of(corpus("abab", file=("0.0", "9", "-1", "-10")), "file/10").tolist()[2:] == [
        0,
        0,
    ]
    assert groups_of(corpus("abc", ids=("7", "8", "20")), "id/10").tolist() == [0, 0, 1]


def test_a_document_without_a_group_is_its_own():
    found = groups_of(corpus("abab", film=("", "x", "", "x")), "film")
    assert found[1] == found[3]
    assert len(set(found.tolist())) == 3
    blocks = groups_of(corpus("abab", file=("", "1", "", "2")), "file/10")
    assert len(set(blocks.tolist())) == 3


def test_a_column_that_is_called_like_blocks_is_taken_as_it_is():
    assert groups_of(corpus("ab", **{"a/2": ("1", "2")}), "a/2").tolist() == [0, 1]


@pytest.mark.parametrize(
    ("column", "says"),
    [("flim", '"film"'), ("film/0", "NAME/N"), ("film/x", "NAME/N"), ("film/2", '"x"'),
     ("", "no column"), ("half/2", "Whole numbers")],
)  # fmt: skip
def test_columns_that_cannot_be_used_are_refused(column, says):
    with pytest.raises(UserError, match=says):
        groups_of(corpus("ab", film=("x", "y"), half=("0.5", "1")), column)


grouped = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12)), min_size=2, max_size=200)


@given(grouped, st.floats(0.05, 0.6), st.integers(0, 5))
def test_no_group_stands_on_both_sides(pairs, fraction, seed):
    labels, numbers = zip(*pairs, strict=True)
    whole = corpus(labels, film=tuple(map(str, numbers)))
    try:
        rest, held = grouped_split(whole, groups_of(whole, "film"), fraction, seed)
    except UserError:
        return
    assert sorted([*rest.ids, *held.ids], key=int) == list(whole.ids)
    assert list(rest.ids) == sorted(rest.ids, key=int)
    assert not set(rest.extra["film"]) & set(held.extra["film"])
    assert set(rest.labels) == set(whole.labels)
    assert len(held)


def test_many_groups_give_the_share_of_each_class():
    draw = np.random.default_rng(0)
    labels = draw.choice(["a", "b", "c"], p=[0.6, 0.35, 0.05], size=4_000)
    whole = corpus(labels.tolist(), film=tuple(map(str, draw.integers(400, size=4_000))))
    of = Counter(whole.labels)
    groups = groups_of(whole, "film")
    for seed in range(5):
        _, held = grouped_split(whole, groups, 0.1, seed)
        for label, number in Counter(held.labels).items():
            assert abs(number - 0.1 * of[label]) <= max(6, 0.01 * of[label])


def test_the_seed_draws_which_ones():
    whole = corpus("ab" * 50, film=tuple(str(row // 4) for row in range(100)))
    groups = groups_of(whole, "film")
    drawn = [grouped_split(whole, groups, 0.2, seed)[1].ids for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("films", ["xxxx", "xxyy"])
def test_groups_that_are_too_large_are_refused(films):
    whole = corpus("aabb", film=tuple(films))
    with pytest.raises(UserError, match="No group"):
        grouped_split(whole, groups_of(whole, "film"), 0.2, 0)


@pytest.mark.parametrize("fraction", [0, 1, -0.5, float("nan")])
def test_a_share_out_of_range_is_refused(fraction):
    whole = corpus("abab", film=tuple("wxyz"))
    with pytest.raises(UserError, match="between 0 and 1"):
        grouped_split(whole, groups_of(whole, "film"), fraction, 0)
