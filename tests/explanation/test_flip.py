"""The flip test against zeroing one weight after another and asking the model each time."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from han_core.explanation.attention_permutation import (
    Flip,
    flip_shares,
    flip_test,
    is_hierarchical,
    split_levels,
    weight_gradient,
)
from han_core.explanation.attribution import attention_weights
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.models.classifier import Attention
from han_core.text.batch import collate

SENTENCES = [
    "the quiet river walk", "bread and music under the window", "road unheard", "a green table",
    "seven stone", "cloud to night letter", "chair", "train of paper", "garden morning bread",
]  # fmt: skip
MODELS = [("han", "additive"), ("bilstm", "additive"), ("bilstm", "dot")]


@pytest.fixture(scope="module", params=MODELS, ids="-".join)
def asked(request, random_checkpoint):
    """A subject whose states disagree: its classifier is centred on the document."""
    checkpoint = load_checkpoint(random_checkpoint(*request.param))
    found = probe_text(checkpoint, ". ".join(SENTENCES))
    # An untrained classifier says the same of every state; centred, it is torn.
    with torch.no_grad():
        logits = torch.from_numpy(np.log(found.explanation.probabilities)).float()
        checkpoint.model.classifier.bias -= logits
        checkpoint.model.classifier.bias[0] += 1e-4
    return probe_text(checkpoint, ". ".join(SENTENCES))


def decided(asked, weights: np.ndarray) -> int:
    """The class under these weights in the last layer; what is left is renormalised."""
    weights = (weights / weights.sum())[None]
    if is_hierarchical(asked):
        return int(asked.with_attention(asked.explanation.word_weights[None], weights).argmax())
    return int(asked.with_attention(*split_levels(asked, weights)).argmax())


def flips_after(asked, ranking) -> float | None:
    """One weight after another, the model asked each time."""
    weights = attention_weights(asked, "sentence" if is_hierarchical(asked) else "word").copy()
    for zeroed, entry in enumerate(ranking[:-1].tolist(), start=1):
        weights[entry] = 0
        if decided(asked, weights) != asked.target:
            return zeroed / len(weights)
    return None


def test_shares_are_those_of_asking_each_time(asked):
    weights, votes = attention_weights(asked, _unit(asked)), asked.entry_log_probabilities()
    shares = []
    for seed in range(8):
        ranking = np.random.default_rng(seed).permutation(len(weights))
        shares += flip_shares(ranking[None], weights, votes, asked.target)
        assert shares[-1] == flips_after(asked, ranking)
    assert len(set(shares)) > 2


def _unit(asked):
    return "sentence" if is_hierarchical(asked) else "word"


def test_the_orders_are_weight_and_gradient(asked):
    found = flip_test(asked, draws=7, rng=np.random.default_rng(0))
    weights = attention_weights(asked, _unit(asked))
    assert (found.unit, found.entries, found.draws) == (_unit(asked), len(weights), 7)
    assert found.attention == flips_after(asked, np.argsort(-weights))
    assert found.gradient == flips_after(asked, np.argsort(-_autograd(asked)))


def _autograd(asked) -> np.ndarray:
    """The gradient of p(predicted class) at the weights of the last layer, by torch."""
    own = asked.explanation
    sentences = torch.tensor(own.sentence_weights, dtype=torch.float32)
    words = torch.tensor(own.word_weights, dtype=torch.float32)
    last = (sentences if is_hierarchical(asked) else words).requires_grad_()
    model, batch = asked.checkpoint.model, collate([asked.numbered])
    output = model.decide(model.read(batch), batch, Attention(sentences, words))
    output.logits.softmax(1)[0, asked.target].backward()
    gradient = last.grad.double().numpy()
    if is_hierarchical(asked):
        return gradient
    return gradient / own.sentence_weights[own.sentence_of_token]  # word = sentence · share


def test_the_gradient_is_that_of_torch_but_for_a_constant(asked):
    ours = weight_gradient(
        asked.entry_log_probabilities(), asked.explanation.probabilities, asked.target
    )
    theirs = _autograd(asked)
    assert np.ptp(theirs) > 1e-4
    assert ours - ours.mean() == pytest.approx(theirs - theirs.mean(), abs=1e-6)


FOR, AGAINST = [np.log(0.9), np.log(0.1)], [np.log(0.2), np.log(0.8)]


@pytest.mark.parametrize(
    ("ranking", "share"),
    [([0, 1, 2, 3], 0.25), ([1, 0, 2, 3], 0.5), ([2, 1, 0, 3], 0.75), ([3, 2, 1, 0], None)],
)
def test_a_flip_by_hand(ranking, share):
    """An entry speaks for the class with 2.20 (log .9 / .1) or against it with 1.39.

    The whole: (.40 + .05) · 2.20 − (.45 + .10) · 1.39 = .23. Without entry 0 it is −.65.
    """
    weights, votes = np.array([0.4, 0.05, 0.45, 0.1]), np.array([FOR, FOR, AGAINST, AGAINST])
    assert flip_shares(np.array([ranking]), weights, votes, 0) == [share]


def test_weights_of_nothing_flip_nothing():
    votes = np.array([FOR, AGAINST, AGAINST])
    orders = np.array([[0, 1, 2], [2, 1, 0]])
    assert flip_shares(orders, np.array([1.0, 0, 0]), votes, 0) == [None, None]


def test_random_order_is_the_median_and_never_is_largest(asked, monkeypatch):
    def median(*shares):
        found = [*shares, 0.5, 0.5]
        monkeypatch.setattr(
            "han_core.explanation.attention_permutation.flip_shares", lambda *given: found
        )
        return flip_test(asked, len(shares), np.random.default_rng(0)).random

    assert median(0.1, None, 0.3) == 0.3
    assert median(0.1, 0.4, 0.2) == 0.2
    assert median(0.1, 0.2, None, None) is None
    assert median(None, None, None, 0.1) is None


def test_a_single_weight_cannot_be_zeroed(asked):
    text = "river walk" if is_hierarchical(asked) else "river"
    assert flip_test(probe_text(asked.checkpoint, text), 3, np.random.default_rng(0)) is None


def test_levels_are_sentences_and_shares_of_them(asked):
    rng = np.random.default_rng(2)
    weights = rng.dirichlet(np.ones(asked.tokens), size=3)
    weights[1, asked.explanation.sentence_of_token == 2] = 0
    words, sentences = split_levels(asked, weights)
    owner = asked.explanation.sentence_of_token
    assert words * sentences[:, owner] == pytest.approx(weights)
    assert sentences.sum(1) == pytest.approx(weights.sum(1))
    assert sentences[1, 2] == 0
    assert np.isfinite(words).all()


def test_what_does_not_fit_is_refused():
    found = Flip("word", 4, 0.25, 0.5, 0.75, draws=20)
    assert not found.never
    assert replace(found, random=None).never
    assert replace(found, gradient=None).never
    for wrong in ({"entries": 1}, {"attention": 1.0}, {"gradient": 0.0}):
        with pytest.raises(ValueError):
            replace(found, **wrong)


def test_many_orders_are_taken_a_few_at_a_time(monkeypatch):
    rng = np.random.default_rng(5)
    weights, votes = rng.dirichlet(np.ones(6)), np.log(rng.dirichlet(np.ones(3), size=6))
    orders = rng.permuted(np.tile(np.arange(6), (9, 1)), axis=1)
    target = int((weights @ votes).argmax())
    once = flip_shares(orders, weights, votes, target)
    monkeypatch.setattr("han_core.explanation.attention_permutation._CELLS", 40)
    assert flip_shares(orders, weights, votes, target) == once
    for order, share in zip(orders, once, strict=True):
        winners = [(weights[order[n:]] @ votes[order[n:]]).argmax() for n in range(1, 6)]
        lost = [n for n, winner in enumerate(winners, start=1) if winner != target]
        assert share == (lost[0] / 6 if lost else None)
