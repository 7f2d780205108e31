"""The domain classifier: its reversed gradient, the rise of λ, what it learns."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from han_core.training.adversary import Adversary, domain_weight, reverse_gradient
from han_core.training.settings import Settings

CPU = torch.device("cpu")


def adversary(size=3, **settings):
    torch.manual_seed(0)
    return Adversary(size, Settings(**settings), CPU)


@pytest.mark.parametrize("weight", [0.0, 0.5, 3.0])
def test_a_gradient_comes_back_with_the_other_sign_times_the_weight(weight):
    """Of f(x) = Σ a x², 2 a x goes back as −λ 2 a x; forward nothing changes."""
    a, x = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([3.0, 4.0, -1.0], requires_grad=True)
    through = reverse_gradient(x, weight)
    assert torch.equal(through, x)
    (a * through**2).sum().backward()
    assert torch.allclose(x.grad, -weight * 2 * a * x.detach())


def test_the_models_gradient_is_that_of_a_linear_domain_classifier_by_hand():
    """Cross-entropy of a score s = relu(w·v): dL/ds = (σ(s) − y) / n of the domain / 2."""
    one = adversary(size=2, domain_units=1)
    with torch.no_grad():
        for layer, weight in ((one.network[0], [[1.0, 2.0]]), (one.network[2], [[1.0]])):
            layer.weight.copy_(torch.tensor(weight))
            layer.bias.zero_()
    one.weight = 0.7
    vectors = torch.tensor([[1.0, 0.5], [0.2, 0.1], [1.0, 1.0]], requires_grad=True)
    loss = one.loss(vectors, source=1)
    loss.backward()
    scores, truths, shares = np.array([2.0, 0.4, 3.0]), np.array([0, 1, 1]), np.array([2, 1, 1]) / 4
    losses = np.log1p(np.exp(np.where(truths, -scores, scores)))
    assert loss.item() == pytest.approx(float((losses * shares).sum()), rel=1e-5)
    slopes = (1 / (1 + np.exp(-scores)) - truths) * shares
    expected = -0.7 * slopes[:, None] * np.array([[1.0, 2.0]])
    np.testing.assert_allclose(vectors.grad.numpy(), expected, rtol=1e-5)


def test_the_weight_rises_as_the_paper_says():
    """2 / (1 + exp(−10 p)) − 1 at 0, .1, .5 and 1, by hand."""
    weights = [domain_weight(p, Settings(domain_weight=2.0)) for p in (0, 0.1, 0.5, 1)]
    assert weights == pytest.approx([0.0, 2 * 0.462117, 2 * 0.986614, 2 * 0.999909], abs=1e-5)
    assert domain_weight(0.0, Settings(domain_schedule="constant", domain_weight=0.3)) == 0.3


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_weight_never_falls_and_stays_below_its_highest(a, b):
    low, high = (domain_weight(p, Settings(domain_weight=1.5)) for p in sorted((a, b)))
    assert 0 <= low <= high < 1.5


def test_the_domain_classifier_learns_to_tell_domains_in_its_own_steps():
    chance = np.random.default_rng(0)
    source = chance.normal(-1, 0.3, (40, 3)).astype(np.float32)
    target = chance.normal(1, 0.3, (40, 3)).astype(np.float32)
    one = adversary(domain_steps=20, domain_units=8)
    one.begin_step(0.5, rate=0.01)
    vectors = torch.from_numpy(np.concatenate([source, target]))
    for _ in range(5):
        one.learn(vectors, 40)
    assert one.accuracy(source, target) == 1.0
    assert one.accuracy(target, source) == 0.0


def test_its_steps_follow_the_gradient_that_is_not_reversed():
    """The weight of the reversal has no part in what the domain classifier learns."""
    vectors, learnt = torch.randn(8, 3), []
    for weight in (0.0, 5.0):
        one = adversary(domain_steps=2)
        one.begin_step(0.5, rate=0.01)
        one.weight = weight
        one.loss(vectors.clone().requires_grad_(), 4).backward()  # as a step of the model does
        one.learn(vectors, 4)
        learnt.append(one.tensors())
    for name, tensor in learnt[0].items():
        assert torch.equal(tensor, learnt[1][name]), name


def test_its_rate_is_the_models_times_its_own_factor():
    one = adversary(rate_domain=3.0)
    one.begin_step(0.5, rate=0.01)
    assert one.optimizer.param_groups[0]["lr"] == pytest.approx(0.03)


def test_what_it_keeps_puts_another_one_where_it_stood():
    one, other, vectors = adversary(), adversary(), torch.randn(6, 3)
    one.begin_step(0.1, rate=0.1)
    one.learn(vectors, 3)
    other.restore({name: tensor.clone() for name, tensor in one.tensors().items()})
    for each in (one, other):
        each.begin_step(0.2, rate=0.1)
        each.learn(vectors, 3)
    assert all(torch.equal(t, other.tensors()[name]) for name, t in one.tensors().items())
    with pytest.raises((LookupError, ValueError)):
        other.restore({"network.0.weight": torch.zeros(1)})
