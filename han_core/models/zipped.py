"""A zip that may be hostile, read file by file.

Only files of known names are taken, in one folder at most, under no path that leads
elsewhere, each within a size that is declared and counted. It knows nothing about what
the files mean.
"""

import os
import stat
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from han_core.corpora.wording import listed, shown
from han_core.wrong_input import WrongInput

RATIO = 100
"""Times its packed size that a file may unpack to: weights and words never reach it."""

SMALL = 1_000_000  # bytes to which anything may unpack
DIRECTORY = 200_000  # bytes of the zip's own table of contents; a real one has 500
CHUNK = 1 << 16
_BROKEN = (
    BadZipFile, EOFError, IndexError, NotImplementedError, OverflowError, RuntimeError,
    ValueError, struct.error, zlib.error,
)  # fmt: skip


class _Wary(BytesIO):
    """Bytes of which no more than a table of contents is read at once."""

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > DIRECTORY:
            raise WrongInput("A zip of a few files is expected; this one lists far more.")
        return super().read(size)


@contextmanager
def opened_zip(data: bytes) -> Iterator[ZipFile]:
    """The zip, with everything that can be wrong with one as one sentence."""
    try:
        with ZipFile(_Wary(data)) as archive:
            yield archive
    except WrongInput:
        raise
    except _BROKEN as error:
        raise WrongInput(
            "A zip file is expected; this one is damaged or something else."
        ) from error


def entries_of(archive: ZipFile, largest: Mapping[str, int]) -> tuple[str, dict[str, ZipInfo]]:
    """The one folder in the zip ("" where there is none), and its files by their names.

    Args:
        largest: the files that may be there, and the bytes that each has at most.

    Raises:
        WrongInput: names what should not be there.
    """
    tops: set[str] = set()
    found: dict[str, ZipInfo] = {}
    for entry in archive.infolist():
        top, file = _place(entry, largest)
        tops.add(top)
        if len(tops) > 1:
            raise WrongInput(f"A zip of one folder is expected; this one holds {listed([*tops])}.")
        if entry.is_dir():
            continue
        if file in found:
            raise WrongInput(f"The zip holds {file} twice.")
        _check(entry, file, largest[file])
        found[file] = entry
    return tops.pop() if tops else "", found


def _place(entry: ZipInfo, files: Mapping[str, int]) -> tuple[str, str]:
    """Folder and file that an entry names, as it was written in the zip."""
    name = entry.orig_filename
    parts = name.removesuffix("/").split("/")
    if name.startswith("/") or {"", ".", ".."} & {*parts} or set(name) & set("\\:\0"):
        raise WrongInput(f'The zip holds "{shown(name)}", a path that leads out of its folder.')
    if entry.is_dir() and len(parts) == 1:
        return parts[0], ""
    if len(parts) > 2 or parts[-1] not in files:
        raise WrongInput(
            f'The zip may hold {listed([*files])} and nothing else; this one holds "{shown(name)}".'
        )
    return "".join(parts[:-1]), parts[-1]


def _check(entry: ZipInfo, file: str, largest: int) -> None:
    mode = stat.S_IFMT(entry.external_attr >> 16)
    if mode not in (0, stat.S_IFREG):
        raise WrongInput(f"{file} in the zip is a link or a device; a file is expected.")
    if entry.flag_bits & 0x1:
        raise WrongInput(f"{file} in the zip is encrypted.")
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise WrongInput(f"{file} in the zip is compressed in a way that is not read here.")
    if entry.file_size > largest:
        raise WrongInput(_too_large(file, largest))
    if entry.file_size > RATIO * entry.compress_size + SMALL:
        raise WrongInput(f"{file} in the zip unpacks to {entry.file_size:,} bytes: a zip bomb.")


def extract(archive: ZipFile, entry: ZipInfo, target: Path, largest: int) -> None:
    """Writes one file; what the zip says of its size is not believed."""
    written = 0
    with archive.open(entry) as source, target.open("xb") as file:
        while chunk := source.read(CHUNK):
            written += len(chunk)
            if written > largest:
                raise WrongInput(_too_large(target.name, largest))
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _too_large(file: str, largest: int) -> str:
    return f"{file} in the zip is larger than the {largest:,} bytes expected at most."
