"""Attacks on a served class, each with a name, a pause, and a check whether it was survived.

An attack is a coroutine of a ``Target`` that returns where the server did as it should, and raises
otherwise. Those that need a working disk, or break one, are made one at a time.
"""

import asyncio
import io
import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import websockets

from benchmarks.a_class import start_run, takes_steps, wait_for_run
from benchmarks.server_session import (
    CLOSED,
    ROOT,
    Session,
    SessionError,
    random_text,
    send_file,
    served_class,
)
from han_core.analysis.scoring.run import start_scoring
from han_core.analysis.sources import source_of
from han_core.models.listing import list_checkpoints
from han_core.runtime.errors import UserError
from han_core.runtime.jobs import job_state
from han_core.runtime.paths import checkpoints_root
from han_core.training.runs.manage import delete, resume, stop

PATIENCE = 300.0  # seconds of one attack
NOISE = b"\xff" * 1_000
UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
SMALL_DISK = 4 * 2**30
MEGABYTE = 2**20
TRAVELLER = """
import sys
from datetime import timedelta
from han_core.analysis.annotations import writing
from han_core.analysis.annotations.database import open_database
now, database, version = writing.utc_now, open_database(), 0
for days in (365, -365, 0):
    writing.utc_now = lambda: now() + timedelta(days=days)
    text = f"{sys.argv[2]}: {days} days ahead"
    saved = writing.write_note(database, sys.argv[1], "Traveller", text, version)
    assert saved.note.text == text and not saved.joined, saved
    version = saved.note.version
"""
"""Writes a note whose first version is of next year, and whose last is of now."""


class NotSurvived(Exception):
    """The server did not do what it should."""


@dataclass
class Outcome:
    """How often an attack was made and survived, and what went wrong otherwise."""

    tries: int = 0
    survived: int = 0
    seconds: float = 0.0  # of all tries
    faults: list[str] = field(default_factory=list)


@dataclass
class Target:
    """The server that is attacked.

    Attributes:
        data: its ``HANSCOPE_DATA``, which is that of this process too.
        disk_full: seconds for which its disk takes nothing.
        alone: held by an attack that bears no other one.
    """

    address: str
    pid: int
    data: Path
    disk_full: float
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    def processes(self, mark: str = "") -> list[psutil.Process]:
        """Processes below the server in whose command line ``mark`` stands."""
        return _with_mark(psutil.Process(self.pid).children(recursive=True), mark)


class Attack(NamedTuple):
    """``every``: seconds from its end to the next; ``alone``: whether it bears no other one."""

    name: str
    every: float
    make: Callable[[Target], Awaitable[None]]
    alone: bool = False


async def attack_again(attack: Attack, target: Target, until: float) -> None:
    """Make the attack at least once, and again and again until the time is over."""
    outcome = target.outcomes.setdefault(attack.name, Outcome())
    while not outcome.tries or time.monotonic() < until:
        async with target.alone if attack.alone else nullcontext():
            outcome.tries, started = outcome.tries + 1, time.monotonic()
            try:
                await asyncio.wait_for(attack.make(target), PATIENCE)
            except (NotSurvived, SessionError, UserError, OSError, TimeoutError) as error:
                outcome.faults.append(f"{type(error).__name__}: {error}"[:300])
            else:
                outcome.survived += 1
            outcome.seconds = round(outcome.seconds + time.monotonic() - started, 1)
        await asyncio.sleep(min(attack.every, max(0, until - time.monotonic())))


def _expect(condition: object, otherwise: str) -> None:
    if not condition:
        raise NotSurvived(otherwise)


def _with_mark(processes: list[psutil.Process], mark: str) -> list[psutil.Process]:
    result = []
    for process in processes:
        with suppress(psutil.Error):  # ended meanwhile
            if any(mark in word for word in process.cmdline()):
                result.append(process)
    return result


