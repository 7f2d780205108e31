"""McNemar's test and the paired interval: published examples, other formulas, properties."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, false_discovery_control

from han_core.analysis.model_pairs import holm, mcnemar, paired_difference

COUNT = st.integers(0, 60)


def test_a_published_example():
    """Fagerland, Lydersen and Laake 2013 and 2014: airways before and after a transplantation.

    1 both, 1 only before, 7 only after, 12 neither: exact p .0703, mid-p .0391, and Newcombe's
    interval .026 to .507 for a difference of .286.
    """
    found = mcnemar(7, 1)
    assert found.exact
    assert found.p == pytest.approx(18 / 256)  # 2 (1 + 8) / 2^8
    assert found.mid_p == pytest.approx(10 / 256)  # less 8 / 2^8
    interval = paired_difference(both_right=1, fixed=7, broken=1, both_wrong=12)
    assert interval.mean == pytest.approx(6 / 21)
    assert (interval.low, interval.high) == pytest.approx((0.026, 0.507), abs=5e-4)


def test_another_published_interval():
    """Altman et al. 2000, Statistics with Confidence, table 6.2: 14, 5, 0, 22; .011 to .226."""
    interval = paired_difference(both_right=14, fixed=5, broken=0, both_wrong=22)
    assert interval.mean == pytest.approx(5 / 41)
    assert (interval.low, interval.high) == pytest.approx((0.011, 0.226), abs=5e-4)


def test_many_documents_by_hand():
    found = mcnemar(40, 12)
    assert not found.exact
    assert found.statistic == pytest.approx(27**2 / 52)
    assert found.p == pytest.approx(1.81e-4, rel=0.01)
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
    found = mcnemar(fixed, broken)
    assert found.mid_p == pytest.approx(min(1, tail - at), abs=1e-12)
    if 0 < apart < 25:
        assert found.p == pytest.approx(binomtest(fixed, apart).pvalue)
    assert found == mcnemar(broken, fixed)


@given(COUNT, COUNT, COUNT, COUNT)
def test_the_interval_holds_the_difference_and_turns_with_the_models(a, fixed, broken, d):
    if not a + fixed + broken + d:
        with pytest.raises(ValueError):
            paired_difference(a, fixed, broken, d)
        return
    found, turned = paired_difference(a, fixed, broken, d), paired_difference(a, broken, fixed, d)
    assert -1 <= found.low <= found.mean <= found.high <= 1
    ends = (-turned.high, -turned.mean, -turned.low)
    assert (found.low, found.mean, found.high) == pytest.approx(ends)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng, chances = np.random.default_rng(3), [0.6, 0.15, 0.05, 0.2]
    draws = [paired_difference(*counts) for counts in rng.multinomial(80, chances, 2_000).tolist()]
    covered = np.mean([one.low <= 0.1 <= one.high for one in draws])
    assert 0.93 <= covered <= 0.98


@given(COUNT, COUNT)
def test_with_many_documents_the_interval_is_the_usual_one(fixed, broken):
    n = 1_000_000
    counts = (n - 100 * (fixed + broken) - 1_000, 100 * fixed, 100 * broken, 1_000)
    found = paired_difference(*counts)
    share = (100 * (fixed + broken) / n, 100 * (fixed - broken) / n)
    error = 1.96 * np.sqrt((share[0] - share[1] ** 2) / n)
    assert found.mean == pytest.approx(share[1])
    assert found.high - found.low == pytest.approx(2 * error, rel=0.1, abs=1e-4)


def test_negative_counts_are_refused():
    with pytest.raises(ValueError, match="-1"):
        mcnemar(-1, 3)
    with pytest.raises(ValueError, match="at least one"):
        paired_difference(0, 0, 0, 0)


def test_holm_by_hand():
    found = holm([0.01, 0.04, 0.03, 0.005])
    assert found == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]).size == 0
    assert holm([0.4, 0.9]).tolist() == pytest.approx([0.8, 0.9])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_lies_between_the_values_and_bonferroni_and_above_benjamini_hochberg(p):
    found, values = holm(p), np.array(p)
    assert (found >= values).all()
    assert (found <= np.minimum(values * len(p), 1) + 1e-12).all()
    assert (found >= false_discovery_control(values) - 1e-9).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(found[order]) >= 0).all()
