"""Which epoch of a run is the best, and when no better one is waited for any longer.

It reads the lines of the history and knows nothing about models.
"""

from collections.abc import Sequence

from han_core.planning.settings import Settings


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
