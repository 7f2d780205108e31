"""Pruned heads beside a model whose values of those heads are 0."""

import numpy as np
import pytest
import torch

from han_core.explanation.explain import explain_document
from han_core.explanation.head_pruning import head_importance, prune_heads
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from tests.self_attentive import HEADS, LAYERS, SIZE


def without_values(probe, heads):
    """The answer of the same model with the values of these heads set to 0."""
    values = probe.checkpoint.model.projections
    before = values.detach().clone()
    with torch.no_grad():
        for layer, head in heads:
            width = SIZE // HEADS
            values[layer, 2, :, head * width : (head + 1) * width] = 0
        answer = explain_document(probe.checkpoint, probe.document)
        values.copy_(before)
    return answer


@pytest.mark.parametrize("heads", [{(0, 1)}, {(0, 0), (1, 1)}, {(1, 0), (1, 1)}])
def test_a_pruned_head_gives_nothing(self_attentive_probe, heads):
    found = prune_heads(self_attentive_probe, heads)
    expected = without_values(self_attentive_probe, heads)
    assert found.before is self_attentive_probe.explanation
    assert found.now.probabilities == pytest.approx(expected.probabilities, abs=1e-6)
    assert found.now.document_weights == pytest.approx(expected.document_weights, abs=1e-6)
    assert abs(found.now.probabilities - found.before.probabilities).max() > 1e-4


def test_without_any_head_pruned_nothing_changes(self_attentive_probe):
    found = prune_heads(self_attentive_probe, ())
    assert found.now is found.before


def test_importance_is_what_leaving_out_a_head_does(self_attentive_probe):
    done = []
    falls = head_importance(self_attentive_probe, lambda *at: done.append(at))
    assert falls.shape == (LAYERS, HEADS)
    assert done[-1] == (4, 4)
    target, own = self_attentive_probe.target, self_attentive_probe.explanation.probability
    for head in np.ndindex(LAYERS, HEADS):
        expected = own - without_values(self_attentive_probe, {head}).probabilities[target]
        assert falls[head] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("head", [(2, 0), (0, 2), (-1, 0)])
def test_a_head_that_is_not_there_is_refused(self_attentive_probe, head):
    with pytest.raises(UserError, match="from 1 to 2"):
        prune_heads(self_attentive_probe, {head})


def test_a_model_without_heads_says_so(random_checkpoint):
    probe = probe_text(load_checkpoint(random_checkpoint("han")), "a quiet road")
    with pytest.raises(UserError, match="no self-attention"):
        head_importance(probe)
