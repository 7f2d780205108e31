"""Locks on files, which the system takes from a process that dies.

A lock goes with its open file, so a process can begin a child that holds it from the first moment.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROBE = 1.0  # seconds in which a viewer that only looks has let go again


class Lock:
    """A lock that this process holds until ``release`` or its end."""

    def __init__(self, handle: int):
        self.handle = handle
        os.set_inheritable(handle, False)

    def release(self) -> None:
        """Let go; a child that was given the handle holds on."""
        if self.handle >= 0:
            os.close(self.handle)
        self.handle = -1


def take(path: Path, seconds: float = PROBE) -> Lock | None:
    """The lock on ``path``, or None if somebody else holds it for all of ``seconds``."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if _locked(handle, fcntl.LOCK_EX, seconds):
        return Lock(handle)
    os.close(handle)
    return None


def inherited(handle: int) -> Lock:
    """The lock that the parent process took; held here too from now on."""
    # Where the file system locks for a process and not for an open file (NFS), the parent's
    # ends when it lets go, and this one begins then.
    _locked(handle, fcntl.LOCK_EX, 10 * PROBE)
    return Lock(handle)


def is_held(path: Path) -> bool:
    """Whether somebody holds the lock on ``path``; looking takes it for no longer than that."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:  # shared, so that those who look do not see each other
        return not _locked(handle, fcntl.LOCK_SH, 0)
    finally:
        os.close(handle)


@contextmanager
def held(path: Path, seconds: float = 60.0) -> Iterator[None]:
    """Hold the lock on ``path`` for a block.

    Raises:
        TimeoutError: if somebody else holds it for all of ``seconds``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = take(path, seconds)
    if lock is None:
        raise TimeoutError(f"{path.name} is held by another process")
    try:
        yield
    finally:
        lock.release()


def _locked(handle: int, kind: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.01)