async def _kill(find: Callable[[], list[psutil.Process] | bool]) -> None:
    """Kill processes as soon as there are any; return also where ``find`` is content with none."""
    for _ in range(600):
        if processes := await asyncio.to_thread(find):
            for process in [] if processes is True else processes:
                with suppress(psutil.Error):
                    process.kill()
            return
        await asyncio.sleep(0.05)
    raise NotSurvived("there was no such process to kill")


async def _analyse(visitor: Session) -> None:
    """Explain a text, on the page Explore."""
    mark = uuid.uuid4().hex
    visitor.type("document", random_text(mark, random.Random(mark)))
    reply = await visitor.click("analyze")
    _expect(mark.encode() in reply.content, "the page answered with another text")


async def _write(visitor: Session, text: str) -> bool:
    """Write a note on the page Errors; return whether it is confirmed."""
    visitor.type("coding_note", text)
    reply = await visitor.run()
    del visitor.widgets["coding_note"]
    return b"Saved " in reply.content and b"not saved yet" not in reply.content


async def _open_errors(visitor: Session, name: str) -> bytes:
    await visitor.visit("Errors")
    visitor.type("analyst", name)
    return (await visitor.run()).content


def _table(rows: int, characters: int) -> bytes:
    """A Parquet file of long texts that are all the same: small, and large once it is read."""
    text = pa.array(["word " * (characters // 5)])
    texts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype=np.int32)), text)
    file = io.BytesIO()
    pq.write_table(
        pa.table({"text": texts}), file, compression="zstd", store_schema=False,
        dictionary_pagesize_limit=2 * MEGABYTE,
    )  # fmt: skip
    return file.getvalue()


