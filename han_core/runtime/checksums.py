"""SHA-256 beside stored files, so that damage on the disk is reported and never believed.

The checksum of ``NAME`` stands in ``NAME.sha256``: JSON with the digest, the size in bytes and, of
a safetensors file, the type and shape of each tensor. Each process reads a file for it once, and
again when the file has changed.
"""

import hashlib
import json
import os
from functools import lru_cache
from io import BufferedReader, BytesIO
from pathlib import Path

from han_core.runtime.atomic_io import read_json, write_atomically
from han_core.runtime.errors import UserError

SUFFIX = ".sha256"
LARGEST = 50_000_000  # bytes of a checksum file; a tensor takes about a hundred
REMEDY = "restore it from a copy or make it again"


class DamagedFileError(UserError):
    """A stored file that is not what was written."""


def write_checksum(path: Path) -> None:
    """Store the checksum of a file beside it, in a folder that nobody reads yet.

    Raises:
        OSError: if the disk takes no more.
    """
    with path.open("rb") as file:
        checksum_path(path).write_bytes(_description(file, path.name))


def write_with_checksum(path: Path, content: bytes) -> None:
    """Write a file and its checksum, each whole or not at all.

    The checksum comes first: where a process dies between the two, the older file counts as
    damaged.

    Raises:
        OSError: if the disk takes no more.
    """
    write_atomically(checksum_path(path), _description(BytesIO(content), path.name))
    write_atomically(path, content)


def verify_checksum(path: Path, remedy: str = REMEDY) -> bool:
    """Verify a stored file; return False where no checksum was stored with it.

    Args:
        remedy: what the reader of the message can do, as the end of its sentence.

    Raises:
        DamagedFileError: if the file is not what was written.
        FileNotFoundError: if there is no such file.
    """
    state = _state(path)
    try:
        state += _state(checksum_path(path))
    except FileNotFoundError:
        return False
    if damage := _damage(path.absolute(), state):
        raise DamagedFileError(f"{path.name} in {path.parent.name} is damaged: {damage}; {remedy}.")
    return True


def checksum_path(path: Path) -> Path:
    """Return where the checksum of a file stands."""
    return path.with_name(path.name + SUFFIX)


@lru_cache(maxsize=65_536)
def _damage(path: Path, state: tuple[int, ...]) -> str:
    """What is wrong with a file in this state; empty if nothing is."""
    try:
        stored, size = read_json(checksum_path(path), LARGEST), path.stat().st_size
        if stored["bytes"] != size:
            return f"{stored['bytes']:,} bytes were written, {size:,} are there"
        with path.open("rb") as file:
            same = stored == json.loads(_description(file, path.name))
    except (UserError, OSError, LookupError, TypeError, ValueError, AttributeError):
        return "it cannot be read, or its checksum cannot"
    return "" if same else "it has another SHA-256 than when it was written"


def _description(file: BufferedReader | BytesIO, name: str) -> bytes:
    """The content of the checksum file; ``file`` is at its start."""
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    description: dict = {"sha256": digest, "bytes": file.seek(0, os.SEEK_END)}
    if name.endswith(".safetensors"):
        description["tensors"] = _tensors(file)
    return json.dumps(description).encode()


def _tensors(file: BufferedReader | BytesIO) -> dict[str, list]:
    """Type and shape of each tensor: a file begins with the length of a header of JSON."""
    file.seek(0)
    header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    header.pop("__metadata__", None)
    return {name: [tensor["dtype"], tensor["shape"]] for name, tensor in header.items()}


def _state(path: Path) -> tuple[int, ...]:
    """Another value whenever the file is another, without reading it."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
