"""Learning rates, the average of the weights, the best epoch and early stopping, by hand."""

import numpy as np
import pytest
import torch

from han_core.models.architecture import Architecture
from han_core.models.registry import build_model, level_of
from han_core.training.optimization import (
    best_line,
    copied,
    freeze_words,
    interpolated,
    is_better,
    is_over,
    move_average,
    parameter_groups,
    rate_factor,
)
from han_core.training.settings import Settings


def test_the_average_moves_by_its_decay_which_starts_short():
    average = {"w": torch.tensor([1.0])}
    move_average(average, {"w": torch.tensor([2.0])}, longest=0.5, steps=0)
    assert average["w"].item() == 1.0  # before the first step
    move_average(average, {"w": torch.tensor([12.0])}, longest=0.5, steps=1)
    torch.testing.assert_close(average["w"], torch.tensor([1 / 11 * 1 + 10 / 11 * 12]))
    average = {"w": torch.tensor([1.0])}
    move_average(average, {"w": torch.tensor([2.0])}, longest=0.5, steps=90)
    assert average["w"].item() == 1.5


def test_between_two_weights_each_has_its_share():
    weights, start = {"w": torch.tensor([4.0, 0.0])}, {"w": torch.tensor([0.0, 8.0])}
    assert interpolated(weights, start, 0.25)["w"].tolist() == [3.0, 2.0]
    assert weights["w"].tolist() == [4.0, 0.0]


def test_copies_stay_when_the_weights_move_on():
    weights = {"w": torch.tensor([1.0])}
    kept = copied(weights)
    weights["w"] += 1
    assert kept["w"].item() == 1.0


def model_of(kind: str, **sizes):
    torch.manual_seed(0)
    sizes = {"vocabulary_size": 5, "classes": 2, "embedding": 3, "hidden": 4, **sizes}
    return build_model(Architecture(model=kind, **sizes))


@pytest.mark.parametrize(("kind", "encoder"), [("han", "word_encoder"), ("bilstm", "encoder")])
def test_words_are_frozen_with_all_layers_of_their_encoder(kind, encoder):
    model = model_of(kind, layers=3, layer_norm=True)
    freeze_words(model)
    still = {name for name, p in model.named_parameters() if not p.requires_grad}
    of_encoder = {name for name, _ in model.named_parameters() if name.startswith(encoder)}
    assert {f"{encoder}.weight_hh_l2_reverse", f"{encoder}.layer_norm.bias"} < of_encoder <= still
    assert "classifier.weight" not in still
    if kind == "han":
        assert not any(name.startswith("sentence_encoder") for name in still)


@pytest.mark.parametrize(("kind", "levels"), [("han", 3), ("bilstm", 2)])
def test_every_parameter_stands_in_one_group(kind, levels):
    model = model_of(kind)
    groups = parameter_groups(model, Settings())
    together = [parameter for group in groups for parameter in group["params"]]
    assert len(groups) == levels
    assert len(together) == len(list(model.parameters()))
    assert {id(p) for p in together} == {id(p) for p in model.parameters()}


def test_rates_and_decay_of_each_group():
    settings = Settings(
        learning_rate=0.01, weight_decay=0.1, rate_words=0.1, rate_sentences=0.5, rate_classifier=2
    )
    groups = parameter_groups(model_of("han"), settings)
    assert [group["factor"] for group in groups] == [0.1, 0.5, 2]
    assert [group["lr"] for group in groups] == pytest.approx([0.001, 0.005, 0.02])
    assert {group["weight_decay"] for group in groups} == {0.1}


@pytest.mark.parametrize("kind", ["han", "bilstm", "transformer"])
def test_a_frozen_word_level_stands_still_and_the_rest_moves(kind):
    model = model_of(kind)
    freeze_words(model)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    settings = Settings(weight_decay=0.5)
    optimizer = torch.optim.AdamW(parameter_groups(model, settings))
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, before[name]) == (level_of(name) == "words")


def test_equal_factors_are_one_rate_for_all():
    """The first step of AdamW, by hand: every weight moves by the rate against its gradient."""
    model = model_of("han")
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer = torch.optim.AdamW(parameter_groups(model, Settings(learning_rate=0.25)))
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 3.0)
    optimizer.step()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.detach(), before[name] - 0.25)


@pytest.mark.parametrize(
    ("schedule", "progress", "expected"),
    [
        ("linear", 0.0, 0.01), ("linear", 0.05, 0.5), ("linear", 0.1, 1.0), ("linear", 0.55, 0.5),
        ("linear", 1.0, 0.0), ("cosine", 0.1, 1.0), ("cosine", 0.55, 0.5), ("cosine", 1.0, 0.0),
        ("cosine", 0.325, (1 + np.sqrt(0.5)) / 2), ("constant", 0.05, 0.5), ("constant", 1.0, 1.0),
    ],
)  # fmt: skip
def test_the_rate_rises_and_then_follows_its_schedule(schedule, progress, expected):
    settings = Settings(warmup=0.1, schedule=schedule)
    assert rate_factor(progress, settings) == pytest.approx(expected)


def test_without_warm_up_the_rate_starts_at_its_highest():
    assert rate_factor(0.0, Settings(warmup=0)) == pytest.approx(1.0)


FALLING = (0.9, 0.8, 0.7, 0.6, 0.5)


def history(accuracies, losses=(0.5,) * 5) -> list[dict]:
    pairs = zip(accuracies, losses, strict=False)
    return [
        {"epoch": epoch, "validation": {"accuracy": accuracy, "macro_f1": 0.1, "loss": loss}}
        for epoch, (accuracy, loss) in enumerate(pairs, start=1)
    ]


@pytest.mark.parametrize(
    ("accuracies", "losses", "best", "over"),
    [
        ((0.5,), FALLING, 1, False),
        ((0.5, 0.6), FALLING, 2, False),
        ((0.6, 0.5), (0.5, 0.5), 1, False),
        ((0.6, 0.6, 0.5), (0.5, 0.5, 0.5), 1, True),
        ((0.6, 0.6, 0.6, 0.6), FALLING, 4, False),  # of equals the lower loss
        ((0.6, 0.5, 0.5, 0.5), FALLING, 1, False),  # the loss still falls
        ((0.6, 0.5, 0.5, 0.5), (0.9, 0.8, 0.8, 0.9), 1, True),
        ((0.6, 0.5, 0.7, 0.6), (0.5,) * 4, 3, False),
        ((0.6, 0.5, 0.7, 0.6, 0.8), (0.5,) * 5, 5, True),  # all epochs
    ],
)
def test_the_best_epoch_and_the_end(accuracies, losses, best, over):
    settings = Settings(patience=2, epochs=5)
    lines = history(accuracies, losses)
    assert best_line(lines, settings)["epoch"] == best
    assert is_over(lines, settings) == over


def test_a_run_that_has_not_begun_is_not_over():
    assert not is_over([], Settings())


def test_the_best_epoch_by_loss_is_the_lowest_whatever_the_accuracy():
    lines = history((0.5, 0.6, 0.9), (0.5, 0.3, 0.4))
    assert best_line(lines, Settings(keep="loss"))["epoch"] == 2
    assert is_better(lines[2], lines[0], Settings(keep="loss"))
    assert not is_better(lines[2], lines[1], Settings(keep="loss"))
    assert is_better(lines[2], lines[1], Settings())
