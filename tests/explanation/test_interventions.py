"""Changed attention against the models written out by hand, and weights against exact powers."""

from dataclasses import replace
from decimal import Decimal
from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from han_core.explanation.explain_maps import record_windows
from han_core.explanation.interventions import (
    COLDEST,
    HOTTEST,
    Intervention,
    intervene,
    intervened_weights,
    intervention_sentence,
    measure_shuffling,
)
from han_core.explanation.layer_replacement import changed_rows, replace_layers
from han_core.explanation.model_probe import ModelProbe, probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.models.self_attention import MapRequest
from han_core.runtime.errors import UserError
from han_core.text.batch import collate
from tests.reference import encode, gru, lstm

TEXT = "The quiet river. Bread. Bread and music under the window."
LENGTHS = [4, 2, 7]
MODELS = [("han", "additive"), ("bilstm", "additive"), ("bilstm", "dot"), ("han", "linear")]
KINDS = ["flatten", "shuffle", "sharpen"]


@pytest.fixture(scope="module", params=MODELS, ids="-".join)
def checkpoint(request, random_checkpoint):
    return load_checkpoint(random_checkpoint(*request.param))


@pytest.fixture(scope="module")
def probe(checkpoint) -> ModelProbe:
    return probe_text(checkpoint, TEXT)


def is_han(probe: ModelProbe) -> bool:
    return probe.checkpoint.config.architecture.model == "han"


def parts(weights: np.ndarray) -> list[np.ndarray]:
    """Word weights sentence by sentence."""
    return np.split(weights, np.cumsum(LENGTHS)[:-1])


def answer(probe: ModelProbe, words: np.ndarray, sentences: np.ndarray) -> list[float]:
    """The models as the papers write them, with these weights in place of their own."""
    state = {name: w.detach().double() for name, w in probe.checkpoint.model.state_dict().items()}
    steps = [state["embedding.weight"][number] for number in probe.numbered.words.tolist()]
    if is_han(probe):
        vectors, at = [], 0
        for weights in parts(words):
            states = encode(gru, state, "word_encoder", steps[at : at + len(weights)])[0]
            vectors.append(torch.from_numpy(weights) @ states)
            at += len(weights)
        vector = torch.from_numpy(sentences) @ encode(gru, state, "sentence_encoder", vectors)[0]
    else:
        weights = np.repeat(sentences, LENGTHS) * words
        vector = torch.from_numpy(weights) @ encode(lstm, state, "encoder", steps)[0]
    return (state["classifier.weight"] @ vector + state["classifier.bias"]).softmax(0).tolist()


def powers(weights: np.ndarray, temperature: float) -> list[float]:
    """weights ** (1 / T), made to sum to 1, in 28 digits."""
    raised = [Decimal(w) ** (1 / Decimal(temperature)) for w in weights.tolist()]
    return [float(power / sum(raised)) for power in raised]


def test_even_weights_in_one_sentence_leave_all_else(probe):
    words, sentences = intervened_weights(probe, Intervention("flatten", 2))
    own = probe.explanation
    assert words[6:].tolist() == [pytest.approx(1 / 7)] * 7
    assert words[:6].tolist() == own.word_weights[:6].tolist()
    # In a flat model too the sentence keeps the total that it held.
    assert sentences.tolist() == own.sentence_weights.tolist()


def test_even_weights_everywhere(probe):
    words, sentences = intervened_weights(probe, Intervention("flatten"))
    assert words == pytest.approx(np.repeat(1 / np.array(LENGTHS), LENGTHS))
    within = np.repeat(sentences, LENGTHS) * words
    if is_han(probe):
        assert sentences == pytest.approx([1 / 3] * 3)
    else:
        assert within == pytest.approx([1 / 13] * 13)


def test_a_shuffle_in_one_sentence_is_some_order_of_its_weights(probe):
    own, orders = probe.explanation, set()
    for seed in range(200):
        words, sentences = intervened_weights(probe, Intervention("shuffle", 0, seed=seed))
        assert sentences.tolist() == own.sentence_weights.tolist()
        assert words[4:].tolist() == own.word_weights[4:].tolist()
        orders.add(tuple(words[:4].tolist()))
    # Every order has the same chance: that one of 24 never comes up in 200 is .005.
    assert orders == set(permutations(own.word_weights[:4].tolist()))
    again = intervened_weights(probe, Intervention("shuffle", 0, seed=199))[0]
    assert again.tolist() == words.tolist()


def test_a_shuffle_everywhere_keeps_each_levels_weights(probe):
    own = probe.explanation
    words, sentences = intervened_weights(probe, Intervention("shuffle", seed=1))
    if is_han(probe):
        for found, was in zip(parts(words), parts(own.word_weights), strict=True):
            assert sorted(found) == pytest.approx(sorted(was))
        assert sorted(sentences) == pytest.approx(sorted(own.sentence_weights))
    else:
        within = np.repeat(sentences, LENGTHS) * words
        assert sorted(within) == pytest.approx(sorted(own.document_weights))
    assert words.tolist() != own.word_weights.tolist()


