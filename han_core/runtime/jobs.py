"""Long work in a process of its own, which outlives the one that began it.

A folder is all that both sides share: ``request.json`` says what is asked, ``state.json`` how
far it is, ``stop`` asks it to end, and a lock says whether it lives. The module that does the
work calls ``run_job`` as its main program; ``start_job``, ``job_state`` and ``stop_job`` are for
whoever waits.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from han_core.runtime.atomic_io import read_json, write_json
from han_core.runtime.errors import UserError, system_errors
from han_core.runtime.locks import inherited, is_held, take
from han_core.runtime.messages import mark, tr
from han_core.runtime.processes import STDERR, lower_priority, start_process

REQUEST, STATE, STOP, LOCK = "request.json", "state.json", "stop", "lock"
OFTEN = 0.25  # seconds between two tellings, and between two looks whether to stop
ENDING = 5.0  # seconds in which a process that has told its end has let go of the lock
DIED = mark(
    "The process ended before its work was done; the machine may have too little memory. "
    "Begun again, it goes on from there."
)

STOPPED = mark("Stopped; begun again, it goes on from there.")

Kind = Literal["working", "done", "stopped", "failed"]
ReportProgress = Callable[[str, int, int], None]
"""``tell(text, done, of)``: how far the work is; ``of`` is 0 where nobody knows."""


class JobState(BaseModel):
    """How far work is.

    Attributes:
        text: what is done now, or why it failed, for people.
        done, of: documents; ``of`` is 0 where nobody knows.
        seconds_left: at the pace until now; None where nobody knows.
        answer: of work that is done; the error's details where it failed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    text: str = ""
    done: int = 0
    of: int = 0
    seconds_left: float | None = None
    answer: dict = {}

    @property
    def share(self) -> float:
        """0 to 1."""
        return min(1.0, self.done / self.of) if self.of else 0.0


def start_job(folder: Path, module: str, request: dict) -> None:
    """Begin ``python -m module`` on ``request``, unless work in ``folder`` goes on already.

    Raises:
        UserError: if the disk takes no more, or the system begins no process.
    """
    with system_errors(tr("The work cannot begin on this machine")):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = job_state(folder)
        is_working = state is not None and state.kind == "working"
        lock = take(folder / LOCK, 0 if is_working else ENDING)
        if lock is None:
            return
        try:
            write_json(folder / REQUEST, request)
            write_state(folder, JobState(kind="working", text=tr("Starting")))
            (folder / STOP).unlink(missing_ok=True)
            (folder / STDERR).unlink(missing_ok=True)
            start_process(folder, module, lock)
        finally:
            lock.release()


def job_state(folder: Path) -> JobState | None:
    """How far the work in ``folder`` is; None if none was ever begun there."""
    before = is_held(folder / LOCK)  # first: it may end while we look
    try:
        state = JobState.model_validate(read_json(folder / STATE))
    except (UserError, ValidationError):
        return None
    if state.kind == "working" and not before:
        return JobState(kind="failed", text=tr(DIED), done=state.done, of=state.of)
    return state


def stop_job(folder: Path) -> None:
    """Ask the work in ``folder`` to end; what it has kept stays."""
    with suppress(OSError):
        (folder / STOP).touch()


def write_state(folder: Path, state: JobState) -> None:
    """Whole or not at all; not synced, for it may be lost with the machine."""
    new = folder / f".{STATE}.new"
    new.write_text(state.model_dump_json(), encoding="utf-8")
    os.replace(new, folder / STATE)


def run_job(work: Callable[[dict, ReportProgress], dict]) -> None:
    """All that the process does: ``MODULE FOLDER LOCK``, where ``LOCK`` is an open file.

    ``work`` gets the request and ``tell``, and returns the answer; ``UserError`` becomes the
    state's one sentence, and a wish to stop is a ``KeyboardInterrupt`` within it.
    """
    folder, lock = Path(sys.argv[1]), inherited(int(sys.argv[2]))
    lower_priority()
    write_state(folder, _ended(folder, work))
    lock.release()


def _ended(folder: Path, work: Callable[[dict, ReportProgress], dict]) -> JobState:
    teller = _ProgressWriter(folder)
    try:
        _heed(folder / STOP)
        answer = work(read_json(folder / REQUEST, largest=10_000_000), teller)
        return JobState(kind="done", answer=answer)
    except KeyboardInterrupt:
        return JobState(kind="stopped", text=tr(STOPPED), done=teller.done, of=teller.of)
    except UserError as error:
        return JobState(kind="failed", text=" ".join(str(error).split()), answer=error.details)
    except OSError as error:
        return JobState(
            kind="failed", text=tr("The disk refused: {reason}.", reason=error.strerror or error)
        )
    except Exception as error:
        _write_error(error)
        text = tr("An error in the program ended the work ({kind}).", kind=type(error).__name__)
        return JobState(kind="failed", text=text)


def _write_error(error: Exception) -> None:
    """For whoever looks for the fault, in ``stderr.log``."""
    import traceback

    traceback.print_exception(error)


class _ProgressWriter:
    """Write how far the work is, not too often."""

    def __init__(self, folder: Path):
        self.done = self.of = 0
        self._folder, self._text = folder, ""
        self._told = self._began = -OFTEN  # when the last was told, and this stage began
        self._first = 0  # documents that were done by then

    def __call__(self, text: str, done: int, of: int) -> None:
        now = time.monotonic()
        if text != self._text:
            self._text, self._told, self._began, self._first = text, -OFTEN, now, done
        self.done, self.of = done, of
        if now - self._told >= OFTEN or done == of:
            self._told = now
            left = self._seconds_left(now)
            state = JobState(kind="working", text=text, done=done, of=of, seconds_left=left)
            write_state(self._folder, state)

    def _seconds_left(self, now: float) -> float | None:
        made = self.done - self._first
        return None if made <= 0 else (self.of - self.done) * (now - self._began) / made


def _heed(wish: Path) -> None:
    """Interrupt the work as Ctrl-C does, whatever it waits for, once somebody wishes so."""
    main = threading.main_thread().ident or 0
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
    # A machine that shuts down asks as a person does.
    signal.signal(signal.SIGTERM, lambda *_: wish.touch())

    def watch() -> None:
        while not wish.exists():
            time.sleep(OFTEN)
        signal.pthread_kill(main, signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()
