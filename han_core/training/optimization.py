"""Learning rates, the average of the weights, the best epoch and early stopping.

Each level of a model (words, sentences, classifier) has its own share of the learning rate, and
the word level can be frozen, for a model that was trained before (Howard and Ruder 2018).
"""

import math
from collections.abc import Sequence

from torch import Tensor, nn

from han_core.models.architecture import Level
from han_core.models.registry import level_of
from han_core.training.settings import Settings

WARM_UP = 10  # steps; early on the average is short, so that the first weights are soon forgotten


def copied(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same values, which stay when ``weights`` move on."""
    return {name: tensor.clone() for name, tensor in weights.items()}


def move_average(
    average: dict[str, Tensor], weights: dict[str, Tensor], longest: float, steps: int
) -> None:
    """Moves ``average`` towards ``weights``, in place.

    Args:
        longest: decay from one step to the next, once the run is long enough.
        steps: taken so far; none moves nothing.
    """
    decay = min(longest, steps / (steps + WARM_UP))
    if steps:
        for name, tensor in weights.items():
            average[name].lerp_(tensor, 1 - decay)


def freeze_words(model: nn.Module) -> None:
    """Leaves the word level out of training from now on."""
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
