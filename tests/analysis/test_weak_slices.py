"""Weak slices: planted ones are found, and chance is not."""

from dataclasses import replace
from math import comb

import numpy as np
import pytest
from scipy.stats import fisher_exact

from han_core.analysis.filters import Filter, Marks, Range
from han_core.analysis.query import select
from han_core.analysis.slice_candidates import find_candidates
from han_core.analysis.weak_slices import (
    LEVEL,
    assess,
    combined,
    exact_p,
    find_weak_slices,
    ranking,
    weak_slice_table,
)


def reviews(make_store, wrong: np.ndarray, **fields):
    """Three hundred documents with topics, regions, lengths and some words; ``wrong`` is given."""
    rows = len(wrong)
    draw = np.random.default_rng(7)
    words = draw.choice(["plot", "sound", "light", "cast"], (rows, 3))
    texts = [f"{' '.join(three)} not good" if row % 6 == 0 else f"good {' '.join(three)} not"
             for row, three in enumerate(words)]  # fmt: skip
    true = np.array(["neg", "pos"])[draw.integers(0, 2, rows)]
    other = np.where(true == "neg", "pos", "neg")
    return make_store(
        true=true.tolist(), predicted=np.where(wrong, other, true).tolist(), texts=texts,
        tokens=draw.integers(5, 400, rows), confidence=draw.uniform(0.5, 1, rows),
        columns={
            "topic": draw.choice(["food", "room", "staff"], rows).tolist(),
            "region": draw.choice(["north", "south", "west"], rows).tolist(),
        },
    )  # fmt: skip


def test_the_p_of_one_table_by_hand():
    """Ten documents, four errors, three of them in a slice of four."""
    tables = [comb(4, errors) * comb(6, 4 - errors) for errors in (3, 4)]
    expected = sum(tables) / comb(10, 4)
    assert expected == pytest.approx(25 / 210)
    assert exact_p(np.array([4]), np.array([3]), 10, 4) == pytest.approx([expected])
    assert exact_p(np.array([4]), np.array([0]), 10, 4) == pytest.approx([1])


@pytest.mark.parametrize(("documents", "errors"), [(20, 9), (33, 4), (50, 0), (120, 31)])
def test_the_p_is_that_of_fishers_exact_test(documents, errors):
    of, of_errors = 200, 40
    table = [
        [errors, documents - errors],
        [of_errors - errors, of - documents - of_errors + errors],
    ]
    expected = fisher_exact(table, alternative="greater").pvalue
    assert exact_p(np.array([documents]), np.array([errors]), of, of_errors)[0] == pytest.approx(
        expected
    )


def test_a_planted_column_is_found_first_and_its_filter_selects_it(make_store):
    draw = np.random.default_rng(1)
    plain = reviews(make_store, np.zeros(300, dtype=bool))
    food = np.zeros(300, dtype=bool)
    food[select(plain, Filter(columns=(("topic", "food"),)), Marks())] = True
    store = reviews(make_store, np.where(food, draw.random(300) < 0.5, draw.random(300) < 0.1))
    found = find_weak_slices(store)
    first = found.slices[0]
    assert first.name == "topic: food"
    assert first.stands
    assert found.standing >= 1
    rows = select(store, first.filter, Marks())
    right = store.outcomes.right
    assert len(rows) == first.documents
    assert first.there == pytest.approx(1 - right[rows].mean())
    assert first.elsewhere == pytest.approx(1 - np.delete(right, rows).mean())


def test_a_planted_phrase_is_found(make_store):
    draw = np.random.default_rng(2)
    not_good = np.arange(300) % 6 == 0
    store = reviews(make_store, np.where(not_good, draw.random(300) < 0.6, draw.random(300) < 0.1))
    first = find_weak_slices(store).slices[0]
    assert first.name == "with “not good”"
    assert select(store, first.filter, Marks()).tolist() == np.flatnonzero(not_good).tolist()


def test_a_planted_pair_of_columns_is_found_before_its_parts(make_store):
    plain = reviews(make_store, np.zeros(300, dtype=bool))
    both = Filter(columns=(("topic", "food"), ("region", "north")))
    planted = np.zeros(300, dtype=bool)
    planted[select(plain, both, Marks())] = True
    store = reviews(make_store, planted | (np.arange(300) % 20 == 0))
    first = find_weak_slices(store, smallest=15).slices[0]
    assert set(first.name.split(" and ")) == {"topic: food", "region: north"}
    assert set(select(store, first.filter, Marks())) == set(np.flatnonzero(planted))


def test_shuffled_errors_are_rarely_found(make_store):
    """The chance of any finding in 200 shuffles is at most the level, within its own chance."""
    draw = np.random.default_rng(3)
    wrong = np.arange(300) % 5 == 0
    candidates = find_candidates(reviews(make_store, wrong), 20)
    false = sum((assess(candidates, draw.permutation(wrong)).p <= LEVEL).any() for _ in range(200))
    # 200 draws with a chance of 5% give 17 or more in about 2 of 100 cases.
    assert false <= 17


def test_counts_are_those_of_plain_loops(make_store):
    wrong = np.arange(300) % 7 == 0
    candidates = find_candidates(reviews(make_store, wrong), 20)
    tested = assess(candidates, wrong)
    single, table = candidates.conditions, candidates.phrases.table.toarray() > 0
    pairs = 0
    for (first, second), documents, errors in zip(
        tested.parts.tolist(), tested.documents, tested.errors, strict=True
    ):
        mask = single[first].mask if first < len(single) else table[:, first - len(single)]
        if second >= 0:
            mask, pairs = mask & single[second].mask, pairs + 1
            assert single[first].subject != single[second].subject
        assert (documents, errors) == (mask.sum(), (mask & wrong).sum())
        assert documents >= 20
    assert pairs > 20


def test_a_pair_that_adds_nothing_is_not_listed(make_store):
    wrong = np.arange(300) % 7 == 0
    candidates = find_candidates(reviews(make_store, wrong), 20)
    tested = assess(candidates, wrong)
    order = ranking(tested)
    assert (np.diff(tested.p[order]) >= 0).all()
    for at in order:
        first, second = tested.parts[at]
        assert tested.rates[at, 0] > tested.rates[at, 1]
        if second >= 0:
            assert tested.rates[at, 0] > max(tested.rates[first, 0], tested.rates[second, 0])


def test_without_an_error_or_without_candidates_nothing_is_listed(make_store):
    none = find_weak_slices(reviews(make_store, np.zeros(300, dtype=bool)))
    assert none.slices == ()
    assert none.standing == 0
    assert none.tried > 100
    few = find_weak_slices(make_store(true=["neg"] * 5))
    assert (few.slices, few.tried) == ((), 0)
    assert weak_slice_table(few).empty


def test_filters_are_combined():
    one, other = Filter(columns=(("a", "1"),)), Filter(columns=(("b", "2"),))
    assert combined([one, other]).columns == (("a", "1"), ("b", "2"))
    length = Filter(tokens=Range(low=3))
    assert combined([length, Filter(true=("neg",))]) == Filter(tokens=Range(low=3), true=("neg",))


def test_the_table_has_percentages_and_the_number_tried(make_store):
    store = reviews(make_store, np.arange(300) % 9 == 0)
    found = find_weak_slices(store)
    table = weak_slice_table(found)
    assert len(table) == len(found.slices)
    assert set(table["tried"]) == {found.tried}
    assert table.loc[0, "there"] == pytest.approx(100 * found.slices[0].there)
    with pytest.raises(ValueError, match="slices expected"):
        replace(assess(find_candidates(store, 20), store.outcomes.right), p=np.ones(1))
