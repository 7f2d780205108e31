"""The command ``score``."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from han_core.analysis.scoring.ray_cluster import score_on_ray
from han_core.analysis.scoring.run import score_corpus
from han_core.analysis.scoring.workers import score_locally, worker_devices
from han_core.analysis.scoring_job import cache_scores
from han_core.analysis.sources import source_of
from han_core.cli.common import at_least, bar, checkpoint, data, device, print_json, say
from han_core.data.corpus import read_corpus
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError

HELP = "predictions and attention on a data set, as Parquet, on many cores or machines"


def flags(command: ArgumentParser) -> None:
    checkpoint(command)
    data(command)
    command.add_argument("--unlabelled", action="store_true", help="the data have no labels")
    command.add_argument(
        "--out",
        metavar="FOLDER",
        help="new, or one to go on with (without it, kept where the page Errors finds it)",
    )
    command.add_argument(
        "--workers", type=at_least(1), metavar="N", help="processes (as many as there are cores)"
    )
    command.add_argument("--engine", choices=["local", "ray"], default="local")
    command.add_argument("--address", metavar="A", help="of a Ray cluster, such as auto")
    device(command)


def run(given: Namespace) -> None:
    """Scores what the folder lacks, and prints figures over all of it."""
    if given.address is not None and given.engine != "ray":
        raise UserError("--address is for --engine ray.")
    if given.unlabelled and given.out is None:
        raise UserError("With --unlabelled, --out FOLDER is expected: Errors needs labels.")
    engine = _on_ray(given) if given.engine == "ray" else _locally(given)
    checkpoint = load_checkpoint(given.checkpoint)  # before the data, which may take long
    source = source_of(given.data, given.text_column, given.label_column)
    corpus = read_corpus(
        given.data,
        text_column=given.text_column,
        label_column=None if given.unlabelled else given.label_column,
        default_split="test",
    )
    for note in corpus.notes:
        say(note)
    progress = bar("Scoring", len(corpus))
    what = given.checkpoint, checkpoint, corpus
    if given.out is None:
        _, found = cache_scores(*what, source, engine, progress)
    else:
        found = score_corpus(*what, Path(given.out), engine, progress)
    print_json(found.to_json())


def _locally(given: Namespace):
    devices = worker_devices(given.device, given.workers)
    return lambda parts, job: score_locally(parts, job, devices)


def _on_ray(given: Namespace):
    return lambda parts, job: score_on_ray(parts, job, given.device, given.workers, given.address)
