import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from han_core.explanation.statistics import (
    NO_INTERVAL,
    difference,
    percentile,
    resampled,
    share,
    wilson,
)


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