@pytest.mark.parametrize("temperature", [COLDEST, 0.3, 1, 4, HOTTEST])
def test_temperatures_are_powers(probe, temperature):
    own = probe.explanation
    words, sentences = intervened_weights(probe, Intervention("sharpen", 2, temperature))
    assert words[6:] == pytest.approx(powers(own.word_weights[6:], temperature), abs=1e-12)
    assert words[:6].tolist() == own.word_weights[:6].tolist()
    assert sentences.tolist() == own.sentence_weights.tolist()

    words, sentences = intervened_weights(probe, Intervention("sharpen", temperature=temperature))
    for found, was in zip(parts(words), parts(own.word_weights), strict=True):
        assert found == pytest.approx(powers(was, temperature), abs=1e-12)
    if is_han(probe):
        assert sentences == pytest.approx(powers(own.sentence_weights, temperature), abs=1e-12)
    else:
        within = np.repeat(sentences, LENGTHS) * words
        assert within == pytest.approx(powers(own.document_weights, temperature), abs=1e-12)


logs = st.lists(st.floats(-90, 0) | st.just(-np.inf), min_size=13, max_size=13)


@given(logs, st.floats(COLDEST, HOTTEST), st.sampled_from([None, 2]))
def test_weights_of_any_size_stay_weights(probe, scores, temperature, place):
    """Also where a power is far below the smallest number, or a weight is 0."""
    raw = [np.exp(np.array(part)) for part in parts(np.array(scores))]
    own = np.concatenate([p / p.sum() if p.sum() else np.full(len(p), 1 / len(p)) for p in raw])
    peaked = replace(probe.explanation, word_weights=own, sentence_weights=np.array([1e-30, 0, 1]))
    strange = replace(probe, explanation=peaked)
    words, sentences = intervened_weights(strange, Intervention("sharpen", place, temperature))
    assert (words >= 0).all()
    assert [part.sum() for part in parts(words)] == pytest.approx([1] * 3)
    assert sentences.sum() == pytest.approx(1)
    for found, was in zip(parts(words), parts(own), strict=True):
        assert (np.diff(found[np.argsort(was)]) >= -1e-15).all()  # the order stays


@pytest.mark.parametrize("place", [None, 0, 1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_is_the_models_under_these_weights(probe, kind, place):
    tampering = Intervention(kind, place, temperature=0.2, seed=4)
    found = intervene(probe, tampering)
    words, sentences = intervened_weights(probe, tampering)
    expected = answer(probe, words, sentences)
    assert found.explanation.probabilities == pytest.approx(expected, abs=1e-5)
    assert found.explanation.word_weights.tolist() == words.tolist()
    assert found.explanation.sentence_weights.tolist() == sentences.tolist()
    assert (found.before, found.intervention) == (probe.explanation, tampering)
    change = [abs(a - b) for a, b in zip(expected, probe.explanation.probabilities, strict=True)]
    assert found.total_variation == pytest.approx(sum(change) / 2, abs=1e-5)
    assert found.largest_change == pytest.approx(max(change), abs=1e-5)


def test_temperature_one_changes_nothing(probe):
    found = intervene(probe, Intervention("sharpen"))
    assert found.total_variation == pytest.approx(0, abs=1e-6)
    assert found.explanation.word_weights == pytest.approx(probe.explanation.word_weights)


def test_the_furthest_of_some_shuffles(checkpoint):
    """Three words in one sentence have six orders, which forty draws find."""
    probe = probe_text(checkpoint, "quiet music bread")
    own = probe.explanation
    moves = []
    for order in permutations(own.word_weights.tolist()):
        (found,) = probe.with_attention(np.array([order]), np.ones((1, 1)))
        moves.append(abs(found - own.probabilities).sum() / 2)
    found = measure_shuffling(probe, draws=40, seed=2)
    assert found.largest == pytest.approx(max(moves), abs=1e-6)
    assert 0 < found.median <= found.largest
    assert found == measure_shuffling(probe, draws=40, seed=2)
    assert (found.draws, 0 <= found.flips <= 1) == (40, True)
    with pytest.raises(ValueError, match="at least one draw"):
        measure_shuffling(probe, draws=0)


def test_distances_and_flips_by_hand(probe, monkeypatch):
    chances = probe.explanation.probabilities
    gap = abs(chances[0] - chances[1])
    near = 0.75 * chances + 0.25 * chances[::-1]  # a quarter of the way, not yet another class
    monkeypatch.setattr(
        ModelProbe, "with_attention", lambda *_: np.array([chances, chances[::-1], near])
    )
    found = measure_shuffling(probe, draws=3)
    assert (found.median, found.largest) == (pytest.approx(gap / 4), pytest.approx(gap))
    assert found.flips == pytest.approx(1 / 3)


@pytest.mark.parametrize("kind", KINDS)
def test_one_word_has_no_choice(checkpoint, kind):
    probe = probe_text(checkpoint, "Quiet\n\nMusic and bread")
    with pytest.raises(UserError, match=f"Sentence 1 has one word.* nothing to {kind}"):
        intervene(probe, Intervention(kind, 0))
    intervene(probe, Intervention(kind, 1))
    alone = probe_text(checkpoint, "Quiet")
    for place in (None, 0):
        with pytest.raises(UserError, match=f"document has one word.* nothing to {kind}"):
            intervene(alone, Intervention(kind, place))
    with pytest.raises(UserError, match="nothing to shuffle"):
        measure_shuffling(alone)


@pytest.mark.parametrize("kind", KINDS)
def test_one_sentence_and_one_word_sentences_can_be_changed(checkpoint, kind):
    for text in ("Quiet music bread", "Quiet\n\nMusic\n\nBread"):
        found = intervene(probe_text(checkpoint, text), Intervention(kind, temperature=0.5))
        assert found.explanation.document_weights.sum() == pytest.approx(1)


@pytest.mark.parametrize("number", [-1, 3, 99])
def test_another_sentence_is_refused(probe, number):
    with pytest.raises(UserError, match=f"from 1 to 3 is expected; {number + 1} came"):
        intervene(probe, Intervention("flatten", number))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "melt"}, "'melt' came"),
        ({"temperature": 0}, "between 0.05 and 20; 0 came"),
        ({"temperature": 0.049}, "0.049 came"),
        ({"temperature": 21}, "21 came"),
        ({"temperature": float("nan")}, "nan came"),
        ({"seed": -1}, "-1 came"),
    ],
)
def test_settings_out_of_range_are_refused(values, message):
    with pytest.raises(UserError, match=message):
        Intervention(**{"kind": "sharpen", **values})


