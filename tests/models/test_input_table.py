"""The kept table gives the same answers, and never those of other weights."""

import copy

import pytest
import torch

from han_core.explanation.explain import explain
from han_core.models import classifier
from han_core.models.checkpoint import load_checkpoint
from han_core.models.classifier import InputTable
from han_core.text.batch import collate, number_document

TEXT = "the quiet river walk. bread and music under the window. road unheard"


@pytest.fixture(params=["han", "bilstm"])
def checkpoint(request, random_checkpoint):
    return load_checkpoint(random_checkpoint(request.param, "additive"))


def batch_of(checkpoint, documents: int):
    document = number_document(checkpoint.tokenizer(TEXT), checkpoint.vocabulary)
    return collate([document] * documents)


def test_answers_are_those_without_a_table(checkpoint):
    batch = batch_of(checkpoint, 40)
    with torch.no_grad():
        table = checkpoint.inputs.for_batch(batch)
        assert table.shape[:2] == (2, len(checkpoint.vocabulary))
        ours, plain = checkpoint.model(batch, table=table), checkpoint.model(batch)
    torch.testing.assert_close(ours.logits, plain.logits, rtol=0, atol=1e-6)
    torch.testing.assert_close(ours.word_weights, plain.word_weights, rtol=0, atol=1e-6)


def test_it_is_made_once_and_again_after_a_weight_changed(checkpoint):
    model, batch = copy.deepcopy(checkpoint.model), batch_of(checkpoint, 40)
    kept = InputTable(model)
    with torch.no_grad():
        first = kept.for_batch(batch)
        assert kept.for_batch(batch) is first
        for weight in (model.embedding.weight, model.reader.bias_hh_l0, model.reader.weight_ih_l0):
            weight += 0.5
            assert kept.for_batch(batch) is not first
            first = kept.for_batch(batch)
            torch.testing.assert_close(
                model(batch, table=first).logits, model(batch).logits, rtol=0, atol=1e-6
            )
        state = {name: torch.zeros_like(weight) for name, weight in model.state_dict().items()}
        model.load_state_dict(state, assign=True)
        assert kept.for_batch(batch) is not first


def test_there_is_none_where_none_is_read(checkpoint, monkeypatch):
    batch = batch_of(checkpoint, 40)
    kept = checkpoint.inputs
    assert kept.for_batch(batch) is None  # gradients are wanted
    with torch.no_grad():
        checkpoint.model.train()
        assert kept.for_batch(batch) is None
        checkpoint.model.eval()
        monkeypatch.setattr(classifier, "LARGEST_TABLE", 10)
        assert kept.for_batch(batch) is None


def test_explanations_follow_the_weights(checkpoint):
    before = explain(checkpoint, TEXT).probabilities
    with torch.no_grad():
        checkpoint.model.embedding.weight.mul_(3)
        with_table = explain(checkpoint, TEXT).probabilities
        batch = batch_of(checkpoint, 1)
        plain = checkpoint.model(batch).logits.double().softmax(1)[0].numpy()
    assert with_table == pytest.approx(plain, abs=1e-6)
    assert with_table != pytest.approx(before, abs=1e-6)
