"""Intervals against what statistics says about cases that are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from han_core.explanation.statistics import (
    NO_INTERVAL,
    Bootstrap,
    Interval,
    difference,
    percentile,
    resampled,
    share,
    wilson,
)


def test_the_interval_of_a_mean_is_two_standard_errors():
    """The textbook: mean ± 1.96 σ / √n, which the bootstrap finds without knowing σ."""
    values = np.random.default_rng(0).normal(3, 2, size=400)
    found = Bootstrap(400, seed=1).mean(values)
    error = values.std() / 20
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.25 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.25 * error)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng, covered = np.random.default_rng(5), 0
    for seed in range(200):
        found = Bootstrap(60, seed, resamples=400).mean(rng.normal(0, 1, 60))
        covered += found.low <= 0 <= found.high
    assert 180 <= covered <= 198


def test_resamples_by_hand():
    """Of two documents, one in four resamples has twice the first and one twice the second."""
    found = Bootstrap(2, seed=0).mean(np.array([0.0, 1.0]))
    assert (found.mean, found.low, found.high) == (0.5, 0.0, 1.0)
    assert Bootstrap(3, seed=0).mean(np.full(3, 0.25)) == Interval(0.25, 0.25, 0.25)
    assert Bootstrap(1, seed=0).mean(np.array([0.7])) == Interval(0.7, 0.7, 0.7)


def test_documents_without_a_value_do_not_count():
    values = np.array([np.nan, 2.0, np.nan, 4.0])
    found = Bootstrap(4, seed=0).mean(values)
    assert (found.mean, found.low, found.high) == (3.0, 2.0, 4.0)
    assert Bootstrap(4, seed=0).mean(np.full(4, np.nan)) == NO_INTERVAL


def test_differences_are_paired():
    """Documents differ wildly, the two figures of a document by .1: so does every resample."""
    one = np.random.default_rng(0).normal(0, 100, 50)
    found = Bootstrap(50, seed=3).mean((one + 0.1) - one)
    assert (found.low, found.high) == (pytest.approx(0.1), pytest.approx(0.1))


def test_a_ratio_is_of_means_over_the_same_documents():
    above, below = np.array([1.0, 0.0, np.nan, 5.0]), np.array([2.0, 2.0, 9.0, np.nan])
    assert Bootstrap(4, seed=0).ratio(above, below, least=0.01).mean == pytest.approx(0.25)
    below = np.random.default_rng(1).uniform(0.2, 0.9, 40)
    found = Bootstrap(40, seed=0).ratio(below / 4, below, least=0.01)
    assert [found.mean, found.low, found.high] == pytest.approx([0.25] * 3)


@pytest.mark.parametrize(
    "below", [np.full(4, 0.005), np.full(4, -1.0), np.array([-1.0, 2, -1, 1]), np.full(4, np.nan)]
)
def test_a_ratio_to_nothing_is_nothing(below):
    assert Bootstrap(4, seed=0).ratio(np.ones(4), below, least=0.01) == NO_INTERVAL


def test_the_seed_decides_and_nothing_else():
    values = np.random.default_rng(0).normal(size=30)
    assert Bootstrap(30, seed=1).mean(values) == Bootstrap(30, seed=1).mean(values)
    assert Bootstrap(30, seed=1).mean(values) != Bootstrap(30, seed=2).mean(values)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        Bootstrap(0, seed=0)
    with pytest.raises(ValueError, match="all None or none"):
        Interval(0.5, None, 1)
    with pytest.raises(ValueError, match="above"):
        Interval(0.5, 0.7, 0.6)
    assert NO_INTERVAL.to_json() == {"mean": None, "low": None, "high": None}


@given(st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_scipys(counts):
    right, n = counts
    expected = binomtest(right, n).proportion_ci(method="wilson")
    found = share(right, n)
    assert found.mean == right / n
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_wilson_of_many_is_that_of_each_and_nan_of_none():
    low, high = wilson(np.array([3, 0]), np.array([10, 0]))
    assert (low[0], high[0]) == pytest.approx((0.1078, 0.6032), abs=5e-5)  # by hand
    assert np.isnan([low[1], high[1]]).all()
    assert share(0, 0) == NO_INTERVAL


@pytest.mark.parametrize(
    ("counts", "ends"),
    [  # Newcombe 1998, table II, method 10
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((10, 10, 0, 20), (0.6791, 1.0)),
        ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ],
)
def test_the_difference_of_two_shares_is_newcombes(counts, ends):
    found = difference(*counts)
    assert (found.low, found.high) == pytest.approx(ends, abs=5e-5)


def test_the_other_way_round_the_difference_turns_round():
    one, other = difference(5, 20, 30, 40), difference(30, 40, 5, 20)
    assert (one.mean, one.low, one.high) == pytest.approx((-other.mean, -other.high, -other.low))
    assert difference(0, 0, 1, 2) == difference(1, 2, 0, 0) == NO_INTERVAL


def test_documents_are_drawn_as_often_as_they_are_there():
    counts = np.array([30, 0, 70])
    drawn = []
    shares = resampled(counts, lambda d: drawn.append(d) or d[:, 0] / d.sum(1), seed=3)
    drawn = np.concatenate(drawn)
    assert len(shares) == 1_000
    assert (drawn.sum(1) == 100).all()
    assert not drawn[:, 1].any()
    # Each of 100 documents is the first kind with .3: mean .3, deviation sqrt(.3 · .7 / 100).
    assert shares.mean() == pytest.approx(0.3, abs=0.006)
    assert shares.std() == pytest.approx(0.0458, rel=0.1)


def test_the_bootstrap_of_a_share_is_near_wilson():
    found = percentile(0.4, resampled(np.array([240, 360]), lambda d: d[:, 0] / d.sum(1)))
    expected = share(240, 600)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.01)


def test_the_same_seed_draws_the_same_and_no_document_is_refused():
    counts = np.array([3, 4])
    draws = [resampled(counts, lambda d: d[:, 0], seed) for seed in (1, 1, 2)]
    assert np.array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])
    with pytest.raises(ValueError, match="at least one"):
        resampled(np.zeros(3, dtype=int), lambda d: d[:, 0])


def test_many_kinds_are_drawn_in_several_goes():
    counts = np.ones(5_000, dtype=int)
    sizes = []
    resampled(counts, lambda d: sizes.append(len(d)) or d[:, 0])
    assert sum(sizes) == 1_000
    assert len(sizes) > 1
