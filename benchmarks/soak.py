"""A class that works for half an hour while others attack the server.

    python -m benchmarks.soak [--sessions 30] [--seconds 1800] [--data FOLDER]

Starts the app as ``make class`` does. Students paste, analyse and compare, annotators write notes
on the page Errors and beside it through the library, and each attack of ``benchmarks.attacks`` is
made again and again. Prints one JSON line and a table: the load that was held, the attacks
survived, memory at start and end, and the notes that were confirmed and are gone.
"""

import argparse
import asyncio
import json
import os
import random
import re
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import sqlalchemy as sa

from benchmarks.a_class import PAUSE, Record, check_health, student, summary_of
from benchmarks.attacks import ATTACKS, Attack, Target, attack_again
from benchmarks.server_session import Session, SessionError, memory_mb, served_class
from han_core.analysis.annotations.database import open_database
from han_core.analysis.annotations.schema import HISTORY, NOTE
from han_core.analysis.annotations.writing import write_note
from han_core.runtime.errors import UserError

ANNOTATORS = 3
TRACEBACK = b"Traceback"  # the rest of the line may be coloured
NO_MESSAGE = b"Error deserializing back message"
"""Streamlit's warning of noise in a WebSocket, which it logs with a traceback."""
CLEAN_UP = 150.0  # seconds after which Streamlit has let go of the sessions that left


@dataclass
class Notes:
    """The notes that were written.

    Attributes:
        confirmed: texts of which the server, or the library, said that they are saved.
        refused: how many were not confirmed: the page kept them as a draft and said so.
    """

    confirmed: set[str] = field(default_factory=set)
    refused: int = 0

    def lost(self) -> set[str]:
        """Confirmed texts that stand in no note and nowhere in the history.

        Where a refused note stands as a draft, a later one may be stored together with it.
        """
        database = open_database()
        with database.reading() as connection:
            texts = [*connection.scalars(sa.select(NOTE.c.text))]
            texts += connection.scalars(sa.select(HISTORY.c.after))
        database.close()
        stored = "\n".join(texts)
        return {text for text in self.confirmed if text not in stored}


async def annotate(address: str, number: int, until: float, notes: Notes, record: Record) -> None:
    """Write a note on the page Errors, go to another document, and so on."""
    draw, name = random.Random(f"annotator {number}"), f"Annotator {number}"
    try:
        async with Session(address) as visitor:
            await visitor.visit("Errors")
            visitor.type("analyst", name)
            await visitor.run()
            while time.monotonic() < until:
                text = f"{name} writes {time.time_ns()}"
                visitor.type("coding_note", text)
                reply = await visitor.run()
                record.add("note", reply.seconds)
                own = text.encode() in reply.content
                if own and b"Saved " in reply.content and b"not saved yet" not in reply.content:
                    notes.confirmed.add(text)
                else:
                    notes.refused += 1
                del visitor.widgets["coding_note"]
                await visitor.click(draw.choice(["next_error", "previous_error"]))
                await asyncio.sleep(draw.uniform(*PAUSE))
    except SessionError as error:
        record.errors.append(f"{name}: {error}")


async def annotate_by_library(until: float, notes: Notes) -> None:
    """Write notes from another process than the server, to the same database."""
    database, version = open_database(), 0
    while time.monotonic() < until:
        text = f"Library writes {time.time_ns()}"
        try:
            saved = await asyncio.to_thread(
                write_note, database, "0" * 64, "Library", text, version
            )
        except UserError:
            notes.refused += 1
        else:
            notes.confirmed.add(text)
            version = saved.note.version if saved.note else 0
        await asyncio.sleep(1)
    database.close()


async def work(
    target: Target, sessions: int, seconds: float, attacks: Iterable[Attack], notes: Notes
) -> Record:
    """Let a class work for so many seconds, and attack the server all the while."""
    record, until = Record(), time.monotonic() + seconds
    address, names = target.address, [f"zq{number:02d}x" for number in range(sessions)]
    await asyncio.gather(
        check_health(address, until, record),
        *(student(address, number, names, until, record) for number in range(sessions)),
        *(annotate(address, number, until, notes, record) for number in range(ANNOTATORS)),
        annotate_by_library(until, notes),
        *(attack_again(attack, target, until) for attack in attacks),
    )
    return record


