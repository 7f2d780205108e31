"""What batching, mixed precision and accumulation gain in training, step by step.

    python -m han_core bench --device cuda --data imdb.parquet --whole

Each rung is the command ``train`` over all documents, in a process of its own: at first small
batches in single precision; then large batches of documents of like length; then half precision,
where the device's own choice is that; then gradients of several batches in one step.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch

from han_core.device import mixed_precision
from han_core.places import PROJECT
from han_core.wrong_input import WrongInput

SMALL, LARGE = 4_000, 64_000  # tokens in a batch: 16 and 240 film reviews
EPOCHS = 2  # what is loaded once counts for less


def rungs(device: torch.device) -> dict[str, dict[str, object]]:
    """Settings of ``train`` by what is added; a rung that changes nothing is left out."""
    single = {"batch_tokens": SMALL, "mixed_precision": "no", "accumulation": 1}
    found = {"as_they_come": single, "batching": {**single, "batch_tokens": LARGE}}
    if mixed_precision("auto", device) != "no":
        found["mixed_precision"] = {**found["batching"], "mixed_precision": "auto"}
    return {**found, "accumulation": {**list(found.values())[-1], "accumulation": 4}}


def climbed(
    data: str,
    device: torch.device,
    columns: tuple[str, str] = ("text", "label"),
    limit: int | None = None,
    say: Callable[[str], None] = lambda line: None,
    train: Callable[[list[str]], dict] | None = None,
) -> dict[str, float]:
    """Training documents a second on each rung, and how many times the first the last one is.

    Args:
        columns: of texts and labels.
        limit: documents trained on; all where none is said.
        train: what runs the command; here in a process of its own.

    Raises:
        WrongInput: as ``train`` says it.
    """
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for model in ("han", "bilstm"):
            for name, settings in rungs(device).items():
                say(f"{model}: trains, {name.replace('_', ' ')}")
                out = str(Path(folder) / f"{model}-{name}")
                arguments = command(model, data, device, columns, limit, settings, out)
                told = (train or (lambda given: _apart(given, folder)))(arguments)
                found[f"{model}_{name}"] = told["train_documents_per_second"]
            rates = [rate for name, rate in found.items() if name.startswith(model)]
            found[f"{model}_gain"] = round(rates[-1] / rates[0], 2)
    return {f"whole_{name}": rate for name, rate in found.items()}


def command(
    model: str,
    data: str,
    device: torch.device,
    columns: tuple[str, str],
    limit: int | None,
    settings: dict[str, object],
    out: str,
) -> list[str]:
    """What stands after ``python -m han_core``."""
    sizes = {"embedding": 200, "hidden": 50, "save_seconds": 0}
    given = ["train", "--model", model, "--data", data, "--validation", "0.02", "--out", out]
    given += ["--epochs", str(EPOCHS), "--device", str(device)]
    given += ["--text-column", columns[0], "--label-column", columns[1]]
    given += ["--limit", str(limit)] if limit else []
    for name, value in {**sizes, **settings}.items():
        given += ["--set", f"{name}={value}"]
    return given


def _apart(given: list[str], folder: str) -> dict:
    """The summary that the command prints; what it keeps goes into ``folder``."""
    done = subprocess.run(
        [sys.executable, "-m", "han_core", *given],
        cwd=PROJECT,
        env={**os.environ, "HANSCOPE_DATA": folder},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise WrongInput((done.stderr.strip().splitlines() or ["train ended early."])[-1])
    return json.loads(done.stdout.splitlines()[-1])
