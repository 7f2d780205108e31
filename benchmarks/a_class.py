"""A class of students who paste, analyse and compare, each every one to three seconds.

    python -m benchmarks.a_class [--sessions 30] [--seconds 60] [--trouble]

Starts the app as ``make class`` does and prints one JSON line: seconds from message to
``script_finished`` (median, p95, worst) of the class and of each action, errors, replies that
held another session's text, the slowest answer of the health endpoint, memory a session, and
the server's processor time a reply. ``--trouble`` adds a session that pastes 20,000 "$", one
that always leaves before its answer, and one that trains on the page Train.
"""

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field

import numpy as np

from benchmarks.server_session import (
    Session,
    SessionError,
    memory_mb,
    processor_seconds,
    random_text,
    served_class,
)
from han_core.training.runs.manage import runs, stop, view
from han_core.training.runs.view import RunView

DOLLARS = "$" * 20_000
LONG = 1_000  # epochs, and epochs without progress: more than a class lasts
PATIENCE = 600.0  # seconds for a run to begin, or to end
PAUSE = (1.0, 3.0)  # seconds between the actions of a visitor
STUDENT_ACTIONS = ("arrive", "visit", "analyse", "compare")
"""Only these count in the figures of the whole class."""


@dataclass
class Record:
    """The measurements of a lesson.

    Attributes:
        seconds: from message to ``script_finished``, by action.
        strangers: replies that held the text of another session.
        missing: replies that did not hold the session's own text.
        health: seconds of each answer of the health endpoint.
        trained: steps that a run took meanwhile; None where none ran.
    """

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    strangers: int = 0
    missing: int = 0
    health: list[float] = field(default_factory=list)
    trained: int | None = None

    def add(self, action: str, seconds: float) -> None:
        self.seconds.setdefault(action, []).append(seconds)

    @property
    def student_seconds(self) -> list[float]:
        """Seconds of all actions of students."""
        return [each for action in STUDENT_ACTIONS for each in self.seconds.get(action, ())]

    def summary(self) -> dict[str, object]:
        """Return figures of the whole class, then of each action."""
        return {
            **summary_of(self.student_seconds),
            "by_action": {action: summary_of(times) for action, times in self.seconds.items()},
            "errors": len(self.errors),
            "first_error": self.errors[0] if self.errors else None,
            "replies_of_another_session": self.strangers,
            "replies_without_own_text": self.missing,
            "worst_health_seconds": round(max(self.health, default=float("nan")), 3),
            "training_steps_meanwhile": self.trained,
        }


def summary_of(seconds: Sequence[float]) -> dict[str, float]:
    """Return the count, median, 95th percentile and worst; NaN of none."""
    times = np.array(seconds or [np.nan])
    return {
        "replies": len(seconds),
        "median_seconds": round(float(np.median(times)), 3),
        "p95_seconds": round(float(np.quantile(times, 0.95)), 3),
        "worst_seconds": round(float(times.max()), 3),
    }


async def student(
    address: str, number: int, names: list[str], until: float, record: Record
) -> None:
    """Arrive within the longest pause, then paste, analyse and compare until the time is over."""
    draw, own = random.Random(number), names[number]
    await asyncio.sleep(draw.uniform(0, PAUSE[1]))
    try:
        async with Session(address) as visitor:
            record.add("arrive", (await visitor.visit("Explore")).seconds)
            while time.monotonic() < until:
                page = draw.choice(["Explore", "Explore", "Compare"])
                if visitor.page != page:
                    record.add("visit", (await visitor.visit(page)).seconds)
                    await asyncio.sleep(draw.uniform(*PAUSE))
                visitor.type("document", random_text(own, draw))
                reply = await visitor.click("analyze")
                record.add("analyse" if page == "Explore" else "compare", reply.seconds)
                record.missing += own.encode() not in reply.content
                record.strangers += any(
                    name.encode() in reply.content for name in names if name != own
                )
                await asyncio.sleep(draw.uniform(*PAUSE))
    except SessionError as error:
        record.errors.append(f"session {number}: {error}")


async def dollars(address: str, until: float, record: Record) -> None:
    """Paste text that is slow to read, as often as others paste."""
    draw = random.Random(-2)
    try:
        async with Session(address) as visitor:
            await visitor.visit("Explore")
            while time.monotonic() < until:
                visitor.type("document", DOLLARS)
                record.add("dollars", (await visitor.click("analyze")).seconds)
                await asyncio.sleep(draw.uniform(*PAUSE))
    except SessionError as error:
        record.errors.append(f"dollars: {error}")


