"""The command ``faithfulness``."""

from argparse import ArgumentParser, Namespace

from han_core.cli.common import at_least, bar, checkpoint, data, device, print_json, say
from han_core.data.corpus import read_corpus
from han_core.explanation.dataset_evidence import measure, sample
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.devices import choose_device

HELP = "how far attention explains decisions, on any texts"


def flags(command: ArgumentParser) -> None:
    checkpoint(command)
    device(command)
    data(command)
    command.add_argument(
        "--limit", type=at_least(1), default=500, metavar="N", help="documents to measure (500)"
    )
    command.add_argument("--seed", type=at_least(0), default=0)


def run(given: Namespace) -> None:
    """Prints how far a checkpoint's attention explains its decisions over a data set."""
    checkpoint = load_checkpoint(given.checkpoint, choose_device(given.device))
    corpus = read_corpus(
        given.data, text_column=given.text_column, label_column=None, default_split="test"
    )
    for note in corpus.notes:
        say(note)
    choosing = bar("Choosing", len(corpus))
    rows = sample(checkpoint, corpus.texts, given.limit, given.seed, choosing, say)
    texts = corpus.take(rows).texts
    print_json(
        measure(checkpoint, texts, given.seed, progress=bar("Measuring", len(rows))).to_json()
    )
