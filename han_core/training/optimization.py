"""Learning rates, precision, the average of the weights, the best epoch and early stopping.

Each level of a model (words, sentences, classifier) has its own share of the learning rate, and the
word level can be frozen, for a model that was trained before (Howard and Ruder 2018). Whether a
device can train in bfloat16 a tiny model tells: oneDNN has no LSTM in it for x86 without AVX-512.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from han_core.models.architecture import Architecture, Level
from han_core.models.registry import build_model, level_of, model_kind
from han_core.runtime.devices import describe_device, mixed_precision
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.text.batch import NumberedDocument, collate
from han_core.training.callbacks import device_trouble
from han_core.training.settings import Settings

TINY = {"vocabulary_size": 4, "classes": 2, "embedding": 3, "hidden": 4, "attention_size": 2}
WARM_UP = 10  # steps; early on the average is short, so that the first weights are soon forgotten


def copied(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same values, which stay when ``weights`` move on."""
    return {name: tensor.clone() for name, tensor in weights.items()}


def move_average(
    average: dict[str, Tensor], weights: dict[str, Tensor], longest: float, steps: int
) -> None:
    """Move ``average`` towards ``weights``, in place.

    Args:
        longest: decay from one step to the next, once the run is long enough.
        steps: taken so far; none moves nothing.
    """
    decay = min(longest, steps / (steps + WARM_UP))
    if steps:
        for name, tensor in weights.items():
            average[name].lerp_(tensor, 1 - decay)


def interpolated(
    weights: dict[str, Tensor], start: dict[str, Tensor], share: float
) -> dict[str, Tensor]:
    """Return new weights between both: ``share`` of ``start``, the rest of ``weights``.

    Weights between those before and after fine-tuning often keep what each does better
    (Wortsman et al. 2022, Robust fine-tuning of zero-shot models).
    """
    return {name: tensor.lerp(start[name], share) for name, tensor in weights.items()}


def freeze_words(model: nn.Module) -> None:
    """Leave the word level out of training from now on."""
    for name, parameter in model.named_parameters():
        if level_of(name) == "words":
            parameter.requires_grad_(False)


def parameter_groups(model: nn.Module, settings: Settings) -> list[dict]:
    """What AdamW is to train, a group for each level that has something to train.

    Returns:
        ``params``, ``lr`` (of the whole level), ``weight_decay`` and ``factor``, by
        which a rate that moves over the run is to be multiplied. Parameters that
        stand still are in no group.
    """
    factors: dict[Level, float] = {
        "words": settings.rate_words,
        "sentences": settings.rate_sentences,
        "classifier": settings.rate_classifier,
    }
    groups = [
        {
            "params": [
                parameter
                for name, parameter in model.named_parameters()
                if level_of(name) == level and parameter.requires_grad
            ],
            "lr": settings.learning_rate * factor,
            "weight_decay": settings.weight_decay,
            "factor": factor,
        }
        for level, factor in factors.items()
    ]
    return [group for group in groups if group["params"]]


def rate_factor(progress: float, settings: Settings) -> float:
    """The learning rate as a share of the highest, ``progress`` (0 to 1) into the run."""
    if progress < settings.warmup:
        return max(progress / settings.warmup, 0.01)
    left = 1 - (progress - settings.warmup) / (1 - settings.warmup)
    if settings.schedule == "constant":
        return 1.0
    return left if settings.schedule == "linear" else (1 - math.cos(math.pi * left)) / 2


def is_better(line: dict, than: dict, settings: Settings) -> bool:
    """Whether an epoch did better in validation than another one."""
    return _rank(line, settings) > _rank(than, settings)


def best_line(history: Sequence[dict], settings: Settings) -> dict:
    """The line of the best epoch; the earlier one of equals."""
    return max(history, key=lambda line: _rank(line, settings))


def is_over(history: Sequence[dict], settings: Settings) -> bool:
    """All epochs done, or ``patience`` of them with neither a better result nor a lower loss.

    A handful of validation documents more or less right is chance; their loss tells more.
    """
    if not history or len(history) >= settings.epochs:
        return len(history) >= settings.epochs
    best = best_line(history, settings)["epoch"]
    lowest = min(history, key=lambda line: line["validation"]["loss"])["epoch"]
    return len(history) - max(best, lowest) >= settings.patience


def _rank(line: dict, settings: Settings) -> tuple[float, float]:
    # Few validation documents give few accuracies: of equals, the lower loss is progress.
    validation = line["validation"]
    sign = -1 if settings.keep == "loss" else 1
    return sign * validation[settings.keep], -validation["loss"]


def check_precision(name: str, model: str, device: torch.device) -> None:
    """Refuse a mixed precision in which ``device`` cannot train ``model``.

    Raises:
        UserError: if the device lacks fp16 or bf16, or fails.
    """
    mixed_precision(name, device)
    # "auto" is always a precision that the device has.
    if name == "bf16" and not trains_in_bf16(model, device):
        raise UserError(
            tr(
                "This device ({name}) cannot train {model} with mixed_precision=bf16: "
                "set mixed_precision=no, or choose another device to resume a run that began "
                "with bf16.",
                name=describe_device(str(device)),
                model=model,
            )
        )


def trains_in_bf16(model: str, device: torch.device) -> bool:
    """Return whether a forward and a backward pass of a tiny model succeed in bfloat16.

    Raises:
        UserError: if the device has no memory left or fails.
    """
    if model_kind(model).pretrained:  # without a recurrent layer
        return True
    words = np.array([2, 3, 2], dtype=np.int32)
    sentences = (np.array([3], dtype=np.int32), np.array([1, 2], dtype=np.int32))
    batch = collate([NumberedDocument(words, lengths) for lengths in sentences]).to(device)
    targets = torch.tensor([0, 1], device=device)
    try:
        with device_trouble(device, several=False), torch.random.fork_rng(devices=[]):
            network = build_model(Architecture.model_validate({"model": model, **TINY})).to(device)
            with torch.autocast(device.type, torch.bfloat16):
                logits = network(batch).logits
            cross_entropy(logits.float(), targets).backward()
    except RuntimeError:  # device_trouble has taken memory and broken devices out
        return False
    return True
