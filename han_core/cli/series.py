"""The commands ``train``, ``evaluate`` and ``explain`` for time series."""

import json
import shlex
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import get_args

from han_core.cli.common import (
    Command,
    at_least,
    checkpoint_flags,
    device_flags,
    epoch_bar,
    follow,
    input_bytes,
    print_json,
    say,
    say_all,
    writing,
)
from han_core.cli.interrupt import Interrupt
from han_core.data.series import SeriesSet, read_series
from han_core.explanation.series import deletion_evidence, explain_series
from han_core.models.series import SERIES, Task
from han_core.models.system_folder import load_system
from han_core.runtime.devices import choose_device
from han_core.runtime.errors import UserError
from han_core.training.callbacks import Callbacks, Stopped
from han_core.training.loop import LoopSettings
from han_core.training.series import (
    SeriesRequest,
    parse_assignments,
    split_series,
    timed_evaluation,
    train_series,
)
from han_core.training.settings import checked

FORMATS = ".ts, .arff, .npz, .parquet with lists, .jsonl, long or wide .csv"


def _data_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--data", required=True, metavar="F", help=f"series: {FORMATS}")
    parser.add_argument(
        "--target-column", metavar="NAME", help="class or number (label, target, class or y)"
    )


def train_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--model", required=True, choices=[SERIES.name])
    _data_flags(parser)
    parser.add_argument("--task", choices=get_args(Task), default="classification")
    parser.add_argument(
        "--validation", default="0.1", metavar="F|FRACTION", help="data, or a share of --data"
    )
    parser.add_argument("--test", metavar="F|FRACTION", help="data, or a share of --data")
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument(
        "--limit", type=at_least(1), metavar="N", help="the first N training series"
    )
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any setting, such as scale_each=true, slope=true, cell=gru or hidden=32",
    )
    device_flags(parser)


def run_train(options: Namespace) -> None:
    """Train and print one JSON line."""
    device = choose_device(options.device)
    request = _request(options)
    interrupt = Interrupt(alone=True)
    callbacks = Callbacks(follow, epoch_bar, say, stop=interrupt.is_pending)
    try:
        with interrupt.catching_signals():
            print_json(train_series(request, device, callbacks))
    except Stopped as stop:
        raise KeyboardInterrupt(f"{stop} --resume goes on from there.") from stop


def _request(options: Namespace) -> SeriesRequest:
    loop, sizes = parse_assignments(options.set)
    flags = {name: getattr(options, name) for name in ("epochs", "seed")}
    loop |= {name: value for name, value in flags.items() if value is not None}
    settings = checked(LoopSettings, loop)
    assert isinstance(settings, LoopSettings)
    parts = _parts(options, settings.seed)
    training = parts["training"]
    assert training is not None
    if options.limit is not None:
        training = training.take(range(min(options.limit, len(training))))
    return SeriesRequest(
        training=training,
        validation=parts["validation"],
        test=parts["test"],
        task=options.task,
        sizes=sizes,
        settings=settings,
        out=Path(options.out),
        resume=options.resume,
        reproduce=shlex.join(word for word in options.command_line if word != "--resume"),
    )


def _parts(options: Namespace, seed: int) -> dict[str, SeriesSet | None]:
    """Training, validation and test: by the column split, other files, or shares."""
    data = read_series(options.data, options.target_column)
    given = {"validation": options.validation, "test": options.test}
    shares = {part: _share(value, part) for part, value in given.items()}
    others = {
        part: read_series(value, options.target_column)
        for part, value in given.items()
        if value is not None and shares[part] is None
    }
    for part in others.values():
        say_all(part.notes)
    cut = {part: share or 0.0 for part, share in shares.items()}
    by_class = options.task == "classification"
    return {**split_series(data, cut["validation"], cut["test"], seed, by_class), **others}


def _share(value: str | None, part: str) -> float | None:
    """A share; None where ``value`` names a file."""
    try:
        share = float(value or 0)
    except ValueError:
        return None
    if not 0 <= share < 1:
        raise UserError(f"--{part} is a file, or a share of 0 to below 1; {value} came.")
    return share


def evaluate_flags(parser: ArgumentParser) -> None:
    checkpoint_flags(parser)
    device_flags(parser)
    _data_flags(parser)


def run_evaluate(options: Namespace) -> None:
    """Print the figures of a checkpoint on series with targets, of several splits the test's."""
    data = test_part(read_series(options.data, options.target_column))
    say_all(data.notes)
    print_json(timed_evaluation(options.checkpoint, data, choose_device(options.device)))


def test_part(data: SeriesSet) -> SeriesSet:
    """Return the test series where a column ``split`` names some, else all."""
    rows = [row for row, said in enumerate(data.splits) if said.strip().casefold() == "test"]
    return data.take(rows) if rows else data


def explain_flags(parser: ArgumentParser) -> None:
    checkpoint_flags(parser)
    device_flags(parser)
    parser.add_argument(
        "--input", "--data", default="-", metavar="F", help=f'{FORMATS}; - is JSONL with "x", stdin'
    )
    parser.add_argument("--target-column", metavar="NAME", help="a column that is no channel")
    parser.add_argument("--output", default="-", metavar="F", help="JSONL; - is stdout")
    parser.add_argument(
        "--evidence", action="store_true", help="add what happens without the top steps"
    )


def run_explain(options: Namespace) -> None:
    """Write a line for each series: the prediction, and the weight of each step."""
    checkpoint = load_system(options.checkpoint, SERIES, choose_device(options.device))
    data = _input(options)
    say_all(data.notes)
    with writing(options.output) as out:
        for explanation, series in zip(explain_series(checkpoint, data), data.values, strict=True):
            line = explanation.to_json()
            if options.evidence:
                evidence = deletion_evidence(checkpoint, series, explanation.attention)
                line["deletion"] = evidence.to_json()
            out.write(json.dumps(line, allow_nan=False) + "\n")


def _input(options: Namespace) -> SeriesSet:
    if options.input != "-":
        return read_series(options.input, options.target_column, labelled=False)
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(input_bytes("-"))
        file.flush()
        return read_series(file.name, options.target_column, False, filename="The input.jsonl")


COMMANDS = {
    "train": Command(train_flags, run_train),
    "evaluate": Command(evaluate_flags, run_evaluate),
    "explain": Command(explain_flags, run_explain),
}
