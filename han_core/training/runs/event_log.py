"""What happened in a run, a line of JSON each: appended, never changed.

A line is written in one piece. A process that dies leaves at most one torn line at the
end, which readers leave out and the next writer cuts off. It knows nothing about what
the events mean for a run.

What a run in training tells its log, and what it asks: whether to stop.

It knows nothing about processes or files of models.
"""

import json
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import UnionType
from typing import TypeGuard

from han_core.training.callbacks import Callbacks, Step, StepEvent, Stopped

EVENTS, RESERVE = "events.jsonl", "reserve"
RESERVED = 16_384  # bytes kept for the last message where the disk is full
LARGEST = 1e15  # of numbers; more is nobody's count, loss or time
MOST = 4_000_000  # bytes that one reading takes
LAST = frozenset({"stopped", "failed", "done"})  # after these a run's process ends

Kind = type | UnionType
Number = int | float
KINDS: dict[str, dict[str, Kind]] = {
    "queued": {"device": str},
    "start": {"device": str, "processes": int},
    "say": {"text": str},
    "reading": {"name": str, "done": int, "of": int},
    "begun": {"step": int, "epoch": int},
    "step": {"step": int, "epoch": int, "done": int, "of": int, "loss": Number},
    "epoch": {"line": dict},
    "saved": {"step": int},
    "stopped": {"text": str},
    "failed": {"text": str},
    "done": {"summary": dict},
}
"""What each kind of event tells besides its time ``t``; more is allowed."""


class EventLog:
    """Appends to the log in ``folder``; for the one that holds the run's lock."""

    def __init__(self, folder: Path):
        self._reserve = folder / RESERVE
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._handle = os.open(folder / EVENTS, flags, 0o600)
        self._cut_torn_line()
        with suppress(OSError):  # without it the last message may be missing, and no more
            self._reserve.write_bytes(bytes(RESERVED))

    def write(self, kind: str, **values: object) -> bool:
        """Appends one event; False where the disk takes no more.

        An event of a kind in ``LAST`` is given the place that was kept for it.
        """
        event = {"t": round(time.time(), 3), "kind": kind, **_finite(values)}
        line = json.dumps(event, allow_nan=False).encode() + b"\n"
        written = self._append(line)
        if kind in LAST:
            self._reserve.unlink(missing_ok=True)
            written = written or self._append(line)
            with suppress(OSError):
                os.fsync(self._handle)
        return written

    def close(self) -> None:
        os.close(self._handle)

    def _append(self, line: bytes) -> bool:
        size = os.fstat(self._handle).st_size
        try:
            if os.write(self._handle, line) == len(line):
                return True
        except OSError:
            pass
        with suppress(OSError):  # a full disk may have taken a part of the line
            os.ftruncate(self._handle, size)
        return False

    def _cut_torn_line(self) -> None:
        size = end = os.fstat(self._handle).st_size
        while end:
            start = max(0, end - 65_536)
            newline = os.pread(self._handle, end - start, start).rfind(b"\n")
            end = start + newline + 1 if newline >= 0 else start
            if newline >= 0:
                break
        if end != size:
            os.ftruncate(self._handle, end)


def read_events(path: Path, offset: int = 0) -> tuple[list[dict], int]:
    """The events in whole lines from byte ``offset`` on, and the byte after them.

    At most ``MOST`` bytes at a time; what is no event is left out.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            content = file.read(MOST)
    except FileNotFoundError:
        return [], offset
    whole = content.rfind(b"\n") + 1
    if not whole and len(content) == MOST:  # no event is as long; go on behind it
        return [], offset + MOST
    events = (_event(line) for line in content[:whole].splitlines())
    return [event for event in events if event is not None], offset + whole


def _event(line: bytes) -> dict | None:
    try:
        event = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not is_number(event.get("t")):
        return None
    told = KINDS.get(event["kind"]) if isinstance(event.get("kind"), str) else None
    if told is None or not all(_is(event.get(name), kind) for name, kind in told.items()):
        return None
    return event


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def is_number(value: object) -> TypeGuard[Number]:
    """Whether ``value`` is a finite number, and not a yes or no."""
    return _is(value, Number)


def _is(value: object, kind: Kind) -> bool:
    if isinstance(value, bool) or not isinstance(value, kind):
        return False
    return not isinstance(value, Number) or -LARGEST <= value <= LARGEST  # NaN is neither


def _finite(value):
    """``value`` with None for numbers that JSON lacks."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


