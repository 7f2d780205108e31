"""Documents that are too long for a link, kept in a folder by an id.

The id is made from the content (SHA-256), so the same text is kept once, a text
that changed on the disk is noticed, and nobody can list or guess what is there:
who has the id had the text or was given the link. What was not used for longest
goes first when the folder is full. It knows nothing about links.
"""

import base64
import hashlib
import os
import re
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from han_core.data.text_files import LONGEST_TEXT
from han_core.runtime.errors import UserError

ID = r"[a-z2-7]{26}"
"""How an id looks: the first 130 bits of the SHA-256 of the text in UTF-8, in base32."""

_ENDING, _UNFINISHED = ".txt", ".new-"
_LARGEST = 4 * LONGEST_TEXT  # bytes that so many characters take at most
_HOUR = 3600.0


@dataclass(frozen=True)
class DocumentStore:
    """Texts in ``folder``, which is made when the first one comes.

    Files are readable by their owner only. Several processes may share a folder.
    """

    folder: Path
    most_bytes: int = 500_000_000
    most_documents: int = 10_000

    def save(self, text: str) -> str:
        """Keeps ``text``, lets older ones go where there is no room, and returns its id.

        Raises:
            UserError: if it is too long or not writable as UTF-8, or the disk refuses.
        """
        content = _encoded(text)
        name = _id_of(content)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(self._path(name), content)
            self._make_room(name)
        except OSError as error:
            raise UserError(
                f"The document cannot be kept on this machine ({error.strerror}), "
                "so there is no link to it."
            ) from error
        return name

    def load(self, id: str) -> str:
        """The text of an id, which counts as used from now.

        Raises:
            UserError: if ``id`` is no id, or its document is not here or damaged.
        """
        if not re.fullmatch(ID, id):
            raise UserError("The link's document has an impossible name; was the link changed?")
        path = self._path(id)
        try:
            with path.open("rb") as file:
                text = file.read(_LARGEST + 1).decode("utf-8", "replace")
        except OSError as error:
            raise UserError(
                "The document of this link is not kept here; "
                "it was let go, or the link is from another machine."
            ) from error
        if len(text) > LONGEST_TEXT or _id_of(text.encode("utf-8")) != id:
            raise UserError("The document of this link is damaged; its checksum is another.")
        with suppress(OSError):  # a folder that cannot be written to
            os.utime(path)
        return text

    def _path(self, id: str) -> Path:
        return self.folder / f"{id}{_ENDING}"

    def _write(self, path: Path, content: bytes) -> None:
        """The whole file or none; ``mkstemp`` makes it the owner's alone."""
        handle, unfinished = tempfile.mkstemp(prefix=_UNFINISHED, dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(unfinished, path)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise

    def _make_room(self, newest: str) -> None:
        """Lets the documents go that were not used for longest, and what killed writers left."""
        there = []
        for entry in os.scandir(self.folder):
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # another process let it go
                continue
            if entry.name.startswith(_UNFINISHED) and status.st_mtime < time.time() - _HOUR:
                Path(entry.path).unlink(missing_ok=True)
            elif re.fullmatch(ID + re.escape(_ENDING), entry.name):
                last = entry.name == newest + _ENDING
                there.append((last, status.st_mtime_ns, status.st_size, entry.path))
        documents, size = len(there), sum(size for *_, size, _ in there)
        for _, _, of_it, path in sorted(there)[:-1]:
            if documents <= self.most_documents and size <= self.most_bytes:
                break
            Path(path).unlink(missing_ok=True)
            documents, size = documents - 1, size - of_it


def _encoded(text: str) -> bytes:
    if len(text) > LONGEST_TEXT:
        raise UserError(
            f"A document of at most {LONGEST_TEXT:,} characters can be kept for a link; "
            f"this one has {len(text):,}."
        )
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UserError(
            "The document holds half a character (a lone surrogate) "
            f"at position {error.start:,}, and cannot be kept for a link."
        ) from error


def _id_of(content: bytes) -> str:
    return base64.b32encode(hashlib.sha256(content).digest()).decode("ascii").lower()[:26]
