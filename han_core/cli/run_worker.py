"""The process of a run: ``python -m han_core.cli.run_worker FOLDER LOCK``.

It waits for its turn, then trains. ``LOCK`` is the handle of the run's lock, which the parent
process took.
"""

import signal
import sys
from pathlib import Path

from han_core.runtime.locks import inherited
from han_core.runtime.messages import tr
from han_core.runtime.processes import lower_priority
from han_core.training.runs.event_log import EventLog
from han_core.training.runs.queue import CANCEL, read_ticket, wait_for_place


def live(folder: Path) -> None:
    """All that the process of the run in ``folder`` does, once it holds the run's lock."""
    cancel, log = folder / CANCEL, EventLog(folder)
    # A machine that shuts down asks as a person does.
    signal.signal(signal.SIGTERM, lambda *_: cancel.touch())
    ticket = read_ticket(folder)
    device = ticket.device if ticket else "cpu"
    place = wait_for_place(folder, cancel.exists)
    if place is None:
        log.write("stopped", text=tr("Stopped while it waited for its turn."))
        return
    log.write("start", device=device, processes=1)
    try:
        # Only now: a queue of twenty runs would otherwise be twenty processes with torch in memory.
        from han_core.cli.train_run import work

        work(folder, device, log)
    except BaseException as error:
        name = type(error).__name__
        log.write("failed", text=tr("An error in the program ended the run ({name}).", name=name))
        raise


def main() -> None:
    lock = inherited(int(sys.argv[2]))
    lower_priority()
    live(Path(sys.argv[1]))
    lock.release()


if __name__ == "__main__":
    main()
