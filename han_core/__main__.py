"""The command line: ``python -m han_core --help``.

Progress goes to standard error and results to standard output. The exit status
is 0, 2 with one line on standard error for input that cannot be used, or 130 for
what was stopped by Ctrl-C. It knows how to name things and nothing about how they
are done.
"""

import argparse
import os
import sys
from typing import NoReturn

from han_core.cli import (
    bench,
    card,
    checkpoints,
    evaluate,
    explain,
    export,
    faithfulness,
    plausibility,
    score,
    train,
    vectors,
)
from han_core.runtime.errors import UserError

COMMANDS = {
    "train": train,
    "evaluate": evaluate,
    "explain": explain,
    "checkpoints": checkpoints,
    "vectors": vectors,
    "faithfulness": faithfulness,
    "plausibility": plausibility,
    "score": score,
    "export": export,
    "card": card,
    "bench": bench,
}


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the arguments."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} (see {self.prog} --help)")


def parser() -> argparse.ArgumentParser:
    """All commands and their flags."""
    top = _Parser(prog="python -m han_core", description="Train, evaluate and explain.")
    kinds = top.add_subparsers(dest="command", required=True, parser_class=_Parser)
    for name, module in COMMANDS.items():
        # Flags are said in full: ``reproduce`` leaves --resume out.
        command = kinds.add_parser(name, help=module.HELP, allow_abbrev=False)
        module.flags(command)
        command.set_defaults(run=module.run)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns the exit status."""
    status, last_line = _run(sys.argv[1:] if arguments is None else arguments)
    if last_line:  # here, where the progress bars of a command that failed have ended their lines
        print(last_line, file=sys.stderr)
    return status


def _run(arguments: list[str]) -> tuple[int, str]:
    try:
        given = parser().parse_args(arguments)
        given.said = ["python", "-m", "han_core", *arguments]
        given.run(given)
    except UserError as error:
        return 2, f"error: {' '.join(str(error).split())}"
    except KeyboardInterrupt as stop:
        return 130, str(stop) or "Stopped."
    except BrokenPipeError:  # the reader of our output has gone, as with `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0, ""


if __name__ == "__main__":
    sys.exit(main())
