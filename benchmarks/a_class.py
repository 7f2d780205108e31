"""Those who disturb a class: one who pastes what is hard to read, one who leaves, one who trains.

Each is a visitor like any other; what they wait is noted under a name of their own.

A class: many sessions that paste, analyse and compare, each every one to three seconds.

    python -m benchmarks.a_class [--sessions 30] [--seconds 60] [--trouble]

Starts the app as ``make class`` does and prints one JSON line: seconds from message to
``script_finished`` (median, p95, worst) of the class and of each thing that it does, errors,
replies that held another session's text, the slowest answer of the health endpoint, memory a
session, and the server's processor time a reply. ``--trouble`` adds a session that pastes
20,000 "$", one that always leaves before its answer, and one that trains on the page Train.
"""

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, nullcontext

from benchmarks.server_session import (
    Record,
    Session,
    Trouble,
    a_text,
    memory,
    processor_seconds,
    served_class,
)
from han_core.training.runs.manage import runs, stop, view
from han_core.training.runs.view import RunView

DOLLARS = "$" * 20_000
LONG = 1_000  # epochs, and epochs without progress: more than a class lasts
PATIENCE = 600.0  # seconds for a run to begin, or to end
PAUSE = (1.0, 3.0)  # seconds between what a visitor does


async def dollars(address: str, until: float, record: Record) -> None:
    """Pastes what once held everybody else up, as often as others paste."""
    draw = random.Random(-2)
    try:
        async with Session(address) as visitor:
            await visitor.visit("Explore")
            while time.monotonic() < until:
                visitor.type("document", DOLLARS)
                record.took("dollars", (await visitor.click("analyze")).seconds)
                await asyncio.sleep(draw.uniform(*PAUSE))
    except Trouble as error:
        record.errors.append(f"dollars: {error}")


async def leaving(address: str, until: float, record: Record) -> None:
    """Comes, asks, and is gone before the answer, again and again."""
    draw = random.Random(-1)
    try:
        while time.monotonic() < until:
            async with Session(address) as visitor:
                record.took("leave", (await visitor.visit("Explore")).seconds)
                visitor.type("document", a_text("gone", draw, 250))
                await visitor.leave("analyze")
            await asyncio.sleep(1)
    except Trouble as error:
        record.errors.append(f"leaving: {error}")


@asynccontextmanager
async def training(address: str, record: Record) -> AsyncIterator[None]:
    """A run, begun on the page Train, takes steps for as long as this lasts, and is watched there.

    The server's ``HANSCOPE_DATA`` has to be that of this process, and to hold no other run.

    Raises:
        Trouble: if the run does not begin.
    """
    async with Session(address) as visitor:
        await visitor.visit("Train")
        visitor.number("set_epochs", LONG)
        visitor.number("set_patience", LONG)
        visitor.number("set_batch_tokens", 1)  # a step for each document: few end too soon
        await visitor.click("train_start")
        before = await _until(lambda run: run.status == "training" and run.step > 0)
        watching = asyncio.create_task(_watched(visitor, record))
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            record.trained = view(before.id).step - before.step
            if not view(before.id).is_live:
                record.errors.append("training: the run ended by itself")
            else:
                stop(before.id)
                await _until(lambda run: not run.is_live)


async def _watched(visitor: Session, record: Record) -> None:
    while visitor.watched:
        started = time.perf_counter()
        pause = sum(visitor.watched.values())
        await visitor.watch()
        record.took("watch a run", time.perf_counter() - started - pause)
    record.errors.append("training: the page watches its run no more")


async def _until(reached: Callable[[RunView], bool]) -> RunView:
    """The run, as soon as it is there and ``reached`` says so."""
    end, stands = time.monotonic() + PATIENCE, "there is none"
    while time.monotonic() < end:
        for run in await asyncio.to_thread(runs):
            stands = run.message
            if reached(run):
                return run
        await asyncio.sleep(0.2)
    raise Trouble(f"the run did not get there in time: {stands}")


async def student(
    address: str, number: int, names: list[str], until: float, record: Record, pause: tuple
) -> None:
    """Comes within the longest pause, then pastes, analyses and compares until the time is over."""
    draw, own = random.Random(number), names[number]
    await asyncio.sleep(draw.uniform(0, pause[1]))
    try:
        async with Session(address) as visitor:
            record.took("arrive", (await visitor.visit("Explore")).seconds)
            while time.monotonic() < until:
                page = draw.choice(["Explore", "Explore", "Compare"])
                if visitor.page != page:
                    record.took("visit", (await visitor.visit(page)).seconds)
                    await asyncio.sleep(draw.uniform(*pause))
                visitor.type("document", a_text(own, draw))
                reply = await visitor.click("analyze")
                record.took("analyse" if page == "Explore" else "compare", reply.seconds)
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


async def lesson(
    address: str,
    sessions: int,
    seconds: float,
    pause: tuple[float, float] = PAUSE,
    others: Iterable[Callable] = (),
    trains: bool = False,
) -> Record:
    """A class of ``sessions`` for so many seconds.

    Args:
        others: coroutines of address, end and record, beside it.
        trains: whether a run of the page Train takes steps all the while.
    """
    record = Record()
    names = [f"zq{number:02d}x" for number in range(sessions)]
    async with training(address, record) if trains else nullcontext():
        until = time.monotonic() + seconds
        await asyncio.gather(
            health(address, until, record),
            *(student(address, at, names, until, record, pause) for at in range(sessions)),
            *(other(address, until, record) for other in others),
        )
    return record


def measured(sessions: int, seconds: float, trouble: bool) -> dict[str, object]:
    """What ``main`` prints; runs and all else that is kept go to a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HANSCOPE_DATA"] = folder
        with served_class() as (address, pid):
            asyncio.run(lesson(address, 2, 5))  # what is loaded once
            held, used = memory(pid), processor_seconds(pid)
            others = (dollars, leaving) if trouble else ()
            record = asyncio.run(lesson(address, sessions, seconds, others=others, trains=trouble))
            held, used = memory(pid) - held, processor_seconds(pid) - used
    replies = sum(map(len, record.seconds.values()))
    return {
        "sessions": sessions,
        **record.summary(),
        "memory_mb_a_session": round(held / sessions, 2),
        "processor_ms_a_reply": round(1000 * used / max(1, replies), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--trouble", action="store_true")
    given = parser.parse_args()
    print(json.dumps(measured(given.sessions, given.seconds, given.trouble)))


if __name__ == "__main__":
    main()
