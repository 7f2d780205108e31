"""Readings of maps by hand, by brute force over paths, and by independent formulas."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from han_core.explanation.attention_map import AttentionMap
from han_core.explanation.map_readings import (
    average,
    balanced_relevance,
    gradient_relevance,
    gradient_weighted,
    head_figures,
    join_windows,
    restricted,
    rollout,
    softmax,
    sparsemax,
    without_special,
)

PLACES = ((0, 1), (2, 4), (5, 9))


def made_map(weights, places=PLACES, special=()):
    return AttentionMap("self-attention", "token", "token", places, places, weights, special)


def random_map(seed, layers=3, heads=2, tokens=3):
    scores = np.random.default_rng(seed).normal(size=(layers, heads, tokens, tokens)) * 2
    weights = np.exp(scores) / np.exp(scores).sum(3, keepdims=True)
    return made_map(weights, tuple((2 * at, 2 * at + 1) for at in range(tokens)))


def test_averages_by_hand():
    first, second = np.eye(3), np.full((3, 3), 1 / 3)
    one = made_map(np.array([[first, second], [second, second]]))
    half = (first + second) / 2
    assert average(one, "heads").weights == pytest.approx(np.array([[half], [second]]))
    assert average(one, "layers").weights == pytest.approx(np.array([[half, second]]))
    assert average(one, "both").weights[0, 0] == pytest.approx((half + second) / 2)


def test_rollout_of_two_layers_by_hand():
    # Layer 1: everybody attends to token 0; layer 2: everybody to token 2.
    to_first, to_last = np.zeros((3, 3)), np.zeros((3, 3))
    to_first[:, 0] = to_last[:, 2] = 1
    found = rollout(made_map(np.array([[to_first], [to_last]]))).weights[0, 0]
    # Token 1 of layer 2 is half itself (half of that token 0) and half token 2 (half token 0).
    assert found == pytest.approx(np.array([[0.75, 0, 0.25], [0.5, 0.25, 0.25], [0.5, 0, 0.5]]))


@given(seed=st.integers(0, 10**6))
def test_rollout_sums_over_all_paths(seed):
    one = random_map(seed)
    steps = one.weights.mean(1) / 2 + np.eye(3) / 2
    expected = np.zeros((3, 3))
    for a, b, c, d in product(range(3), repeat=4):
        expected[d, a] += steps[0, b, a] * steps[1, c, b] * steps[2, d, c]
    assert rollout(one).weights[0, 0] == pytest.approx(expected)


def test_gradient_relevance_by_hand():
    weights = np.array([[[[0.5, 0.5], [0.25, 0.75]], [[1.0, 0.0], [0.5, 0.5]]]])
    gradients = np.array([[[[2.0, -4.0], [0.0, 4.0]], [[1.0, 9.0], [-1.0, 2.0]]]])
    # (∇A ⊙ A)⁺: head 1 [[1, 0], [0, 3]], head 2 [[1, 0], [0, 1]]; their mean on top of I.
    one = made_map(weights, ((0, 1), (2, 3)))
    assert gradient_relevance(weights, gradients) == pytest.approx(np.diag([2.0, 3.0]))
    two = replace(one, weights=np.concatenate([weights, weights]))
    twice = gradient_relevance(two.weights, np.concatenate([gradients, gradients]))
    assert twice == pytest.approx(np.diag([4.0, 9.0]))
    assert gradient_weighted(two, np.concatenate([gradients] * 2)).weights.sum() == 2


def test_relevance_is_balanced_by_hand():
    # R − I is [[.01, .03], [0, 0]]: the first row sums to .04, the second has nothing.
    relevance = np.array([[1.01, 0.03], [0.0, 1.0]])
    assert balanced_relevance(relevance) == pytest.approx(np.array([[1.25, 0.75], [0, 1]]))
    assert balanced_relevance(np.eye(3)) == pytest.approx(np.eye(3))


@given(seed=st.integers(0, 10**6))
def test_gradient_relevance_is_a_product(seed):
    # R ← R + C R is (I + C) R, so the whole is a product of I + C.
    one = random_map(seed)
    gradients = np.random.default_rng(seed).normal(size=one.weights.shape)
    steps = [np.eye(3) + c.mean(0) for c in (gradients * one.weights).clip(0)]
    assert gradient_relevance(one.weights, gradients) == pytest.approx(
        steps[2] @ steps[1] @ steps[0]
    )


def test_figures_of_heads_by_hand():
    even, itself = np.full((3, 3), 1 / 3), np.eye(3)
    figures = head_figures(made_map(np.array([[even, itself]])))
    assert figures.entropy == pytest.approx(np.array([[1, 0]]))
    # Distances of an even row: (0 + 1 + 2) / 3 at the ends, (1 + 0 + 1) / 3 in the middle.
    assert figures.distance == pytest.approx(np.array([[8 / 9, 0]]))
    assert figures.special == pytest.approx(np.zeros((1, 2)))


@given(seed=st.integers(0, 10**6), tokens=st.integers(2, 7))
def test_entropy_is_that_of_scipy_and_distance_that_of_a_loop(seed, tokens):
    one = random_map(seed, tokens=tokens)
    figures = head_figures(one)
    assert figures.entropy == pytest.approx(entropy(one.weights, axis=3, base=tokens).mean(2))
    far = sum(
        one.weights[..., q, k] * abs(q - k) for q, k in product(range(tokens), repeat=2)
    )  # fmt: skip
    assert figures.distance == pytest.approx(far / tokens)


SPECIAL = ((0, 0), (0, 1), (2, 4), (4, 4))
SINK = np.array([[1, 0, 0, 0], [0.5, 0.25, 0.25, 0], [0.25, 0, 0.5, 0.25], [0, 0, 0, 1]])


def test_special_positions_are_counted_apart_and_can_go():
    one = made_map(SINK[None, None], SPECIAL, ("[CLS]", "[SEP]"))
    figures = head_figures(one)
    assert figures.special.item() == pytest.approx(0.5)  # of both tokens; [CLS] itself aside
    # Of what stays inside, the first token gives half to its neighbour, the second none.
    assert figures.distance.item() == pytest.approx((0.5 + 0) / 2)
    alone = without_special(one)
    assert (alone.keys, alone.special) == (((0, 1), (2, 4)), ())
    assert alone.weights[0, 0] == pytest.approx(np.array([[0.5, 0.5], [0, 1]]))
    assert without_special(alone) is alone


def test_a_row_that_attends_to_special_positions_alone_becomes_even():
    weights = np.array([[1, 0, 0], [1, 0, 0], [0, 0.5, 0.5]])
    alone = without_special(made_map(weights[None, None], SPECIAL[:3], ("[CLS]",)))
    assert alone.weights[0, 0, 0] == pytest.approx([0.5, 0.5])


def test_windows_of_a_long_document_are_joined_by_their_tokens():
    special = ("[CLS]", "[SEP]")
    one = made_map(SINK[None, None], SPECIAL, special)
    two = made_map(SINK[None, None], ((2, 2), (2, 4), (5, 9), (9, 9)), special)
    joined = join_windows([one, two])
    assert joined.keys == ((0, 0), (0, 1), (2, 4), (5, 9), (9, 9))
    # Token 2 is the second of the first window and the first of the second one.
    assert joined.weights[0, 0, 2] == pytest.approx([0.375, 0, 0.375, 0.125, 0.125])
    assert joined.weights[0, 0, 3] == pytest.approx([0.25, 0, 0, 0.5, 0.25])
    assert join_windows([one]) is one


def test_windows_of_two_models_are_refused():
    with pytest.raises(ValueError):
        join_windows([random_map(1), random_map(1, layers=2)])


def test_rollout_needs_queries_that_are_keys():
    weights = np.full((1, 1, 1, 3), 1 / 3)
    flat = AttentionMap("words", "sentence", "token", ((0, 9),), PLACES, weights)
    with pytest.raises(ValueError):
        rollout(flat)
    assert np.isnan(head_figures(flat).distance).all()


def test_sparsemax_by_hand():
    # Of (1, .5, −1) the threshold .25 leaves .75 and .25; of near scores nothing becomes 0.
    assert sparsemax(np.array([1, 0.5, -1])) == pytest.approx(np.array([0.75, 0.25, 0]))
    assert sparsemax(np.array([0.1, 0, -np.inf])) == pytest.approx(np.array([0.55, 0.45, 0]))
    assert sparsemax(np.array([3.0, 0, 0])).tolist() == [1, 0, 0]


@given(seed=st.integers(0, 10**6), size=st.integers(1, 9))
def test_sparsemax_is_the_nearest_point_of_the_simplex(seed, size):
    generator = np.random.default_rng(seed)
    scores = 3 * generator.normal(size=size)
    found = sparsemax(scores)
    assert found.sum() == pytest.approx(1)
    assert (found >= 0).all()
    others = generator.dirichlet(np.ones(size), 50)
    assert (((others - scores) ** 2).sum(1) >= ((found - scores) ** 2).sum() - 1e-9).all()


@given(seed=st.integers(0, 10**6))
def test_without_a_mask_a_map_is_itself(seed):
    one = random_map(seed)
    assert restricted(one, False, None, False).weights == pytest.approx(one.weights)


def test_a_mask_shares_out_what_is_left():
    rows = np.array([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6], [0.2, 0.2, 0.6]])
    one = made_map(rows[None, None])
    causal = restricted(one, True, None, False).weights[0, 0]
    assert causal == pytest.approx(np.array([[1, 0, 0], [0.25, 0.75, 0], [0.2, 0.2, 0.6]]))
    near = restricted(one, False, 1, False).weights[0, 0]
    expected = np.array([[0.625, 0.375, 0], [0.1, 0.3, 0.6], [0, 0.25, 0.75]])
    assert near == pytest.approx(expected)
    both = restricted(one, True, 1, True).weights[0, 0]
    # The last row's scores are ln .2 and ln .6, ln 3 ≈ 1.099 apart: more than 1.
    assert both[2].tolist() == [0, 0, 1]
    assert softmax(np.array([0.0, np.log(3), -np.inf])) == pytest.approx(np.array([0.25, 0.75, 0]))
