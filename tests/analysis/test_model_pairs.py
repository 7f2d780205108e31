"""Two models on the same documents: counts, tests, and the table of classes."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import binomtest, false_discovery_control

from han_core.analysis.dataset import Outcomes
from han_core.analysis.filters import Filter, Marks
from han_core.analysis.model_pairs import (
    CHANGES,
    Pair,
    changes,
    class_table,
    has_changed,
    holm,
    holm_adjusted,
    mcnemar,
    paired_difference,
    pairs_by_class,
    sum_pairs,
)
from han_core.analysis.query import select

LABELS = ("a", "b", "c")


def outcomes(true, predicted, other, labels=LABELS) -> Outcomes:
    true, predicted = np.asarray(true, dtype=np.int8), np.asarray(predicted, dtype=np.int8)
    other = None if other is None else np.asarray(other, dtype=np.int8)
    rest = [np.zeros(len(true))] * 5
    return Outcomes(labels, true, predicted, *rest, other=other)


def total(pairs: Outcomes) -> Pair:
    return sum_pairs(pairs_by_class(pairs))


EIGHT = outcomes(
    true=[0, 0, 0, 0, 1, 1, 1, 2],
    predicted=[0, 0, 1, 1, 1, 0, 0, 0],
    other=[0, 1, 0, 1, 1, 2, 1, 0],
)
BECAME = ["both_right", "broken", "fixed", "both_wrong", "both_right", "both_wrong", "fixed",
          "both_wrong"]  # fmt: skip


def test_what_became_of_each_document():
    assert [CHANGES[at] for at in changes(EIGHT)] == BECAME
    assert has_changed(EIGHT).tolist() == [False, True, True, False, False, True, True, False]


def test_counts_by_hand():
    result = total(EIGHT)
    assert result == Pair(fixed=2, broken=1, both_right=2, both_wrong=3, another=1)
    assert (len(result), result.changed) == (8, 4)
    assert result.accuracies == (3 / 8, 4 / 8)
    assert result.difference.mean == pytest.approx(1 / 8)
    assert result.test.p == 1  # of three coins, two against one


def test_counts_of_each_true_class():
    assert pairs_by_class(EIGHT) == (
        Pair(fixed=1, broken=1, both_right=1, both_wrong=1),
        Pair(fixed=1, broken=0, both_right=1, both_wrong=1, another=1),
        Pair(fixed=0, broken=0, both_right=0, both_wrong=1),
    )


def test_without_documents_there_is_no_figure():
    nothing = total(outcomes([], [], []))
    assert len(nothing) == 0
    assert nothing.accuracies is None
    assert nothing.difference is None
    assert len(pairs_by_class(outcomes([], [], []))) == 3


def test_one_model_is_no_pair():
    with pytest.raises(ValueError, match="two models"):
        total(outcomes([0], [0], None))


def test_more_classes_than_a_byte_can_hold():
    many = tuple(map(str, range(120)))
    at = np.arange(120)
    result = pairs_by_class(outcomes(at, at, (at + 1) % 120, many))
    assert all(pair == Pair(0, 1, 0, 0) for pair in result)


ANSWERS = hnp.arrays(np.int8, st.tuples(st.just(3), st.integers(0, 60)), elements=st.integers(0, 2))


@given(ANSWERS)
def test_counts_are_those_of_one_document_after_the_other(answers):
    drawn = outcomes(*answers)
    names = {(True, True): "both_right", (True, False): "broken", (False, True): "fixed",
             (False, False): "both_wrong"}  # fmt: skip
    each = [names[t == p, t == o] for t, p, o in answers.T.tolist()]
    result = total(drawn)
    assert [getattr(result, name) for name in CHANGES] == [each.count(name) for name in CHANGES]
    assert result.changed == int((answers[1] != answers[2]).sum())
    by_class = pairs_by_class(drawn)
    for name in (*CHANGES, "another"):
        assert sum(getattr(pair, name) for pair in by_class) == getattr(result, name)


def test_the_filter_selects_the_same_documents(make_store):
    names = ["neg", "pos"]
    draw = np.random.default_rng(1).integers(0, 2, (3, 50))
    true, predicted, other = ([names[at] for at in row] for row in draw)
    store = make_store(true=true, predicted=predicted, other=other)
    became = changes(store.outcomes)
    for at, change in enumerate(CHANGES):
        rows = select(store, Filter(change=change), Marks())
        assert rows.tolist() == np.flatnonzero(became == at).tolist()
        assert len(rows)


def test_p_is_adjusted_for_the_classes_that_are_tested():
    pairs = (Pair(9, 0, 5, 5), Pair(0, 0, 5, 5), Pair(1, 1, 5, 5))
    first, untested, last = holm_adjusted(pairs)
    assert first == pytest.approx(2 * 2 / 2**9)  # two tests, not three
    assert untested is None
    assert last == 1


COUNT = st.integers(0, 60)


def test_a_published_example():
    """Fagerland, Lydersen and Laake 2013 and 2014: airways before and after a transplantation.

    1 both, 1 only before, 7 only after, 12 neither: exact p .0703, mid-p .0391, and Newcombe's
    interval .026 to .507 for a difference of .286.
    """
    result = mcnemar(7, 1)
    assert result.exact
    assert result.p == pytest.approx(18 / 256)  # 2 (1 + 8) / 2^8
    assert result.mid_p == pytest.approx(10 / 256)  # less 8 / 2^8
    interval = paired_difference(both_right=1, fixed=7, broken=1, both_wrong=12)
    assert interval.mean == pytest.approx(6 / 21)
    assert (interval.low, interval.high) == pytest.approx((0.026, 0.507), abs=5e-4)


def test_another_published_interval():
    """Altman et al. 2000, Statistics with Confidence, table 6.2: 14, 5, 0, 22; .011 to .226."""
    interval = paired_difference(both_right=14, fixed=5, broken=0, both_wrong=22)
    assert interval.mean == pytest.approx(5 / 41)
    assert (interval.low, interval.high) == pytest.approx((0.011, 0.226), abs=5e-4)


def test_many_documents_by_hand():
    result = mcnemar(40, 12)
    assert not result.exact
    assert result.statistic == pytest.approx(27**2 / 52)
    assert result.p == pytest.approx(1.81e-4, rel=0.01)
    assert mcnemar(13, 12).statistic == 0
    assert mcnemar(13, 12).p == 1
    assert mcnemar(12, 12).exact  # 24 documents; 25 are counted as many


def test_nothing_apart_is_nothing_found():
    assert (mcnemar(0, 0).p, mcnemar(0, 0).mid_p) == (1, 1)
    interval = paired_difference(10, 0, 0, 5)
    assert interval.mean == 0
    assert interval.low == pytest.approx(-interval.high)


@given(COUNT, COUNT)
def test_the_exact_test_is_the_binomial_one(fixed, broken):
    apart, fewer = fixed + broken, min(fixed, broken)
    tail = 2 * sum(comb(apart, k) for k in range(fewer + 1)) / 2**apart
    at = comb(apart, fewer) / 2**apart
    result = mcnemar(fixed, broken)
    assert result.mid_p == pytest.approx(min(1, tail - at), abs=1e-12)
    if 0 < apart < 25:
        assert result.p == pytest.approx(binomtest(fixed, apart).pvalue)
    assert result == mcnemar(broken, fixed)


@given(COUNT, COUNT, COUNT, COUNT)
def test_the_interval_holds_the_difference_and_turns_with_the_models(a, fixed, broken, d):
    if not a + fixed + broken + d:
        with pytest.raises(ValueError):
            paired_difference(a, fixed, broken, d)
        return
    result, turned = paired_difference(a, fixed, broken, d), paired_difference(a, broken, fixed, d)
    assert -1 <= result.low <= result.mean <= result.high <= 1
    ends = (-turned.high, -turned.mean, -turned.low)
    assert (result.low, result.mean, result.high) == pytest.approx(ends)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng, chances = np.random.default_rng(3), [0.6, 0.15, 0.05, 0.2]
    draws = [paired_difference(*counts) for counts in rng.multinomial(80, chances, 2_000).tolist()]
    covered = np.mean([one.low <= 0.1 <= one.high for one in draws])
    assert 0.93 <= covered <= 0.98


@given(COUNT, COUNT)
def test_with_many_documents_the_interval_is_the_usual_one(fixed, broken):
    n = 1_000_000
    counts = (n - 100 * (fixed + broken) - 1_000, 100 * fixed, 100 * broken, 1_000)
    result = paired_difference(*counts)
    share = (100 * (fixed + broken) / n, 100 * (fixed - broken) / n)
    error = 1.96 * np.sqrt((share[0] - share[1] ** 2) / n)
    assert result.mean == pytest.approx(share[1])
    assert result.high - result.low == pytest.approx(2 * error, rel=0.1, abs=1e-4)


def test_negative_counts_are_refused():
    with pytest.raises(ValueError, match="-1"):
        mcnemar(-1, 3)
    with pytest.raises(ValueError, match="at least one"):
        paired_difference(0, 0, 0, 0)


def test_holm_by_hand():
    result = holm([0.01, 0.04, 0.03, 0.005])
    assert result == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]).size == 0
    assert holm([0.4, 0.9]).tolist() == pytest.approx([0.8, 0.9])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_lies_between_the_values_and_bonferroni_and_above_benjamini_hochberg(p):
    result, values = holm(p), np.array(p)
    assert (result >= values).all()
    assert (result <= np.minimum(values * len(p), 1) + 1e-12).all()
    assert (result >= false_discovery_control(values) - 1e-9).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(result[order]) >= 0).all()


def test_a_row_for_each_class_that_has_documents():
    pairs = (Pair(9, 0, 5, 6), Pair(0, 0, 0, 0), Pair(0, 0, 3, 1))
    table = class_table(pairs, ("a", "empty", "c"))
    assert table["class"].tolist() == ["a", "c"]
    first = table.iloc[0]
    assert (first["documents"], first["first"], first["second"]) == (20, 0.25, 0.7)
    assert first["difference"] == pytest.approx(0.45)
    assert first["low"] < 0.45 < first["high"]
    assert first["p"] == first["p_holm"] == pytest.approx(2 / 2**9)  # one class is tested
    assert table.iloc[1][["p", "p_holm"]].isna().all()
    assert class_table((), ()).empty
