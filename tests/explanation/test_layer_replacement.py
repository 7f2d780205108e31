"""Each layer under other self-attention, beside the model asked one change at a time."""

import numpy as np
import pytest
import torch

from han_core.explanation.explain_maps import record_windows
from han_core.explanation.layer_replacement import DRAWS, changed_rows, replace_layers
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.models.self_attention import MapRequest
from han_core.runtime.errors import UserError
from han_core.text.batch import collate


def answer(probe, layer, weights):
    request = MapRequest(replaced={layer: weights})
    with torch.no_grad():
        output = probe.checkpoint.model(collate([probe.numbered]), maps=request)
    return output.logits.double().softmax(1)[0].numpy()


def test_even_weights_are_those_of_a_layer_that_is_even(self_attentive_probe):
    probe, n = self_attentive_probe, self_attentive_probe.tokens
    found = replace_layers(probe)
    assert [one.name for one in found] == ["layer 1", "layer 2"]
    for one in found:
        expected = answer(probe, one.layer, (torch.full((2, n, n), 1 / n),))
        assert one.uniform == pytest.approx(expected[probe.target], abs=1e-6)
        assert one.uniform_flips == (expected.argmax() != probe.target)
        assert one.probability == probe.explanation.probability


def test_shuffles_are_those_of_the_same_seed(self_attentive_probe):
    probe, done = self_attentive_probe, []
    found = replace_layers(probe, 4, progress=lambda *at: done.append(at))
    rng = np.random.default_rng(4)
    (window,) = record_windows(probe.checkpoint, probe.document)
    for one, own in zip(found, window.layers, strict=True):
        answers = np.stack(
            [
                answer(probe, one.layer, changed_rows([own], "shuffle", rng=rng))
                for _ in range(DRAWS)
            ]
        )
        moved = abs(answers[:, probe.target] - one.probability)
        assert one.shift == pytest.approx(np.median(moved), abs=1e-6)
        assert one.largest == pytest.approx(moved.max(), abs=1e-6)
        assert one.flips == np.mean(answers.argmax(1) != probe.target)
        assert one.largest > one.shift > 1e-5
    assert done == [(1, 2), (2, 2)]


def test_a_shuffle_keeps_a_row_and_what_it_cannot_see():
    band = torch.tensor([[0.7, 0.2, 0.1, 0, 0], [0, 0.1, 0.2, 0.3, 0.4]]).repeat(2, 40, 1)
    (found,) = changed_rows([band], "shuffle", rng=np.random.default_rng(0))
    assert torch.equal(found == 0, band == 0)
    assert torch.equal(found.sort(2).values, band.sort(2).values)
    tops = found[:, ::2].argmax(2).flatten().bincount(minlength=5)
    assert (tops[:3] > 10).all()  # each place that is seen has the top weight at times
    assert tops[3:].sum() == 0


def test_sharpened_rows_by_hand():
    rows = torch.tensor([[[0.8, 0.2, 0], [0.5, 0.25, 0.25]]])
    (sharper,) = changed_rows([rows], "sharpen", 0.5)
    assert sharper[0, 0].tolist() == pytest.approx([0.64 / 0.68, 0.04 / 0.68, 0])
    (coldest,) = changed_rows([rows], "sharpen", 0.05)
    assert coldest[0, 1].tolist() == pytest.approx([1, 0, 0], abs=1e-5)
    (own,) = changed_rows([rows], "sharpen", 1.0)
    assert torch.allclose(own, rows)


def test_a_model_without_self_attention_says_so(random_checkpoint):
    probe = probe_text(load_checkpoint(random_checkpoint("han")), "a quiet road")
    with pytest.raises(UserError, match="no self-attention"):
        replace_layers(probe)
