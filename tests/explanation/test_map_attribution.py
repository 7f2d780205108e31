"""Rollout and gradient-weighted attention beside paths, finite differences and loops."""

import numpy as np
import pytest
import torch

from han_core.explanation.map_attribution import (
    gradient_weighted_maps,
    gradient_weighted_weights,
    map_gradients,
    pooled_flow,
    rollout_weights,
)
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.models.self_attention import AttentionWindow, MapRequest
from han_core.runtime.errors import UserError
from han_core.text.batch import collate
from tests.self_attentive import gradient_weighted_by_loops, rollout_by_paths


def test_rollout_sums_over_paths_from_the_pooling_to_words(self_attentive_probe):
    expected = rollout_by_paths(self_attentive_probe)
    assert rollout_weights(self_attentive_probe) == pytest.approx(expected, abs=1e-6)


def probability(probe, replaced):
    request = MapRequest(record=False, replaced=replaced)
    with torch.no_grad():
        output = probe.checkpoint.model(collate([probe.numbered]), maps=request)
    return float(output.logits.softmax(1)[0, 1])


@pytest.mark.parametrize("place", [(0, 0, 2, 5), (0, 1, 7, 0), (1, 0, 3, 3), (1, 1, 0, 11)])
def test_gradients_are_differences_under_other_weights(self_attentive_probe, place):
    probe = self_attentive_probe
    probe.checkpoint.model.double()
    windows, (gradients,), _ = map_gradients(probe, 1)
    layer, step = place[0], 1e-5
    moved = []
    for sign in (1, -1):
        weights = windows[0].layers[layer].detach().clone()
        weights[place[1:]] += sign * step
        moved.append(probability(probe, {layer: (weights,)}))
    assert gradients[place] == pytest.approx((moved[0] - moved[1]) / (2 * step), rel=1e-4)


def test_gradient_weighted_attention_by_loops(self_attentive_probe):
    probe = self_attentive_probe
    expected, relevance = gradient_weighted_by_loops(probe, 1)
    assert gradient_weighted_weights(probe, 1) == pytest.approx(expected, rel=1e-4)
    (drawn,) = gradient_weighted_maps(probe, 1)
    assert drawn.weights[0, 0] == pytest.approx(relevance / 2, rel=1e-4)


def test_the_pooling_counts_by_its_gradient(self_attentive_probe):
    probe = self_attentive_probe
    *_, pooling = map_gradients(probe, 1)
    # p = softmax(W Σ a h + b): its derivative at a weight is p₀ p₁ (w₁ − w₀) · h.
    model = probe.checkpoint.model
    batch = collate([probe.numbered])
    with torch.no_grad():
        output = model(batch)
        first, second = model.classifier.weight
        p = output.logits.softmax(1)[0]
        slope = p[0] * p[1] * (output.entries @ (second - first))
    expected = np.clip(probe.explanation.document_weights * slope.numpy(), 0, None)
    assert pooling == pytest.approx(expected, abs=1e-6)
    assert pooling.max() > 0


def test_windows_share_the_pooling_of_tokens_that_both_read():
    even = torch.full((1, 4, 4), 0.25)
    windows = [AttentionWindow(at, at + 2, (even,), 1, 1) for at in (0, 1)]
    flow = np.array([[9, 9, 9, 9], [9, 0.5, 0.25, 9], [9, 0, 1, 9], [9, 9, 9, 9]])
    found = pooled_flow(windows, [flow, flow], np.array([0.2, 0.4, 0.4]))
    # By hand: token 1 passes .2 on in each window; special positions are left out.
    assert found == pytest.approx([0.2 * 0.5, 0.2 * 0.25 + 0.2 + 0.2 * 0.5, 0.2 * 0.25 + 0.4])


def test_a_class_that_no_weight_speaks_for_says_so(self_attentive_probe):
    with torch.no_grad():
        self_attentive_probe.checkpoint.model.classifier.weight.zero_()
    with pytest.raises(UserError, match="speaks for this class"):
        gradient_weighted_weights(self_attentive_probe, 0)


@pytest.mark.parametrize("method", [rollout_weights, lambda probe: map_gradients(probe, 0)])
def test_a_model_without_self_attention_says_so(random_checkpoint, method):
    with pytest.raises(UserError, match="no self-attention"):
        method(probe_text(load_checkpoint(random_checkpoint("bilstm")), "a quiet road"))
