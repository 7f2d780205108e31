import pytest
import torch
from torch import nn

from han_core.models.pretrained.tuning import (
    LowRankLinear,
    Tuning,
    apply_tuning,
    layers_of,
    parse_tuning,
)
from han_core.runtime.errors import UserError


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.front = nn.Linear(3, 4)
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))


def test_what_is_tuned_is_read_from_a_setting():
    assert parse_tuning("all") == Tuning("all")
    assert parse_tuning("upper:2") == Tuning("upper", 2)
    assert parse_tuning("lora:16") == Tuning("lora", 16)


@pytest.mark.parametrize("value", ["", "lora", "lora:0", "upper:-1", "lora:16 ", "some"])
def test_another_setting_is_refused(value):
    with pytest.raises(UserError, match="lora:RANK"):
        parse_tuning(value)


def test_a_low_rank_layer_begins_as_the_layer_was_and_then_adds_a_product():
    torch.manual_seed(0)
    layer, inputs = nn.Linear(5, 4), torch.randn(2, 5)
    low = LowRankLinear(layer, 2)
    assert torch.equal(low(inputs), layer(inputs))
    nn.init.normal_(low.up)
    expected = inputs @ (layer.weight + low.up @ low.down).T + layer.bias
    torch.testing.assert_close(low(inputs), expected)
    with torch.inference_mode():  # one product of the sum of both matrices
        torch.testing.assert_close(low(inputs), expected)


@pytest.mark.parametrize(
    ("tuning", "names"),
    [
        (Tuning("none"), set()),
        (Tuning("upper", 1), {"layers.2.weight", "layers.2.bias"}),
        (Tuning("all"), set(dict(Encoder().named_parameters()))),
    ],
)
def test_only_what_is_tuned_is_a_parameter_or_in_the_state(tuning, names):
    encoder, embedding = Encoder(), nn.Embedding(2, 3)
    apply_tuning(encoder, embedding, tuning)
    assert set(dict(encoder.named_parameters())) == names == set(encoder.state_dict())
    assert bool(list(embedding.parameters())) == (tuning.what == "all")


def test_low_rank_parts_are_all_that_moves_in_the_layers():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(4, 4)

    encoder = nn.Module()
    encoder.blocks = nn.ModuleList([Block(), Block()])
    apply_tuning(encoder, nn.Embedding(2, 4), Tuning("lora", 2))
    expected = {f"blocks.{at}.inner.{part}" for at in (0, 1) for part in ("up", "down")}
    assert set(encoder.state_dict()) == expected == set(dict(encoder.named_parameters()))


def test_more_layers_than_there_are_are_refused():
    with pytest.raises(UserError, match="3 layers"):
        apply_tuning(Encoder(), nn.Embedding(2, 3), Tuning("upper", 4))
    with pytest.raises(UserError, match="no list of layers"):
        layers_of(nn.Linear(2, 2))
