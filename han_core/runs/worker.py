"""The process of a run: ``python -m han_core.runs.worker FOLDER LOCK``.

Waits for its place before it imports anything heavy, then trains. ``LOCK`` is the handle
of the run's lock, which the parent took. It knows nothing about training itself.
"""

import signal
import sys
from pathlib import Path

from han_core.detached import stand_back
from han_core.lock import inherited
from han_core.runs.log import EventLog
from han_core.runs.queue import CANCEL, read_ticket, wait_for_place


def live(folder: Path) -> None:
    """All that the process of the run in ``folder`` does, once it holds the run's lock."""
    cancel, log = folder / CANCEL, EventLog(folder)
    # A machine that shuts down asks as a person does.
    signal.signal(signal.SIGTERM, lambda *_: cancel.touch())
    ticket = read_ticket(folder)
    device = ticket.device if ticket else "cpu"
    place = wait_for_place(folder, cancel.exists)
    if place is None:
        log.write("stopped", text="Stopped while it waited for its turn.")
        return
    log.write("start", device=device, processes=1)
    try:
        from han_core.runs.work import work

        work(folder, device, log)
    except BaseException as error:
        log.write("failed", text=f"An error in the program ended the run ({type(error).__name__}).")
        raise


def main() -> None:
    lock = inherited(int(sys.argv[2]))
    stand_back()
    live(Path(sys.argv[1]))
    lock.release()


if __name__ == "__main__":
    main()
