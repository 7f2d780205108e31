"""Background processes: each in a session of its own, so that it outlives the one that began it.

Imported by runs that wait for their turn, so it needs nothing large.
"""

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from han_core.runtime.locks import Lock
from han_core.runtime.messages import VARIABLE, current_locale
from han_core.runtime.paths import PROJECT, checkpoints_root, data_root

STDERR = "stderr.log"
NICE = 5  # a third of an ordinary share of a busy processor
_AUTOGROUP = Path("/proc/self/autogroup")


def start_process(folder: Path, module: str, lock: Lock, threads: str = "1") -> None:
    """Begin ``python -m module FOLDER HANDLE`` and do not wait for it.

    The process holds ``lock``, which the caller took, from its first moment, so there is none
    in which it seems dead. What it says stands in the folder's ``stderr.log``.

    Raises:
        OSError: if the system begins no process, or the disk takes no more.
    """
    with (folder / STDERR).open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", module, str(folder.absolute()), str(lock.handle)],
            cwd=PROJECT,
            env=_environment(threads),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            pass_fds=[lock.handle],
            start_new_session=True,
        )
    # Somebody has to take note of its end, or the system keeps its entry while we live.
    threading.Thread(target=process.wait, daemon=True).start()


def lower_priority() -> None:
    """Lower the priority of this process: a small share of a busy machine, but never none.

    Where Linux groups processes by session (autogroup), it divides the processors among the
    sessions first, so the priority of the session is lowered as well. The scheduling class
    "idle" would be too low: on a machine that others keep busy, such a process stands still.
    """
    os.nice(NICE)
    with suppress(OSError):  # no autogroups on this system
        _AUTOGROUP.write_text(str(NICE))


def _environment(threads: str) -> dict[str, str]:
    """Ours, with folders as they are called from everywhere, and few threads."""
    return {
        **os.environ,
        VARIABLE: current_locale(),
        "OMP_NUM_THREADS": threads,
        "HANSCOPE_DATA": str(data_root().absolute()),
        "HANSCOPE_CHECKPOINTS": str(checkpoints_root().absolute()),
    }