async def leaving(address: str, until: float, record: Record) -> None:
    """Arrive, analyse, and leave before the answer, again and again."""
    draw = random.Random(-1)
    try:
        while time.monotonic() < until:
            async with Session(address) as visitor:
                record.add("leave", (await visitor.visit("Explore")).seconds)
                visitor.type("document", random_text("gone", draw, 250))
                await visitor.leave("analyze")
            await asyncio.sleep(1)
    except SessionError as error:
        record.errors.append(f"leaving: {error}")


@asynccontextmanager
async def training(address: str, record: Record) -> AsyncIterator[None]:
    """Start a run on the page Train and watch it there, until the context ends.

    The server's ``HANSCOPE_DATA`` has to be that of this process, and to hold no other run.

    Raises:
        SessionError: if the run does not begin.
    """
    async with Session(address) as visitor:
        await start_run(visitor)
        before = await wait_for_run(takes_steps)
        watching = asyncio.create_task(_watch_run(visitor, record))
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
                await wait_for_run(lambda run: not run.is_live)


async def start_run(visitor: Session) -> None:
    """Start a run on the page Train that outlasts a class."""
    await visitor.visit("Train")
    visitor.number("set_epochs", LONG)
    visitor.number("set_patience", LONG)
    visitor.number("set_batch_tokens", 1)  # a step for each document: few end too soon
    await visitor.click("train_start")


def takes_steps(run: RunView) -> bool:
    """Whether a run trains, and has begun to."""
    return run.status == "training" and run.step > 0


async def _watch_run(visitor: Session, record: Record) -> None:
    while visitor.fragments:
        started = time.perf_counter()
        pause = sum(visitor.fragments.values())
        await visitor.watch()
        record.add("watch a run", time.perf_counter() - started - pause)
    record.errors.append("training: the page watches its run no more")


async def wait_for_run(condition: Callable[[RunView], bool]) -> RunView:
    """Wait for a run that fulfils ``condition``."""
    end, message = time.monotonic() + PATIENCE, "there is none"
    while time.monotonic() < end:
        for run in await asyncio.to_thread(runs):
            message = run.message
            if condition(run):
                return run
        await asyncio.sleep(0.2)
    raise SessionError(f"the run did not get there in time: {message}")


async def check_health(address: str, until: float, record: Record) -> None:
    """Time the health endpoint twice a second."""
    url = f"{address}/_stcore/health"
    while time.monotonic() < until:
        started = time.perf_counter()
        try:
            await asyncio.to_thread(lambda: urllib.request.urlopen(url, timeout=30).close())
        except OSError as error:
            record.errors.append(f"health: {error}")
        record.health.append(time.perf_counter() - started)
        await asyncio.sleep(0.5)


async def lesson(
    address: str,
    sessions: int,
    seconds: float,
    others: Iterable[Callable] = (),
    trains: bool = False,
) -> Record:
    """Let a class work for so many seconds.

    Args:
        others: coroutines of address, end and record, at the same time.
        trains: whether a run of the page Train takes steps all the while.
    """
    record = Record()
    names = [f"zq{number:02d}x" for number in range(sessions)]
    async with training(address, record) if trains else nullcontext():
        until = time.monotonic() + seconds
        await asyncio.gather(
            check_health(address, until, record),
            *(student(address, number, names, until, record) for number in range(sessions)),
            *(other(address, until, record) for other in others),
        )
    return record


def measure(sessions: int, seconds: float, trouble: bool) -> dict[str, object]:
    """Return the figures; runs and everything else that is stored go to a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HANSCOPE_DATA"] = folder
        with served_class() as (address, pid):
            asyncio.run(lesson(address, 2, 5))  # for what is loaded once
            memory, used = memory_mb(pid), processor_seconds(pid)
            others = (dollars, leaving) if trouble else ()
            record = asyncio.run(lesson(address, sessions, seconds, others, trains=trouble))
            memory, used = memory_mb(pid) - memory, processor_seconds(pid) - used
    replies = sum(map(len, record.seconds.values()))
    return {
        "sessions": sessions,
        **record.summary(),
        "memory_mb_a_session": round(memory / sessions, 2),
        "processor_ms_a_reply": round(1000 * used / max(1, replies), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--trouble", action="store_true")
    options = parser.parse_args()
    print(json.dumps(measure(options.sessions, options.seconds, options.trouble)))


if __name__ == "__main__":
    main()
