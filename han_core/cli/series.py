"""The commands ``train``, ``evaluate`` and ``explain`` for time series."""

import json
import tempfile
from argparse import ArgumentParser, Namespace
from typing import get_args

from han_core.cli.common import (
    Command,
    checkpoint_flags,
    device_flags,
    input_bytes,
    print_json,
    say_all,
    writing,
)
from han_core.cli.system import (
    CARD,
    PartFlags,
    divided,
    loop_settings,
    print_run,
    run_flags,
    run_place,
)
from han_core.data.series import SeriesSet, read_series
from han_core.data.series_splits import split_series
from han_core.explanation.series import deletion_evidence, explain_series
from han_core.models.series import SERIES, Task
from han_core.models.system_folder import load_system
from han_core.runtime.devices import choose_device
from han_core.training.series import (
    SeriesRequest,
    parse_assignments,
    timed_evaluation,
    train_series,
)

FORMATS = ".ts, .arff, .npz, .parquet with lists, .jsonl, long or wide .csv"
PARTS = PartFlags("F|FRACTION", validation="0.1")


def _data_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--data", required=True, metavar="F", help=f"series: {FORMATS}")
    parser.add_argument(
        "--target-column", metavar="NAME", help="class or number (label, target, class or y)"
    )


def train_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--model", required=True, choices=[SERIES.name])
    _data_flags(parser)
    parser.add_argument("--task", choices=get_args(Task), default="classification")
    run_flags(parser, PARTS, "scale_each=true, slope=true, cell=gru or hidden=32", "series")


def run_train(options: Namespace) -> None:
    """Train and print one JSON line."""
    device = choose_device(options.device)
    request = _request(options)
    print_run(lambda callbacks: train_series(request, device, callbacks), "series")


def _request(options: Namespace) -> SeriesRequest:
    loop, sizes = parse_assignments(options.set)
    settings = loop_settings(options, loop)
    by_class = options.task == "classification"
    parts = divided(
        options,
        PARTS,
        lambda path: read_series(path, options.target_column),
        lambda data, validation, test: split_series(
            data, validation, test, settings.seed, by_class
        ),
    )
    training = parts.training
    if options.limit is not None:
        training = training.take(range(min(options.limit, len(training))))
    return SeriesRequest(
        training=training,
        validation=parts.validation,
        test=parts.test,
        task=options.task,
        sizes=sizes,
        settings=settings,
        **run_place(options),
    )


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
    "card": CARD,
    "train": Command(train_flags, run_train),
    "evaluate": Command(evaluate_flags, run_evaluate),
    "explain": Command(explain_flags, run_explain),
}
