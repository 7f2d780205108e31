"""The command ``bench``.

The baselines stand in the project's folder ``benchmarks``, which is no part of the library.
"""

import sys
from argparse import ArgumentParser, Namespace

from han_core.cli.common import at_least, device, print_json, say
from han_core.data.corpus import read_corpus
from han_core.runtime.devices import choose_device
from han_core.runtime.errors import UserError
from han_core.runtime.paths import PROJECT

HELP = "how fast this is beside textbook, packed and padded models, in one run"


def flags(command: ArgumentParser) -> None:
    command.add_argument("--data", default="bundled:classroom@all", metavar="D")
    command.add_argument("--text-column", default="text")
    command.add_argument("--label-column", default="label")
    command.add_argument("--limit", type=at_least(1), default=128, metavar="N", help="documents")
    command.add_argument(
        "--whole",
        action="store_true",
        help="also train on all documents: with small batches, large ones, half precision and "
        "accumulation",
    )
    command.add_argument("--rounds", type=at_least(1), default=5, metavar="N", help="timed")
    device(command)


def run(given: Namespace) -> None:
    """Prints one JSON line of ratios, with documents a second and quartiles."""
    device = choose_device("cpu" if given.device == "auto" else given.device)
    if not (PROJECT / "benchmarks" / "bench.py").is_file():
        raise UserError(
            f"bench needs the project's folder benchmarks; there is none in {PROJECT.name}."
        )
    sys.path.insert(0, str(PROJECT))  # to be found from wherever the command is given
    from benchmarks.bench import climbed, measured

    corpus = read_corpus(given.data, text_column=given.text_column, label_column=None)
    found = measured(corpus.first(given.limit).texts, device, given.rounds, say)
    if given.whole:
        found |= climbed(given.data, device, (given.text_column, given.label_column), say=say)
    print_json(found)