def family_memory(pid: int) -> float:
    """Return the private memory of a process and of all that it started, in MB."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    total = 0.0
    for process in family:
        try:
            total += memory_mb(process.pid)
        except (OSError, StopIteration):  # ended meanwhile
            continue
    return total


@contextmanager
def reading_pipe() -> Iterator[tuple[int, bytearray]]:
    """Yield where to write, and all that was written there; a full disk does not stop it."""
    read, write = os.pipe()
    content = bytearray()

    def collect() -> None:
        while part := os.read(read, 65536):
            content.extend(part)

    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    try:
        yield write, content
    finally:
        os.close(write)


def measure(
    sessions: int,
    seconds: float,
    attacks: Sequence[Attack] = ATTACKS,
    disk_full: float = 60,
    rest: float = CLEAN_UP,
    environment: dict[str, str] | None = None,
) -> dict[str, object]:
    """Return the figures; ``HANSCOPE_DATA`` says where runs, scores and notes are kept.

    Args:
        disk_full: seconds for which the disk takes nothing.
        rest: seconds between the last attack and the second look at memory.
    """
    notes = Notes()
    with (
        reading_pipe() as (write, log),
        served_class(environment or {}, write) as (address, pid),
    ):
        target = Target(address, pid, Path(os.environ["HANSCOPE_DATA"]), disk_full)
        asyncio.run(work(target, 2, 20, (), Notes()))  # for what is loaded once
        before = family_memory(pid)
        record = asyncio.run(work(target, sessions, seconds, attacks, notes))
        time.sleep(rest)
        after = family_memory(pid)
    lost = notes.lost()
    return {
        "sessions": sessions,
        "seconds": seconds,
        **record.summary(),
        "notes": summary_of(record.seconds.get("note", [])),
        "notes_confirmed": len(notes.confirmed),
        "notes_refused": notes.refused,
        "notes_lost": len(lost),
        "attacks": {name: vars(outcome) for name, outcome in target.outcomes.items()},
        "memory_mb_before": round(before),
        "memory_mb_after": round(after),
        "tracebacks": log.count(TRACEBACK) - log.count(NO_MESSAGE),
        "first_traceback": first_traceback(bytes(log)),
    }


def first_traceback(log: bytes) -> str | None:
    """Return the first traceback of the server's log that is not of noise, and what follows it."""
    for found in re.finditer(TRACEBACK, log):
        if NO_MESSAGE not in log[max(0, found.start() - 500) : found.start()]:
            return log[found.start() : found.start() + 6_000].decode("utf-8", "replace")
    return None


def table(figures: dict) -> str:
    """Return the figures as a short table."""
    rows = [
        ("replies to students", f"{figures['replies']:,}"),
        ("seconds, median and p95", f"{figures['median_seconds']}, {figures['p95_seconds']}"),
        ("errors", figures["errors"]),
        ("notes confirmed, refused", f"{figures['notes_confirmed']}, {figures['notes_refused']}"),
        ("confirmed notes lost", figures["notes_lost"]),
        ("memory before and after, MB",
         f"{figures['memory_mb_before']:,}, {figures['memory_mb_after']:,}"),
        ("tracebacks in the server's log", figures["tracebacks"]),
        *((f"attack: {name}", f"survived {one['survived']} of {one['tries']}")
          for name, one in figures["attacks"].items()),
    ]  # fmt: skip
    return "\n".join(["| what | figure |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=1800)
    parser.add_argument("--data", help="an empty folder for what the server keeps")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HANSCOPE_DATA"] = options.data or folder
        figures = measure(options.sessions, options.seconds)
    print(json.dumps(figures))
    print(table(figures))


if __name__ == "__main__":
    main()