async def hostile_files(target: Target) -> None:
    """Open files that are damaged, or unpack to gigabytes; then explain a text."""
    whole = _table(50, 100)
    files = {
        "bomb.parquet": _table(3_000, MEGABYTE),
        "damaged.parquet": whole[: len(whole) // 2] + bytes(64) + whole[len(whole) // 2 + 64 :],
        "cut.parquet": whole[:-20],
        "noise.csv": random.Random(1).randbytes(10_000),
        "deep.jsonl": b"[" * 100_000,
    }
    async with Session(target.address) as visitor:
        await visitor.visit("Explore")
        for name, content in files.items():
            await visitor.upload("texts_file", name, content)
            del visitor.widgets["texts_file"]
        await _analyse(visitor)


async def files_of_no_widget(target: Target) -> None:
    """Send files under ids that no widget gave, in this session and in one that is not there."""
    content = bytes(MEGABYTE)
    async with Session(target.address) as visitor:
        await visitor.visit("Explore")
        for session in [*[visitor.id] * 20, str(uuid.uuid4())]:
            file = str(uuid.uuid4())
            status = await asyncio.to_thread(
                send_file, target.address, session, file, "a.csv", content
            )
            expected = (204, 403) if session == visitor.id else (400, CLOSED)
            _expect(status in expected, f"answered with {status}")
        await _analyse(visitor)


async def foreign_names(target: Target) -> None:
    """Come under another host's name, and from another site's page."""
    own = target.address.removeprefix("http://")
    for host, origin in (("evil.example", ""), (own, "Origin: http://evil.example\r\n")):
        for path in ("/", "/_stcore/health", "/_stcore/upload_file/a/b", "/_stcore/stream"):
            upgrade = UPGRADE if path.endswith("stream") else ""
            head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{origin}{upgrade}\r\n"
            line = await _first_line(target, head)
            _expect(b" 403 " in line, f"{path} of {host} {origin.strip()} was answered {line!r}")
    line = await _first_line(target, f"GET /_stcore/metrics HTTP/1.1\r\nHost: {own}\r\n\r\n")
    _expect(b" 404 " in line, f"metrics were answered {line!r}")


async def _first_line(target: Target, head: str) -> bytes:
    """Return the first line of the answer to a request; leave at once if the request has no end."""
    host, port = target.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(head.encode())
        await writer.drain()
        return await asyncio.wait_for(reader.readline(), 60) if "\r\n\r\n" in head else b""
    finally:
        writer.close()


async def flood_of_requests(target: Target) -> None:
    """Send 300 requests at once, every third of them without an end; all others are answered."""
    head = f"GET /_stcore/health HTTP/1.1\r\nHost: {target.address.removeprefix('http://')}\r\n"
    heads = [head + "\r\n" * (number % 3 > 0) for number in range(300)]
    for line in await asyncio.gather(*(_first_line(target, each) for each in heads)):
        _expect(not line or b" 200 " in line, f"a request was answered {line!r}")


async def flood_of_sessions(target: Target) -> None:
    """Open 40 sessions at once; some send noise, some leave before their answer."""

    async def come(number: int) -> None:
        async with Session(target.address) as visitor:
            if number % 4 == 0:
                with suppress(websockets.ConnectionClosed):
                    await visitor._socket.send(NOISE)
            elif number % 4 == 1:
                await visitor._send([])
            else:
                await visitor._socket.ping()

    await asyncio.gather(*(come(number) for number in range(40)))
    async with Session(target.address) as visitor:
        await visitor.visit("Explore")
        await _analyse(visitor)


async def kill_evidence_worker(target: Target) -> None:
    """Kill the process that measures evidence; pages measure it, and another one begins."""
    mark = "han_core.explanation.worker"
    async with Session(target.address) as visitor:
        await visitor.visit("Explore")
        await _analyse(visitor)
        await _kill(lambda: target.processes(mark))
        for _ in range(3):
            await _analyse(visitor)
    _expect(target.processes(mark), "no other process has begun")


async def kill_reader(target: Target) -> None:
    """Kill the process that reads an upload; the page says so."""
    async with Session(target.address) as visitor:
        await visitor.visit("Explore")
        content = _table(3_000, MEGABYTE + 5 * random.randrange(1_000))
        upload = asyncio.create_task(visitor.upload("texts_file", "long.parquet", content))
        while not upload.done():  # the first reader may be that of another visitor
            await _kill(lambda: upload.done() or target.processes("han_core.data.sandbox"))
            await asyncio.sleep(0.05)
        reply = await upload
        _expect(b"reader stop" in reply.content, "the page says nothing of the file")
        del visitor.widgets["texts_file"]
        await _analyse(visitor)


async def kill_scoring(target: Target) -> None:
    """Kill a scoring in the background; begun again, it ends well."""
    path = target.data / f"score-{uuid.uuid4().hex}.csv"
    draw = random.Random(path.name)
    lines = [f'"{random_text(f"d{n}", draw)}",{("neg", "pos")[n % 2]}' for n in range(500)]
    path.write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    folder = list_checkpoints(checkpoints_root())[0].path
    work = await asyncio.to_thread(start_scoring, folder, "cpu", source_of(str(path)))
    await _kill(lambda: _with_mark(list(psutil.process_iter()), str(work)))
    await asyncio.sleep(0.5)
    state = job_state(work)
    _expect(state and state.kind == "failed", f"killed, the job is {state}")
    await asyncio.to_thread(start_scoring, folder, "cpu", source_of(str(path)))
    while (state := await asyncio.to_thread(job_state, work)) and state.kind == "working":
        await asyncio.sleep(0.25)
    _expect(state and state.kind == "done", f"begun again, the job is {state}")


async def kill_training(target: Target) -> None:
    """Kill a run that trains; resumed, it goes on."""
    async with Session(target.address) as visitor:
        await start_run(visitor)
        run = await wait_for_run(takes_steps)
        await _kill(lambda: _with_mark(list(psutil.process_iter()), str(run.folder)))
        await wait_for_run(lambda other: other.id == run.id and other.status == "interrupted")
        await asyncio.to_thread(resume, run.id)
        await wait_for_run(lambda other: other.id == run.id and takes_steps(other))
        await asyncio.to_thread(stop, run.id)
        await wait_for_run(lambda other: other.id == run.id and not other.is_live)
        await asyncio.to_thread(delete, run.id)


@contextmanager
def full_disk(target: Target) -> Iterator[None]:
    """The server's disk takes nothing.

    A disk of the data folder's own that is small is filled. Otherwise no process of the server
    may write to a file (``RLIMIT_FSIZE``), for which nobody has to be root.
    """
    if psutil.disk_usage(str(target.data)).total <= SMALL_DISK:
        filler = target.data / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        try:
            yield
        finally:
            filler.unlink()
        return
    _, most = psutil.Process(target.pid).rlimit(psutil.RLIMIT_FSIZE)
    _limit_files(target, (0, most))
    try:
        yield
    finally:
        _limit_files(target, (most, most))


def _limit_files(target: Target, limits: tuple[int, int]) -> None:
    for process in [psutil.Process(target.pid), *target.processes()]:
        with suppress(psutil.Error):
            process.rlimit(psutil.RLIMIT_FSIZE, limits)


async def fill_disk(target: Target) -> None:
    """Fill the disk: pages answer, a note is not confirmed, and afterwards notes are saved."""
    async with Session(target.address) as reader, Session(target.address) as writer:
        await reader.visit("Explore")
        await _open_errors(writer, "Full disk")
        with full_disk(target):
            text = f"full {time.time_ns()}"
            _expect(not await _write(writer, text), "a full disk has taken a note")
            await _analyse(reader)
            await reader.upload("texts_file", "small.parquet", _table(3, 100))
            del reader.widgets["texts_file"]
            await asyncio.sleep(target.disk_full)
            await _analyse(reader)
        _expect(await _write(writer, text + " no more"), "the disk is free, the note not saved")


async def clock_jumps(target: Target) -> None:
    """All files are of next year, then of last year, and a note as well."""
    for days in (365, -365):
        await asyncio.to_thread(_set_times, target.data, time.time() + days * 86_400)
        async with Session(target.address) as visitor:
            await _open_errors(visitor, "Clock")
            _expect("coding_note" in visitor.ids, "the page shows no document")
            _expect(await _write(visitor, f"clock {time.time_ns()}"), "the note is not saved")
    command = [sys.executable, "-c", TRAVELLER, uuid.uuid4().hex * 2, str(time.time_ns())]
    finished = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, capture_output=True, text=True
    )
    _expect(finished.returncode == 0, finished.stderr[-250:])


