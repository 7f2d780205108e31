"""The untrained twin and even attention: what is kept, what is new, and what is left alone."""

import numpy as np
import pytest
import torch

from han_core.explanation.attention_permutation import (
    uniform_attention,
    untrained_twin,
    with_uniform_attention,
)
from han_core.explanation.explain import explain
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.models.registry import build_model
from han_core.text.batch import collate

TEXT = "The quiet river. Bread and music under the window. Road unheard!"
MODELS = [("han", "additive"), ("bilstm", "additive"), ("bilstm", "dot"), ("han", "linear")]


@pytest.fixture(params=MODELS, ids="-".join)
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
    told, own = explain(twin, TEXT), explain(checkpoint, TEXT)
    assert told.document == own.document
    assert told.known.tolist() == own.known.tolist()


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
    asked = probe_text(checkpoint, TEXT)
    assert asked.document.sentence_lengths == (4, 7, 3)
    words, sentences = uniform_attention(asked)
    assert words.tolist() == pytest.approx([1 / 4] * 4 + [1 / 7] * 7 + [1 / 3] * 3)
    flat = checkpoint.config.architecture.model == "bilstm"
    by_hand = [4 / 14, 7 / 14, 3 / 14] if flat else [1 / 3] * 3
    assert sentences.tolist() == pytest.approx(by_hand)
    if flat:
        told = with_uniform_attention(asked)
        assert told.document_weights.tolist() == pytest.approx([1 / 14] * 14)


def test_the_answer_is_that_of_the_mean_of_the_states(checkpoint):
    asked = probe_text(checkpoint, TEXT)
    told, model = with_uniform_attention(asked), checkpoint.model
    lengths = asked.document.sentence_lengths
    with torch.no_grad():
        pooled = model.read(collate([asked.numbered])).states
        if hasattr(model, "sentence_encoder"):
            pooled = torch.stack([part.mean(0) for part in pooled.split(lengths)])
            pooled, _ = model.sentence_encoder(pooled, torch.tensor([len(lengths)]))
        expected = model.classifier(pooled.mean(0)).double().softmax(0)
    assert told.probabilities.tolist() == pytest.approx(expected.tolist(), abs=1e-6)
    own = asked.explanation
    assert (told.document, told.labels, told.id) == (own.document, own.labels, own.id)
    assert abs(told.probabilities - own.probabilities).max() > 1e-5
