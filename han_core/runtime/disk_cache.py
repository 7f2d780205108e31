"""A cache on disk: a folder an entry, named by a hash of what it was made from, bounded in size."""

import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from han_core.runtime.locks import held

NOTE = "note.json"
"""The file of an entry that says what the entry holds; it is touched whenever the entry is used."""


@dataclass(frozen=True)
class DiskCache:
    """Entries below ``root``, which only this account can read.

    Attributes:
        largest: bytes of all entries; the one in use stays in any case.
        resumable: how the name of a half-made entry ends, ``.KEY`` and this, that is worth
            keeping; other hidden files and folders are left by a process that was killed.
        foreign: names of hidden folders below ``root`` that are no entries and stay.
    """

    root: Path
    largest: int
    resumable: str | None = None
    foreign: tuple[str, ...] = ()

    @contextmanager
    def locked(self, key: str) -> Iterator[Path]:
        """The folder of an entry; of several processes, one at a time has it."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with held(self._lock(key), math.inf):
            yield self.root / key

    def entries(self) -> list[Path]:
        return [path.parent for path in self.root.glob(f"[!.]*/{NOTE}")]

    def evict(self, used: str) -> None:
        """Remove what killed processes left, and the least recently used entries beyond the limit.

        What another process is writing stays.

        Args:
            used: key of the entry in use.
        """
        places = self.entries()
        for place in self.root.glob(".*"):
            if self.resumable and place.name.endswith(self.resumable):
                places.append(place)
            elif place.name not in self.foreign:
                self._remove(place)
        total = 0
        for place in sorted(places, key=lambda place: (_key(place) != used, -_last_use(place))):
            total += _size(place)
            if total > self.largest and _key(place) != used:
                self._remove(place)

    def _lock(self, key: str) -> Path:
        return self.root / f"{key}.lock"

    def _remove(self, place: Path) -> None:
        try:
            with held(self._lock(_key(place)), 0):
                if place.is_dir():
                    shutil.rmtree(place, ignore_errors=True)
                else:
                    place.unlink(missing_ok=True)
        except TimeoutError:
            pass


def mark_used(entry: Path) -> None:
    """Note that an entry is in use now."""
    os.utime(entry / NOTE)


def _key(place: Path) -> str:
    """The key of an entry, or of what is to become one: ``.KEY.part``."""
    return place.name.removeprefix(".").partition(".")[0]


def _last_use(place: Path) -> float:
    try:
        return (place / NOTE if place.is_dir() else place).stat().st_mtime
    except OSError:
        return 0.0


def _size(place: Path) -> int:
    files = place.glob("*") if place.is_dir() else [place]
    return sum(path.stat().st_size for path in files if path.exists())
