"""The kinds of model that there are, by name.

A new model is one file that declares a ``ModelKind``, and one line here.
"""

from collections.abc import Mapping
from math import gcd
from typing import Annotated

import torch
from pydantic import AfterValidator
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from han_core.models.architecture import Architecture, Level, ModelKind
from han_core.models.bilstm import BILSTM
from han_core.models.classifier import AttentionClassifier
from han_core.models.han import HAN
from han_core.models.pretrained.bert import BERT
from han_core.models.transformer import TRANSFORMER
from han_core.runtime.errors import UserError, shown
from han_core.runtime.messages import tr

MODELS: dict[str, ModelKind] = {kind.name: kind for kind in (HAN, BILSTM, TRANSFORMER, BERT)}

DEFAULT_MODEL = next(iter(MODELS))


def model_kind(name: str) -> ModelKind:
    """Return the kind of model called ``name``.

    Raises:
        UserError: names the kinds that there are.
    """
    if name not in MODELS:
        raise UserError(
            tr('The model is {join}; "{name}" came.', join=" or ".join(MODELS), name=shown(name))
        )
    return MODELS[name]


def _known(name: str) -> str:
    return model_kind(name).name


ModelName = Annotated[str, AfterValidator(_known)]
"""A field of a pydantic model that takes the name of a registered model."""


def build_model(architecture: Architecture) -> AttentionClassifier:
    """Return a model with random weights from torch's global random state."""
    model = model_kind(architecture.model).build(architecture)
    assert isinstance(model, AttentionClassifier)
    return model


def with_defaults(model: str, sizes: Mapping[str, object]) -> dict[str, object]:
    """Return ``sizes`` with those that the kind has where none are said.

    Where ``heads`` are not said, there are as many of the usual ones as divide ``hidden``.

    Raises:
        UserError: if a base that it needs is missing.
    """
    sizes = {**model_kind(model).defaults, **sizes}
    hidden = sizes.get("hidden")
    if "heads" not in sizes and isinstance(hidden, int):
        sizes["heads"] = gcd(Architecture.model_fields["heads"].default, hidden)
    return model_kind(model).complete(sizes)


class WithoutDrawing(TorchFunctionMode):
    """Draw no normal numbers that nobody will see: torch imports its compiler for them, 1.4 s."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return None if func is nn.init.normal_ else func(*args, **(kwargs or {}))


def blank_model(architecture: Architecture) -> AttentionClassifier:
    """Return a model with shapes and neither memory nor values, on torch's meta device."""
    with torch.device("meta"), WithoutDrawing():
        return build_model(architecture)


def restored_model(
    architecture: Architecture, weights: Mapping[str, Tensor]
) -> AttentionClassifier:
    """Return a model with these weights, whose tensors it takes over, and its base if it has one.

    Raises:
        UserError: if its base is missing or another one.
    """
    if model_kind(architecture.model).pretrained:
        with torch.random.fork_rng(devices=[]):
            model = build_model(architecture)
    else:
        model = blank_model(architecture)
    model.load_state_dict(weights, assign=True)
    return model


def level_of(parameter: str) -> Level:
    """Return the level of a parameter by its name, such as ``word_encoder.weight_ih_l0``.

    Raises:
        KeyError: if no model has such a part.
    """
    return _LEVELS[parameter.partition(".")[0]]


_LEVELS = {part: level for kind in MODELS.values() for part, level in kind.levels.items()}


def count_parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())
