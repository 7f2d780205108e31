"""Each level learns at its own rate, and a frozen one not at all."""

import pytest
import torch

from han_core.models.architecture import Architecture
from han_core.models.registry import build_model, level_of
from han_core.training.optimization import freeze_words, parameter_groups
from han_core.training.settings import Settings


def model_of(kind: str):
    torch.manual_seed(0)
    return build_model(
        Architecture(model=kind, vocabulary_size=5, classes=2, embedding=3, hidden=2)
    )


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


@pytest.mark.parametrize("kind", ["han", "bilstm"])
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
