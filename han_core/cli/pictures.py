"""The commands ``train``, ``evaluate`` and ``explain`` for texts with pictures."""

import json
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

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
from han_core.data.pictures import Columns, PictureSet, read_pictures, split_pictures, test_part
from han_core.explanation.pictures import explain_pictures, explained_evidence
from han_core.models.han_image import HAN_IMAGE
from han_core.models.picture_predict import config_of
from han_core.models.system_folder import SystemCheckpoint, load_system
from han_core.runtime.devices import choose_device
from han_core.training.pictures import (
    DEFAULTS,
    PictureRequest,
    parse_assignments,
    picture_size,
    timed_evaluation,
    train_pictures,
)

FORMATS = ".parquet with the pictures' bytes, .csv, .tsv or .jsonl with paths beside the file"
PARTS = PartFlags("F|FRACTION", validation="0.1")


def _data_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--data", required=True, metavar="F", help=FORMATS)
    _column_flags(parser)
    parser.add_argument("--label-column", metavar="NAME", default="label")


def _column_flags(parser: ArgumentParser) -> None:
    for role in ("text", "image"):
        parser.add_argument(f"--{role}-column", metavar="NAME", default=role)


def _columns(options: Namespace) -> Columns:
    label = getattr(options, "label_column", None)
    return Columns(options.text_column, options.image_column, label)


def train_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--model", required=True, choices=[HAN_IMAGE.name])
    _data_flags(parser)
    run_flags(parser, PARTS, "fusion=concatenation, size=56, width=32 or language=fr", "documents")


def run_train(options: Namespace) -> None:
    """Train and print one JSON line."""
    device = choose_device(options.device)
    request = _request(options)
    print_run(lambda callbacks: train_pictures(request, device, callbacks), "doc")


def _request(options: Namespace) -> PictureRequest:
    values = parse_assignments(options.set)
    settings = loop_settings(options, {**DEFAULTS, **values["loop"]})
    size, columns = picture_size(values["sizes"]), _columns(options)
    parts = divided(
        options,
        PARTS,
        lambda path: read_pictures(path, size, columns),
        lambda data, validation, test: split_pictures(data, validation, test, settings.seed),
    )
    training = parts.training
    if options.limit is not None:
        training = training.take(range(min(options.limit, len(training))))
    return PictureRequest(
        training=training,
        validation=parts.validation,
        test=parts.test,
        sizes=values["sizes"],
        text=values["text"],
        settings=settings,
        **run_place(options),
    )


def evaluate_flags(parser: ArgumentParser) -> None:
    checkpoint_flags(parser)
    device_flags(parser)
    _data_flags(parser)


def run_evaluate(options: Namespace) -> None:
    """Print the figures of a checkpoint on documents with labels, of several splits the test's."""
    checkpoint = load_system(options.checkpoint, HAN_IMAGE, choose_device(options.device))
    data = test_part(read_pictures(options.data, config_of(checkpoint).size, _columns(options)))
    say_all(data.notes)
    print_json(timed_evaluation(checkpoint, data))


def explain_flags(parser: ArgumentParser) -> None:
    checkpoint_flags(parser)
    device_flags(parser)
    parser.add_argument(
        "--input", "--data", default="-", metavar="F", help=f"{FORMATS}; - is JSONL on stdin"
    )
    _column_flags(parser)
    parser.add_argument("--output", default="-", metavar="F", help="JSONL; - is stdout")
    parser.add_argument(
        "--evidence",
        action="store_true",
        help="add what happens without the words and patches of most attention",
    )


def run_explain(options: Namespace) -> None:
    """Write a line for each document: the text's attention, the picture's, and each part alone."""
    checkpoint = load_system(options.checkpoint, HAN_IMAGE, choose_device(options.device))
    data = _input(options, checkpoint)
    say_all(data.notes)
    with writing(options.output) as out:
        for line in _lines(checkpoint, data, options.evidence):
            out.write(json.dumps(line, allow_nan=False) + "\n")


def _lines(checkpoint: SystemCheckpoint, data: PictureSet, evidence: bool) -> list[dict]:
    if not evidence:
        return [one.to_json() for one in explain_pictures(checkpoint, data)]
    return [
        {**one.to_json(), "deletion": {part: test.to_json() for part, test in tests.items()}}
        for one, tests in explained_evidence(checkpoint, data)
    ]


def _input(options: Namespace, checkpoint: SystemCheckpoint) -> PictureSet:
    size, columns = config_of(checkpoint).size, _columns(options)
    if options.input != "-":
        return read_pictures(options.input, size, columns, labelled=False)
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(input_bytes("-"))
        file.flush()
        return read_pictures(
            file.name, size, columns, False, filename="The input.jsonl", folder=Path.cwd()
        )


COMMANDS = {
    "card": CARD,
    "train": Command(train_flags, run_train),
    "evaluate": Command(evaluate_flags, run_evaluate),
    "explain": Command(explain_flags, run_explain),
}
