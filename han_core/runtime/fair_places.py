"""A few places for work that takes much memory, given to visitors in turn."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition

from han_core.runtime.errors import UserError, counted
from han_core.runtime.messages import tr


def _nobody() -> str | None:
    """Return None: a command works for itself."""
    return None


_identify: Callable[[], str | None] = _nobody


def identify_visitors(by: Callable[[], str | None]) -> None:
    """Let ``by`` say which visitor of a server the present thread works for."""
    global _identify
    _identify = by


@dataclass(frozen=True, eq=False)
class _Request:
    visitor: str | None


class FairPlaces:
    """Places of which one visitor holds one at a time, while others may take the rest.

    Of those who wait, whoever was served longest ago, or never, is next. Work without a
    visitor counts as each time somebody else's.

    Args:
        places: how much work is done at a time.
        most_waiting: requests of one visitor that may wait.
    """

    def __init__(self, places: int, most_waiting: int = 4) -> None:
        self._free, self._most_waiting = places, most_waiting
        self._waiting: list[_Request] = []
        self._working: Counter[str] = Counter()
        self._served: dict[str, int] = {}  # visitor to the number of the last turn
        self._turns = 0
        self._changed = Condition()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Wait for a place, and hold it during the block.

        Raises:
            UserError: if the visitor has too many requests waiting.
        """
        request = _Request(_identify())
        with self._changed:
            self._enter_queue(request)
            try:
                self._changed.wait_for(lambda: self._next() is request)
                self._begin(request)
            finally:
                self._waiting.remove(request)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._end(request)
                self._changed.notify_all()

    def _enter_queue(self, request: _Request) -> None:
        waiting = sum(other.visitor == request.visitor for other in self._waiting)
        if request.visitor is not None and waiting >= self._most_waiting:
            raise UserError(
                tr(
                    "{counted} of yours wait to be read. Wait until they are.",
                    counted=counted(waiting, "file"),
                )
            )
        self._waiting.append(request)

    def _next(self) -> _Request | None:
        """The request whose turn it is; None while all places are taken."""
        eligible = [
            request
            for request in self._waiting
            if request.visitor is None or not self._working[request.visitor]
        ]
        if not self._free or not eligible:
            return None
        return min(eligible, key=lambda request: self._served.get(request.visitor or "", 0))

    def _begin(self, request: _Request) -> None:
        self._free -= 1
        self._turns += 1
        if request.visitor is not None:
            self._working[request.visitor] += 1
            self._served[request.visitor] = self._turns

    def _end(self, request: _Request) -> None:
        self._free += 1
        if (visitor := request.visitor) is not None:
            self._working -= Counter([visitor])
            present = {other.visitor for other in self._waiting} | set(self._working)
            self._served = {name: turn for name, turn in self._served.items() if name in present}