OFTEN, SELDOM = 0.25, 5.0  # seconds between two lines about steps: at first, and after hours
LINES = 1_200  # about so many stand there before they come less often


class EventWriter:
    """Writes the events of one life of a run; ``watch`` is what ``train`` calls.

    Args:
        epochs: asked for.
        cancel: the file that is there when the run is to stop.
        moments: what else is called at every moment of the training.
    """

    def __init__(
        self,
        log: EventLog,
        epochs: int,
        cancel: Path,
        moments: Sequence[Callable[[StepEvent], None]] = (),
    ):
        self._log, self._cancel, self._moments = log, cancel, moments
        self._pace = Pace(epochs)
        self._began = self._told = time.monotonic()
        self._step: int | None = None  # None until training has begun
        self.watch = Callbacks(
            follow=self._follow,
            epoch=self._epoch,
            say=self.say,
            moment=self._moment,
            line=self._line,
            saved=lambda steps: self._write("saved", step=steps),
            stop=cancel.exists,
        )

    def say(self, sentence: str) -> None:
        self._write("say", text=sentence)

    def _write(self, kind: str, **values: object) -> None:
        self._log.write(kind, **values)

    def _follow(self, texts: Sequence[str], name: str) -> Iterator[str]:
        for done, text in enumerate(texts):
            if self._is_time():
                if self._cancel.exists():
                    raise Stopped("Stopped while texts were read; resuming reads them again.")
                self._write("reading", name=name, done=done, of=len(texts))
            yield text

    def _epoch(self, number: int, documents: int) -> Step:
        self._pace.begin(number, documents)
        return self._pace.add

    def _moment(self, moment: StepEvent) -> None:
        if self._step is None:
            # A run that goes on is first seen after a step, and has told what was before.
            taken = 1 if self._pace.documents else 0
            self._write("begun", step=moment.step - taken, epoch=moment.epoch)
            self._pace.forget()
        self._step = moment.step
        self._pace.mark()
        for call in self._moments:
            call(moment)
        if self._is_time():
            self._tell_step()

    def _line(self, line: dict) -> None:
        self._tell_step()
        self._write("epoch", line=line)

    def _tell_step(self) -> None:
        if self._pace.documents and self._step is not None:
            self._write("step", step=self._step, **self._pace.told())

    def _is_time(self) -> bool:
        """Whether it is time for a line that may as well be left out."""
        now = time.monotonic()
        if now - self._told < min(SELDOM, max(OFTEN, (now - self._began) / LINES)):
            return False
        self._told = now
        return True


class Pace:
    """How far an epoch is, how fast it goes, and the loss since it was told last.

    Attributes:
        documents: since the loss was told last.
    """

    def __init__(self, epochs: int):
        self._epochs, self._epoch, self._of = epochs, 0, 0
        self.documents, self._loss = 0, 0.0
        self._done, self._last = 0, time.monotonic()
        self._mark: tuple[int, float] | None = None  # documents, and when they were done
        self._between = 0.0  # seconds from the last batch of an epoch to the next epoch

    def begin(self, epoch: int, documents: int) -> None:
        """An epoch of so many documents begins."""
        if self._mark:
            self._between = time.monotonic() - self._last
        self._epoch, self._of, self._done, self._mark = epoch, documents, 0, None

    def add(self, documents: int, loss: float) -> None:
        """A batch with its documents and its mean loss."""
        self._done += documents
        self.documents += documents
        self._loss += documents * loss
        self._last = time.monotonic()

    def mark(self) -> None:
        """Speed is measured from the first step of an epoch on."""
        if self._mark is None and self._of:
            self._mark = self._done, self._last

    def forget(self) -> None:
        """The loss until now is not told."""
        self.documents, self._loss = 0, 0.0

    def told(self) -> dict[str, object]:
        """What an event of kind "step" says besides the step; the loss begins anew."""
        loss = self._loss / self.documents
        self.forget()
        return {
            "epoch": self._epoch,
            "done": self._done,
            "of": self._of,
            "loss": loss,
            **self._speed(),
        }

    def _speed(self) -> dict[str, float]:
        """Documents a second and the seconds left, if no epoch is spared; none at first."""
        done, since = self._mark or (self._done, self._last)
        if self._last <= since:
            return {}
        speed = (self._done - done) / (self._last - since)
        epochs = max(0, self._epochs - self._epoch)
        documents = max(0, self._of - self._done) + epochs * self._of
        left = documents / speed + epochs * self._between
        return {"documents_per_second": round(speed, 2), "seconds_left": round(left, 1)}
