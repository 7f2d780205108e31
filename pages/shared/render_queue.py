"""Runs of pages one after another rather than all at once.

Python does one thing at a time however many threads it has, and thirty that push past each
other take three times as long as thirty in a row. So a run waits until few others are at
it. Whoever is at it for long (a data set being scored, a long text) is not waited for.
It knows nothing about what is drawn.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, local


class RenderQueue:
    """``with turns.turn(): …`` in each run.

    Args:
        at_once: runs that may be young at the same time. More than one was slower on two cores:
            they took the interpreter from each other in the middle of small steps.
        patience: seconds for which a run counts as young.
    """

    def __init__(self, at_once: int = 1, patience: float = 0.3):
        self.at_once, self.patience = at_once, patience
        self._started: dict[Event, float] = {}
        self._waiting: list[Event] = []
        self._lock = Lock()
        self._thread = local()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits for its turn; the first to come is the first to go."""
        own = Event()
        self._take(own, first=False)
        self._thread.own = own
        try:
            yield
        finally:
            self._thread.own = None
            self._leave(own)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Lets others go on while this thread's run waits for another process, then goes next."""
        if (own := getattr(self._thread, "own", None)) is None:
            yield
            return
        self._leave(own)
        try:
            yield
        finally:
            self._take(own, first=True)

    def _take(self, own: Event, first: bool) -> None:
        with self._lock:
            self._waiting.insert(0 if first else len(self._waiting), own)
        try:
            while True:
                with self._lock:
                    wait = self._wait(own)
                    if wait == 0:
                        self._started[own] = time.monotonic()
                        return
                    own.clear()
                own.wait(wait)
        finally:  # a run may be stopped while it waits
            with self._lock:
                self._waiting.remove(own)
                self._wake()

    def _leave(self, own: Event) -> None:
        with self._lock:
            self._started.pop(own, None)  # not there if it was stopped while it waited
            self._wake()

    def _wake(self) -> None:
        """Only the first: to wake all who wait takes longer than what they wait for."""
        if self._waiting:
            self._waiting[0].set()

    def _wait(self, own: Event) -> float | None:
        """Seconds after which to look again; 0 if it is this one's turn, None until woken."""
        if self._waiting[0] is not own:
            return None
        now = time.monotonic()
        left = sorted(self.patience - (now - started) for started in self._started.values())
        young = [seconds for seconds in left if seconds > 0]
        return young[0] if len(young) >= self.at_once else 0


RENDERS = RenderQueue()
