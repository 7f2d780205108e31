"""Flags that several commands take."""

import argparse
from collections.abc import Callable


def checkpoint(command: argparse.ArgumentParser) -> None:
    command.add_argument("--checkpoint", required=True, metavar="DIR")


def data(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data",
        required=True,
        metavar="D",
        help="a .parquet, .csv, .tsv or .jsonl file, messages:FILE of raw messages, "
        "hf:NAME[/CONFIG][@SPLIT], bundled:NAME",
    )
    command.add_argument("--text-column", default="text")
    command.add_argument("--label-column", default="label")


def device(command: argparse.ArgumentParser) -> None:
    command.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")


def at_least(least: int) -> Callable[[str], int]:
    """A whole number, for ``type=``; a smaller one is refused."""

    def number(text: str) -> int:
        if (value := int(text)) < least:
            raise argparse.ArgumentTypeError(f"at least {least} is expected; {value} came")
        return value

    return number
