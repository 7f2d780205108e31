"""Programs that write notes, for tests that run many of them or kill them; not a test itself.

``python writers.py many URL PROGRAMS EACH`` writes at once from so many processes.
``python writers.py killed URL FOLDER ROUNDS`` kills one with SIGKILL, again and again, and leaves
what was acknowledged in FOLDER, a file a round.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from han_core.analysis.annotations.database import open_database
from han_core.analysis.annotations.writing import add_tag, set_flag, set_read, write_note

TEXT = "0123456789" * 200


def many(url: str, programs: int, each: int) -> None:
    """Everybody tags, notes, flags and reads the same few documents."""

    def work(number: int) -> None:
        database = open_database(url)
        for document in range(each):
            content = f"{document:032x}"
            add_tag(database, content, f"tag {(number + document) % 3}", f"writer {number}")
            write_note(database, content, f"writer {number}", f"{number} on {document}")
            set_flag(database, content, "ambiguous", f"writer {number}", True)
            # and all write the note of one person, none of whom saw the others' text
            write_note(database, content, "all", f"[{number}]")

    children = [_forked(lambda number=number: work(number)) for number in range(programs)]
    sys.exit(max(os.waitpid(child, 0)[1] for child in children) != 0)


def killed(url: str, folder: Path, rounds: int) -> None:
    """A writer notes one document after the other, and says so when the call is back."""

    def work(number: int) -> None:
        database, file = (
            open_database(url),
            os.open(folder / f"{number}", os.O_CREAT | os.O_WRONLY),
        )
        for document in range(100_000):
            content = f"{number * 100_000 + document:032x}"
            write_note(database, content, "Anna", f"{content} {TEXT}")
            set_read(database, content, "Anna", True)
            os.write(file, f"{content}\n".encode())

    for number in range(rounds):
        child = _forked(lambda number=number: work(number))
        while not (folder / f"{number}").exists() or not (folder / f"{number}").stat().st_size:
            time.sleep(0.005)
        time.sleep(random.Random(number).uniform(0, 0.15))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _forked(work: Callable[[], None]) -> int:
    """Does ``work`` in a process of its own; imports are done already."""
    if child := os.fork():
        return child
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    kind, url, *arguments = sys.argv[1:]
    if kind == "many":
        many(url, int(arguments[0]), int(arguments[1]))
    else:
        killed(url, Path(arguments[0]), int(arguments[1]))
