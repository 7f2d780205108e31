"""How near the weights come back, against the bound that the module states."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.analysis.scoring.table import (
    sentence_codes,
    sentence_weights,
    word_codes,
    word_weights,
)


def test_codes_by_hand():
    weights = np.array([0.64, 0.32, 0.04, 1.0])
    lengths = np.array([3, 1])
    # 255·√(.32/.64) = 180.3, 255·√(.04/.64) = 63.75
    codes = word_codes(weights, lengths)
    assert (codes.tolist(), codes.dtype) == ([255, 180, 64, 255], np.uint8)
    total = 255**2 + 180**2 + 64**2
    expected = [255**2 / total, 180**2 / total, 64**2 / total, 1]
    assert word_weights(codes, lengths) == pytest.approx(expected)


@st.composite
def attention(draw):
    """Sentences of 1 to 400 words, from even to on a single word."""
    lengths = np.array(draw(st.lists(st.integers(1, 400), min_size=1, max_size=6)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steepness = draw(st.floats(0, 20))
    scores = np.exp(steepness * random.standard_normal(lengths.sum()))
    sums = np.add.reduceat(scores, lengths.cumsum() - lengths)
    return scores / sums.repeat(lengths), lengths


@given(attention())
def test_words_come_back_within_the_bound_and_sum_to_one(made):
    weights, lengths = made
    back = word_weights(word_codes(weights, lengths), lengths)
    for was, is_now in zip(
        np.split(weights, lengths.cumsum()), np.split(back, lengths.cumsum()), strict=True
    ):
        if not len(was):
            continue
        assert is_now.sum() == pytest.approx(1, abs=1e-12)
        largest, words = was.max(), len(was)
        rest = largest / 510**2  # what rounding adds to a weight that is nearly nothing
        error = np.sqrt(largest * words) / 255 + words * rest
        bound = (np.sqrt(was * largest) / 255 + rest + was * error) / (1 - error)
        assert (np.abs(is_now - was) <= bound + 1e-12).all()


@given(attention())
def test_the_order_of_words_stays(made):
    weights, lengths = made
    back = word_weights(word_codes(weights, lengths), lengths)
    for start, end in zip(lengths.cumsum() - lengths, lengths.cumsum(), strict=True):
        ranked = back[start:end][np.argsort(weights[start:end])]
        assert (np.diff(ranked) >= 0).all()


def test_a_long_tail_beside_a_peak_is_not_lost():
    weights = np.array([0.8, *[0.001] * 200])
    back = word_weights(word_codes(weights, np.array([201])), np.array([201]))
    assert back[0] == pytest.approx(0.8, abs=0.005)
    straight = np.rint(255 * weights / 0.8)  # what the docstring says of straight steps
    assert straight[0] / straight.sum() == 1


def test_the_lost_share_of_ordinary_sentences_is_small():
    random = np.random.default_rng(0)
    worst = 0.0
    for _ in range(300):
        weights = random.dirichlet([0.3] * 25)
        back = word_weights(word_codes(weights, np.array([25])), np.array([25]))
        worst = max(worst, np.abs(back - weights).max())
    assert worst < 0.005


@given(st.integers(1, 5_000), st.integers(0, 2**32 - 1))
def test_sentences_come_back_to_half_a_thousandth(sentences, seed):
    weights = np.random.default_rng(seed).dirichlet([0.5] * sentences)
    codes = sentence_codes(weights)
    assert codes.dtype == np.float16
    back = sentence_weights(codes)
    assert back.sum() == pytest.approx(1, abs=1e-12)
    # Rounding by half a step, and the same once more for the sum.
    bound = weights / 2**10 + 2**-24
    assert (np.abs(back - weights) <= bound).all()
