"""How fast each level of a model learns: words, sentences, classifier.

A model that was trained before is taught something new by its upper levels first
(Howard and Ruder 2018): each level has its own share of the learning rate, and the
word level can stand still. It knows nothing about what moves the rate over a run.
"""

from torch import nn

from han_core.models.levels import Level, level_of
from han_core.planning.settings import Settings


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
