"""An exponential average of the weights, which does better than the last ones alone.

It knows nothing about where the weights come from.
"""

from torch import Tensor

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
