"""A card with everything on it, and a checkpoint folder of one's own to put it into."""

import json
import shutil
from pathlib import Path

import pytest

from han_core.models.checkpoint import METRICS, read_config
from han_core.viz.model_card.content import Card, weights_of

METRICS_OF_ONE = {
    "dataset": "some/reviews",
    "documents": {"train": 900, "validation": 100, "test": 1000, "unlabelled": 5000},
    "validation": {"accuracy": 0.93, "macro_f1": 0.92, "loss": 0.2},
    "test": {"accuracy": 0.9, "macro_f1": 0.8991, "loss": 0.3},
    "seed": 4,
    "date": "2026-11-21",
    "settings": {"epochs": 6, "average": 0.999, "label_names": ["negative", "positive"]},
    "seeds": [
        {"seed": 4, "test": {"accuracy": 0.9}},
        {"seed": 5, "test": {"accuracy": 0.91}},
        {"seed": 6, "test": {"accuracy": 0.92}},
    ],
    "reproduce": "python -m han_core train --model han",
    "teaching": {"teachers": [{"name": "nb-svm"}, {"name": "older"}]},
    "note": "In another order.",
}


def leaf(mean: float | None) -> dict:
    return {} if mean is None else {"mean": mean, "low": mean - 0.01, "high": mean + 0.01}


def ranked(attention: float, gradient: float, out: float, random: float) -> dict:
    names = ("attention", "gradient", "leave_one_out", "random")
    return dict(zip(names, map(leaf, (attention, gradient, out, random)), strict=True))


FAITHFULNESS = {
    "data": "some/reviews@test",
    "n": 500,
    "comprehensiveness": ranked(0.29, 0.28, 0.56, 0.02),
    "sufficiency": ranked(0.01, -0.02, -0.09, 0.24),
    "captured": leaf(0.5),
    "tau_gradient": leaf(0.4),
    "tau_leave_one_out": leaf(0.3),
    "tau_ceiling": leaf(0.5),
    "flip": {name: leaf(0.2) for name in ("attention", "gradient", "random", "never")},
    "uniform_flips": leaf(0.1),
    "permutation_shift": leaf(None),
}
JUDGED = {**ranked(0.4, 0.5, 0.45, 0.2), "people": leaf(0.6)}
WHOLE = {
    "rivals": [
        {"name": "nb-svm", "accuracy": 0.91, "n": 1000, "macro_f1": 0.9, "p": 0.0312},
        {"name": "tf-idf", "accuracy": 0.85, "n": 1000},
    ],
    "faithfulness": FAITHFULNESS,
    "plausibility": {"data": "marked.jsonl", "n": 90, "auprc": JUDGED, "f1": JUDGED},
    "weaknesses": {
        "data": "bundled:classroom@all",
        "all": {"n": 30, "right": 21},
        "tags": {"negation": {"n": 10, "right": 9}, "sarcasm": {"n": 20, "right": 12}},
    },
    "speed": {"documents_per_second": 1234.5, "words": 270.2, "threads": 2, "machine": "A chip"},
}


@pytest.fixture
def folder(random_checkpoint, tmp_path) -> Path:
    folder = shutil.copytree(random_checkpoint("han"), tmp_path / "mine")
    (folder / METRICS).write_text(json.dumps(METRICS_OF_ONE), encoding="utf-8")
    return folder


@pytest.fixture
def card(folder) -> Card:
    return Card.model_validate({"weights": weights_of(folder, read_config(folder)), **WHOLE})
