"""Score parts in this process, or in several processes of this machine.

Processes are spawned, never forked (torch has threads), and exchange bytes. Each runs on one
thread, so results do not depend on where or beside how many others a part is scored. A worker
ends when its connection to the parent closes.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import cast

import torch

from han_core.analysis.scoring.manifest import Part, checkpoint_sha256
from han_core.analysis.scoring.table import score_part, to_parquet
from han_core.models.checkpoint import Checkpoint, load_checkpoint
from han_core.runtime.devices import available_devices, choose_device
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr


@dataclass(frozen=True)
class Job:
    """What every worker of a run needs to know.

    Attributes:
        folder: the checkpoint's, as the worker finds it.
        sha256: what ``checkpoint_sha256`` of it is.
        key: the manifest's, which each part carries.
    """

    folder: Path
    sha256: str
    key: str


class Scorer:
    """Score parts on ``device``."""

    def __init__(self, job: Job, device: str) -> None:
        torch.set_num_threads(1)
        self.key = job.key
        self.checkpoint = load_checkpoint(job.folder, choose_device(device))
        if checkpoint_sha256(job.folder) != job.sha256:
            raise UserError(
                tr("The checkpoint {name} changed while it was scoring.", name=job.folder.name)
            )

    def __call__(self, request: bytes) -> bytes:
        """The Parquet file of the part that ``Part.to_bytes`` wrote."""
        part = Part.from_bytes(request)
        try:
            return to_parquet(score_part(self.checkpoint, part), self.key, part.number)
        except torch.OutOfMemoryError as error:
            raise UserError(
                tr(
                    "{device} has too little memory for part {number} beside what else it holds; "
                    "try fewer workers, or the CPU.",
                    device=self.checkpoint.device,
                    number=part.number,
                )
            ) from error


def score_here(
    parts: Iterable[Part], job: Job, checkpoint: Checkpoint
) -> Iterator[tuple[int, bytes]]:
    """Yield the parts as ``score_locally`` does, scored in this process on one thread."""
    for part in parts:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            table = score_part(checkpoint, part)
        finally:
            torch.set_num_threads(threads)
        yield part.number, to_parquet(table, job.key, part.number)


TO_A_GPU = 4
"""Workers: to split texts into words takes longer than a GPU takes for them."""

_DONE, _REFUSED = b"+", b"-"


def score_locally(
    parts: Iterable[Part], job: Job, devices: list[str]
) -> Iterator[tuple[int, bytes]]:
    """(number, Parquet file) of each part, in the order in which they are done.

    A part is read when a worker is free for it.

    Args:
        devices: of each worker.
    """
    waiting: Iterator[Part] = iter(parts)
    workers: list[_Worker] = []
    busy: dict[Connection, tuple[_Worker, int]] = {}

    def give(worker: _Worker) -> None:
        if (part := next(waiting, None)) is not None:
            worker.ask(part)
            busy[worker.line] = worker, part.number

    try:
        firsts = list(islice(waiting, len(devices)))
        waiting = chain(firsts, waiting)
        for device, _ in zip(devices, firsts, strict=False):  # all load while the first is asked
            workers.append(_Worker(job, device))
        for worker in workers:
            give(worker)
        while busy:
            for line in wait(list(busy)):
                worker, number = busy.pop(cast(Connection, line))
                answer = worker.answer()
                give(worker)  # before the answer is written, so that it does not wait for that
                yield number, answer
    finally:
        for worker in workers:
            worker.end()


def worker_devices(name: str, workers: int | None = None) -> list[str]:
    """The device of each of ``workers``; None: a worker a core, at most ``TO_A_GPU`` to a GPU.

    "auto" and "cuda" deal the GPUs out in turn.
    """
    chosen, available = str(choose_device(name)), available_devices()
    gpus = [device for device in available if device.startswith("cuda")]
    used = gpus if chosen in gpus and name in ("auto", "cuda") else [chosen]
    usual = _cores() if chosen == "cpu" else min(_cores(), TO_A_GPU * len(used))
    return [used[at % len(used)] for at in range(workers or usual)]


def _cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


class _Worker:
    """A process, seen from the parent."""

    def __init__(self, job: Job, device: str) -> None:
        context = get_context("spawn")
        self.line, far = context.Pipe()
        self._process = context.Process(target=_serve, args=(far, job, device), daemon=True)
        with _no_interrupts():
            self._process.start()
        far.close()  # the worker's end is the only one now: its death closes the line

    def ask(self, part: Part) -> None:
        with suppress(OSError):  # dead already: ``answer`` says why
            self.line.send_bytes(part.to_bytes())

    def answer(self) -> bytes:
        try:
            reply = self.line.recv_bytes()
        except (EOFError, OSError) as error:
            raise UserError(
                tr(
                    "A scoring process ended before its part was done: the machine may have too "
                    "little memory for so many; the same command with fewer workers goes on."
                )
            ) from error
        if reply[:1] == _REFUSED:
            raise UserError(reply[1:].decode())
        return reply[1:]

    def end(self) -> None:
        self.line.close()
        self._process.terminate()
        self._process.join()


def _serve(line: Connection, job: Job, device: str) -> None:
    """The worker's whole life."""
    with suppress(EOFError, OSError):  # the parent has gone, or has no more parts
        try:
            scorer = Scorer(job, device)
            while True:
                line.send_bytes(_DONE + scorer(line.recv_bytes()))
        except UserError as error:
            line.send_bytes(_REFUSED + str(error).encode("utf-8", "replace"))


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Ctrl-C reaches every process of a terminal; those started meanwhile ignore it.

    The parent, which does not, ends them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
