"""The command ``checkpoints``."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from han_core.cli.common import print_json, say
from han_core.models.listing import broken_checkpoints, list_checkpoints
from han_core.runtime.errors import UserError
from han_core.runtime.paths import checkpoints_root

HELP = "the checkpoints that can be loaded, a JSON line each"


def flags(command: ArgumentParser) -> None:
    command.add_argument("--root", metavar="DIR", help="a folder of checkpoints")


def run(given: Namespace) -> None:
    """Prints a JSON line for each checkpoint, and says on standard error which are broken."""
    root = checkpoints_root() if given.root is None else Path(given.root)
    if given.root == "" or not root.is_dir():
        raise UserError(
            f"A folder of checkpoints is expected; {given.root or str(root)!r} is none."
        )
    for listing in list_checkpoints(root):
        print_json(listing.to_json())
    for sentence in broken_checkpoints(root):
        say(sentence)
