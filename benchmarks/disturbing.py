"""Those who disturb a class: one who pastes what is hard to read, one who leaves, one who trains.

Each is a visitor like any other; what they wait is noted under a name of their own.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from benchmarks.record import Record
from benchmarks.said import a_text
from benchmarks.session import Session, Trouble
from han_core.runs.manage import runs, stop, view
from han_core.runs.view import RunView

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
