"""The event log of a run: a line of JSON for each event, appended and never changed.

A line is written in one piece. A process that dies leaves at most one torn line at the end,
which readers leave out and the next writer cuts off.
"""

import json
import math
import os
import time
from contextlib import suppress
from pathlib import Path
from types import UnionType
from typing import TypeGuard

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
    """Append to the log in ``folder``; for the one that holds the run's lock."""

    def __init__(self, folder: Path):
        self._reserve = folder / RESERVE
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._handle = os.open(folder / EVENTS, flags, 0o600)
        self._cut_torn_line()
        with suppress(OSError):  # without it the last message may be missing, and no more
            self._reserve.write_bytes(bytes(RESERVED))

    def write(self, kind: str, **values: object) -> bool:
        """Append one event; False where the disk takes no more.

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
    fields = KINDS.get(event["kind"]) if isinstance(event.get("kind"), str) else None
    if fields is None or not all(_is(event.get(name), kind) for name, kind in fields.items()):
        return None
    return event


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")  # not shown


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
