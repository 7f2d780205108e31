"""Which weights of a pretrained encoder training may change: all, upper layers, or low-rank parts.

What stands still is kept out of a model's parameters and of its state, so that optimiser, resumed
runs and checkpoints hold only what was tuned.
"""

import re
from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from han_core.runtime.errors import UserError, shown
from han_core.runtime.messages import tr

Part = Literal["all", "none", "upper", "lora"]

_TUNE = re.compile(r"all|none|(upper|lora):[1-9][0-9]{0,3}")


@dataclass(frozen=True)
class Tuning:
    """What is tuned.

    Attributes:
        number: upper layers, or the rank of the low-rank parts; 0 for all and none.
    """

    what: Part
    number: int = 0


def parse_tuning(value: str) -> Tuning:
    """Return what ``all``, ``none``, ``upper:2`` or ``lora:16`` says.

    Raises:
        UserError: names the four.
    """
    if _TUNE.fullmatch(value) is None:
        raise UserError(
            tr(
                'tune is all, none, upper:LAYERS or lora:RANK, such as lora:16; "{value}" came.',
                value=shown(value),
            )
        )
    what, _, number = value.partition(":")
    return Tuning(cast(Part, what), int(number or 0))


class LowRankLinear(nn.Module):
    """A linear layer that stands still, plus a product of two small matrices.

    h = W x + b + U D x with D (rank, inputs) drawn at random and U (outputs, rank) zero, so that
    it begins as the layer was (Hu et al. 2022, section 4.1).

    Args:
        frozen: the layer.
        rank: of the product; at most the smaller side of the layer.
    """

    def __init__(self, frozen: nn.Linear, rank: int):
        super().__init__()
        self.frozen = frozen
        rank = min(rank, frozen.in_features, frozen.out_features)
        self.down = nn.Parameter(torch.randn(rank, frozen.in_features) / frozen.in_features**0.5)
        self.up = nn.Parameter(torch.zeros(frozen.out_features, rank))

    def forward(self, inputs: Tensor) -> Tensor:
        if torch.is_grad_enabled():  # gradients of two small matrices, not of their product
            return self.frozen(inputs) + linear(linear(inputs, self.down), self.up)
        weight = torch.addmm(self.frozen.weight, self.up, self.down)
        return linear(inputs, weight, self.frozen.bias)


def apply_tuning(encoder: nn.Module, embedding: nn.Module, tuning: Tuning) -> None:
    """Leave only what is tuned among the parameters of an encoder and its word embedding.

    Raises:
        UserError: if it has fewer layers than are to be tuned, or none that can be found.
    """
    if tuning.what == "all":
        return
    layers = layers_of(encoder)
    tuned = list(layers)[-tuning.number :] if tuning.what == "upper" else []
    if tuning.what == "upper" and tuning.number > len(layers):
        raise UserError(
            tr(
                "tune=upper:{number} of a base with {count} layers.",
                number=tuning.number,
                count=len(layers),
            )
        )
    moving = {id(module) for layer in tuned for module in layer.modules()}
    for module in (embedding, *encoder.modules()):
        if id(module) not in moving:
            _freeze(module)
    if tuning.what == "lora":
        for layer in layers:
            _add_low_rank(layer, tuning.number)


def layers_of(encoder: nn.Module) -> nn.ModuleList:
    """Return the encoder's layers, the longest list of modules in it.

    Raises:
        UserError: if it has no such list.
    """
    lists = [module for module in encoder.modules() if isinstance(module, nn.ModuleList)]
    if not lists:
        raise UserError(tr("The base has no list of layers that could be tuned."))
    return max(lists, key=len)


def _freeze(module: nn.Module) -> None:
    for name, parameter in list(module._parameters.items()):
        if parameter is not None:
            del module._parameters[name]
            module.register_buffer(name, parameter.detach(), persistent=False)


def _add_low_rank(layer: nn.Module, rank: int) -> None:
    for module in list(layer.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear):
                setattr(module, name, LowRankLinear(child, rank))
