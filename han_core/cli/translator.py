"""The commands ``train`` and ``evaluate`` of translators, and ``translate``."""

import json
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
from han_core.data.sentence_pairs import read_pairs, split_pairs
from han_core.explanation.translation import source_word_removal
from han_core.models.beam_search import SearchSettings
from han_core.models.system_folder import SystemCheckpoint, load_system
from han_core.models.translate import Translation, translate_texts
from han_core.models.translator import TRANSLATOR, Form, TranslatorConfig
from han_core.runtime.devices import choose_device
from han_core.runtime.errors import UserError, shown
from han_core.training.settings import checked
from han_core.training.translation import (
    DEFAULTS,
    PairSettings,
    TranslatorRequest,
    parse_assignments,
    train_translator,
)
from han_core.training.translation_quality import evaluate_translator

PARTS = PartFlags("PAIRS|SHARE", validation="0.02", test="0.02", below=0.5)


def _data_flags(parser: ArgumentParser, required: bool) -> None:
    parser.add_argument("--data", required=True, metavar="PAIRS",
                        help=".parquet, .csv or .jsonl, or bundled:dates")  # fmt: skip
    for side in ("source", "target"):
        parser.add_argument(
            f"--{side}-column", required=required, metavar="NAME", help=f"sentences of the {side}"
        )


def train_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--model", required=True, choices=[TRANSLATOR.name])
    _data_flags(parser, required=True)
    parser.add_argument("--attention", choices=get_args(Form), default="additive")
    run_flags(parser, PARTS, "longest=15, guided=0.5 or target_segmentation=characters")


def run_train(options: Namespace) -> None:
    """Train and print one JSON line."""
    device = choose_device(options.device)
    request = _request(options)
    print_run(lambda callbacks: train_translator(request, device, callbacks), "batch")


def _request(options: Namespace) -> TranslatorRequest:
    values = parse_assignments(options.set)
    settings = loop_settings(options, {**DEFAULTS, **values["loop"]})
    pairs = checked(PairSettings, values["pairs"])
    assert isinstance(pairs, PairSettings)
    columns = options.source_column, options.target_column
    parts = divided(
        options,
        PARTS,
        lambda path: read_pairs(path, *columns),
        lambda data, validation, test: split_pairs(data, validation, test, settings.seed),
    )
    languages = {
        f"{side}_language": name
        for side, name in zip(("source", "target"), columns, strict=True)
        if len(name) == 2
    }
    return TranslatorRequest(
        training=parts.training,
        validation=parts.validation,
        test=parts.test,
        sizes={**languages, **values["sizes"], "attention": options.attention},
        pairs=pairs,
        settings=settings,
        **run_place(options),
    )


def _search_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--beams", type=int, default=5, help="1 is greedy")
    parser.add_argument("--length-penalty", type=float, default=0.6, metavar="A")
    parser.add_argument("--coverage-penalty", type=float, default=0.0, metavar="B")


def _search(options: Namespace) -> SearchSettings:
    return SearchSettings(options.beams, options.length_penalty, options.coverage_penalty)


def evaluate_flags(parser: ArgumentParser) -> None:
    checkpoint_flags(parser)
    device_flags(parser)
    _data_flags(parser, required=False)
    parser.add_argument(
        "--alignments",
        metavar="GOLD",
        help="links of each pair such as 1-1 (sure) 2p3 (possible); the pairs are those of --data, "
        "or stand beside it in a file of the same name that ends in .src-tgt",
    )
    _search_flags(parser)


def run_evaluate(options: Namespace) -> None:
    """Print figures on pairs: loss, BLEU, chrF; alignment error where links are given."""
    checkpoint = load_system(options.checkpoint, TRANSLATOR, choose_device(options.device))
    config = checkpoint.config
    assert isinstance(config, TranslatorConfig)
    pairs = read_pairs(
        options.data,
        options.source_column or config.source_language,
        options.target_column or config.target_language,
    )
    say_all(pairs.notes)
    print_json(evaluate_translator(checkpoint, pairs, _search(options), options.alignments))


def translate_flags(parser: ArgumentParser) -> None:
    checkpoint_flags(parser)
    device_flags(parser)
    parser.add_argument(
        "--input", default="-", metavar="F", help='JSONL {"id"?, "text", "target"?}; - is stdin'
    )
    parser.add_argument("--output", default="-", metavar="F", help="JSONL; - is stdout")
    parser.add_argument(
        "--evidence",
        action="store_true",
        help="add how each target word changes without each source word",
    )
    _search_flags(parser)


def run_translate(options: Namespace) -> None:
    """Write a line for each text: translation, words on both sides, alignment."""
    checkpoint = load_system(options.checkpoint, TRANSLATOR, choose_device(options.device))
    rows = _input_rows(options.input)
    settings = _search(options)
    with writing(options.output) as out:
        texts, targets = [row[1] for row in rows], [row[2] for row in rows]
        translations = translate_texts(checkpoint, texts, targets, settings)
        for (id, _, _), translation in zip(rows, translations, strict=True):
            line = {"id": id, **translation.to_json()}
            if options.evidence:
                line["removal"] = _removal(checkpoint, translation)
            out.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")


def _removal(checkpoint: SystemCheckpoint, translation: Translation) -> dict | None:
    """None of a text with one word, from which none can be taken."""
    if len(translation.source) < 2 or not translation.target:
        return None
    return source_word_removal(checkpoint, translation).to_json()


def _input_rows(source: str) -> list[tuple[object, str, str | None]]:
    """Id, text and translation of each line; the id is the line's number where there is none."""
    try:
        lines = input_bytes(source).decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise UserError("The input is not text in UTF-8.") from error
    return [_input_row(line, number) for number, line in enumerate(lines, start=1) if line.strip()]


def _input_row(line: str, number: int) -> tuple[object, str, str | None]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f'Line {number} is not JSON; {{"text": "…"}} was expected.') from error
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise UserError(f'Line {number} has no "text"; {{"text": "…"}} was expected.')
    target = row.get("target")
    if not isinstance(target, str | None):
        raise UserError(f'The "target" of line {number} is text; {shown(str(target))} came.')
    id = row.get("id", number)
    if not isinstance(id, str | int):
        raise UserError(f'The "id" of line {number} is text or a whole number.')
    return id, row["text"], target


COMMANDS = {
    "card": CARD,
    "train": Command(train_flags, run_train),
    "evaluate": Command(evaluate_flags, run_evaluate),
    "translate": Command(translate_flags, run_translate),
}
