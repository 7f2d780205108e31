"""The moving average of the weights, by hand."""

import torch

from han_core.training.optimization import copied, move_average


def test_the_average_moves_by_its_decay_which_starts_short():
    average = {"w": torch.tensor([1.0])}
    move_average(average, {"w": torch.tensor([2.0])}, longest=0.5, steps=0)
    assert average["w"].item() == 1.0  # before the first step
    move_average(average, {"w": torch.tensor([12.0])}, longest=0.5, steps=1)
    torch.testing.assert_close(average["w"], torch.tensor([1 / 11 * 1 + 10 / 11 * 12]))
    average = {"w": torch.tensor([1.0])}
    move_average(average, {"w": torch.tensor([2.0])}, longest=0.5, steps=90)
    assert average["w"].item() == 1.5


def test_copies_stay_when_the_weights_move_on():
    weights = {"w": torch.tensor([1.0])}
    kept = copied(weights)
    weights["w"] += 1
    assert kept["w"].item() == 1.0
