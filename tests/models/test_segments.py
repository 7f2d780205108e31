"""Sums and softmax of segments, by hand and against torch."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from han_core.models.attention import segment_softmax, segment_sum


def test_sums_by_hand():
    values = torch.tensor([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]])
    owner = torch.tensor([0, 2, 0, 2])
    assert segment_sum(values, owner, 3).tolist() == [[4, 40], [0, 0], [6, 60]]
    assert segment_sum(values[:, 0], owner, 3).tolist() == [4, 0, 6]


def test_softmax_by_hand():
    scores = torch.tensor([0.0, math.log(3), 5.0, 0.0, math.log(2), math.log(5)])
    owner = torch.tensor([0, 0, 1, 2, 2, 2])
    weights = segment_softmax(scores, owner, 3)
    assert weights.tolist() == pytest.approx([1 / 4, 3 / 4, 1, 1 / 8, 2 / 8, 5 / 8])


def test_one_segment_cannot_make_another_underflow():
    scores = torch.tensor([1000.0, 1000.0, -1000.0, -1000.0, -1000.0])
    weights = segment_softmax(scores, torch.tensor([0, 0, 1, 1, 1]), 2)
    assert weights.tolist() == pytest.approx([1 / 2, 1 / 2, 1 / 3, 1 / 3, 1 / 3])


def test_scores_of_any_size_are_safe():
    scores = torch.tensor([1e4, -1e4, 1e4, 3e38, 3e38, -3e38], requires_grad=True)
    weights = segment_softmax(scores, torch.tensor([0, 0, 0, 1, 1, 2]), 3)
    assert weights.tolist() == [0.5, 0.0, 0.5, 0.5, 0.5, 1.0]
    weights.square().sum().backward()
    assert torch.isfinite(scores.grad).all()


scores_of_segments = st.lists(
    st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=6), min_size=1, max_size=6
)


@given(scores_of_segments)
def test_each_segment_is_a_softmax_of_its_own(segments):
    owner = torch.tensor([i for i, scores in enumerate(segments) for _ in scores])
    flat = torch.tensor([score for scores in segments for score in scores])
    weights = segment_softmax(flat, owner, len(segments))
    expected = torch.cat([torch.softmax(torch.tensor(scores), 0) for scores in segments])
    torch.testing.assert_close(weights, expected)
    torch.testing.assert_close(
        segment_sum(weights, owner, len(segments)), torch.ones(len(segments))
    )


def test_the_gradient_is_that_of_softmax():
    scores = torch.randn(6, dtype=torch.float64, requires_grad=True)
    owner = torch.tensor([0, 1, 0, 1, 1, 2])
    assert torch.autograd.gradcheck(lambda s: segment_softmax(s, owner, 3), scores)
