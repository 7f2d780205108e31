"""Callbacks that write the events of a run in training to its log."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from han_core.runtime.messages import tr
from han_core.training.callbacks import Callbacks, Step, StepEvent, Stopped
from han_core.training.runs.event_log import EventLog

OFTEN, SELDOM = 0.25, 5.0  # seconds between two lines about steps: at first, and after hours
LINES = 1_200  # about so many stand there before they come less often


class EventWriter:
    """Write the events of one life of a run; ``watch`` is what ``train`` calls.

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
        self._last: dict[str, float | None] = {}  # learning rate and gradient of the last step
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
                    raise Stopped(tr("Stopped while texts were read; resuming reads them again."))
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
        if moment.rate is not None:
            self._last = {"rate": moment.rate, "norm": moment.norm}
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
            self._write("step", step=self._step, **self._pace.event(), **self._last)

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

    def event(self) -> dict[str, object]:
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
