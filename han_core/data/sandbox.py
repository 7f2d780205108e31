"""Read a file that may be hostile in a child process with limits on memory and time.

390 KB of Parquet can unpack to gigabytes, and a reader can crash or spin; the child bears that.
The parent writes a request as JSON and runs ``python -m MODULE FOLDER``; the child answers with
``table.arrow``, which is mapped, or with one sentence and exit status 2. Nothing is unpickled.
Without ``resource`` (Windows) only the time on the clock is limited.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from han_core.data.readers import ending_of, shown_name, stream_table
from han_core.data.stream import Stream, mapped, most_unpacked, stream_of
from han_core.data.table import Table
from han_core.runtime.errors import UserError, gibibytes, shown, system_errors
from han_core.runtime.fair_places import FairPlaces
from han_core.runtime.messages import VARIABLE, current_locale, tr

ROOT = Path(__file__).resolve().parents[2]
REFUSED = 2
MOST_BYTES = 64 * 2**30


class NoAnswer(Exception):
    """The child ended, or was stopped, without a table and without a sentence."""

    def __init__(self, status: int | None) -> None:
        super().__init__(f"exit status {status}")  # not shown
        self.status = status  # negative: the signal; None: stopped after the time allowed


def run_in_child(
    module: str,
    request: Mapping[str, object],
    *,
    seconds: float,
    environment: Mapping[str, str],
    progress: bool = False,
    most_bytes: int = MOST_BYTES,
) -> Table:
    """The table that `module` answers with, of at most `most_bytes` on the disk.

    `progress` lets the child write to standard error.

    Raises:
        UserError: as the child does, or if the disk takes no more.
        NoAnswer: if the child ends otherwise.
    """
    # What is mapped cannot be deleted everywhere; there the system does so later.
    with (
        system_errors(tr("No reader can begin on this machine")),
        tempfile.TemporaryDirectory(prefix="hanscope-", ignore_cleanup_errors=True) as name,
    ):
        folder = Path(name)
        # The child works in an empty folder: what lies in ours must not shadow a name.
        (folder / "empty").mkdir()
        message = json.dumps({"most_bytes": most_bytes, "request": request})
        (folder / "request.json").write_text(message, encoding="utf-8")
        try:
            finished = subprocess.run(
                [sys.executable, "-m", module, name],
                cwd=folder / "empty",
                env={
                    **os.environ,
                    VARIABLE: current_locale(),
                    "PYTHONPATH": _search_path(),
                    **environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=None if progress else subprocess.DEVNULL,
                timeout=seconds,
                # Ctrl-C reaches the parent alone, which then ends the child quietly.
                start_new_session=True,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise NoAnswer(None) from error
        return _answer_in(folder, finished.returncode)


def _answer_in(folder: Path, status: int) -> Table:
    refusal = folder / "refusal.txt"
    if status == REFUSED and refusal.exists():
        raise UserError(refusal.read_text(encoding="utf-8"))
    if status != 0:
        raise NoAnswer(status)
    name = (folder / "name.txt").read_text(encoding="utf-8")
    return mapped(folder / "table.arrow", name)


def _search_path() -> str:
    inherited = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(ROOT), inherited] if inherited else [str(ROOT)])


def answer_parent(work: Callable[[dict[str, Any]], Stream | Table]) -> None:
    """Read the request, work, leave the answer and exit: all that the child does."""
    folder = Path(sys.argv[1])
    message = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    try:
        answer = work(message["request"])
        stream = stream_of(answer) if isinstance(answer, Table) else answer
        stream.write(folder / "table.arrow", message["most_bytes"])
        (folder / "name.txt").write_text(stream.name, encoding="utf-8")
    except UserError as error:
        (folder / "refusal.txt").write_text(str(error), encoding="utf-8", errors="replace")
        sys.exit(REFUSED)


try:
    import resource
except ImportError:  # not a POSIX system
    resource = None  # type: ignore[assignment]

GIB = 2**30
PHYSICAL = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if resource else 0


LEAST_SECONDS = 15  # of the processor for any file
BYTES_A_SECOND = 300_000  # a hundredth of what readers do


@dataclass(frozen=True)
class Limits:
    """What reading one file may take."""

    memory: int = 2 * GIB  # address space beyond what the reader takes before it reads
    table: int = 4 * GIB  # of what it hands over, on the disk
    processor_seconds: int = 60
    wall_seconds: float = 120.0

    def for_size(self, packed: int) -> "Limits":
        """The limits of a file of so many bytes: a small one needs little of anything."""
        seconds = LEAST_SECONDS + packed // BYTES_A_SECOND
        return replace(
            self,
            table=min(self.table, most_unpacked(packed)),
            processor_seconds=min(self.processor_seconds, seconds),
        )


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
_PLACES = FairPlaces(2)


def read_upload(data: bytes, filename: str, limits: Limits = USUAL, header: bool = True) -> Table:
    """The table in what someone sent as a file of this name."""
    ending_of(filename)
    with (
        system_errors(
            tr("{filename} cannot be read on this machine", filename=shown_name(filename))
        ),
        tempfile.TemporaryDirectory(prefix="hanscope-upload-") as folder,
    ):
        path = Path(folder) / "upload"
        path.write_bytes(data)
        return _read(path, filename, limits, header)


def read_file(spec: str, limits: Limits = OWN, header: bool = True) -> Table:
    """The table in a file on this machine; ``header``: whether its first row names the columns.

    The child costs about half a second, and a file that someone else made can
    be as hostile from a disk as from a browser: one way in, with wider limits.
    """
    path = Path(spec)
    ending_of(spec)
    if path.is_dir():
        raise UserError(tr("{spec} is a folder; a file was expected.", spec=shown(spec, 200)))
    if not path.is_file():
        raise UserError(tr("There is no file {spec}.", spec=shown(spec, 200)))
    return _read(path.resolve(), path.name, limits, header)


def _read(path: Path, filename: str, limits: Limits, header: bool) -> Table:
    name = shown_name(filename)
    limits = limits.for_size(path.stat().st_size)
    request = {
        "path": str(path),
        "filename": filename,
        "name": name,
        "limits": asdict(limits),
        "header": header,
    }
    # Arrow's own allocators reserve address space ahead of need.
    environment = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "1"}
    try:
        with _PLACES.place():
            return run_in_child(
                __name__,
                request,
                seconds=limits.wall_seconds,
                environment=environment,
                most_bytes=limits.table,
            )
    except NoAnswer as error:
        raise UserError(_why(name, error.status, limits)) from error


def _why(name: str, status: int | None, limits: Limits) -> str:
    if status is None:
        return tr("{name} took longer than {seconds:g} seconds to read and was given up.",
                  name=name, seconds=limits.wall_seconds)  # fmt: skip
    if status == -getattr(signal, "SIGXCPU", 0):
        return tr("{name} took more than {seconds} seconds of processor time.",
                  name=name, seconds=limits.processor_seconds)  # fmt: skip
    return tr("{name} made its reader stop: it is damaged, or needs more than {size} to read.",
              name=name, size=_gib(limits))  # fmt: skip


def _gib(limits: Limits) -> str:
    return tr("{size} of memory", size=gibibytes(limits.memory))


def confine(limits: Limits) -> None:
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


def _read_in_child(request: dict[str, Any]) -> Stream:
    limits, path = Limits(**request["limits"]), Path(request["path"])
    confine(limits)
    with _refusing(request["name"], limits):
        stream = stream_table(lambda: path.open("rb"), request["filename"], request["header"])
    return replace(stream, batches=_batches(stream, limits))


def _batches(stream: Stream, limits: Limits) -> Iterator:
    with _refusing(stream.name, limits):
        yield from stream.batches


@contextmanager
def _refusing(name: str, limits: Limits) -> Iterator[None]:
    # Made while there is memory.
    too_large = tr("{name} needs more than {size} to read.", name=name, size=_gib(limits))
    try:
        yield
    except MemoryError as error:
        raise UserError(too_large) from error
    except OSError as error:
        raise UserError(
            tr("{name} cannot be opened: {reason}.", name=name, reason=error.strerror)
        ) from error


if __name__ == "__main__":
    answer_parent(_read_in_child)
