"""Run mutated inputs: each ends in a result or in a ``UserError`` of one line, and in time."""

import faulthandler
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple

from han_core.runtime.errors import UserError
from tests.fuzz.mutations import Files, mutate_files

SLOWEST = 20  # seconds; an input that takes longer hangs
STUCK = 120  # seconds until a process is ended that no signal reaches


class Kind(NamedTuple):
    """A kind of input: whole ones, and what reads a mutated one from a folder."""

    name: str
    whole: list[Files]
    read: Callable[[Path, Random], object]


class Hang(BaseException):
    """An input took too long; no handler of ``Exception`` takes it."""


@dataclass
class Report:
    """What happened to the inputs, by their kind, and the folders of those that failed."""

    results: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    tracebacks: Counter[str] = field(default_factory=Counter)
    hangs: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "none")
    failed: list[Path] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield the counts of each kind and of all, as a table."""
        columns = (self.results, self.refusals, self.tracebacks, self.hangs)
        yield f"{'kind':<16}{'results':>9}{'refusals':>10}{'tracebacks':>12}{'hangs':>7}"
        for kind in [*sorted(set().union(*columns)), "all"]:
            numbers = [counts.total() if kind == "all" else counts[kind] for counts in columns]
            yield "{:<16}{:>9,}{:>10,}{:>12,}{:>7,}".format(kind, *numbers)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise ``Hang`` after so many seconds; end the process where that has no effect."""

    def stop(number, frame):
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    faulthandler.dump_traceback_later(STUCK, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        faulthandler.cancel_dump_traceback_later()


def check_sentence(message: str, folder: Path) -> None:
    """Raise unless the message is one line without the path of a temporary folder."""
    if len(message.splitlines()) != 1 or not message.strip():
        raise AssertionError(f"a message of one line was expected; {message!r} came")
    if str(folder) in message or f"{tempfile.gettempdir()}/" in message:
        raise AssertionError(f"a message names a temporary path: {message!r}")


def run_input(kind: Kind, draw: Random, folder: Path, seconds: float = SLOWEST) -> str:
    """Read one mutated input of ``kind`` in ``folder``; return "results" or "refusals".

    Whatever else happens is raised, and the input stays in ``folder``.
    """
    for name, content in mutate_files(draw, kind.whole).items():
        (folder / name).write_bytes(content)
    with time_limit(seconds):
        try:
            kind.read(folder, draw)
        except UserError as error:
            check_sentence(str(error), folder)
            return "refusals"
    return "results"


def fuzz(
    kinds: list[Kind], numbers: Iterable[int], seed: int, out: Path, seconds: float = SLOWEST
) -> Report:
    """Run the inputs with these numbers; those that fail stay in ``out`` with their traceback.

    The seed and its number decide an input, so that it can be run again alone.
    """
    report = Report()
    for number in numbers:
        kind, draw = kinds[number % len(kinds)], Random(f"{seed} {number}")
        folder = out / f"{seed}-{number}-{kind.name}"
        folder.mkdir(parents=True)  # stays as well where the process ends at this input
        began, trace = time.monotonic(), ""
        try:
            outcome = run_input(kind, draw, folder, seconds)
        except Hang:
            outcome, trace = "hangs", traceback.format_exc()
        except Exception:
            outcome, trace = "tracebacks", traceback.format_exc()
        report.slowest = max(report.slowest, (time.monotonic() - began, folder.name))
        getattr(report, outcome)[kind.name] += 1
        if trace:
            (folder / "traceback.txt").write_text(trace, encoding="utf-8", errors="replace")
            report.failed.append(folder)
        else:
            shutil.rmtree(folder)
    return report
