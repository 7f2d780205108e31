"""A checkpoint as one zip file, to export and to import.

A zip may be hostile. Only files of known names are taken, in one folder at most, under no path
that leads elsewhere, each within a size that is declared and counted. An imported checkpoint
has to load in a child process before it moves in.
"""

import errno
import os
import shutil
import stat
import struct
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from io import BytesIO
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from han_core.models.checkpoint import (
    CARD,
    CONFIG,
    HISTORY,
    METRICS,
    README,
    VOCABULARY,
    WEIGHTS,
    find_folder,
)
from han_core.models.import_check import check_import
from han_core.models.system_folder import system_named_in
from han_core.runtime.atomic_io import current_folder, safe_name
from han_core.runtime.errors import UserError, listed, shown
from han_core.runtime.messages import tr

RATIO, WEIGHTS_RATIO = 100, 4
"""Times its packed size that a file, and weights, may unpack to: real ones never reach it."""

SMALL = 1_000_000  # bytes to which anything may unpack
DIRECTORY = 200_000  # bytes of the zip's own table of contents; a real one has 500
CHUNK = 1 << 16
_BROKEN = (
    BadZipFile, EOFError, IndexError, NotImplementedError, OverflowError, RuntimeError,
    ValueError, struct.error, zlib.error,
)  # fmt: skip


class _LimitedReads(BytesIO):
    """Bytes of which no more than a table of contents is read at once."""

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > DIRECTORY:
            raise UserError(tr("A zip of a few files is expected; this one lists far more."))
        return super().read(size)


@contextmanager
def open_zip(data: bytes) -> Iterator[ZipFile]:
    """Open a zip; everything that can be wrong with one is one sentence."""
    try:
        with ZipFile(_LimitedReads(data)) as archive:
            yield archive
    except UserError:
        raise
    except _BROKEN as error:
        raise UserError(
            tr("A zip file is expected; this one is damaged or something else.")
        ) from error


def read_entries(archive: ZipFile, largest: Mapping[str, int]) -> tuple[str, dict[str, ZipInfo]]:
    """Return the one folder in the zip ("" where there is none), and its files by their names.

    Args:
        largest: the files that may be there, and the bytes that each has at most.

    Raises:
        UserError: names what should not be there.
    """
    tops: set[str] = set()
    entries: dict[str, ZipInfo] = {}
    for entry in archive.infolist():
        top, file = _place(entry, largest)
        tops.add(top)
        if len(tops) > 1:
            raise UserError(
                tr(
                    "A zip of one folder is expected; this one holds {listed}.",
                    listed=listed([*tops]),
                )
            )
        if entry.is_dir():
            continue
        if file in entries:
            raise UserError(tr("The zip holds {file} twice.", file=file))
        _check(entry, file, largest[file])
        entries[file] = entry
    return tops.pop() if tops else "", entries


def _place(entry: ZipInfo, files: Mapping[str, int]) -> tuple[str, str]:
    """Folder and file that an entry names, as it was written in the zip."""
    name = entry.orig_filename
    parts = name.removesuffix("/").split("/")
    if name.startswith("/") or {"", ".", ".."} & {*parts} or set(name) & set("\\:\0"):
        raise UserError(
            tr('The zip holds "{name}", a path that leads out of its folder.', name=shown(name))
        )
    if entry.is_dir() and len(parts) == 1:
        return parts[0], ""
    if len(parts) > 2 or parts[-1] not in files:
        raise UserError(
            tr(
                'The zip may hold {listed} and nothing else; this one holds "{name}".',
                listed=listed([*files]),
                name=shown(name),
            )
        )
    return "".join(parts[:-1]), parts[-1]


def _check(entry: ZipInfo, file: str, largest: int) -> None:
    mode = stat.S_IFMT(entry.external_attr >> 16)
    if mode not in (0, stat.S_IFREG):
        raise UserError(
            tr("{file} in the zip is a link or a device; a file is expected.", file=file)
        )
    if entry.flag_bits & 0x1:
        raise UserError(tr("{file} in the zip is encrypted.", file=file))
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise UserError(
            tr(
                "{file} in the zip is compressed with an unknown method; deflate is expected.",
                file=file,
            )
        )
    if entry.file_size > largest:
        raise UserError(_too_large(file, largest))
    ratio = WEIGHTS_RATIO if file == WEIGHTS else RATIO
    if entry.file_size > ratio * entry.compress_size + SMALL:
        raise UserError(
            tr(
                "{file} in the zip unpacks to {file_size:,} bytes: a zip bomb.",
                file=file,
                file_size=entry.file_size,
            )
        )


def extract(archive: ZipFile, entry: ZipInfo, target: Path, largest: int) -> None:
    """Write one file; the size that the zip declares is not believed."""
    written = 0
    with archive.open(entry) as source, target.open("xb") as file:
        while chunk := source.read(CHUNK):
            written += len(chunk)
            if written > largest:
                raise UserError(_too_large(target.name, largest))
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _too_large(file: str, largest: int) -> str:
    return f"{file} in the zip is larger than the {largest:,} bytes expected at most."


