"""Begins the process of a run: of its own session, so that it outlives the one that began it.

It knows nothing about what the process does.
"""

import os
from pathlib import Path

from han_core import detached
from han_core.lock import Lock
from han_core.runs.log import EventLog
from han_core.runs.queue import draw_ticket


def launch(folder: Path, lock: Lock, device: str) -> None:
    """Puts the run in ``folder`` into the device's queue and begins its process.

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
        log.write("failed", text=f"The run's process could not begin: {error.strerror}.")
        raise
    finally:
        log.close()


def begin_process(folder: Path, lock: Lock) -> None:
    """Begins the worker of the run in ``folder``, and does not wait for it.

    The number of threads (``HANSCOPE_RUN_THREADS``, else 1) also decides the last bits of a
    sum: a run goes on exactly where it keeps its number.
    """
    threads = os.environ.get("HANSCOPE_RUN_THREADS", "")
    chosen = threads if threads.isdecimal() and int(threads) else "1"
    detached.begin(folder, "han_core.runs.worker", lock, chosen)
