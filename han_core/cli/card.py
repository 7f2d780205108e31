"""The command ``card``."""

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from han_core.cli.common import (
    at_least,
    bar,
    check_writable,
    checkpoint,
    device,
    input_bytes,
    print_json,
    reason,
    say,
)
from han_core.data.corpus import Corpus, read_corpus
from han_core.data.rationales import Rationales, read_rationales
from han_core.models.checkpoint import CARD, README, Checkpoint, find_folder, load_checkpoint
from han_core.runtime.atomic_io import standing, write_whole
from han_core.runtime.devices import choose_device
from han_core.runtime.errors import UserError
from han_core.viz.model_card import measured
from han_core.viz.model_card.content import Baseline, Card, read_card, weights_of, write_card
from han_core.viz.model_card.known import checkpoint_facts
from han_core.viz.model_card.readme import read_baselines, readme
from han_core.viz.model_card.sections import sections

HELP = "write card.json and README.md into a checkpoint's folder, measuring what they lack"


def flags(command: ArgumentParser) -> None:
    checkpoint(command)
    device(command)
    command.add_argument(
        "--faithfulness", metavar="D", help="data to measure faithfulness and speed on"
    )
    command.add_argument("--text-column", default="text")
    command.add_argument("--data-name", metavar="NAME", help="how the card calls these data")
    command.add_argument(
        "--limit", type=at_least(1), default=500, metavar="N", help="documents to measure (500)"
    )
    command.add_argument("--seed", type=at_least(0), default=0)
    command.add_argument("--plausibility", metavar="F", help="texts with the spans people marked")
    command.add_argument(
        "--baselines",
        metavar="FILE",
        help="other models on the same test documents: what benchmarks.baselines prints, or "
        "JSONL with name, accuracy and n",
    )
    command.add_argument(
        "--again", action="store_true", help="measure what is asked for though the card holds it"
    )


def run(given: Namespace) -> None:
    """Measures, writes both files, and prints where they are and what the card holds."""
    checkpoint = load_checkpoint(given.checkpoint, choose_device(given.device))
    folder = standing(find_folder(given.checkpoint))
    check_writable(str(folder / CARD))
    card = _measured(given, checkpoint, _begun(folder, checkpoint))
    _write(given.checkpoint, folder, card)
    held = card.model_dump(exclude_none=True, exclude={"format", "weights"})
    print_json({"checkpoint": checkpoint.name, "folder": str(folder), "holds": list(held)})


def _begun(folder: Path, checkpoint: Checkpoint) -> Card:
    """The card that is there, or an empty one."""
    try:
        there = read_card(folder, checkpoint.config)
    except UserError as error:
        say(f"{error} It is written anew.")
        there = None
    return there or Card(weights=weights_of(folder, checkpoint.config))


def _measured(given: Namespace, checkpoint: Checkpoint, card: Card) -> Card:
    """The card with what it lacks; all data are read before anything is measured."""
    corpus, marked = _corpus(given, card), _marked(given, card)
    found: dict[str, object] = {}
    if given.baselines is not None:
        found["rivals"] = _rivals(given)
    if given.again or card.weaknesses is None:
        found["weaknesses"] = measured.weaknesses(checkpoint, bar)
    if corpus is not None and (given.again or card.speed is None):
        found["speed"] = measured.speed(checkpoint, corpus.texts)
    if corpus is not None and (given.again or card.faithfulness is None):
        told = given.limit, given.seed, bar, say
        found["faithfulness"] = measured.faithfulness(checkpoint, corpus, *told)
    if marked is not None:
        found["plausibility"] = measured.plausibility(checkpoint, marked, given.seed, bar)
    return card.model_copy(update=found)


def _corpus(given: Namespace, card: Card) -> Corpus | None:
    """The texts for faithfulness and speed, where one of them is to be measured."""
    held = None not in (card.speed, card.faithfulness)
    if given.faithfulness is None or (held and not given.again):
        return None
    corpus = read_corpus(
        given.faithfulness, text_column=given.text_column, label_column=None, default_split="test"
    )
    for note in corpus.notes:
        say(note)
    return replace(corpus, name=given.data_name or corpus.name)


def _marked(given: Namespace, card: Card) -> Rationales | None:
    if given.plausibility is None or (card.plausibility is not None and not given.again):
        return None
    marked = read_rationales(given.plausibility, text_column=given.text_column)
    for note in marked.notes:
        say(note)
    return marked


def _rivals(given: Namespace) -> tuple[Baseline, ...]:
    own = checkpoint_facts(given.checkpoint)
    return read_baselines(input_bytes(given.baselines), own.name, own.documents.get("test", 0))


def _write(checkpoint: str, folder: Path, card: Card) -> None:
    own = checkpoint_facts(checkpoint)
    try:
        write_card(folder, card)
        write_whole(folder / README, readme(own, sections(own, card)).encode("utf-8"))
    except OSError as error:
        raise UserError(f"The card of {own.name} can't be written: {reason(error)}.") from error
