"""A queue of page renders: one after another rather than all at once.

Python does one thing at a time however many threads it has, and thirty renders that interrupt
each other take three times as long as thirty in a row. So a render waits until few others are
at work. A render that takes long (scoring a data set, a long text) is not waited for.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, local


class RenderQueue:
    """Use as ``with queue.turn(): …`` in each render.

    Args:
        at_once: renders that may be young at the same time. More than one was slower on two
            cores: they took the interpreter from each other in the middle of small steps.
        patience: seconds for which a render counts as young.
    """

    def __init__(self, at_once: int = 1, patience: float = 0.3):
        self.at_once, self.patience = at_once, patience
        self._started: dict[Event, float] = {}
        self._waiting: list[Event] = []
        self._lock = Lock()
        self._thread = local()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, first come, first served."""
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
        """Let others go on while this thread's render waits for another process."""
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
        finally:  # a render may be stopped while it waits
            with self._lock:
                self._waiting.remove(own)
                self._wake()

    def _leave(self, own: Event) -> None:
        with self._lock:
            self._started.pop(own, None)  # not there if it was stopped while it waited
            self._wake()

    def _wake(self) -> None:
        """Wake only the first: waking all takes longer than what they wait for."""
        if self._waiting:
            self._waiting[0].set()

    def _wait(self, own: Event) -> float | None:
        """Seconds after which to check again; 0 if it is this one's turn, None until woken."""
        if self._waiting[0] is not own:
            return None
        now = time.monotonic()
        left = sorted(self.patience - (now - started) for started in self._started.values())
        young = [seconds for seconds in left if seconds > 0]
        return young[0] if len(young) >= self.at_once else 0


RENDERS = RenderQueue()
