"""Each attention form against a few naive lines, and by hand."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, tensor

from han_core.models.attention import (
    AttentionPooling,
    attention_pooling,
    segment_softmax,
    segment_sum,
    weighted_sum,
)

FORMS = ["additive", "dot", "general", "linear"]


OWNER = tensor([0, 0, 0, 1, 2, 2])


def naive_score(form: str, layer, state: Tensor, query: Tensor) -> Tensor:
    if form == "additive":
        return torch.tanh(layer.project.weight @ state + layer.project.bias) @ layer.context
    if form == "dot":
        return state @ query / math.sqrt(len(state))
    if form == "general":
        return state @ (layer.bilinear.weight @ query)
    return layer.scorer.weight[0] @ state + layer.scorer.bias[0]


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_weighted_rows_add_up_with_and_without_a_gradient(precision):
    """Under mixed precision the weights of a Transformer are bfloat16, its states float32."""
    states = tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, 1.0], [2.0, 3.0]])
    weights = tensor([0.5, 0.25, 0.25, 1.0, 0.75, 0.25], dtype=precision)  # exact in both
    expected = [[2.5, 3.5], [7.0, 8.0], [7.25, 1.5]]
    assert weighted_sum(states, weights, OWNER, 3).tolist() == expected
    with torch.no_grad():
        assert weighted_sum(states, weights, OWNER, 3).tolist() == expected


@pytest.mark.parametrize("form", FORMS)
def test_a_form_agrees_with_naive_lines(form):
    torch.manual_seed(0)
    layer = attention_pooling(form, 4, 3).double()
    states = torch.randn(6, 4, dtype=torch.float64)
    query = torch.randn(3, 4, dtype=torch.float64)
    scores = layer.scores(states, OWNER, query)
    pooled, weights = layer(states, OWNER, query)
    for segment in range(3):
        rows = [row for row, owner in enumerate(OWNER.tolist()) if owner == segment]
        naive = torch.stack([naive_score(form, layer, states[r], query[segment]) for r in rows])
        shares = naive.exp() / naive.exp().sum()
        torch.testing.assert_close(scores[rows], naive)
        torch.testing.assert_close(weights[rows], shares)
        torch.testing.assert_close(
            pooled[segment], sum(w * states[r] for w, r in zip(shares, rows, strict=True))
        )


def test_dot_product_by_hand():
    layer = attention_pooling("dot", 4, 1)
    states = tensor([[2.0, 0, 0, 0], [0, 2 * math.log(3), 0, 0]])
    query = tensor([[0.0, 1, 5, 5]])
    scores = layer.scores(states, tensor([0, 0]), query)
    pooled, weights = layer(states, tensor([0, 0]), query)
    assert scores.tolist() == pytest.approx([0, math.log(3)])  # divided by √4
    assert weights.tolist() == pytest.approx([1 / 4, 3 / 4])
    assert pooled[0].tolist() == pytest.approx([0.5, 1.5 * math.log(3), 0, 0])


def test_general_by_hand():
    layer = attention_pooling("general", 2, 1)
    with torch.no_grad():
        layer.bilinear.weight.copy_(tensor([[0.0, 1.0], [2.0, 0.0]]))  # W q = (q2, 2 q1)
    states = tensor([[math.log(3), 0.0], [0.0, 0.0]])
    scores = layer.scores(states, tensor([0, 0]), tensor([[5.0, 1.0]]))
    _, weights = layer(states, tensor([0, 0]), tensor([[5.0, 1.0]]))
    assert scores.tolist() == pytest.approx([math.log(3), 0])
    assert weights.tolist() == pytest.approx([3 / 4, 1 / 4])


def test_additive_by_hand():
    layer = attention_pooling("additive", 1, 1)
    with torch.no_grad():
        layer.project.weight.fill_(1)
        layer.project.bias.fill_(0)
        layer.context.fill_(math.log(2) / math.tanh(1))
    pooled, weights = layer(tensor([[0.0], [1.0]]), tensor([0, 0]), tensor([[9.0]]))
    assert weights.tolist() == pytest.approx([1 / 3, 2 / 3])
    assert pooled.tolist() == [pytest.approx([2 / 3])]


def test_linear_by_hand():
    layer = attention_pooling("linear", 2, 1)
    with torch.no_grad():
        layer.scorer.weight.copy_(tensor([[1.0, -1.0]]))
        layer.scorer.bias.fill_(7)
    states = tensor([[math.log(4), 0.0], [0.0, 0.0]])
    scores = layer.scores(states, tensor([0, 0]), tensor([[9.0, 9.0]]))
    _, weights = layer(states, tensor([0, 0]), tensor([[9.0, 9.0]]))
    assert scores.tolist() == pytest.approx([math.log(4) + 7, 7])
    assert weights.tolist() == pytest.approx([4 / 5, 1 / 5])


@pytest.mark.parametrize("form", FORMS)
def test_a_single_state_gets_all_the_weight(form):
    state = torch.randn(1, 4)
    pooled, weights = attention_pooling(form, 4, 3)(state, tensor([0]), torch.randn(1, 4))
    assert weights.tolist() == [1.0]
    torch.testing.assert_close(pooled, state)


def test_a_form_without_scores_is_refused():
    with pytest.raises(NotImplementedError):
        AttentionPooling()(torch.zeros(1, 1), tensor([0]), torch.zeros(1, 1))


def test_given_weights_take_the_place_of_the_layers_own():
    layer = attention_pooling("linear", 2, 3)
    states = tensor([[1.0, 2], [3, 4], [5, 6]])
    given = tensor([0.25, 0.75, 1.0])
    pooled, weights = layer(states, tensor([0, 0, 1]), torch.zeros(2, 2), given)
    assert weights is given
    assert pooled.tolist() == [[2.5, 3.5], [5, 6]]


@pytest.mark.parametrize("form", FORMS)
def test_noise_has_the_spread_that_was_asked_for_and_acts_in_training_alone(form):
    torch.manual_seed(0)
    layer = attention_pooling(form, 4, 3, noise=0.5).eval()
    states, owner, query = torch.randn(20_000, 4), torch.zeros(20_000).long(), torch.randn(1, 4)
    plain = layer.plain_scores(states, owner, query)
    assert torch.equal(layer.scores(states, owner, query), plain)
    added = layer.train().scores(states, owner, query) - plain
    # The standard error of a standard deviation is 0.5 / sqrt(2 × 20,000), of a mean 0.5 / sqrt(n).
    assert added.std().item() == pytest.approx(0.5, abs=5 * 0.5 / 200)
    assert added.mean().item() == pytest.approx(0, abs=5 * 0.5 / 141)


def test_no_noise_draws_no_random_number():
    layer = attention_pooling("linear", 4, 3).train()
    before = torch.get_rng_state()
    layer.scores(torch.ones(6, 4), OWNER, torch.ones(3, 4))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("form", FORMS)
def test_held_weights_are_the_same_and_constants_to_a_gradient(form):
    torch.manual_seed(1)
    layer, query = attention_pooling(form, 4, 3), torch.randn(3, 4)
    states = torch.randn(6, 4, requires_grad=True)
    pooled, weights = layer(states, OWNER, query, hold=tensor([True, False, True]))
    free, own = layer(states, OWNER, query)
    torch.testing.assert_close((pooled, weights), (free, own))
    (held,) = torch.autograd.grad(pooled.sum(), states, retain_graph=True)
    (full,) = torch.autograd.grad(free.sum(), states)
    constant = own.detach().unsqueeze(1).expand(6, 4)  # of Σ weight · state, weights constant
    torch.testing.assert_close(held[[0, 1, 2, 4, 5]], constant[[0, 1, 2, 4, 5]])
    torch.testing.assert_close(held[3], full[3])
    assert not torch.allclose(held, full)


@pytest.mark.parametrize("form", FORMS)
def test_without_a_gradient_it_pools_the_same(form):
    torch.manual_seed(2)
    layer, query, states = attention_pooling(form, 4, 3), torch.randn(3, 4), torch.randn(6, 4)
    expected = layer(states, OWNER, query)
    with torch.no_grad():
        torch.testing.assert_close(layer(states, OWNER, query), expected)


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
