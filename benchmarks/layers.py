"""What a second layer and layer normalisation bring at equal training time.

    python -m benchmarks.layers --data D [--group-column id/250] [--out FILE]

Each model gets the same processor seconds of training (one thread): as many whole epochs as fit,
at least one, told from some of its batches, over the same documents with the same settings but
for its layers. It starts from random weights and is validated once, after the last epoch, on
documents that none of the models learns from; no epoch is chosen. ``--out`` keeps a JSON line a
run, and runs that stand there are not repeated. Prints a table of means and standard deviations.
"""

import argparse
import json
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
import torch

from benchmarks.figures import markdown_table
from han_core.cli.common import at_least, say
from han_core.data.splits import Parts, Source, read_parts
from han_core.models.architecture import Architecture
from han_core.models.checkpoint import TextConfig
from han_core.models.registry import MODELS, count_parameters
from han_core.training.batches import epoch_batches
from han_core.training.callbacks import UNWATCHED
from han_core.training.prepare import Prepared, prepare
from han_core.training.settings import Settings
from han_core.training.trainer import Run

SIZES: dict[str, dict[str, object]] = {
    "1 layer": {},
    "2 layers": {"layers": 2, "dropout_layers": 0.2},
    "2 layers, normalised": {"layers": 2, "dropout_layers": 0.2, "layer_norm": True},
}
SETTINGS = Settings(learning_rate=0.003, batch_tokens=4_000, patience=1_000)
TIMED = 30  # batches from which the time of an epoch is told
CPU = torch.device("cpu")


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    torch.set_num_threads(1)
    source = Source(options.data, validation=options.validation, group_column=options.group_column)
    parts = some_of(read_parts(source, seed=0), options.documents)
    say(f"{len(parts.training):,} documents to learn from, {len(parts.validation):,} held out.")
    data = prepare(parts.training, parts.validation, TextConfig(), SETTINGS, UNWATCHED.follow)
    if options.epochs:
        epochs = dict(zip(product(MODELS, SIZES), options.epochs, strict=True))
    else:
        epochs = epochs_that_fit(data, options.seconds)
    kept = _lines(options.out)
    for seed in options.seeds:  # one after the other, so that a table of fewer seeds is whole
        for (model, name), number in epochs.items():
            if (model, name, seed) not in {(x["model"], x["layers"], x["seed"]) for x in kept}:
                kept.append({"model": model, "layers": name, "seed": seed,
                             **train(run_of(data, model, name, seed, number))})  # fmt: skip
                say(json.dumps(kept[-1]))
                _keep(options.out, kept[-1])
    print(table(kept))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--validation", default="0.1", metavar="D|FRACTION")
    parser.add_argument("--group-column", help="whose groups stand on one side")
    parser.add_argument("--documents", type=at_least(2), default=4_000, metavar="N")
    parser.add_argument("--seconds", type=at_least(1), default=60, help="of training, each run")
    parser.add_argument("--epochs", type=at_least(1), nargs=len(MODELS) * len(SIZES), metavar="N",
                        help="of each model and encoder, as an earlier run told; instead of "
                        "--seconds")  # fmt: skip
    parser.add_argument("--seeds", type=at_least(0), nargs="+", default=[0, 1, 2], metavar="N")
    parser.add_argument("--out", type=Path, metavar="FILE", help="a JSON line a run")
    return parser


def some_of(parts: Parts, documents: int) -> Parts:
    """Return parts with ``documents`` training documents, drawn at random."""
    drawn = np.random.default_rng(0).permutation(len(parts.training))[:documents]
    return replace(parts, training=parts.training.take(sorted(drawn.tolist())))


def run_of(data: Prepared, model: str, name: str, seed: int, epochs: int) -> Run:
    """Return the run of a model with the sizes called ``name``, before its first step."""
    decided = {"vocabulary_size": len(data.vocabulary), "classes": len(data.labels)}
    shape = Architecture.model_validate({"model": model, **decided, **SIZES[name]})
    return LastValidated(
        data, shape, SETTINGS.model_copy(update={"seed": seed, "epochs": epochs}), CPU
    )


def epochs_that_fit(data: Prepared, seconds: float) -> dict[tuple[str, str], int]:
    """Return for each model and each of ``SIZES`` the whole epochs in so many seconds."""
    found = {}
    for model in MODELS:
        for name in SIZES:
            epoch = epoch_seconds(run_of(data, model, name, seed=0, epochs=1))
            found[model, name] = max(1, round(seconds / epoch))
            say(f"{model}, {name}: {epoch:.1f} s an epoch, {found[model, name]} in each run.")
    return found


class LastValidated(Run):
    """A run that is validated after its last epoch alone."""

    def validate(self) -> dict:
        if self.epoch + 1 == self.settings.epochs:
            return super().validate()
        return {"validation": {"accuracy": 0.0, "macro_f1": 0.0, "loss": math.inf}}


class _Enough(Exception):
    """Raised within an epoch that was begun only to see how long it takes."""


def epoch_seconds(run: Run) -> float:
    """Return the processor seconds of an epoch, told from ``TIMED`` of its batches."""
    ends: list[float] = []

    def after_step() -> None:
        ends.append(time.process_time())
        if len(ends) > TIMED:
            raise _Enough

    with suppress(_Enough):
        run.train_epoch(_untold, after_step)
    batches = epoch_batches(run.prepared.training.lengths, run.budget, run.settings.seed, 0)
    return float(np.diff(ends).mean()) * len(batches)


def train(run: Run) -> dict:
    """Train to the end of a run; return what it reached and the processor seconds of training."""
    seconds = 0.0
    for _ in range(run.settings.epochs):
        began = ended = time.process_time()

        def after_step() -> None:
            nonlocal ended
            ended = time.process_time()

        run.train_epoch(_untold, after_step)
        seconds += ended - began
    reached = run.history[-1]["validation"]
    return {
        "epochs": run.settings.epochs,
        "seconds": round(seconds, 1),
        "parameters": count_parameters(run.learner.model),
        "accuracy": reached["accuracy"],
        "loss": reached["loss"],
    }


def _untold(documents: int, loss: float) -> None:
    """Nobody is told of a step."""


def table(lines: Sequence[dict]) -> str:
    """Return the means of each model's runs as Markdown, with standard deviations."""
    rows = []
    for model, name in dict.fromkeys((line["model"], line["layers"]) for line in lines):
        runs = [line for line in lines if (line["model"], line["layers"]) == (model, name)]
        accuracies = [100 * run["accuracy"] for run in runs]
        losses = [run["loss"] for run in runs]
        rows.append(
            (
                MODELS[model].title,
                name,
                f"{runs[0]['parameters']:,}",
                runs[0]["epochs"],
                f"{fmean(run['seconds'] for run in runs):.0f}",
                _spread(accuracies, 2),
                _spread(losses, 3),
                len(runs),
            )
        )
    head = ("model", "encoder", "parameters", "epochs", "seconds", "accuracy %", "loss", "seeds")
    return markdown_table(head, rows)


def _spread(values: Sequence[float], digits: int) -> str:
    """Return "84.10 ± 0.52", mean and standard deviation; of one value itself."""
    deviation = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{fmean(values):.{digits}f}{deviation}"


def _lines(path: Path | None) -> list[dict]:
    if path is None or not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _keep(path: Path | None, line: dict) -> None:
    if path is not None:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