LARGEST = {
    CONFIG: 1_000_000,
    METRICS: 1_000_000,
    CARD: 1_000_000,
    README: 1_000_000,
    HISTORY: 20_000_000,
    VOCABULARY: 50_000_000,
    WEIGHTS: 2_000_000_000,
}
"""The files of a checkpoint, and how many bytes of each are taken at most."""

NEEDED = (CONFIG, WEIGHTS)
"""What every checkpoint has; a text classifier's has a vocabulary too."""

ABANDONED = 3_600  # seconds after which what a killed process left is swept away
_PLACE = ".unpacking-"


def pack(folder: str | Path, name: str | None = None) -> bytes:
    """Return the checkpoint of ``folder`` as a zip: its files in one folder, without ``resume/``.

    The same checkpoint gives the same bytes. One that is written anew meanwhile is packed
    as it was before or after.

    Args:
        name: of the folder in the zip; the checkpoint's own unless given.

    Raises:
        UserError: if there is no whole checkpoint.
    """
    named, packed = find_folder(folder), BytesIO()
    with ExitStack() as stack, ZipFile(packed, "w") as archive:
        for file, source in _opened(named, stack).items():
            entry = ZipInfo(f"{safe_name(name or named.name)}/{file}")  # dated 1980
            entry.external_attr = 0o644 << 16
            entry.compress_type = ZIP_STORED if file == WEIGHTS else ZIP_DEFLATED
            with archive.open(entry, "w") as target:
                shutil.copyfileobj(source, target, CHUNK)
    return packed.getvalue()


def unpack(data: bytes, root: Path, name: str | None = None) -> str:
    """Import a zip that ``pack``, or a stranger, made into ``root``; return its name there.

    Args:
        name: what it should be called; as the folder in the zip unless given. A number
            is added where that is taken.

    Raises:
        UserError: if it is not a checkpoint and nothing else, or does not load, or
            cannot be written. Nothing is left then.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        _sweep(root)
        with open_zip(data) as archive, TemporaryDirectory(prefix=_PLACE, dir=root) as place:
            top, entries = read_entries(archive, LARGEST)
            _complete(entries, "The zip", NEEDED)
            folder = Path(place) / safe_name(name or top or "checkpoint")
            folder.mkdir()
            for file, entry in entries.items():
                extract(archive, entry, folder / file, LARGEST[file])
            _complete(entries, "The zip", _needed(folder))
            check_import(folder)
            return move_in(folder, root)
    except OSError as error:
        raise UserError(
            tr("The checkpoint cannot be written: {strerror}.", strerror=error.strerror)
        ) from error


def copy_in(folder: Path, root: Path, name: str | None = None) -> str:
    """Copy the files of a checkpoint to ``root``; return the name that it has there.

    Args:
        name: what it should be called; as ``folder`` unless given. A number is added where that
            is taken.

    Raises:
        UserError: if it cannot be written. Nothing is left then.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=_PLACE, dir=root) as place:
            copy = Path(place) / safe_name(name or folder.name)
            copy.mkdir()
            for file in folder.iterdir():
                if file.is_file():
                    shutil.copyfile(file, copy / file.name)
            return move_in(copy, root)
    except OSError as error:
        raise UserError(
            tr("The checkpoint cannot be written: {strerror}.", strerror=error.strerror)
        ) from error


def move_in(folder: Path, root: Path) -> str:
    """Move a whole ``folder`` into ``root``, on the same disk, under a name that is free there.

    Two processes that ask for one name get two.
    """
    for number in count(1):
        name = folder.name if number == 1 else f"{folder.name}-{number}"
        if os.path.lexists(root / name) or current_folder(root / name) != root / name:
            continue
        try:
            os.rename(folder, root / name)
        except OSError as error:
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY):  # somebody was faster
                continue
            raise
        return name
    raise AssertionError("numbers do not end")


def _opened(folder: Path, stack: ExitStack) -> dict[str, BinaryIO]:
    """The files of one state of a folder, whatever takes its place meanwhile."""
    needed = _needed(current_folder(folder))
    for _ in range(5):
        try:
            place = os.open(current_folder(folder), os.O_RDONLY)
            stack.callback(os.close, place)
            names = [name for name in LARGEST if name in os.listdir(place)]
            files = {name: stack.enter_context(_open_in(place, name)) for name in names}
        except FileNotFoundError:  # replaced just now
            time.sleep(0.05)
            continue
        return _complete(files, folder.name, needed)
    raise UserError(tr("{name} is not a complete checkpoint.", name=folder.name))


def _needed(folder: Path) -> tuple[str, ...]:
    """The files without which the checkpoint of ``folder`` is not whole."""
    return (*NEEDED, VOCABULARY) if system_named_in(folder) is None else NEEDED


def _open_in(place: int, name: str) -> BinaryIO:
    handle = os.open(name, os.O_RDONLY, dir_fd=place)
    return os.fdopen(handle, "rb")


def _complete(files: dict, name: str, needed: tuple[str, ...]) -> dict:
    for file in needed:
        if file not in files:
            raise UserError(tr("{name} has no {file}.", name=name, file=file))
    return files


def _sweep(root: Path) -> None:
    for left in root.glob(f"{_PLACE}*"):
        if left.stat().st_mtime < time.time() - ABANDONED:
            shutil.rmtree(left, ignore_errors=True)
