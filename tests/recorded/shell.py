"""The command line run in this process as ``python -m han_core`` runs it, by that name alone."""

import argparse
import io
import json
import os
import runpy
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

PROJECT = Path(__file__).parents[2]
CHECKPOINTS = PROJECT / "checkpoints"


@contextmanager
def environment(data: Path, **more: object) -> Iterator[None]:
    """Set HANSCOPE_DATA, and other variables by name; those of the person at work are left out."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("HANSCOPE")}
    values = {"HANSCOPE_DATA": data, **more}
    with mock.patch.dict(os.environ, clear=True):
        os.environ.update(own | {name: str(value) for name, value in values.items()})
        yield


def command(*arguments: object) -> list[Any]:
    """Return the JSON lines that a command prints; it must end with status 0."""
    status, output, errors = run(*arguments)
    assert status == 0, f"{arguments}: {errors}"
    return [json.loads(line) for line in output.splitlines()]


def run(*arguments: object) -> tuple[object, str, str]:
    """Return exit status, standard output and standard error."""
    output, errors, status = io.StringIO(), io.StringIO(), 0
    line = ["python -m han_core", *map(str, arguments)]
    with mock.patch.object(sys, "argv", line), redirect_stdout(output), redirect_stderr(errors):
        try:
            runpy.run_module("han_core", run_name="__main__")
        except SystemExit as end:
            status = end.code or 0
    return status, output.getvalue(), errors.getvalue()


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command by its name."""
    return {name: _choices(name)[name] for name in _choices("checkpoints")}


def _choices(name: str) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of all commands; only that of the command ``name`` needs its flags."""
    found: list[argparse.ArgumentParser] = []

    def caught(self: argparse.ArgumentParser, *_: object) -> None:
        found.append(self)
        raise SystemExit(0)

    with mock.patch.object(argparse.ArgumentParser, "parse_args", caught):
        run(name)
    (commands,) = (a for a in found[0]._actions if isinstance(a, argparse._SubParsersAction))
    return commands.choices
