"""The learning rate over a run, by hand."""

import numpy as np
import pytest

from han_core.training.optimization import rate_factor
from han_core.training.settings import Settings


@pytest.mark.parametrize(
    ("schedule", "progress", "expected"),
    [
        ("linear", 0.0, 0.01), ("linear", 0.05, 0.5), ("linear", 0.1, 1.0), ("linear", 0.55, 0.5),
        ("linear", 1.0, 0.0), ("cosine", 0.1, 1.0), ("cosine", 0.55, 0.5), ("cosine", 1.0, 0.0),
        ("cosine", 0.325, (1 + np.sqrt(0.5)) / 2), ("constant", 0.05, 0.5), ("constant", 1.0, 1.0),
    ],
)  # fmt: skip
def test_the_rate_rises_and_then_follows_its_schedule(schedule, progress, expected):
    settings = Settings(warmup=0.1, schedule=schedule)
    assert rate_factor(progress, settings) == pytest.approx(expected)


def test_without_warm_up_the_rate_starts_at_its_highest():
    assert rate_factor(0.0, Settings(warmup=0)) == pytest.approx(1.0)
