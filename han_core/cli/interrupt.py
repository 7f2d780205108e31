"""What Ctrl-C means while a model trains."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupt:
    """Ctrl-C, or the end of a job: once to stop after the step, twice to stop at once.

    Args:
        alone: whether this is the only process; a launcher repeats the signal for several.
    """

    def __init__(self, alone: bool):
        self._alone, self._training, self._pending = alone, False, False

    def is_pending(self) -> bool:
        """Return whether to stop; called after each step."""
        self._training = True
        return self._pending

    @contextmanager
    def catching_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._handle) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _handle(self, *_: object) -> None:
        # Before the first step, and the second time, at once.
        if not self._training or (self._pending and self._alone):
            raise KeyboardInterrupt
        if not self._pending and self._alone:
            # Not by print, in the middle of which the signal may have come.
            os.write(2, b"\nStopping after this step; once more stops at once.\n")
        self._pending = True
