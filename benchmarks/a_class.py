"""A class: many sessions that paste, analyse and compare, each every one to three seconds.

    python -m benchmarks.a_class [--sessions 30] [--seconds 60] [--trouble]

Starts the app as ``make class`` does and prints one JSON line: seconds from message to
``script_finished`` (median, p95, worst), errors, replies that held another session's text,
the slowest answer of the health endpoint, and memory a session. ``--trouble`` adds a
session that pastes 20,000 "$" and a training run.
"""

import argparse
import asyncio
import json
import random
import time
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.served import served_class
from benchmarks.session import Session, Trouble

SAID = """the a film story actor scene end music and but not never very good bad dull bright slow
quick long short funny sad plot joke hero city night rain road letter"""
WORDS = SAID.split()


@dataclass
class Record:
    """What the class noticed."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    strangers: int = 0
    missing: int = 0
    health: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, object]:
        times = np.array(self.seconds or [np.nan])
        return {
            "replies": len(self.seconds),
            "median_seconds": round(float(np.median(times)), 3),
            "p95_seconds": round(float(np.quantile(times, 0.95)), 3),
            "worst_seconds": round(float(times.max()), 3),
            "errors": len(self.errors),
            "first_error": self.errors[0] if self.errors else None,
            "replies_of_another_session": self.strangers,
            "replies_without_own_text": self.missing,
            "worst_health_seconds": round(max(self.health, default=float("nan")), 3),
        }


def a_text(name: str, draw: random.Random, words: int = 60) -> str:
    """A text that only session ``name`` pastes; its mark stands in the middle."""
    chosen = draw.choices(WORDS, k=words)
    chosen[words // 2] = name
    return " ".join(" ".join(chosen[at : at + 12]) + "." for at in range(0, words, 12))


async def student(
    address: str, number: int, names: list[str], until: float, record: Record, pause: tuple
) -> None:
    """Pastes, analyses and compares until the time is over."""
    draw, own = random.Random(number), names[number]
    try:
        async with Session(address) as visitor:
            await visitor.visit("Explore")
            while time.monotonic() < until:
                page = draw.choice(["Explore", "Explore", "Compare"])
                if visitor.page != page:
                    record.seconds.append((await visitor.visit(page)).seconds)
                visitor.type("document", a_text(own, draw))
                reply = await visitor.click("analyze")
                record.seconds.append(reply.seconds)
                record.missing += own.encode() not in reply.content
                record.strangers += any(
                    name.encode() in reply.content for name in names if name != own
                )
                await asyncio.sleep(draw.uniform(*pause))
    except Trouble as error:
        record.errors.append(f"session {number}: {error}")


async def health(address: str, until: float, record: Record) -> None:
    """Asks twice a second whether the server is well."""
    while time.monotonic() < until:
        started = time.perf_counter()
        try:
            await asyncio.to_thread(_ask, address)
        except OSError as error:
            record.errors.append(f"health: {error}")
        record.health.append(time.perf_counter() - started)
        await asyncio.sleep(0.5)


def _ask(address: str) -> None:
    urllib.request.urlopen(f"{address}/_stcore/health", timeout=30).close()


async def dollars(address: str, until: float, record: Record) -> None:
    """Pastes what once held everybody else up."""
    try:
        async with Session(address) as visitor:
            await visitor.visit("Explore")
            while time.monotonic() < until:
                visitor.type("document", "$" * 20_000)
                await visitor.click("analyze")
    except Trouble as error:
        record.errors.append(f"dollars: {error}")


async def lesson(
    address: str,
    sessions: int,
    seconds: float,
    pause: tuple[float, float] = (1.0, 3.0),
    others: Iterable = (),
) -> Record:
    """A class of ``sessions`` for so many seconds; ``others`` are coroutines beside it."""
    record, until = Record(), time.monotonic() + seconds
    names = [f"zq{number:02d}x" for number in range(sessions)]
    await asyncio.gather(
        health(address, until, record),
        *(student(address, at, names, until, record, pause) for at in range(sessions)),
        *(other(address, until, record) for other in others),
    )
    return record


def memory(pid: int) -> float:
    """MB of a process that are its own and in memory."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--trouble", action="store_true")
    given = parser.parse_args()
    with served_class() as (address, pid):
        asyncio.run(lesson(address, 2, 5))  # what is loaded once
        before = memory(pid)
        others = (dollars,) if given.trouble else ()
        record = asyncio.run(lesson(address, given.sessions, given.seconds, others=others))
        grown = (memory(pid) - before) / given.sessions
    print(json.dumps({"sessions": given.sessions, **record.summary(),
                      "memory_mb_a_session": round(grown, 2)}))  # fmt: skip


if __name__ == "__main__":
    main()
