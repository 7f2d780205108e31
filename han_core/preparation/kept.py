"""Texts that were split into words, kept on disk under a hash of their content.

An entry is a folder with two Arrow files, which ``datasets`` maps into memory, and a
note of what they hold. It is there whole or not at all; one that was damaged is made
again; where all of them take too much room, those go that were not used for longest. It
knows nothing about how texts are split.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
from filelock import FileLock, Timeout

from han_core.models.folder import checksum, read_json, whole_folder, write_json
from han_core.places import prepared_root
from han_core.text.token_table import TEXTS, WORDS, TokenTable
from han_core.wrong_input import WrongInput

LARGEST = 5_000_000_000  # bytes of all entries; the one in use stays in any case
TEXTS_FILE, WORDS_FILE, NOTE = "texts.arrow", "words.arrow", "note.json"

Sink = Callable[[pa.Table], None]
Read = Callable[[Sink], pa.Table]
"""Gives the texts, of the schema ``TEXTS``, to a sink, table by table; returns the lexicon."""


def kept_table(recipe: str, digests: np.ndarray, read: Read) -> TokenTable:
    """A table of at least the texts of ``digests``, from the disk or else read and kept.

    Of several processes that want the same, one reads and the others wait.

    Args:
        recipe: all that decides what a text becomes.
        digests: (texts,) ascending, each once.

    Raises:
        OSError: if the folder cannot be written to, as where the disk is full.
    """
    root = prepared_root()
    root.mkdir(parents=True, exist_ok=True, mode=0o700)  # words tell what texts say
    name = sha256(recipe.encode() + digests.tobytes()).hexdigest()
    with FileLock(root / f"{name}.lock"):
        for entry in (root / name, *_others(root, name)):
            if table := _fitting(entry, recipe, digests):
                return table
        _write(root / name, recipe, read)
        table = _open(root / name)
    _make_room(root, name)
    return table


def in_memory(read: Read) -> TokenTable:
    """The table where it cannot be kept."""
    tables: list[pa.Table] = []
    lexicon = read(tables.append)
    return TokenTable(pa.concat_tables(tables) if tables else TEXTS.empty_table(), lexicon)


def _others(root: Path, name: str) -> Iterator[Path]:
    """The other entries: one of more texts holds these as well."""
    yield from (path for path in _entries(root) if path.name != name)


def _entries(root: Path) -> list[Path]:
    return [path.parent for path in root.glob(f"[!.]*/{NOTE}")]


def _fitting(entry: Path, recipe: str, digests: np.ndarray) -> TokenTable | None:
    """The table in ``entry`` if it is whole and holds what is wanted; it counts as used."""
    try:
        note = read_json(entry / NOTE)
        if note["recipe"] != recipe or note["texts"] < len(digests):
            return None
        table = _open(entry)
        table.rows(digests)
        if any(checksum(entry / file) != note["sha256"][file] for file in (TEXTS_FILE, WORDS_FILE)):
            return None
        os.utime(entry / NOTE)
    except (WrongInput, OSError, KeyError, TypeError, ValueError, pa.ArrowException):
        return None
    return table


def _write(entry: Path, recipe: str, read: Read) -> None:
    with whole_folder(entry) as new:
        with _writer(new / TEXTS_FILE, TEXTS) as sink:
            lexicon = read(sink)
        with _writer(new / WORDS_FILE, WORDS) as sink:
            sink(lexicon)
        note = {
            "recipe": recipe,
            "texts": len(_mapped(new / TEXTS_FILE)),
            "sha256": {file: checksum(new / file) for file in (TEXTS_FILE, WORDS_FILE)},
        }
        write_json(new / NOTE, note)


@contextmanager
def _writer(path: Path, schema: pa.Schema) -> Iterator[Sink]:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, schema) as writer:
        yield writer.write_table


def _open(entry: Path) -> TokenTable:
    return TokenTable(_mapped(entry / TEXTS_FILE), _mapped(entry / WORDS_FILE))


def _mapped(path: Path) -> pa.Table:
    from datasets import Dataset  # most of a second to import

    return Dataset.from_file(str(path)).data.table


def _make_room(root: Path, used: str) -> None:
    """Takes away what a killed process left, and the entries not used for longest."""
    for left in root.glob(".*"):
        _remove_unless_in_use(left)
    entries = sorted(_entries(root), key=lambda entry: _last_use(entry), reverse=True)
    room = LARGEST
    for entry in sorted(entries, key=lambda entry: entry.name != used):
        room -= _size(entry)
        if room < 0 and entry.name != used:
            shutil.rmtree(entry, ignore_errors=True)


def _remove_unless_in_use(left: Path) -> None:
    """Removes a folder half written, ``.NAME.new-…``, if no process is writing it."""
    name = left.name[1:].partition(".")[0]
    try:
        with FileLock(left.parent / f"{name}.lock", timeout=0):
            shutil.rmtree(left, ignore_errors=True)
    except Timeout:
        pass


def _last_use(entry: Path) -> float:
    try:
        return (entry / NOTE).stat().st_mtime
    except OSError:
        return 0.0


def _size(entry: Path) -> int:
    return sum(path.stat().st_size for path in entry.glob("*"))
