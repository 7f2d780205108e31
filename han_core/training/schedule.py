"""How the learning rate moves over a run."""

import math

from han_core.planning.settings import Settings


def rate_factor(progress: float, settings: Settings) -> float:
    """The learning rate as a share of the highest, ``progress`` (0 to 1) into the run."""
    if progress < settings.warmup:
        return max(progress / settings.warmup, 0.01)
    left = 1 - (progress - settings.warmup) / (1 - settings.warmup)
    if settings.schedule == "constant":
        return 1.0
    return left if settings.schedule == "linear" else (1 - math.cos(math.pi * left)) / 2
