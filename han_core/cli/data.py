"""The commands ``score``, ``export``, ``annotators`` and ``vectors``."""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from pydantic import ValidationError

from han_core.analysis.annotations.agreement import annotators, marks
from han_core.analysis.annotations.database import open_database
from han_core.analysis.annotations.passphrases import protected_names, reset_passphrase
from han_core.analysis.annotations.schema import folded
from han_core.analysis.dataset import open_store
from han_core.analysis.export import KINDS, Kind, export_table
from han_core.analysis.filters import Filter, from_text
from han_core.analysis.query import select, sort_rows
from han_core.analysis.score_cache import CachedScores, list_scores, open_scores
from han_core.analysis.scoring.ray_cluster import score_on_ray
from han_core.analysis.scoring.run import cache_scores, score_corpus
from han_core.analysis.scoring.workers import score_locally, worker_devices
from han_core.analysis.sources import source_of
from han_core.cli.common import (
    Command,
    at_least,
    check_writable,
    checkpoint_flags,
    data_flags,
    device_flags,
    follow,
    print_json,
    progress_bar,
    read_chosen,
    say,
)
from han_core.data.corpus import read_corpus
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from han_core.text.tokenizer import Tokenizer
from han_core.text.word_vectors import check_learning, learn_vectors, write_vectors


def score_flags(parser: ArgumentParser) -> None:
    checkpoint_flags(parser)
    data_flags(parser)
    parser.add_argument("--unlabelled", action="store_true", help="the data have no labels")
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        help="a new folder, or one to go on with (without it, where the page Errors finds it)",
    )
    parser.add_argument(
        "--workers", type=at_least(1), metavar="N", help="processes (as many as there are cores)"
    )
    parser.add_argument("--engine", choices=["local", "ray"], default="local")
    parser.add_argument("--address", metavar="A", help="of a Ray cluster, such as auto")
    device_flags(parser)


def run_score(options: Namespace) -> None:
    """Score what the folder lacks, and print figures over all of it."""
    if options.address is not None and options.engine != "ray":
        raise UserError("--address is for --engine ray.")
    if options.unlabelled and options.out is None:
        raise UserError("With --unlabelled, --out FOLDER is expected: Errors needs labels.")
    engine = ray_engine(options) if options.engine == "ray" else local_engine(options)
    checkpoint = load_checkpoint(options.checkpoint)  # before the data, which may take long
    source = source_of(options.data, options.text_column, options.label_column)
    corpus = read_chosen(options, labelled=not options.unlabelled)
    progress = progress_bar("Scoring", len(corpus))
    if options.out is None:
        _, result = cache_scores(options.checkpoint, checkpoint, corpus, source, engine, progress)
    else:
        result = score_corpus(
            options.checkpoint, checkpoint, corpus, Path(options.out), engine, progress
        )
    print_json(result.to_json())


def local_engine(options: Namespace):
    devices = worker_devices(options.device, options.workers)
    return lambda parts, job: score_locally(parts, job, devices)


def ray_engine(options: Namespace):
    return lambda parts, job: score_on_ray(
        parts, job, options.device, options.workers, options.address
    )


def export_flags(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--scores", default="", metavar="KEY", help="the start of their key; left out, lists them"
    )
    parser.add_argument("--beside", metavar="KEY", help="scores of a second model")
    parser.add_argument(
        "--filter", default="", metavar="TEXT", help="as a link of Errors has it, or as JSON"
    )
    parser.add_argument("--order", default="surest wrong first", help="as Errors names it")
    parser.add_argument("--out", metavar="FILE", help="its name ends in .csv, .parquet or .jsonl")


def run_export(options: Namespace) -> None:
    """Write the file and print its size; without ``--scores``, list what can be exported."""
    if not options.scores:
        for each in list_scores():
            print_json(_listed(each))
        return
    kind = _kind(options.out)
    filter = _filter(options.filter)
    other = _find_scores(options.beside).scores if options.beside else None
    store = open_store(_find_scores(options.scores).scores, other)
    check_writable(options.out)
    notes = open_database()
    rows = sort_rows(store, select(store, filter, marks(notes)), options.order)
    progress = progress_bar("Exporting", len(rows))
    size = export_table(store, rows, notes, Path(options.out), kind, progress=progress)
    print_json({"file": options.out, "documents": len(rows), "bytes": size})


def _listed(cached: CachedScores) -> dict:
    manifest = cached.scores.manifest
    return {
        "scores": cached.key[:12],
        "checkpoint": manifest.checkpoint,
        "data": manifest.data,
        "documents": manifest.rows,
    }


def _find_scores(start: str) -> CachedScores:
    """Return the scores whose key begins with ``start``."""
    keys = [each.key for each in list_scores() if each.key.startswith(start)]
    scores = open_scores(keys[0]) if len(keys) == 1 else None
    if scores is None:
        number = "several are" if len(keys) > 1 else "none is"
        raise UserError(
            f'One set of scores was expected, and {number} called "{start}"; '
            "export without --scores lists them."
        )
    return scores


def _filter(text: str) -> Filter:
    if not text.lstrip().startswith("{"):
        return from_text(text)
    try:
        return Filter.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise UserError(f"--filter asks for what cannot be ({where}: {first['msg']}).") from error


def _kind(out: str | None) -> Kind:
    for kind in KINDS:
        if out is not None and out.endswith(f".{kind}"):
            return kind
    names = ", ".join(f".{kind}" for kind in KINDS)
    raise UserError(f"--out FILE is expected, whose name ends in one of {names}.")


def vectors_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--data", action="append", required=True, metavar="D", help="may repeat")
    parser.add_argument("--text-column", default="text")
    parser.add_argument(
        "--out", required=True, metavar="FILE", help="as text, or word2vec's binary form as .bin"
    )
    parser.add_argument("--language", default="en")
    parser.add_argument("--segmentation", choices=["words", "characters"], default="words")
    parser.add_argument("--size", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)


def run_vectors(options: Namespace) -> None:
    """Learn word vectors and print how many."""
    size, learning = options.size, (options.epochs, options.seed, options.workers)
    check_learning(size, *learning)
    check_writable(options.out)
    tokenizer = Tokenizer(options.language, segmentation=options.segmentation)
    sentences: list[list[str]] = []
    for spec in options.data:
        corpus = read_corpus(spec, text_column=options.text_column, label_column=None)
        for text in follow(corpus.texts, f"Reading {corpus.name}"):
            sentences.append([word.lower() for word in tokenizer(text).token_texts()])
    say(f"Learning vectors of {size} numbers from {sum(map(len, sentences)):,} tokens.")
    words = write_vectors(options.out, learn_vectors(sentences, size, *learning))
    print_json({"vectors": options.out, "words": words, "size": size})


def annotators_flags(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--reset-passphrase", metavar="NAME", help="open this name to everybody again"
    )


def run_annotators(options: Namespace) -> None:
    """Print each annotator's documents and whether a passphrase protects the name."""
    notes = open_database()
    if options.reset_passphrase is not None:
        reset_passphrase(notes, options.reset_passphrase)
        say(f"{options.reset_passphrase} has no passphrase now; whoever uses the name can set one.")
    documents, protected = annotators(notes), protected_names(notes)
    unused = {one.name: 0 for one in protected.values()}
    for name, number in sorted((unused | documents).items()):
        print_json({"name": name, "documents": number, "protected": folded(name) in protected})


COMMANDS = {
    "score": Command(score_flags, run_score),
    "export": Command(export_flags, run_export),
    "vectors": Command(vectors_flags, run_vectors),
    "annotators": Command(annotators_flags, run_annotators),
}
