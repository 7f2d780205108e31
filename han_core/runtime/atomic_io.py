"""Write files and folders so that they are there whole or not at all; read JSON and check it."""

import glob
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

_ASIDE = ".previous"


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder to write to, which takes the place of ``folder`` at the end.

    An older ``folder`` stays until the new one is whole and synced to disk. Between
    the two renames it stands aside, where ``standing`` finds it; if the process dies
    there, ``rescue`` brings it back.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    restore_previous(folder)
    for left in folder.parent.glob(f".{glob.escape(folder.name)}.new-*"):  # of a killed process
        shutil.rmtree(left, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix=f".{folder.name}.new-", dir=folder.parent))
    try:
        yield new
        new.chmod(0o755)  # mkdtemp makes it private
        for path in [*new.rglob("*"), new]:
            _sync(path)
        old = _previous(folder)
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            os.replace(folder, old)
        os.replace(new, folder)
        _sync(folder.parent)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def files_state(folder: Path) -> tuple[tuple[object, ...], ...]:
    """Another one whenever a file of the folder is another, without reading any.

    Raises:
        OSError: if there is no such folder.
    """
    with os.scandir(folder) as entries:
        states = [(entry.name, entry.stat()) for entry in entries if entry.is_file()]
    return tuple(
        sorted((name, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for name, s in states)
    )


def restore_previous(folder: Path) -> None:
    """Put the older folder back if a process died while it was replaced.

    For the one that writes ``folder`` alone: a reader that did it between the
    writer's two renames would make the second fail.
    """
    if current_folder(folder) != folder:
        os.replace(_previous(folder), folder)


def current_folder(folder: Path) -> Path:
    """Where the content of ``folder`` is now: there, or aside while it is replaced."""
    previous = _previous(folder)
    return previous if not folder.exists() and previous.is_dir() else folder


def half_replaced(root: Path) -> list[Path]:
    """The folders in ``root`` whose content stands aside."""
    names = [left.name[1:].removesuffix(_ASIDE) for left in root.glob(f".*{_ASIDE}")]
    return [root / name for name in names if name and current_folder(root / name) != root / name]


def read_json(path: Path, largest: int = 1_000_000):
    """The JSON value in ``path``.

    Raises:
        UserError: if it is missing, larger than ``largest`` bytes, or no JSON.
    """
    try:
        if path.stat().st_size > largest:
            raise UserError(
                tr(
                    "{name} is larger than the {largest:,} bytes expected at most.",
                    name=path.name,
                    largest=largest,
                )
            )
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            tr("{name} has no {name_2}.", name=path.parent.name, name_2=path.name)
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(
            tr(
                "{name} in {name_2} is not readable as JSON.",
                name=path.name,
                name_2=path.parent.name,
            )
        ) from error


def write_json(path: Path, value: object) -> None:
    """As ``write_whole``, of JSON."""
    write_atomically(path, json_bytes(value))


def json_bytes(value: object) -> bytes:
    """Return the content of a JSON file."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def write_atomically(path: Path, content: bytes) -> None:
    """Write all of ``content``, or leave what stood there: a process may die at any time."""
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(content)
    _sync(new)
    os.replace(new, path)
    _sync(path.parent)


def safe_name(wanted: str) -> str:
    """``wanted`` as the name of a folder: letters, digits, ``_``, ``-`` and ``.`` within."""
    return re.sub(r"[^\w.-]+", "-", wanted)[:60].strip("-.") or "checkpoint"


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _previous(folder: Path) -> Path:
    return folder.parent / f".{folder.name}{_ASIDE}"


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
