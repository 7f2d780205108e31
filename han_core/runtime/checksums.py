"""SHA-256 beside stored files, so that damage on the disk is reported and never believed.

The checksum of ``NAME`` stands in ``NAME.sha256``: JSON with the digest, the size in bytes and, of
a safetensors file, the type and shape of each tensor. Each process reads a file for it once, and
again when the file has changed.

A large file may be described in sections, byte ranges with a name and a digest of their own, so
that a reader pays for what it reads. Bytes that belong to no section form one more, the rest.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from io import BufferedReader, BytesIO
from pathlib import Path

from han_core.runtime.atomic_io import json_bytes, read_json, write_atomically
from han_core.runtime.errors import UserError
from han_core.runtime.messages import Locale, current_locale, mark, tr

SUFFIX = ".sha256"
PIECE = 2**20  # bytes that are read at once
LARGEST = 50_000_000  # bytes of a checksum file; a tensor takes about a hundred
REMEDY = mark("restore it from a copy or make it again")
DIFFERS = mark("it has another SHA-256 than when it was written")
REST = ""  # the name of the bytes that belong to no section

Sections = Mapping[str, Sequence[Sequence[int]]]
"""For each name the ranges: first byte, and the one after the last. No byte is in two of them."""


class DamagedFileError(UserError):
    """A stored file that is not what was written."""


def write_checksum(path: Path, sections: Sections | None = None) -> None:
    """Store the checksum of a file beside it, in a folder that nobody reads yet.

    Raises:
        OSError: if the disk takes no more.
    """
    with path.open("rb") as file:
        checksum_path(path).write_bytes(_description(file, path.name, sections))


def write_with_checksum(path: Path, content: bytes, sections: Sections | None = None) -> None:
    """Write a file and its checksum, each whole or not at all.

    The checksum comes first: where a process dies between the two, the older file counts as
    damaged.

    Raises:
        OSError: if the disk takes no more.
    """
    write_atomically(checksum_path(path), _description(BytesIO(content), path.name, sections))
    write_atomically(path, content)


def write_json_with_checksum(path: Path, value: object) -> None:
    """As ``write_with_checksum``, of JSON."""
    write_with_checksum(path, json_bytes(value))


def read_verified_json(path: Path, largest: int, remedy: str = REMEDY):
    """Return the JSON value in ``path``, verified where it has a checksum.

    Raises:
        UserError: as ``verify_checksum`` and ``read_json``.
    """
    with suppress(FileNotFoundError):  # which ``read_json`` reports
        verify_checksum(path, remedy)
    return read_json(path, largest)


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
    if damage := _damage(path.absolute(), state, current_locale()):
        raise _damaged(path, damage, remedy)
    return True


def verify_sections(path: Path, names: Iterable[str], remedy: str = REMEDY) -> bool:
    """Verify sections and the rest of a stored file, or all of it where it has no sections.

    Returns and raises as ``verify_checksum``.
    """
    state = _state(path)
    try:
        state += _state(checksum_path(path))
    except FileNotFoundError:
        return False
    place = path.absolute()
    if _sections(place, state) is None:
        return verify_checksum(path, remedy)
    if not all(_is_intact(place, state, name) for name in (REST, *names)):
        raise _damaged(path, tr(DIFFERS), remedy)
    return True


_damaged_files: dict[Path, tuple[int, ...]] = {}


def _damaged(path: Path, damage: str, remedy: str) -> DamagedFileError:
    _damaged_files[path] = _state(path)
    return DamagedFileError(
        tr(
            "{file} in {folder} is damaged: {damage}; {remedy}.",
            file=path.name, folder=path.parent.name, damage=damage, remedy=tr(remedy),
        )
    )  # fmt: skip


def known_damage(folder: Path) -> list[Path]:
    """Return the files of a folder that this process found damaged and nobody replaced since."""
    files = [(path, state) for path, state in _damaged_files.items() if path.parent == folder]
    return [path for path, state in files if path.exists() and _state(path) == state]


def checksum_path(path: Path) -> Path:
    """Return where the checksum of a file stands."""
    return path.with_name(path.name + SUFFIX)


@lru_cache(maxsize=65_536)
def _damage(path: Path, state: tuple[int, ...], locale: Locale) -> str:
    """What is wrong with a file in this state, in a language; empty if nothing is."""
    try:
        stored, size = read_json(checksum_path(path), LARGEST), path.stat().st_size
        if stored["bytes"] != size:
            return tr("{stored:,} bytes were written, {size:,} are there",
                      stored=stored["bytes"], size=size)  # fmt: skip
        with path.open("rb") as file:
            ranges = {name: cells["ranges"] for name, cells in stored.get("sections", {}).items()}
            ranges.pop(REST, None)
            same = stored == json.loads(_description(file, path.name, ranges or None))
    except (UserError, OSError, LookupError, TypeError, ValueError, AttributeError):
        return tr("it cannot be read, or its checksum cannot")
    return "" if same else tr(DIFFERS)


@lru_cache(maxsize=4_096)
def _sections(path: Path, state: tuple[int, ...]) -> dict[str, dict] | None:
    """The sections of a file in this state; None where it has none, or its checksum is damaged."""
    try:
        stored = read_json(checksum_path(path), LARGEST)
        return stored["sections"] if stored.pop("seal") == _seal(stored) else None
    except (UserError, LookupError, TypeError, AttributeError):
        return None


@lru_cache(maxsize=65_536)
def _is_intact(path: Path, state: tuple[int, ...], name: str) -> bool:
    """Whether a section of a file in this state is what was written; a missing one is not."""
    section = (_sections(path, state) or {}).get(name)
    if section is None:
        return False
    with path.open("rb") as file:
        return _digest(file, section["ranges"]) == section["sha256"]


def _description(
    file: BufferedReader | BytesIO, name: str, sections: Sections | None = None
) -> bytes:
    """The content of the checksum file; ``file`` is at its start."""
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    description: dict = {"sha256": digest, "bytes": file.seek(0, os.SEEK_END)}
    if name.endswith(".safetensors"):
        description["tensors"] = _tensors(file)
    if sections is not None:
        every = {**sections, REST: _gaps(sections, description["bytes"])}
        described = {
            name: {"ranges": ranges, "sha256": _digest(file, ranges)}
            for name, ranges in every.items()
        }
        description["sections"] = described
        description["seal"] = _seal(description)
    return json.dumps(description).encode()


def _seal(description: Mapping[str, object]) -> str:
    """A digest of the description itself: a flipped bit in it is damage, too."""
    return hashlib.sha256(json.dumps(description).encode()).hexdigest()


def _digest(file: BufferedReader | BytesIO, ranges: Sequence[Sequence[int]]) -> str:
    digest = hashlib.sha256()
    for start, end in ranges:
        file.seek(start)
        while start < end and (piece := file.read(min(PIECE, end - start))):
            digest.update(piece)
            start += len(piece)
    return digest.hexdigest()


def _gaps(sections: Sections, size: int) -> list[tuple[int, int]]:
    """The ranges of a file of this size that lie between those of its sections."""
    edge, gaps = 0, []
    for start, end in sorted((*each,) for ranges in sections.values() for each in ranges):
        if start > edge:
            gaps.append((edge, start))
        edge = end
    return [*gaps, (edge, size)]


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
