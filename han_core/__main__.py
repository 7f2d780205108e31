"""The command line: ``python -m han_core --help``.

Progress goes to standard error and results to standard output. The exit status
is 0, 2 with one line on standard error for input that cannot be used, or 130 for
what was stopped by Ctrl-C. It knows how to name things and nothing about how they
are done.
"""

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import NoReturn

from han_core import commands
from han_core.wrong_input import WrongInput


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the arguments."""

    def error(self, message: str) -> NoReturn:
        raise WrongInput(f"{message} (see {self.prog} --help)")


def parser() -> argparse.ArgumentParser:
    """All commands and their flags."""
    top = _Parser(prog="python -m han_core", description="Train, evaluate and explain.")
    kinds = top.add_subparsers(dest="command", required=True, parser_class=_Parser)
    # Flags are said in full: ``reproduce`` leaves --resume out.
    add = partial(kinds.add_parser, allow_abbrev=False)
    _train(add("train", help="train a model and write a checkpoint folder"))
    evaluate = add("evaluate", help="metrics of a checkpoint on labelled data")
    explain = add("explain", help="where a checkpoint's attention stands, as JSON lines")
    listing = add("checkpoints", help="the checkpoints that can be loaded, a JSON line each")
    vectors = add("vectors", help="learn word vectors from texts (needs gensim)")
    faithfulness = add("faithfulness", help="how far attention explains decisions, on any texts")
    for command in (evaluate, explain, faithfulness):
        command.add_argument("--checkpoint", required=True, metavar="DIR")
        _device(command)
    _data(evaluate)
    evaluate.set_defaults(run=commands.evaluate)
    explain.add_argument("--input", default="-", metavar="F", help="JSONL with text; - is stdin")
    explain.add_argument("--output", default="-", metavar="F", help="JSONL; - is stdout")
    explain.set_defaults(run=commands.explain)
    _faithfulness(faithfulness)
    listing.add_argument("--root", metavar="DIR", help="a folder of checkpoints")
    listing.set_defaults(run=commands.checkpoints)
    _vectors(vectors)
    return top


def _train(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", required=True, choices=["han", "bilstm"])
    command.add_argument("--attention", default="additive", choices=["additive", "dot", "linear"])
    _data(command)
    command.add_argument(
        "--validation", default="0.1", metavar="D|FRACTION", help="data, or a share of --data"
    )
    command.add_argument("--test", metavar="D")
    command.add_argument("--out", required=True, metavar="DIR")
    command.add_argument("--epochs", type=int)
    command.add_argument("--seed", type=int)
    command.add_argument("--limit", type=int, metavar="N", help="the first N training documents")
    command.add_argument("--resume", action="store_true", help="go on with the run in --out")
    command.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help=commands.settings_help()
    )
    _device(command)
    command.set_defaults(run=commands.train)


def _faithfulness(command: argparse.ArgumentParser) -> None:
    _data(command)
    command.add_argument(
        "--limit", type=_at_least(1), default=500, metavar="N", help="documents to measure (500)"
    )
    command.add_argument("--seed", type=_at_least(0), default=0)
    command.set_defaults(run=commands.faithfulness)


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if (value := int(text)) < least:
            raise argparse.ArgumentTypeError(f"at least {least} is expected; {value} came")
        return value

    return number


def _vectors(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", action="append", required=True, metavar="D", help="may repeat")
    command.add_argument("--text-column", default="text")
    command.add_argument("--out", required=True, metavar="FILE", help="the text format")
    command.add_argument("--language", default="en")
    command.add_argument("--size", type=int, default=200)
    command.add_argument("--epochs", type=int, default=5)
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    command.set_defaults(run=commands.vectors)


def _data(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data",
        required=True,
        metavar="D",
        help="a .parquet, .csv, .tsv or .jsonl file, hf:NAME[/CONFIG][@SPLIT], bundled:NAME",
    )
    command.add_argument("--text-column", default="text")
    command.add_argument("--label-column", default="label")


def _device(command: argparse.ArgumentParser) -> None:
    command.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")


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
    except WrongInput as error:
        return 2, f"error: {' '.join(str(error).split())}"
    except KeyboardInterrupt as stop:
        return 130, str(stop) or "Stopped."
    except BrokenPipeError:  # the reader of our output has gone, as with `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0, ""


if __name__ == "__main__":
    sys.exit(main())