def _set_times(folder: Path, seconds: float) -> None:
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            os.utime(path, (seconds, seconds))


async def second_server(target: Target) -> None:
    """Serve the same data a second time; what is written there is read here."""
    text = f"second {time.time_ns()}"
    with ExitStack() as stack:
        serving = served_class({"HANSCOPE_CLASS": ""})
        address, _ = await asyncio.to_thread(stack.enter_context, serving)
        async with Session(address) as visitor:
            await _open_errors(visitor, "Second")
            _expect(await _write(visitor, text), "the second server saved no note")
        async with Session(target.address) as visitor:
            content = await _open_errors(visitor, "Second")
            _expect(text.encode() in content, "the first server does not show the note")


ATTACKS = (
    Attack("files of no widget", 20, files_of_no_widget),
    Attack("foreign Host and Origin", 15, foreign_names),
    Attack("flood of requests", 30, flood_of_requests),
    Attack("flood of sessions", 60, flood_of_sessions),
    Attack("damaged files and bombs", 30, hostile_files),
    Attack("evidence worker killed", 30, kill_evidence_worker, alone=True),
    Attack("reader killed", 60, kill_reader, alone=True),
    Attack("scoring killed", 120, kill_scoring, alone=True),
    Attack("training killed", 180, kill_training, alone=True),
    Attack("full disk", 240, fill_disk, alone=True),
    Attack("clock that jumps", 120, clock_jumps, alone=True),
    Attack("second server", 240, second_server, alone=True),
)
