"""Metrics by hand, and predictions in the order of the texts."""

import math

import numpy as np
import pytest
import torch

from han_core.models import predict as evaluate
from han_core.models.checkpoint import load_checkpoint
from han_core.models.predict import metrics, predict
from han_core.runtime.errors import UserError

TEXTS = ["The green river.", "Night.", "A quiet " * 40 + "walk.", "zebra zebra", "Stone. " * 9]


def test_metrics_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.25, 0.75], [0.5, 0.5]])
    found = metrics(probabilities, [0, 1, 1, 0])  # the second is wrong; a tie goes to the first
    assert found["accuracy"] == 0.75
    assert found["macro_f1"] == pytest.approx((2 * 2 / 5 + 2 * 1 / 3) / 2)
    assert found["loss"] == pytest.approx(-math.log(0.9 * 0.4 * 0.75 * 0.5) / 4)
    assert {type(value) for value in found.values()} == {float}


def test_a_probability_of_nothing_costs_a_finite_loss():
    assert metrics(np.array([[1.0, 0.0]]), [1])["loss"] == pytest.approx(-math.log(1e-12))


def test_macro_f1_is_over_the_classes_that_occur_or_are_predicted():
    probabilities = np.eye(3)[[0, 0, 1]]
    assert metrics(probabilities, [0, 0, 1])["macro_f1"] == 1.0
    predicted_only = metrics(probabilities, [0, 0, 0])["macro_f1"]
    assert predicted_only == pytest.approx((2 * 2 / (2 + 3) + 0) / 2)


@pytest.mark.parametrize("model", ["han", "bilstm", "transformer"])
def test_predictions_come_in_order_whatever_the_batches(random_checkpoint, monkeypatch, model):
    checkpoint = load_checkpoint(random_checkpoint(model))
    together = predict(checkpoint, TEXTS)
    assert together.shape == (5, 2)
    assert together.dtype == np.float64
    np.testing.assert_allclose(together.sum(1), 1)
    alone = np.concatenate([predict(checkpoint, [text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    monkeypatch.setattr(evaluate, "BATCH_TOKENS", 10)
    np.testing.assert_allclose(predict(checkpoint, TEXTS), together, atol=1e-5)


def test_the_progress_is_told_up_to_the_end(random_checkpoint, monkeypatch):
    monkeypatch.setattr(evaluate, "BATCH_TOKENS", 10)
    told = []
    predict(load_checkpoint(random_checkpoint("han")), TEXTS, lambda *done: told.append(done))
    assert told[-1] == (5, 5)
    assert len(told) > 2
    assert told == sorted(set(told))


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_a_text_without_a_word_is_named(random_checkpoint, text):
    with pytest.raises(UserError, match="number 2 has none"):
        predict(load_checkpoint(random_checkpoint("han")), ["Good", text])


def test_weights_that_are_finite_and_huge_are_one_sentence(random_checkpoint):
    checkpoint = load_checkpoint(random_checkpoint("han"))
    with torch.no_grad():
        for weights in checkpoint.model.parameters():
            weights.fill_(3e38)
    with pytest.raises(UserError, match=r"^han-additive gives values that are not finite"):
        predict(checkpoint, TEXTS)
