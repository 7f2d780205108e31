"""The state of a run as its log tells it: phase, curves and messages.

Steps that were taken again after a run was resumed are listed once.
"""

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from han_core.training.runs.event_log import EVENTS, is_number, read_events

MOST_STEPS = 2_000  # points of a curve; of more, half of them go
MOST_MESSAGES = 200
MOST_KEPT = 256  # runs whose logs are remembered; a list of more reads them all again

Phase = Literal["", "queued", "start", "reading", "training", "stopped", "failed", "done"]


@dataclass(frozen=True)
class RunState:
    """What a log has told.

    Attributes:
        phase: of the last life of the run; "" where nothing was told.
        text: why it stopped or failed.
        device: the one that it was given.
        reading: (what is read, documents so far, of how many) while texts are read.
        step: of the optimiser, the last that was told.
        steps: events of kind "step", at most ``MOST_STEPS``, one after the other.
        history: a line for each epoch that is over.
        messages: the last sentences.
        saved: steps that stand on the disk.
        summary: of a run that is done.
    """

    phase: Phase = ""
    text: str = ""
    device: str = ""
    reading: tuple[str, int, int] | None = None
    step: int = 0
    steps: tuple[dict, ...] = ()
    history: tuple[dict, ...] = ()
    messages: tuple[str, ...] = ()
    saved: int = 0
    summary: dict | None = None


class Timeline:
    """Read a log on from where it was read last."""

    def __init__(self, path: Path):
        self._path = path
        self._begin()

    def _begin(self) -> None:
        self._offset, self._file = 0, 0
        self._now: dict = {}  # the fields of the state that hold one value
        self._steps: list[dict] = []  # one for each stretch of ``_apart`` steps, and the last
        self._apart = 1
        self._history: list[dict] = []
        self._messages: deque[str] = deque(maxlen=MOST_MESSAGES)

    def read(self) -> RunState:
        """All that has been told until now."""
        try:
            status = self._path.stat()
        except OSError:
            self._begin()
            return RunState()
        if status.st_ino != self._file or status.st_size < self._offset:
            self._begin()
            self._file = status.st_ino
        while self._offset < status.st_size:
            events, offset = read_events(self._path, self._offset)
            if offset == self._offset:
                break
            self._offset = offset
            for event in events:
                self.add(event)
        return self.state()

    def state(self) -> RunState:
        return RunState(
            **self._now,
            steps=tuple(self._steps),
            history=tuple(self._history),
            messages=tuple(self._messages),
        )

    def add(self, event: dict) -> None:
        """Take one event of ``read_events``."""
        now, phase = self._now, self._now.get("phase")
        match event["kind"]:
            case "queued":
                now.update(phase="queued", text="", device=event["device"])
                now.update(reading=None, summary=None)
            case "start":
                now.update(phase="start", device=event["device"])
            case "say":
                self._messages.append(event["text"])
            case "reading":
                progress = event["name"], event["done"], event["of"]
                now["reading"] = progress if event["of"] else None  # of how many is not known yet
                now["phase"] = "reading" if phase in ("queued", "start") else phase
            case "begun":
                now.update(phase="training", reading=None, step=event["step"])
                self._forget(event["step"], event["epoch"])
            case "step":
                now.update(phase="training", reading=None, step=event["step"])
                self._take_step(event)
            case "epoch" if is_line(line := event["line"]):
                now.update(phase="training", reading=None)
                self._history = [old for old in self._history if old["epoch"] < line["epoch"]]
                self._history.append(line)
            case "saved":
                now.update(saved=event["step"], step=event["step"])
            case "stopped" | "failed":
                now.update(phase=event["kind"], text=event["text"])
            case "done":
                now.update(phase="done", summary=event["summary"])

    def _take_step(self, event: dict) -> None:
        steps = self._steps
        while steps and steps[-1]["step"] >= event["step"]:
            steps.pop()
        if len(steps) > 1 and self._stretch(steps[-1]) == self._stretch(steps[-2]):
            steps.pop()  # it stood there as the last one only
        steps.append(event)
        while len(self._steps) > MOST_STEPS:
            self._apart *= 2
            first = {self._stretch(event): event for event in reversed(self._steps)}
            thinned = [*reversed(first.values())]
            self._steps = thinned if thinned[-1] is event else [*thinned, event]

    def _stretch(self, event: dict) -> int:
        return event["step"] // self._apart

    def _forget(self, step: int, epoch: int) -> None:
        """What the life before did beyond its last saving is done again."""
        self._steps = [event for event in self._steps if event["step"] <= step]
        self._history = [line for line in self._history if line["epoch"] <= epoch]


def is_line(line: dict) -> bool:
    """Whether a line of a history has the numbers that every reader of it takes for granted."""
    train, validation = line.get("train"), line.get("validation")
    if not isinstance(train, dict) or not isinstance(validation, dict):
        return False
    numbers = [line.get("epoch"), line.get("seconds"), train.get("loss"), train.get("accuracy")]
    numbers += [validation.get(name) for name in ("loss", "accuracy", "macro_f1")]
    return all(map(is_number, numbers)) and isinstance(line["epoch"], int)


_kept: OrderedDict[Path, Timeline] = OrderedDict()
_lock = threading.Lock()


def state_of_run(folder: Path) -> RunState:
    """The state of the run in ``folder``; a process reads each line of a log once."""
    path = folder / EVENTS
    with _lock:
        timeline = _kept.pop(path, None) or Timeline(path)
        _kept[path] = timeline
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
        return timeline.read()
