"""The processes that tests begin: find them, and end those that a test leaves behind.

``python -m tests.processes FOLDER`` waits until its standard input is closed, which the system
does when the tests end, even if they are killed. It then ends what is left of their processes.
"""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

PATIENCE = 600
"""Seconds that a test waits for another process: a busy machine is slow, not wrong."""
GRACE = 15  # seconds for a process to end by itself, and again after it was asked to


def children(argument: str) -> list[int]:
    """Return the children in whose command line the argument stands."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.Error):  # ended meanwhile
            if any(argument in word for word in child.cmdline()):
                found.append(child.pid)
    return found


def wait_for_children(argument: str) -> None:
    """Wait until the children in whose command line the argument stands have ended."""
    there = []
    for pid in children(argument):
        with suppress(psutil.Error):  # ended meanwhile
            there.append(psutil.Process(pid))
    _, alive = psutil.wait_procs(there, timeout=PATIENCE)
    assert not alive


def belongs_to_tests(process: psutil.Process, folder: Path) -> bool:
    """Say whether the process was begun by tests whose ``HANSCOPE_DATA`` is below ``folder``."""
    with suppress(psutil.Error):  # ended meanwhile, or another user's
        return Path(process.environ().get("HANSCOPE_DATA", "/")).is_relative_to(folder)
    return False


def works_on(process: psutil.Process, folder: Path) -> bool:
    """Say whether a process of the tests got a path below ``folder`` as an argument.

    Background work has one, what several tests share (servers, browsers) has none.
    """
    with suppress(psutil.Error):
        paths = [Path(word) for word in process.cmdline()]
        return any(path.is_relative_to(folder) for path in paths) and belongs_to_tests(
            process, folder
        )
    return False


def new_processes(before: Iterable[int]) -> Iterator[psutil.Process]:
    """Yield the processes that were not there ``before``."""
    for pid in set(psutil.pids()) - set(before):
        with suppress(psutil.Error):
            yield psutil.Process(pid)


def end(processes: Iterable[psutil.Process]) -> list[str]:
    """End the processes and theirs; return the commands of those that did not end by themselves."""
    _, alive = psutil.wait_procs(list(processes), timeout=GRACE)
    commands, family = [], list(alive)
    for process in alive:
        with suppress(psutil.Error):
            commands.append(" ".join(process.cmdline()))
            family += process.children(recursive=True)
    for process in alive:
        with suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(family, timeout=GRACE)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=GRACE)
    return commands


@cache  # the pipe has to stay open for as long as this process lives
def watch(folder: Path) -> subprocess.Popen:
    """Begin a process that ends all processes of the tests once this one has ended."""
    command = [sys.executable, "-m", "tests.processes", str(folder)]
    root = Path(__file__).parents[1]
    return subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, start_new_session=True)


def main() -> None:
    folder = Path(sys.argv[1])
    sys.stdin.read()
    end(process for process in psutil.process_iter() if belongs_to_tests(process, folder))


if __name__ == "__main__":
    main()
