"""The commands ``train``, ``evaluate``, ``checkpoints`` and ``bench``."""

import os
import shlex
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from dataclasses import fields
from pathlib import Path
from typing import get_args

from han_core.cli.common import (
    Command,
    Interrupt,
    at_least,
    checkpoint_flags,
    data_flags,
    device_flags,
    epoch_bar,
    follow,
    load_chosen,
    print_json,
    progress_bar,
    read_chosen,
    say,
    say_all,
)
from han_core.data.domains import is_data
from han_core.data.labels import align_labels
from han_core.data.splits import Source, read_parts
from han_core.models.architecture import AttentionForm
from han_core.models.listing import broken_checkpoints, list_checkpoints, list_systems
from han_core.models.predict import metrics, predict
from han_core.models.registry import MODELS
from han_core.models.systems import SYSTEMS
from han_core.runtime.devices import choose_device
from han_core.runtime.errors import UserError
from han_core.runtime.paths import PROJECT, checkpoints_root
from han_core.training.distributed import (
    Processes,
    device_name,
    fewer_than_asked,
    launched,
    leave,
)
from han_core.training.optimization import check_precision
from han_core.training.settings import parse_settings
from han_core.training.train import Callbacks, Request, Stopped, train


def train_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--model", required=True, choices=[*MODELS, *SYSTEMS])
    parser.add_argument("--attention", choices=get_args(AttentionForm))
    data_flags(parser)
    parser.add_argument(
        "--validation", default="0.1", metavar="D|FRACTION", help="data, or a share of --data"
    )
    parser.add_argument("--test", metavar="D|FRACTION", help="data, or a share of --data")
    parser.add_argument(
        "--split-column", metavar="NAME", help="a column with train, validation or test in each row"
    )
    parser.add_argument(
        "--group-column", metavar="NAME[/N]", help="rows with equal values stay in one split"
    )
    parser.add_argument("--split-seed", type=int, metavar="N", help="seed of the random splits")
    parser.add_argument(
        "--unlabelled",
        metavar="D",
        help="documents without labels, for teachers (--set teachers=…) or --set pretrain=N",
    )
    parser.add_argument(
        "--adapt-to",
        metavar="TARGET",
        help="texts of another domain, whose labels are not learnt: data, or a value of "
        "--domain-column",
    )
    parser.add_argument(
        "--domain-column", metavar="NAME", help="a column of --data that names each row's domain"
    )
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--limit", type=int, metavar="N", help="the first N training documents")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any setting of training, model or text, such as hidden=64 or dropout_words=0.5",
    )
    device_flags(parser)


def run_train(options: Namespace) -> None:
    """Train and print one JSON line; of several processes the first one prints."""
    processes = launched()
    try:
        summary = _train(options, processes)
    except UserError as error:
        if processes.main:
            raise
        raise UserError(f"process {processes.index}: {error}") from error
    except KeyboardInterrupt:
        if processes.main:
            raise
        sys.exit(130)  # the first process says it
    leave()
    if processes.main:
        print_json(summary)


def _train(options: Namespace, processes: Processes) -> dict:
    if alone := fewer_than_asked():
        say(alone)
    device = choose_device(device_name(options.device, processes))
    request = _request(options, processes, device)
    interrupt = Interrupt(alone=processes.count == 1)
    callbacks = Callbacks(follow, epoch_bar, say, stop=interrupt.is_pending)
    try:
        with interrupt.catching_signals():
            return train(request, device, callbacks)
    except Stopped as stop:
        raise KeyboardInterrupt(f"{stop} --resume goes on from there.") from stop


def _request(options: Namespace, processes: Processes, device) -> Request:
    flags = {name: getattr(options, name) for name in ("epochs", "seed")}
    given = {name: value for name, value in flags.items() if value is not None}
    settings, sizes, text = parse_settings(options.set, **given)
    check_precision(settings.mixed_precision, options.model, device)
    parts = read_parts(_source(options), settings.seed)
    if processes.main:
        say_all(parts.notes)
    return Request(
        model=options.model,
        attention=options.attention,
        training=parts.training,
        validation=parts.validation,
        test=parts.test,
        out=Path(options.out),
        settings=settings,
        sizes=sizes,
        text=text,
        reproduce=shlex.join(word for word in options.command_line if word != "--resume"),
        resume=options.resume,
        unlabelled=parts.unlabelled,
        target=parts.target,
    )


def _source(options: Namespace) -> Source:
    """Where the documents come from; a file of target texts needs no column of domains."""
    values = {field.name: getattr(options, field.name) for field in fields(Source)}
    if options.domain_column and options.adapt_to and is_data(options.adapt_to):
        say("--domain-column has no effect: --adapt-to names data of its own.")
        values["domain_column"] = None
    return Source(**values)


def evaluate_flags(parser: ArgumentParser) -> None:
    checkpoint_flags(parser)
    device_flags(parser)
    data_flags(parser)


def run_evaluate(options: Namespace) -> None:
    """Print the metrics of a checkpoint on labelled data."""
    checkpoint = load_chosen(options)
    corpus = read_chosen(options)
    classes = align_labels(corpus.labels, checkpoint.labels)
    started = time.perf_counter()
    probabilities = predict(checkpoint, corpus.texts, progress_bar("Evaluating", len(corpus)))
    speed = len(corpus) / (time.perf_counter() - started)
    figures = metrics(probabilities, classes)
    print_json({"n": len(corpus), **figures, "documents_per_second": round(speed, 2)})


def checkpoints_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--root", metavar="DIR", help="a folder of checkpoints")


def run_checkpoints(options: Namespace) -> None:
    """Print a JSON line for each checkpoint; damaged ones are named on standard error."""
    root = checkpoints_root() if options.root is None else Path(options.root)
    if options.root == "" or not root.is_dir():
        raise UserError(
            f"A folder of checkpoints is expected; {options.root or str(root)!r} is none."
        )
    for listing in list_checkpoints(root):
        print_json(listing.to_json())
    for system in list_systems(root):
        print_json(system.to_json())
    say_all(broken_checkpoints(root))


def bench_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--data", default="bundled:classroom@all", metavar="D")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--limit", type=at_least(1), default=128, metavar="N", help="documents")
    parser.add_argument(
        "--whole",
        action="store_true",
        help="also train on all documents: with small batches, large batches, half precision and "
        "accumulation",
    )
    parser.add_argument("--rounds", type=at_least(1), default=5, metavar="N", help="timed rounds")
    device_flags(parser)


def run_bench(options: Namespace) -> None:
    """Print one JSON line of speed ratios, which the project's ``benchmarks.bench`` measures."""
    if not (PROJECT / "benchmarks" / "bench.py").is_file():
        raise UserError(
            f"bench needs the project's folder benchmarks; there is none in {PROJECT.name}."
        )
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bench", *options.command_line[4:]],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        last = ""
        for line in process.stderr:
            if last:
                say(last)
            last = line.rstrip()
        output = process.stdout.read()
    if process.returncode:
        raise UserError(last or "The measurement ended early.")
    if last:
        say(last)
    print(output, end="", flush=True)


COMMANDS = {
    "train": Command(train_flags, run_train),
    "evaluate": Command(evaluate_flags, run_evaluate),
    "checkpoints": Command(checkpoints_flags, run_checkpoints),
    "bench": Command(bench_flags, run_bench),
}
