"""The command line: ``python -m han_core --help``.

Progress goes to standard error and results to standard output. The exit status is 0, 2 with
one line on standard error for input that cannot be used, or 130 for work that Ctrl-C stopped.
"""

import argparse
import os
import sys
from importlib import import_module
from typing import NoReturn

from han_core.runtime.errors import UserError

COMMANDS = {
    "train": ("models", "train a model and write a checkpoint folder"),
    "evaluate": ("models", "metrics of a checkpoint on labelled data"),
    "explain": ("explain", "prediction and attention weights of each text, as JSON lines"),
    "translate": ("translator", "translation and alignment of each text, as JSON lines"),
    "checkpoints": ("models", "list the checkpoints that can be loaded, as JSON lines"),
    "vectors": ("data", "learn word vectors from texts (needs gensim)"),
    "faithfulness": ("explain", "how faithful attention is to a model's decisions, on any texts"),
    "plausibility": ("explain", "how well attention agrees with the words that people marked"),
    "score": (
        "data",
        "predictions and attention on a data set, as Parquet, on many cores or hosts",
    ),
    "export": ("data", "scores with tags and notes as one table, as the page Errors exports it"),
    "annotators": ("data", "list who has annotated; reset the passphrase of a name"),
    "card": ("card", "write a model card: card.json and README.md in the checkpoint's folder"),
    "handout": ("card", "a lesson as a page for printing, with a teacher's copy"),
    "bench": ("models", "speed compared with textbook, packed and padded models"),
}
"""The module in ``han_core.cli`` and the help of each command; one command's module is imported."""


OF_SYSTEMS = {"train", "evaluate", "explain", "faithfulness", "score", "card"}
"""Commands whose flags depend on what is trained or loaded."""


class _Parser(argparse.ArgumentParser):
    """Reports wrong arguments in one line."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} (see {self.prog} --help)")


def parser(chosen: str | None, own_commands: str = "") -> argparse.ArgumentParser:
    """Return a parser that knows all commands by name, and the flags of the ``chosen`` one.

    Args:
        own_commands: the module that has the ``chosen`` one for a system of its own.
    """
    top = _Parser(prog="python -m han_core", description="Train, evaluate and explain.")
    commands = top.add_subparsers(dest="command", required=True, parser_class=_Parser)
    for name, (module, line) in COMMANDS.items():
        # Without abbreviations: ``reproduce`` leaves out --resume.
        own = commands.add_parser(name, help=line, allow_abbrev=False)
        if name == chosen:
            command = import_module(own_commands or f"han_core.cli.{module}").COMMANDS[name]
            command.flags(own)
            own.set_defaults(run=command.run)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status."""
    status, last_line = _run(sys.argv[1:] if arguments is None else arguments)
    if last_line:  # here, where the progress bars of a command that failed have ended their lines
        print(last_line, file=sys.stderr)
    return status


def _run(arguments: list[str]) -> tuple[int, str]:
    try:
        chosen = arguments[0] if arguments else None
        options = parser(chosen, _own_commands(arguments)).parse_args(arguments)
        options.command_line = ["python", "-m", "han_core", *arguments]
        if getattr(options, "no_header", False):
            import_module("han_core.cli.common").read_first_rows_as_data(options)
        options.run(options)
    except UserError as error:
        return 2, f"error: {' '.join(str(error).split())}"
    except KeyboardInterrupt as stop:
        return 130, str(stop) or "Stopped."
    except BrokenPipeError:  # the reader of our output has gone, as with `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0, ""


def _own_commands(arguments: list[str]) -> str:
    """The module of the system that ``--model`` or ``--checkpoint`` names; "" of classifiers.

    Only what these two say decides whose flags a command has, so it is read before the others.
    """
    if not arguments or arguments[0] not in OF_SYSTEMS:
        return ""
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    early.add_argument("--model", nargs="?")
    early.add_argument("--checkpoint", nargs="?")
    try:
        named = early.parse_known_args(arguments[1:])[0]
    except argparse.ArgumentError:
        return ""  # the command's own parser says what is wrong
    if not (named.model or named.checkpoint):
        return ""
    listing = import_module("han_core.models.listing")
    system = listing.system_of(named.model, named.checkpoint)
    commands: str = system.commands if system else ""
    if commands and arguments[0] not in import_module(commands).COMMANDS:
        raise UserError(
            f"{arguments[0]} works with texts; this checkpoint is for: {system.title.lower()}."
        )
    return commands


if __name__ == "__main__":
    sys.exit(main())
