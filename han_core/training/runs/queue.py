"""One run after the other on a device, without anybody who keeps the queue.

A run that waits has a file ``ticket`` in its folder. It goes on when no living run drew
its ticket earlier and one of the device's places is free. A place is a lock, so a run
that dies gives it back. A run's process imports this before its turn, so it needs nothing large.
"""

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from han_core.runtime.locks import Lock, is_held, take
from han_core.runtime.messages import tr
from han_core.runtime.processes import start_process
from han_core.training.runs.event_log import EventLog

TICKET, LOCK, CANCEL, PLACES = "ticket", "lock", "cancel", ".places"
LOOK = 0.2  # seconds between two looks at the queue


@dataclass(frozen=True, order=True)
class Ticket:
    """``drawn`` is the time in nanoseconds, ``run`` the name of the run's folder."""

    drawn: int
    run: str
    device: str


def places() -> int:
    """How many runs go on at once on one device: ``HANSCOPE_RUNS_AT_ONCE``, else 1."""
    value = os.environ.get("HANSCOPE_RUNS_AT_ONCE", "")
    return max(1, int(value)) if value.isdecimal() else 1


def draw_ticket(folder: Path, device: str) -> None:
    """Put the run in ``folder`` at the end of the device's queue."""
    new = folder / f".{TICKET}.new"
    new.write_text(json.dumps({"drawn": time.time_ns(), "device": device}), encoding="utf-8")
    os.replace(new, folder / TICKET)


def read_ticket(folder: Path) -> Ticket | None:
    """The ticket of the run in ``folder``; None if it does not wait."""
    try:
        ticket = json.loads((folder / TICKET).read_text(encoding="utf-8"))
        return Ticket(int(ticket["drawn"]), folder.name, str(ticket["device"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def queue(root: Path, device: str) -> list[Ticket]:
    """The tickets of living runs that wait for ``device``, the first in line first."""
    tickets = (read_ticket(path.parent) for path in root.glob(f"*/{TICKET}"))
    mine = [ticket for ticket in tickets if ticket is not None and ticket.device == device]
    return sorted(ticket for ticket in mine if is_held(root / ticket.run / LOCK))


def wait_for_place(folder: Path, stop: Callable[[], bool]) -> Lock | None:
    """A place on the device of the run's ticket, held until released; None where it is to stop.

    The ticket is gone afterwards.
    """
    ticket = read_ticket(folder)
    place = None
    while ticket and not place and not stop():
        if queue(folder.parent, ticket.device)[:1] in ([], [ticket]):
            place = _free_place(folder.parent, ticket.device)
        if not place:
            time.sleep(LOOK)
    with suppress(FileNotFoundError):
        (folder / TICKET).unlink()
    return place


def _free_place(root: Path, device: str) -> Lock | None:
    folder = root / PLACES
    folder.mkdir(exist_ok=True)
    paths = (folder / f"{device.replace(':', '-')}-{number}" for number in range(places()))
    return next((place for path in paths if (place := take(path, 0))), None)


def launch(folder: Path, lock: Lock, device: str) -> None:
    """Put the run in ``folder`` into the device's queue and begin its process.

    The process holds ``lock``, which the caller took, from its first moment: there is
    none in which the run seems dead.

    Raises:
        OSError: if the system begins no process, or the disk takes no more.
    """
    log = EventLog(folder)
    try:
        log.write("queued", device=device)
        draw_ticket(folder, device)
        begin_process(folder, lock)
    except OSError as error:
        log.write(
            "failed", text=tr("The run's process could not begin: {reason}.", reason=error.strerror)
        )
        raise
    finally:
        log.close()


def begin_process(folder: Path, lock: Lock) -> None:
    """Begin the worker of the run in ``folder``, and do not wait for it.

    The number of threads (``HANSCOPE_RUN_THREADS``, else 1) also decides the last bits of a
    sum: a run goes on exactly where it keeps its number.
    """
    threads = os.environ.get("HANSCOPE_RUN_THREADS", "")
    chosen = threads if threads.isdecimal() and int(threads) else "1"
    start_process(folder, "han_core.cli.run_worker", lock, chosen)
