"""A checkpoint as one zip file, to take away and to bring.

What somebody brings is a checkpoint and nothing else (``zipped`` sees to that), has to
load, and only then moves in. It knows nothing about where a zip came from.
"""

import errno
import os
import shutil
import time
from contextlib import ExitStack
from io import BytesIO
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from han_core.models.checkpoint import (
    CARD,
    CONFIG,
    HISTORY,
    METRICS,
    README,
    VOCABULARY,
    WEIGHTS,
    find_folder,
    load_checkpoint,
)
from han_core.models.folder import safe_name, standing
from han_core.models.zipped import CHUNK, entries_of, extract, opened_zip
from han_core.wrong_input import WrongInput

LARGEST = {
    CONFIG: 1_000_000,
    METRICS: 1_000_000,
    CARD: 1_000_000,
    README: 1_000_000,
    HISTORY: 20_000_000,
    VOCABULARY: 200_000_000,
    WEIGHTS: 2_000_000_000,
}
"""The files of a checkpoint, and how many bytes of each are taken at most."""

NEEDED = (CONFIG, VOCABULARY, WEIGHTS)
ABANDONED = 3_600  # seconds after which what a killed process left is swept away
_PLACE = ".unpacking-"


def pack(folder: str | Path, name: str | None = None) -> bytes:
    """The checkpoint of ``folder`` as a zip: its files in one folder, without ``resume/``.

    The same checkpoint gives the same bytes. One that is written anew meanwhile is packed
    as it was before or after.

    Args:
        name: of the folder in the zip; the checkpoint's own unless given.

    Raises:
        WrongInput: if there is no whole checkpoint.
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
    """Brings a zip that ``pack``, or a stranger, made into ``root``; gives its name there.

    Args:
        name: what it should be called; as the folder in the zip unless given. A number
            is added where that is taken.

    Raises:
        WrongInput: if it is not a checkpoint and nothing else, or does not load, or
            cannot be written. Nothing is left then.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        _sweep(root)
        with opened_zip(data) as archive, TemporaryDirectory(prefix=_PLACE, dir=root) as place:
            top, entries = entries_of(archive, LARGEST)
            _complete(entries, "The zip")
            folder = Path(place) / safe_name(name or top or "checkpoint")
            folder.mkdir()
            for file, entry in entries.items():
                extract(archive, entry, folder / file, LARGEST[file])
            load_checkpoint(folder)
            return move_in(folder, root)
    except OSError as error:
        raise WrongInput(f"The checkpoint cannot be written: {error.strerror}.") from error


def move_in(folder: Path, root: Path) -> str:
    """Moves a whole ``folder`` into ``root``, on the same disk, under a name that is free there.

    Two processes that ask for one name get two.
    """
    for number in count(1):
        name = folder.name if number == 1 else f"{folder.name}-{number}"
        if os.path.lexists(root / name) or standing(root / name) != root / name:
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
    for _ in range(5):
        try:
            place = os.open(standing(folder), os.O_RDONLY)
            stack.callback(os.close, place)
            names = [name for name in LARGEST if name in os.listdir(place)]
            files = {name: stack.enter_context(_open_in(place, name)) for name in names}
        except FileNotFoundError:  # replaced just now
            time.sleep(0.05)
            continue
        return _complete(files, folder.name)
    raise WrongInput(f"{folder.name} is no whole checkpoint.")


def _open_in(place: int, name: str) -> BinaryIO:
    handle = os.open(name, os.O_RDONLY, dir_fd=place)
    return os.fdopen(handle, "rb")


def _complete(files: dict, name: str) -> dict:
    for file in NEEDED:
        if file not in files:
            raise WrongInput(f"{name} has no {file}.")
    return files


def _sweep(root: Path) -> None:
    for left in root.glob(f"{_PLACE}*"):
        if left.stat().st_mtime < time.time() - ABANDONED:
            shutil.rmtree(left, ignore_errors=True)