def test_sentences(probe):
    told = probe.explanation.label
    found = intervention_sentence(intervene(probe, Intervention("flatten", 2)))
    assert found.startswith(
        f"With attention flattened in sentence 3 the probability of {told} went"
    )
    assert "shuffled everywhere the" in intervention_sentence(
        intervene(probe, Intervention("shuffle"))
    )
    found = intervention_sentence(intervene(probe, Intervention("sharpen", temperature=0.25)))
    assert found.startswith("With attention at temperature 0.25 everywhere the probability of")
    assert found.endswith(".")


def asked(probe, layer, weights):
    """The model's answer with these weights in a layer."""
    request = MapRequest(record=False, replaced={layer: weights})
    with torch.no_grad():
        output = probe.checkpoint.model(collate([probe.numbered]), maps=request)
    return output.logits.double().softmax(1)[0].tolist()


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_of_self_attention_is_changed(self_attentive_probe, kind, layer):
    probe = self_attentive_probe
    result = intervene(probe, Intervention(kind, temperature=0.5, seed=4, layer=layer))
    (window,) = record_windows(probe.checkpoint, probe.document)
    own = window.layers[layer]
    squared = own**2 / (own**2).sum(2, keepdim=True)  # temperature one half
    shuffled = changed_rows([own], "shuffle", rng=np.random.default_rng(4))[0]
    even = torch.full_like(own, 1 / probe.tokens)
    weights = {"flatten": even, "shuffle": shuffled, "sharpen": squared}[kind]
    assert result.explanation.probabilities == pytest.approx(
        asked(probe, layer, (weights,)), abs=1e-5
    )
    # The pooling is the model's own, over other states.
    assert result.explanation.document_weights.sum() == pytest.approx(1)
    assert result.total_variation > 1e-4
    assert f"in layer {layer + 1} the probability" in intervention_sentence(result)


def test_shuffles_of_a_layer_are_those_of_its_replacement(self_attentive_probe):
    effect = measure_shuffling(self_attentive_probe, 20, seed=0, layer=0)
    first = replace_layers(self_attentive_probe, seed=0)[0]  # two classes: both move alike
    assert effect.median == pytest.approx(first.shift)
    assert (effect.largest, effect.flips) == (pytest.approx(first.largest), first.flips)
    assert effect.layer == 0


def test_a_layer_that_is_not_there_is_refused(self_attentive_probe, random_checkpoint):
    with pytest.raises(UserError, match="A layer from 1 to 2 is expected; 3 came"):
        intervene(self_attentive_probe, Intervention("flatten", layer=2))
    with pytest.raises(UserError, match="a sentence came as well"):
        Intervention("flatten", 0, layer=0)
    without = probe_text(load_checkpoint(random_checkpoint("bilstm")), TEXT)
    with pytest.raises(UserError, match="no self-attention"):
        intervene(without, Intervention("flatten", layer=0))
