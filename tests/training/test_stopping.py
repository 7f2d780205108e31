"""Which epoch is the best, and when a run is over, by hand."""

import pytest

from han_core.training.optimization import best_line, is_better, is_over
from han_core.training.settings import Settings

FALLING = (0.9, 0.8, 0.7, 0.6, 0.5)


def history(accuracies, losses=(0.5,) * 5) -> list[dict]:
    pairs = zip(accuracies, losses, strict=False)
    return [
        {"epoch": epoch, "validation": {"accuracy": accuracy, "macro_f1": 0.1, "loss": loss}}
        for epoch, (accuracy, loss) in enumerate(pairs, start=1)
    ]


@pytest.mark.parametrize(
    ("accuracies", "losses", "best", "over"),
    [
        ((0.5,), FALLING, 1, False),
        ((0.5, 0.6), FALLING, 2, False),
        ((0.6, 0.5), (0.5, 0.5), 1, False),
        ((0.6, 0.6, 0.5), (0.5, 0.5, 0.5), 1, True),
        ((0.6, 0.6, 0.6, 0.6), FALLING, 4, False),  # of equals the lower loss
        ((0.6, 0.5, 0.5, 0.5), FALLING, 1, False),  # the loss still falls
        ((0.6, 0.5, 0.5, 0.5), (0.9, 0.8, 0.8, 0.9), 1, True),
        ((0.6, 0.5, 0.7, 0.6), (0.5,) * 4, 3, False),
        ((0.6, 0.5, 0.7, 0.6, 0.8), (0.5,) * 5, 5, True),  # all epochs
    ],
)
def test_the_best_epoch_and_the_end(accuracies, losses, best, over):
    settings = Settings(patience=2, epochs=5)
    lines = history(accuracies, losses)
    assert best_line(lines, settings)["epoch"] == best
    assert is_over(lines, settings) == over


def test_a_run_that_has_not_begun_is_not_over():
    assert not is_over([], Settings())


def test_the_best_epoch_by_loss_is_the_lowest_whatever_the_accuracy():
    lines = history((0.5, 0.6, 0.9), (0.5, 0.3, 0.4))
    assert best_line(lines, Settings(keep="loss"))["epoch"] == 2
    assert is_better(lines[2], lines[0], Settings(keep="loss"))
    assert not is_better(lines[2], lines[1], Settings(keep="loss"))
    assert is_better(lines[2], lines[1], Settings())
