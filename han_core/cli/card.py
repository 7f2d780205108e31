"""The commands ``card`` and ``handout``: pages about a model, and of a lesson."""

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

import torch

from han_core.analysis.film import read_frames
from han_core.cli.common import (
    Command,
    at_least,
    check_writable,
    checkpoint_flags,
    device_flags,
    input_bytes,
    load_chosen,
    print_json,
    progress_bar,
    say,
    say_all,
    writing,
)
from han_core.data.corpus import Corpus, read_corpus
from han_core.data.rationales import Rationales, read_rationales
from han_core.explanation.lesson import FILMS, LANGUAGES, LONGEST_TEXT, Lesson, find_lesson
from han_core.explanation.lesson_measures import Material, Moment, live_numbers
from han_core.explanation.model_probe import probe_text
from han_core.models.beam_search import SearchSettings
from han_core.models.checkpoint import CARD, Checkpoint, find_folder, load_checkpoint
from han_core.models.system_folder import load_system
from han_core.models.translate import translate_texts
from han_core.models.translator import TRANSLATOR
from han_core.runtime.atomic_io import current_folder
from han_core.runtime.devices import choose_device
from han_core.runtime.errors import UserError
from han_core.viz.handout import handout
from han_core.viz.model_card import measured
from han_core.viz.model_card.content import Baseline, Card, read_card, weights_of
from han_core.viz.model_card.known import checkpoint_facts
from han_core.viz.model_card.readme import read_baselines


def handout_flags(parser: ArgumentParser) -> None:
    parser.add_argument("lesson", type=at_least(0), metavar="LESSON", help="its number")
    parser.add_argument("--language", choices=LANGUAGES, default="en")
    parser.add_argument("--text", metavar="T", help="a text of your own")
    parser.add_argument("--to", default="-", metavar="FILE", help="HTML; - is stdout")
    parser.add_argument("--without-notes", action="store_true", help="leave the teacher's copy out")
    device_flags(parser)


def run_handout(options: Namespace) -> None:
    """Write a lesson as a page for printing."""
    lesson = find_lesson(options.lesson, options.language)
    text = lesson.text if options.text is None else options.text
    if len(text) > LONGEST_TEXT:
        raise UserError(
            f"A text of up to {LONGEST_TEXT:,} characters is expected; this one has {len(text):,}."
        )
    if options.to != "-":
        check_writable(options.to)
    material = _material(lesson, text, choose_device(options.device))
    live = live_numbers(lesson, material)
    page = handout(lesson, text, material, live, not options.without_notes)
    with writing(options.to) as out:
        out.write(page)
    if options.to != "-":
        print_json({"lesson": lesson.number, "language": lesson.language, "file": options.to})


def _material(lesson: Lesson, text: str, device: torch.device) -> Material:
    """Return what a lesson about a text is measured on."""
    if lesson.shows == "film":
        frames = read_frames(FILMS / lesson.model).frames if text == lesson.text else ()
        return [Moment(frame.step, frame.explanations[0]) for frame in frames]
    if lesson.shows == "alignment":
        translator = load_system(lesson.model, TRANSLATOR, device)
        return translate_texts(translator, [text, lesson.contrast], settings=SearchSettings())
    checkpoints = [load_checkpoint(name, device) for name in (lesson.model, *lesson.beside)]
    probes = [probe_text(checkpoint, text) for checkpoint in checkpoints]
    if lesson.shows == "heads":
        return [*probes, probe_text(checkpoints[0], lesson.contrast)]
    return probes if lesson.shows == "forms" else probes[0]


def card_flags(parser: ArgumentParser) -> None:
    checkpoint_flags(parser)
    device_flags(parser)
    parser.add_argument(
        "--faithfulness", metavar="D", help="data to measure faithfulness and speed on"
    )
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--data-name", metavar="NAME", help="name of these data in the card")
    parser.add_argument(
        "--limit", type=at_least(1), default=500, metavar="N", help="documents to measure (500)"
    )
    parser.add_argument("--seed", type=at_least(0), default=0)
    parser.add_argument("--plausibility", metavar="F", help="texts with the spans people marked")
    parser.add_argument(
        "--baselines",
        metavar="FILE",
        help="other models on the same test documents: what benchmarks.baselines prints, or "
        "JSONL with name, accuracy and n",
    )
    parser.add_argument(
        "--again", action="store_true", help="measure again what the card already has"
    )


def run_card(options: Namespace) -> None:
    """Measure what the card lacks, write both files, and print their folder and the parts."""
    checkpoint = load_chosen(options)
    folder = current_folder(find_folder(options.checkpoint))
    check_writable(str(folder / CARD))
    card = _measured(options, checkpoint, _begun(folder, checkpoint))
    measured.write_files(options.checkpoint, card)
    held = card.model_dump(exclude_none=True, exclude={"format", "weights"})
    print_json({"checkpoint": checkpoint.name, "folder": str(folder), "holds": list(held)})


def _begun(folder: Path, checkpoint: Checkpoint) -> Card:
    """Return the card that is there, or an empty one."""
    try:
        there = read_card(folder, checkpoint.config)
    except UserError as error:
        say(f"{error} It is written anew.")
        there = None
    return there or Card(weights=weights_of(folder, checkpoint.config))


def _measured(options: Namespace, checkpoint: Checkpoint, card: Card) -> Card:
    """Return the card with what it lacks; all data are read before anything is measured."""
    corpus, marked = _corpus(options, card), _marked(options, card)
    parts: dict[str, object] = {}
    if options.baselines is not None:
        parts["rivals"] = _rivals(options)
    if options.again or card.weaknesses is None:
        parts["weaknesses"] = measured.weaknesses(checkpoint, progress_bar)
    if corpus is not None and (options.again or card.speed is None):
        parts["speed"] = measured.speed(checkpoint, corpus.texts)
    if corpus is not None and (options.again or card.faithfulness is None):
        settings = options.limit, options.seed, progress_bar, say
        parts["faithfulness"] = measured.faithfulness(checkpoint, corpus, *settings)
    if marked is not None:
        parts["plausibility"] = measured.plausibility(
            checkpoint, marked, options.seed, progress_bar
        )
    return card.model_copy(update=parts)


def _corpus(options: Namespace, card: Card) -> Corpus | None:
    """Return the texts for faithfulness and speed, where one of them is to be measured."""
    held = None not in (card.speed, card.faithfulness)
    if options.faithfulness is None or (held and not options.again):
        return None
    corpus = read_corpus(
        options.faithfulness,
        text_column=options.text_column,
        label_column=None,
        default_split="test",
    )
    say_all(corpus.notes)
    return replace(corpus, name=options.data_name or corpus.name)


def _marked(options: Namespace, card: Card) -> Rationales | None:
    if options.plausibility is None or (card.plausibility is not None and not options.again):
        return None
    marked = read_rationales(options.plausibility, text_column=options.text_column)
    say_all(marked.notes)
    return marked


def _rivals(options: Namespace) -> tuple[Baseline, ...]:
    own = checkpoint_facts(options.checkpoint)
    return read_baselines(input_bytes(options.baselines), own.name, own.documents.get("test", 0))


COMMANDS = {
    "card": Command(card_flags, run_card),
    "handout": Command(handout_flags, run_handout),
}
