"""Outcomes made by hand or by chance, for what is counted of them."""

import numpy as np

from han_core.analysis.dataset import Outcomes


def made(true, predicted, confidence=None, tokens=None, labels=None) -> Outcomes:
    """Outcomes with what is given; the rest does not matter."""
    rows = len(true)
    classes = max([*true, *predicted], default=0) + 1
    labels = labels or tuple(f"class {at}" for at in range(classes))
    zeros = np.zeros(rows)
    return Outcomes(
        tuple(labels),
        np.array(true, dtype=np.int16),
        np.array(predicted, dtype=np.int16),
        np.full(rows, 0.5, np.float32) if confidence is None else np.float32(confidence),
        zeros,
        np.ones(rows, np.int32) if tokens is None else np.array(tokens, dtype=np.int32),
        zeros,
        zeros,
    )


def by_chance(rows: int, classes: int = 2, seed: int = 0, too_sure: float = 0.0) -> Outcomes:
    """As often right as confident, or less by ``too_sure``."""
    draw = np.random.default_rng(seed)
    true = draw.integers(0, classes, rows)
    confidence = draw.beta(5, 1.5, rows) * (1 - 1 / classes) + 1 / classes
    right = draw.random(rows) < confidence - too_sure
    predicted = np.where(right, true, (true + draw.integers(1, classes, rows)) % classes)
    labels = tuple(f"class {at}" for at in range(classes))
    return made(true, predicted, confidence, draw.integers(1, 500, rows), labels)
