"""Files that people sent to train on, kept until no run needs them.

A file lies in a folder named by the hash of its content, under its own name: so its path names
it for the command line, and its own name stands in every message.
"""

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from han_core.data.readers import ending_of, shown_name
from han_core.data.sandbox import read_upload
from han_core.data.text_files import file_of
from han_core.runtime.atomic_io import read_json
from han_core.runtime.errors import UserError, shown
from han_core.runtime.messages import tr
from han_core.runtime.paths import scores_root, uploads_root
from han_core.runtime.quotas import UPLOADS
from han_core.text.word_vectors import vectors_size

LONGEST_NAME = 50  # characters; four bytes each still make a name that every disk takes
VECTORS = (".txt", ".vec", ".bin")
SHA256 = re.compile(r"[0-9a-f]{64}")
FRESH_SECONDS = 3600.0
"""How long a file stays that no run uses yet: somebody may be filling in the form."""


def store_upload(data: bytes, filename: str) -> Path:
    """Keep a file that was sent; its path can be given as ``Source.data``.

    The same content under the same name is kept once. Only the account that Hanscope runs
    under can read it.

    Raises:
        UserError: if it is no table that can be read, or there is no room for it.
    """
    path = _place(data, _own_name(filename, ending_of(filename)))
    if not path.exists():
        read_upload(data, filename, header=False)  # the first row may be data
    return _store(data, path)


def store_vectors(data: bytes, filename: str) -> tuple[Path, int]:
    """Keep a file of word vectors; its path can be given as the setting ``vectors``.

    Returns:
        The path, and how many numbers a vector has.

    Raises:
        UserError: if it does not begin as one of word vectors, or there is no room for it.
    """
    ending = next((end for end in VECTORS if filename.lower().endswith(end)), None)
    if ending is None:
        raise UserError(
            tr(
                'The name of a file of word vectors ends in {vectors}; "{filename}" came.',
                vectors=", ".join(VECTORS),
                filename=shown_name(filename),
            )
        )
    path = _store(data, _place(data, _own_name(filename, ending)))
    try:
        return path, vectors_size(path)
    except UserError:
        path.unlink(missing_ok=True)
        raise


def is_upload(path: Path) -> bool:
    """Return whether ``path`` lies in a folder that is named by the hash of its content."""
    return path.parent.parent == uploads_root().absolute() and bool(
        SHA256.fullmatch(path.parent.name)
    )


def _place(data: bytes, name: str) -> Path:
    return uploads_root().absolute() / hashlib.sha256(data).hexdigest() / name


def _store(data: bytes, path: Path) -> Path:
    """Write ``data`` to ``path`` unless it is there, and return the path."""
    if path.exists():
        os.utime(path)
        return path
    UPLOADS.check(len(data))
    try:
        _write(data, path)
    except OSError as error:
        raise UserError(
            tr("{name} cannot be kept: {reason}.", name=path.name, reason=error.strerror)
        ) from error
    return path


def delete_unused_uploads(in_use: Collection[str | Path], at_most: int = 0) -> None:
    """Delete files, the oldest first, until at most so many bytes are kept.

    What stands ``in_use`` stays, and so does what came less than ``FRESH_SECONDS`` ago.
    """
    used = {Path(file_of(str(spec))).absolute() for spec in in_use}
    files = sorted(_files(), key=_modified)
    total = sum(map(_size, files))
    for path in files:
        if total <= at_most:
            return
        if path not in used and time.time() - _modified(path) > FRESH_SECONDS:
            total -= _size(path)
            path.unlink(missing_ok=True)
            with suppress(OSError):  # the same content under another name is still there
                path.parent.rmdir()


def scored_data() -> set[str]:
    """Return the data of all stored scores, as ``read_corpus`` takes it: their files are in use."""
    data = set()
    for path in scores_root().glob("[!.]*/source.json"):
        with suppress(UserError, KeyError, TypeError):  # not the file of a score
            data.add(str(read_json(path)["source"]["data"]))
    return data


def _own_name(filename: str, ending: str) -> str:
    """The name that the file had, fit for a disk."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1]
    return shown(name[: -len(ending)] or "file", LONGEST_NAME) + ending


def _write(data: bytes, path: Path) -> None:
    """Whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # mode 600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _files() -> list[Path]:
    """All that is kept, and what a process that was killed left behind."""
    return [path for path in uploads_root().absolute().glob("*/*") if path.is_file()]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # somebody else deleted it
        return 0


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
