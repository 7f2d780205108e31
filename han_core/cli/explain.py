"""The commands ``explain``, ``faithfulness`` and ``plausibility``."""

import io
import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from han_core.cli.common import (
    Command,
    at_least,
    checkpoint_flags,
    data_flags,
    device_flags,
    follow,
    input_bytes,
    load_chosen,
    print_json,
    progress_bar,
    read_chosen,
    say,
    say_all,
    writing,
)
from han_core.data.columns import texts_of
from han_core.data.rationales import read_rationales
from han_core.data.table import Table, cell_of
from han_core.explanation import dataset_evidence, plausibility
from han_core.explanation.explain import explain_each
from han_core.explanation.explain_maps import with_maps
from han_core.runtime.errors import UserError, counted

SOON = 1.0
"""Seconds that ``explain`` may take without a progress bar."""


def explain_flags(parser: ArgumentParser) -> None:
    checkpoint_flags(parser)
    device_flags(parser)
    parser.add_argument("--input", default="-", metavar="F", help="JSONL with text; - is stdin")
    parser.add_argument("--output", default="-", metavar="F", help="JSONL; - is stdout")
    parser.add_argument(
        "--maps", action="store_true", help="add every query's weights over every key"
    )


def run_explain(options: Namespace) -> None:
    """Read JSON lines and write an explanation of each, in the same order.

    A text without words gets an answer that says so, and the next ones their explanations.
    """
    checkpoint = load_chosen(options)
    values, ids = parse_documents(input_bytes(options.input))
    texts = texts_of_values(values)
    with writing(options.output) as out:
        explanations = follow(
            explain_each(checkpoint, texts, ids), "Explaining", len(texts), delay=SOON
        )
        wordless = 0
        for text, id, explanation in zip(texts, ids, explanations, strict=True):
            if explanation and options.maps:
                explanation = with_maps(checkpoint, explanation)
            answer = explanation.to_json() if explanation else answer_without_words(text, id)
            wordless += explanation is None
            out.write(json.dumps(answer, allow_nan=False) + "\n")
    if wordless:
        say(f"{counted(wordless, 'text')} without words: no prediction, and an error in its line.")


def answer_without_words(text: str, id: object) -> dict:
    """Return the line of a text in which there is nothing to predict from."""
    return {
        "id": id,
        "label": None,
        "probabilities": {},
        "sentences": [],
        "seen": {"characters": 0, "of": len(text), "tokens": 0, "unknown": 0},
        "error": "The text has no words, so there is no prediction.",
    }


def texts_of_values(values: Sequence[str | list]) -> list[str]:
    """Return the texts, those of lists with the sentences or words that they give, and say so."""
    if not any(isinstance(value, list) for value in values):
        return list(map(cell_of, values))
    cells = tuple(map(cell_of, values))
    texts, note = texts_of(Table("The input", {"text": cells}, {"text": cells}), "text")
    say(note)
    pairs = zip(values, texts, strict=True)
    return [text if isinstance(value, list) else value for value, text in pairs]


def parse_documents(data: bytes) -> tuple[list[str | list], list]:
    """Return texts and ids of JSON lines, in order; an id is any JSON value, or the line's number.

    Raises:
        UserError: names the line that is no object with a text, or whose id is a number
            that JSON does not have.
    """
    values: list[str | list] = []
    ids: list = []
    try:
        lines = io.StringIO(data.decode("utf-8-sig"), newline=None)
    except UnicodeDecodeError as error:
        raise UserError(f"The input is not UTF-8 (byte {error.start}).") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            text, id = _parse_document(line, number)
            values.append(text)
            ids.append(id)
    return values, ids


def _parse_document(line: str, number: int) -> tuple[str | list, object]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"Line {number} of the input is not JSON.") from error
    if not isinstance(value, dict) or not isinstance(value.get("text"), str | list):
        raise UserError(
            f'Line {number} of the input has no "text" that is a string, or a list of sentences '
            "or words."
        )
    id = value.get("id", number)
    try:
        json.dumps(id, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise UserError(f'Line {number} of the input has an "id" that is not finite.') from error
    return value["text"], id


def faithfulness_flags(parser: ArgumentParser) -> None:
    checkpoint_flags(parser)
    device_flags(parser)
    data_flags(parser)
    parser.add_argument(
        "--limit", type=at_least(1), default=500, metavar="N", help="documents to measure (500)"
    )
    parser.add_argument("--seed", type=at_least(0), default=0)


def run_faithfulness(options: Namespace) -> None:
    """Print how faithful a checkpoint's attention is to its decisions over a data set."""
    checkpoint = load_chosen(options)
    corpus = read_chosen(options, labelled=False)
    sampling = progress_bar("Choosing", len(corpus))
    rows = dataset_evidence.sample(
        checkpoint, corpus.texts, options.limit, options.seed, sampling, say
    )
    texts, progress = corpus.take(rows).texts, progress_bar("Measuring", len(rows))
    report = dataset_evidence.measure(checkpoint, texts, options.seed, progress=progress)
    print_json(report.to_json())


def plausibility_flags(parser: ArgumentParser) -> None:
    checkpoint_flags(parser)
    device_flags(parser)
    data_flags(parser)
    parser.add_argument("--spans-column", default="spans")
    parser.add_argument(
        "--limit", type=at_least(1), metavar="N", help="documents to measure (all of them)"
    )
    parser.add_argument("--seed", type=at_least(0), default=0)


def run_plausibility(options: Namespace) -> None:
    """Print how well a checkpoint's attention agrees with marked spans."""
    checkpoint = load_chosen(options)
    rationales = read_rationales(
        options.data, text_column=options.text_column, spans_column=options.spans_column
    )
    say_all(rationales.notes)
    documents = options.limit or len(rationales)
    sampling = progress_bar("Choosing", len(rationales))
    rows = dataset_evidence.sample(
        checkpoint, rationales.texts, documents, options.seed, sampling, say
    )
    progress = progress_bar("Measuring", len(rows))
    result = plausibility.measure(checkpoint, rationales.take(rows), options.seed, progress)
    if left_out := len(rows) - result.n:
        say(f"Without two words, one of them marked: {counted(left_out, 'text')} left out.")
    print_json(result.to_json())


COMMANDS = {
    "explain": Command(explain_flags, run_explain),
    "faithfulness": Command(faithfulness_flags, run_faithfulness),
    "plausibility": Command(plausibility_flags, run_plausibility),
}
