"""Reading a file that may be hostile, in a child process with limits.

390 KB of Parquet can unpack to gigabytes, and a reader can crash or spin; the
child bears that, and the caller gets a mapped table or one sentence. Knows nothing
about columns. Without `resource` (Windows) only the time on the clock is limited.
"""

import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from han_core.corpora import child
from han_core.corpora.reading import ending_of, shown_name, stream_table
from han_core.corpora.stream import Stream
from han_core.corpora.table import Table
from han_core.corpora.wording import gibibytes, shown
from han_core.wrong_input import WrongInput

try:
    import resource
except ImportError:  # not a POSIX system
    resource = None  # type: ignore[assignment]

GIB = 2**30
PHYSICAL = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if resource else 0


@dataclass(frozen=True)
class Limits:
    """What reading one file may take."""

    memory: int = 2 * GIB  # address space beyond what the reader takes before it reads
    table: int = 4 * GIB  # of what it hands over, on the disk
    processor_seconds: int = 60
    wall_seconds: float = 120.0


USUAL = Limits()
"""For what somebody sends."""

OWN = Limits(
    memory=max(2 * GIB, PHYSICAL // 2),
    table=64 * GIB,
    processor_seconds=900,
    wall_seconds=1800.0,
)
"""For a file that is on this machine already: larger, and still an end."""

# Each reader may take all of its memory, so few of them run at a time.
_PLACES = threading.BoundedSemaphore(2)


def read_upload(data: bytes, filename: str, limits: Limits = USUAL) -> Table:
    """The table in what someone sent as a file of this name."""
    ending_of(filename)
    with tempfile.TemporaryDirectory(prefix="hanscope-upload-") as folder:
        path = Path(folder) / "upload"
        path.write_bytes(data)
        return _read(path, filename, limits)


def read_file(spec: str, limits: Limits = OWN) -> Table:
    """The table in a file on this machine.

    The child costs about half a second, and a file that someone else made can
    be as hostile from a disk as from a browser: one way in, with wider limits.
    """
    path = Path(spec)
    ending_of(spec)
    if path.is_dir():
        raise WrongInput(f"{shown(spec, 200)} is a folder; a file was expected.")
    if not path.is_file():
        raise WrongInput(f"There is no file {shown(spec, 200)}.")
    return _read(path.resolve(), path.name, limits)


def _read(path: Path, filename: str, limits: Limits) -> Table:
    name = shown_name(filename)
    request = {"path": str(path), "filename": filename, "name": name, "limits": asdict(limits)}
    # Arrow's own allocators reserve address space ahead of need.
    environment = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "1"}
    try:
        with _PLACES:
            return child.ask(
                __name__,
                request,
                seconds=limits.wall_seconds,
                environment=environment,
                most_bytes=limits.table,
            )
    except child.NoAnswer as error:
        raise WrongInput(_why(name, error.status, limits)) from error


def _why(name: str, status: int | None, limits: Limits) -> str:
    if status is None:
        return f"{name} took longer than {limits.wall_seconds:g} seconds to read and was given up."
    if status == -getattr(signal, "SIGXCPU", 0):
        return f"{name} took more than {limits.processor_seconds} seconds of processor time."
    return f"{name} made its reader stop: it is damaged, or needs more than {_gib(limits)} to read."


def _gib(limits: Limits) -> str:
    return f"{gibibytes(limits.memory)} of memory"


def _confine(limits: Limits) -> None:
    """Put limits on this process from now on."""
    if resource is None:
        return
    memory = limits.memory + _address_space()
    bounds = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: limits.processor_seconds,
        resource.RLIMIT_CORE: 0,
    }
    for kind, bound in bounds.items():
        _, ceiling = resource.getrlimit(kind)
        if ceiling != resource.RLIM_INFINITY:
            bound = min(bound, ceiling)
        try:
            resource.setrlimit(kind, (bound, ceiling))
        except (ValueError, OSError):  # macOS refuses a limit on address space
            continue


def _address_space() -> int:
    """What this process has mapped already, where the system tells."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _work(request: dict[str, Any]) -> Stream:
    limits, path = Limits(**request["limits"]), Path(request["path"])
    _confine(limits)
    with _refusing(request["name"], limits):
        stream = stream_table(lambda: path.open("rb"), request["filename"])
    return replace(stream, batches=_batches(stream, limits))


def _batches(stream: Stream, limits: Limits) -> Iterator:
    with _refusing(stream.name, limits):
        yield from stream.batches


@contextmanager
def _refusing(name: str, limits: Limits) -> Iterator[None]:
    try:
        yield
    except MemoryError as error:
        raise WrongInput(f"{name} needs more than {_gib(limits)} to read.") from error
    except OSError as error:
        raise WrongInput(f"{name} cannot be opened: {error.strerror}.") from error


if __name__ == "__main__":
    child.answer(_work)
