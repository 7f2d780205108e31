"""Uniform and shuffled attention by other means, and what counts as a shuffle."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from han_core.explanation.attention_permutation import (
    PERMUTATIONS,
    AttentionReplacement,
    Flip,
    flip_shares,
    flip_test,
    is_hierarchical,
    permuted_attention,
    replace_attention,
    split_levels,
    uniform_attention,
    untrained_twin,
    weight_gradient,
    with_uniform_attention,
)
from han_core.explanation.attribution import attention_weights, attribute
from han_core.explanation.explain import explain
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.models.classifier import Attention
from han_core.models.registry import build_model
from han_core.text.batch import collate
from tests.self_attentive import gradient_weighted_by_loops, rollout_by_paths

TEXT = "the quiet river walk. bread and music under the window. road unheard"


MODELS = [
    ("transformer", "additive"),
    ("han", "additive"),
    ("bilstm", "additive"),
    ("bilstm", "dot"),
]


@pytest.fixture(params=MODELS, ids="-".join)
def probe(request, random_checkpoint):
    return probe_text(load_checkpoint(random_checkpoint(*request.param)), TEXT)


def test_uniform_attention_is_even_at_both_levels_or_over_all_words(probe):
    lengths = probe.numbered.sentence_lengths
    alike = np.ones(3) if is_hierarchical(probe) else lengths
    sentences = (alike / alike.sum())[None]
    words = np.concatenate([np.full(length, 1 / length) for length in lengths])[None]
    expected = probe.with_attention(words, sentences)[0]
    found = replace_attention(probe)
    assert found.uniform == pytest.approx(expected)
    assert found.uniform_probability == pytest.approx(expected[probe.target])
    assert found.uniform_flips == (expected.argmax() != probe.target)


def test_a_han_shuffles_words_within_sentences_and_sentences(probe):
    words, sentences = permuted_attention(probe, 40, np.random.default_rng(0))
    own, cuts = probe.explanation, np.cumsum(probe.numbered.sentence_lengths)[:-1]
    if not is_hierarchical(probe):
        words = words * sentences[:, own.sentence_of_token]
        assert np.sort(words) == pytest.approx(np.tile(np.sort(own.document_weights), (40, 1)))
        assert len(np.unique(words.argmax(1))) > 5
        return
    for part, whole in zip(
        np.split(words, cuts, axis=1), np.split(own.word_weights, cuts), strict=True
    ):
        assert np.sort(part) == pytest.approx(np.tile(np.sort(whole), (40, 1)))
        assert len(np.unique(part.argmax(1))) == len(whole)
    assert np.sort(sentences) == pytest.approx(np.tile(np.sort(own.sentence_weights), (40, 1)))
    assert len(np.unique(sentences.argmax(1))) == 3


def test_the_shift_is_the_median_over_the_same_shuffles(probe):
    found = replace_attention(probe, seed=5)
    assert found.permuted.shape == (PERMUTATIONS,)
    shuffles = permuted_attention(probe, PERMUTATIONS, np.random.default_rng(5))
    moved = [
        abs(probe.with_attention(words[None], sentences[None])[0, probe.target] - found.probability)
        for words, sentences in zip(*shuffles, strict=True)
    ]
    assert found.permutation_shift == pytest.approx(np.median(moved), abs=1e-6)
    assert found.permutation_shift > 1e-6


def test_the_seed_decides_and_nothing_else(probe):
    np.testing.assert_array_equal(
        replace_attention(probe, 1).permuted, replace_attention(probe, 1).permuted
    )
    assert (
        replace_attention(probe, 1).permuted.tolist()
        != replace_attention(probe, 2).permuted.tolist()
    )


def test_a_sentence_of_words_of_one_word_each_can_be_shuffled(probe):
    found = replace_attention(probe_text(probe.checkpoint, "river. stone."), permutations=10)
    assert np.isfinite(found.permuted).all()
    assert found.flip is not None


def test_one_word_has_no_other_attention(probe):
    with pytest.raises(ValueError, match="at least two words"):
        replace_attention(probe_text(probe.checkpoint, "river"))


def test_figures_by_hand():
    found = AttentionReplacement(1, 0.9, np.array([0.6, 0.4]), np.array([0.8, 0.95, 0.3]), None)
    assert (found.uniform_flips, found.uniform_probability) == (True, 0.4)
    assert found.permutation_shift == pytest.approx(0.1)
    assert not replace(found, target=0).uniform_flips
    with pytest.raises(ValueError, match="known class"):
        replace(found, target=2)
    with pytest.raises(ValueError, match="permutation"):
        replace(found, permuted=np.array([]))


SENTENCES = [
    "the quiet river walk", "bread and music under the window", "road unheard", "a green table",
    "seven stone", "cloud to night letter", "chair", "train of paper", "garden morning bread",
]  # fmt: skip


@pytest.fixture(scope="module", params=MODELS, ids="-".join)
def sentence_probe(request, random_checkpoint):
    """A probe whose states disagree: its classifier is centred on the document."""
    checkpoint = load_checkpoint(random_checkpoint(*request.param))
    found = probe_text(checkpoint, ". ".join(SENTENCES))
    # An untrained classifier says the same of every state; centred, it is torn.
    with torch.no_grad():
        logits = torch.from_numpy(np.log(found.explanation.probabilities)).float()
        checkpoint.model.classifier.bias -= logits
        checkpoint.model.classifier.bias[0] += 1e-4
    return probe_text(checkpoint, ". ".join(SENTENCES))


def decided(sentence_probe, weights: np.ndarray) -> int:
    """The class under these weights in the last layer; what is left is renormalised."""
    weights = (weights / weights.sum())[None]
    if is_hierarchical(sentence_probe):
        return int(
            sentence_probe.with_attention(
                sentence_probe.explanation.word_weights[None], weights
            ).argmax()
        )
    return int(sentence_probe.with_attention(*split_levels(sentence_probe, weights)).argmax())


def flips_after(sentence_probe, ranking) -> float | None:
    """One weight after another, the model sentence_probe each time."""
    weights = attention_weights(
        sentence_probe, "sentence" if is_hierarchical(sentence_probe) else "word"
    ).copy()
    for zeroed, entry in enumerate(ranking[:-1].tolist(), start=1):
        weights[entry] = 0
        if decided(sentence_probe, weights) != sentence_probe.target:
            return zeroed / len(weights)
    return None


def test_shares_are_those_of_asking_each_time(sentence_probe):
    weights, votes = (
        attention_weights(sentence_probe, _unit(sentence_probe)),
        sentence_probe.entry_log_probabilities(),
    )
    shares = []
    for seed in range(8):
        ranking = np.random.default_rng(seed).permutation(len(weights))
        shares += flip_shares(ranking[None], weights, votes, sentence_probe.target)
        assert shares[-1] == flips_after(sentence_probe, ranking)
    assert len(set(shares)) > 2


def _unit(sentence_probe):
    return "sentence" if is_hierarchical(sentence_probe) else "word"


def test_the_orders_are_weight_and_gradient(sentence_probe):
    found = flip_test(sentence_probe, draws=7, rng=np.random.default_rng(0))
    weights = attention_weights(sentence_probe, _unit(sentence_probe))
    assert (found.unit, found.entries, found.draws) == (_unit(sentence_probe), len(weights), 7)
    assert found.attention == flips_after(sentence_probe, np.argsort(-weights))
    assert found.gradient == flips_after(sentence_probe, np.argsort(-_autograd(sentence_probe)))


def test_methods_through_self_attention_have_orders_of_their_own(self_attentive_probe):
    model = self_attentive_probe.checkpoint.model
    with torch.no_grad():  # torn, as above
        logits = torch.from_numpy(np.log(self_attentive_probe.explanation.probabilities)).float()
        model.classifier.bias -= logits
        model.classifier.bias[0] += 1e-3
    probe = probe_text(self_attentive_probe.checkpoint, TEXT)
    values = {
        "rollout": rollout_by_paths(probe),
        "gradient_weighted": gradient_weighted_by_loops(probe, probe.target)[0],
    }
    answers = {by: attribute(probe, by) for by in values}
    found = flip_test(probe, 7, np.random.default_rng(0), answers)
    assert found.methods == {by: flips_after(probe, np.argsort(-v)) for by, v in values.items()}
    assert len({*found.methods.values(), found.attention, None}) > 2
    alone = flip_test(probe, 7, np.random.default_rng(0))
    assert replace(found, methods={}) == alone  # other orders stay what they were


def _autograd(sentence_probe) -> np.ndarray:
    """The gradient of p(predicted class) at the weights of the last layer, by torch."""
    own = sentence_probe.explanation
    sentences = torch.tensor(own.sentence_weights, dtype=torch.float32)
    words = torch.tensor(own.word_weights, dtype=torch.float32)
    last = (sentences if is_hierarchical(sentence_probe) else words).requires_grad_()
    model, batch = sentence_probe.checkpoint.model, collate([sentence_probe.numbered])
    output = model.decide(model.read(batch), batch, Attention(sentences, words))
    output.logits.softmax(1)[0, sentence_probe.target].backward()
    gradient = last.grad.double().numpy()
    if is_hierarchical(sentence_probe):
        return gradient
    return gradient / own.sentence_weights[own.sentence_of_token]  # word = sentence · share


def test_the_gradient_is_that_of_torch_but_for_a_constant(sentence_probe):
    ours = weight_gradient(
        sentence_probe.entry_log_probabilities(),
        sentence_probe.explanation.probabilities,
        sentence_probe.target,
    )
    theirs = _autograd(sentence_probe)
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


def test_random_order_is_the_median_and_never_is_largest(sentence_probe, monkeypatch):
    def median(*shares):
        found = [*shares, 0.5, 0.5]
        monkeypatch.setattr(
            "han_core.explanation.attention_permutation.flip_shares", lambda *given: found
        )
        return flip_test(sentence_probe, len(shares), np.random.default_rng(0)).random

    assert median(0.1, None, 0.3) == 0.3
    assert median(0.1, 0.4, 0.2) == 0.2
    assert median(0.1, 0.2, None, None) is None
    assert median(None, None, None, 0.1) is None


def test_a_single_weight_cannot_be_zeroed(sentence_probe):
    text = "river walk" if is_hierarchical(sentence_probe) else "river"
    assert (
        flip_test(probe_text(sentence_probe.checkpoint, text), 3, np.random.default_rng(0)) is None
    )


def test_levels_are_sentences_and_shares_of_them(sentence_probe):
    rng = np.random.default_rng(2)
    weights = rng.dirichlet(np.ones(sentence_probe.tokens), size=3)
    weights[1, sentence_probe.explanation.sentence_of_token == 2] = 0
    words, sentences = split_levels(sentence_probe, weights)
    owner = sentence_probe.explanation.sentence_of_token
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


TWIN_TEXT = "The quiet river. Bread and music under the window. Road unheard!"


TWIN_MODELS = [
    ("transformer", "additive"),
    ("han", "additive"),
    ("bilstm", "additive"),
    ("bilstm", "dot"),
    ("han", "linear"),
]


@pytest.fixture(params=TWIN_MODELS, ids="-".join)
def checkpoint(request, random_checkpoint):
    return load_checkpoint(random_checkpoint(*request.param))


def weights(of) -> list[torch.Tensor]:
    return [tensor.clone() for tensor in of.model.state_dict().values()]


def test_the_twin_is_the_model_as_training_begins(checkpoint):
    before = weights(checkpoint)
    twin = untrained_twin(checkpoint, seed=3)
    torch.manual_seed(3)
    expected = build_model(checkpoint.config.architecture)
    for found, wanted in zip(weights(twin), expected.state_dict().values(), strict=True):
        assert torch.equal(found, wanted)
    assert all(map(torch.equal, weights(checkpoint), before))
    assert not torch.equal(weights(twin)[0], before[0])


def test_all_but_the_weights_is_the_checkpoints(checkpoint):
    twin = untrained_twin(checkpoint)
    assert twin.name == f"untrained twin of {checkpoint.name}"
    assert (twin.config, twin.vocabulary) == (checkpoint.config, checkpoint.vocabulary)
    assert twin.labels == checkpoint.labels
    assert twin.metrics == {}  # what was measured was measured on another model
    assert not twin.model.training
    uniform, own = explain(twin, TWIN_TEXT), explain(checkpoint, TWIN_TEXT)
    assert uniform.document == own.document
    assert uniform.known.tolist() == own.known.tolist()


def test_a_seed_gives_one_twin_and_another_seed_another(checkpoint):
    one, same, other = (weights(untrained_twin(checkpoint, seed)) for seed in (0, 0, 1))
    assert all(map(torch.equal, one, same))
    assert not all(map(torch.equal, one, other))


def test_the_global_random_state_is_left_alone(checkpoint):
    torch.manual_seed(11)
    np.random.seed(11)
    expected = torch.rand(3), np.random.rand()
    torch.manual_seed(11)
    np.random.seed(11)
    untrained_twin(checkpoint)
    assert torch.equal(torch.rand(3), expected[0])
    assert np.random.rand() == expected[1]


def test_even_attention_is_even_at_both_levels(checkpoint):
    probe = probe_text(checkpoint, TWIN_TEXT)
    assert probe.document.sentence_lengths == (4, 7, 3)
    words, sentences = uniform_attention(probe)
    assert words.tolist() == pytest.approx([1 / 4] * 4 + [1 / 7] * 7 + [1 / 3] * 3)
    flat = not checkpoint.kind.hierarchical
    by_hand = [4 / 14, 7 / 14, 3 / 14] if flat else [1 / 3] * 3
    assert sentences.tolist() == pytest.approx(by_hand)
    if flat:
        uniform = with_uniform_attention(probe)
        assert uniform.document_weights.tolist() == pytest.approx([1 / 14] * 14)


def test_the_answer_is_that_of_the_mean_of_the_states(checkpoint):
    probe = probe_text(checkpoint, TWIN_TEXT)
    uniform, model = with_uniform_attention(probe), checkpoint.model
    lengths = probe.document.sentence_lengths
    with torch.no_grad():
        pooled = model.read(collate([probe.numbered])).states
        if hasattr(model, "sentence_encoder"):
            pooled = torch.stack([part.mean(0) for part in pooled.split(lengths)])
            pooled, _ = model.sentence_encoder(pooled, torch.tensor([len(lengths)]))
        expected = model.classifier(pooled.mean(0)).double().softmax(0)
    assert uniform.probabilities.tolist() == pytest.approx(expected.tolist(), abs=1e-6)
    own = probe.explanation
    assert (uniform.document, uniform.labels, uniform.id) == (own.document, own.labels, own.id)
    assert abs(uniform.probabilities - own.probabilities).max() > 1e-5
