"""The command ``plausibility``."""

from argparse import ArgumentParser, Namespace

from han_core.cli.common import at_least, bar, checkpoint, data, device, print_json, say
from han_core.data.rationales import read_rationales
from han_core.explanation.dataset_evidence import sample
from han_core.explanation.plausibility import measure
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.devices import choose_device
from han_core.runtime.errors import counted

HELP = "how far attention stands on the words that people marked"


def flags(command: ArgumentParser) -> None:
    checkpoint(command)
    device(command)
    data(command)
    command.add_argument("--spans-column", default="spans")
    command.add_argument(
        "--limit", type=at_least(1), metavar="N", help="documents to measure (all of them)"
    )
    command.add_argument("--seed", type=at_least(0), default=0)


def run(given: Namespace) -> None:
    """Prints how far a checkpoint's attention agrees with marked spans."""
    checkpoint = load_checkpoint(given.checkpoint, choose_device(given.device))
    rationales = read_rationales(
        given.data, text_column=given.text_column, spans_column=given.spans_column
    )
    for note in rationales.notes:
        say(note)
    documents = given.limit or len(rationales)
    choosing = bar("Choosing", len(rationales))
    rows = sample(checkpoint, rationales.texts, documents, given.seed, choosing, say)
    measuring = bar("Measuring", len(rows))
    found = measure(checkpoint, rationales.take(rows), given.seed, measuring)
    if left_out := len(rows) - found.n:
        say(f"Without two words, one of them marked: {counted(left_out, 'text')} left out.")
    print_json(found.to_json())
