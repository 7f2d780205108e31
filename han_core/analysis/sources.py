"""The source of scored documents: how to read it again, and whether it changed."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from han_core.analysis.scoring.manifest import Manifest
from han_core.data.corpus import Corpus, bundled_file, read_corpus
from han_core.data.text_files import file_of, prefix_of
from han_core.data.uploads import is_upload
from han_core.runtime.atomic_io import checksum
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

FileStatus = Literal["same", "changed", "gone", "unknown"]
"""Of the file now, beside what was read; "unknown" for data that are no file."""

UNTIMED = 0
"""Time of a file whose path names its content."""


class Source(BaseModel):
    """Documents by name, and the file as it stood when they were named.

    Attributes:
        data: as ``read_corpus`` takes it; the path of a file is absolute.
        size, modified: bytes and nanoseconds of the file; None for data of the hub. An uploaded
            file has ``UNTIMED``: its path names its content, and uploading it again sets its time.
        sha256: of the file, once it was read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str = Field(min_length=1, max_length=4_096)
    text_column: str = "text"
    label_column: str = "label"
    size: int | None = None
    modified: int | None = None
    sha256: str | None = None

    @property
    def path(self) -> Path | None:
        """The file, that of the bundle included; None for data of the hub."""
        return _file_of(self.data)

    @property
    def name(self) -> str:
        """For people: the file's own name, or what names the data."""
        if prefix := prefix_of(self.data):
            return prefix + Path(file_of(self.data)).name
        return self.data if ":" in self.data.split("/")[0] else Path(self.data).name

    def request_key(self, checkpoint_sha256: str) -> str:
        """Return the name of the request "this source, as its file stands, by this checkpoint"."""
        words = self.model_dump_json(exclude={"sha256"}) + checkpoint_sha256
        return hashlib.sha256(words.encode()).hexdigest()

    def same_as(self, other: "Source") -> bool:
        """Return whether both name the same documents, whether or not they were read."""
        unread = {"sha256": None}
        return self.model_copy(update=unread) == other.model_copy(update=unread)

    def read(self) -> Corpus:
        """The documents as they are now."""
        return read_corpus(
            self.data,
            text_column=self.text_column,
            label_column=self.label_column,
            default_split="test",
        )

    def standing(self) -> FileStatus:
        """Compare the file with what was read; if only its time changed, its content decides."""
        path = self.path
        if path is None or self.size is None:
            return "unknown"
        now = source_of(self.data, self.text_column, self.label_column)
        if now.size is None:
            return "gone"
        if (now.size, now.modified) == (self.size, self.modified):
            return "same"
        if now.size != self.size:
            return "changed"
        try:
            return "same" if checksum(path) == self.sha256 else "changed"
        except OSError:
            return "gone"

    def with_checksum(self) -> "Source":
        """Return the source with the hash of the file's content.

        Raises:
            UserError: if the file is gone, or was written since; setting its time alone is
                no change where the hash is known.
        """
        if (path := self.path) is None:
            return self
        try:
            result = self.model_copy(update={"sha256": checksum(path)})
        except OSError as error:
            raise UserError(tr("{name} is gone.", name=self.name)) from error
        now = source_of(self.data, self.text_column, self.label_column)
        if not now.same_as(self) and (now.size, result.sha256) != (self.size, self.sha256):
            raise UserError(tr("{name} changed while it was read; begin again.", name=self.name))
        return result


def source_of(
    data: str,
    text_column: str = "text",
    label_column: str = "label",
) -> Source:
    """The documents that ``data`` names, with the file as it stands now."""
    path = _file_of(data)
    if path is None:
        return Source(data=data, text_column=text_column, label_column=label_column)
    if not data.startswith("bundled:"):
        data = f"{prefix_of(data)}{path}"
    named = Source(data=data, text_column=text_column, label_column=label_column)
    try:
        result = path.stat()
    except OSError:
        return named
    modified = UNTIMED if is_upload(path) else result.st_mtime_ns
    return named.model_copy(update={"size": result.st_size, "modified": modified})


def _file_of(data: str) -> Path | None:
    if data.startswith("hf:"):
        return None
    return bundled_file(data) if data.startswith("bundled:") else Path(file_of(data)).absolute()


@dataclass(frozen=True)
class Scores:
    """A data set as a checkpoint scored it.

    Attributes:
        folder: ``part-*.parquet`` and ``manifest.json``, as ``scoring`` writes them.
        documents: the folder of the texts, ids and further columns, by ``row`` as well.
        manifest: of ``folder``; labelled.
        columns: names of the data's own further columns.
    """

    folder: Path
    documents: Path
    manifest: Manifest
    columns: tuple[str, ...]
