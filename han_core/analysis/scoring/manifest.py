"""The manifest of a folder of scores, and the parts that a corpus is cut into.

``manifest.json`` is written before the first part and never changes, so an interrupted run
continues only with the same data and checkpoint. Parts are cut by the number of rows alone, so
results do not depend on the number of workers.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

import han_core
from han_core.data.corpus import Corpus
from han_core.models.checkpoint import CONFIG, VOCABULARY, WEIGHTS, Checkpoint, find_folder
from han_core.runtime.atomic_io import checksum, current_folder
from han_core.runtime.checksums import (
    DamagedFileError,
    read_verified_json,
    write_json_with_checksum,
)
from han_core.runtime.errors import UserError, counted
from han_core.runtime.messages import tr

PARTS = 256
FEWEST, MOST = 256, 8_192
"""Rows of a part: what a killed run loses, and what a worker holds at once."""


def rows_a_part(rows: int) -> int:
    """About ``PARTS`` parts, none too small to be worth the trip and none too large to hold."""
    return min(MOST, max(FEWEST, -(-rows // PARTS)))


@dataclass(frozen=True)
class Part:
    """Consecutive rows of a corpus.

    Attributes:
        number: which part it is, from 0.
        start: the row of the corpus that the first document is.
        classes: the position of each document's class, or None without labels.
    """

    number: int
    start: int
    ids: tuple[str, ...]
    texts: tuple[str, ...]
    classes: tuple[int, ...] | None

    def __post_init__(self) -> None:
        lengths = {len(self.ids), len(self.texts), len(self.classes or self.texts)}
        if len(lengths) > 1:
            raise ValueError(f"columns of one length expected, {sorted(lengths)} came")

    def __len__(self) -> int:
        return len(self.texts)

    def to_bytes(self) -> bytes:
        """An Arrow table; texts as bytes, for half a character (a lone surrogate) is no UTF-8."""
        table = pa.table(
            {
                "id": pa.array([readable(id) for id in self.ids], pa.large_string()),
                "text": pa.array([_encoded(text) for text in self.texts], pa.large_binary()),
                "class": pa.array(self.classes or [None] * len(self), pa.int32()),
            },
            metadata={"number": str(self.number), "start": str(self.start)},
        )
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        return sink.getvalue().to_pybytes()

    @classmethod
    def from_bytes(cls, content: bytes) -> "Part":
        """Read what ``to_bytes`` wrote."""
        with pa.ipc.open_stream(content) as stream:
            table = stream.read_all()
        classes = tuple(table["class"].to_pylist())
        return cls(
            int(table.schema.metadata[b"number"]),
            int(table.schema.metadata[b"start"]),
            tuple(table["id"].to_pylist()),
            tuple(text.decode("utf-8", "surrogatepass") for text in table["text"].to_pylist()),
            None if None in classes else classes,
        )


def parts_of(
    corpus: Corpus, classes: np.ndarray | None, size: int, numbers: Iterable[int]
) -> Iterator[Part]:
    """The parts with these ``numbers``, read from the corpus one at a time.

    Args:
        classes: (documents,) the position of each one's class, or None.
        size: rows in a part.
    """
    for number in numbers:
        rows = slice(number * size, min((number + 1) * size, len(corpus)))
        yield Part(
            number,
            rows.start,
            _cells(corpus.ids, rows),
            _cells(corpus.texts, rows),
            None if classes is None else tuple(classes[rows].tolist()),
        )


def _cells(column: Sequence[str], rows: slice) -> tuple[str, ...]:
    return tuple(column[rows])


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def readable(word: str) -> str:
    """``word`` with a question mark for what cannot be written as UTF-8."""
    return word.encode("utf-8", "replace").decode("utf-8")


MANIFEST = "manifest.json"
LOCK = ".lock"
FORMAT: Final = 2
"""Of the parts: since 2 they hold the words."""


class Manifest(BaseModel):
    """The content of ``manifest.json``.

    Attributes:
        checkpoint: the folder's name, for people; its content is ``checkpoint_sha256``.
        data: the corpus's name, for people; its content is ``data_sha256``.
        classes: in the order of ``probabilities``.
        labelled: whether the data say which class each document belongs to.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[2] = FORMAT
    library: str = f"hanscope {han_core.__version__}"
    checkpoint: str
    checkpoint_sha256: str
    data: str
    data_sha256: str
    classes: tuple[str, ...]
    labelled: bool
    rows: int = Field(ge=1)
    rows_a_part: int = Field(ge=1)

    @property
    def parts(self) -> int:
        return -(-self.rows // self.rows_a_part)

    @property
    def key(self) -> str:
        """A hash of checkpoint and data, the same for the same scores."""
        words = (str(self.format), self.checkpoint_sha256, self.data_sha256, str(self.rows_a_part))
        return hashlib.sha256(_encoded(" ".join(words))).hexdigest()

    def rows_of(self, number: int) -> int:
        """Return the number of rows of a part."""
        return min(self.rows_a_part, self.rows - number * self.rows_a_part)


def describe(folder: str | Path, checkpoint: Checkpoint, corpus: Corpus) -> Manifest:
    """The manifest of ``corpus`` scored by ``checkpoint``, which stands in ``folder``."""
    return Manifest(
        checkpoint=checkpoint.name,
        checkpoint_sha256=checkpoint_sha256(folder),
        data=corpus.name,
        data_sha256=data_sha256(corpus),
        classes=checkpoint.labels,
        labelled=bool(corpus.labels),
        rows=len(corpus),
        rows_a_part=rows_a_part(len(corpus)),
    )


def checkpoint_sha256(folder: str | Path) -> str:
    """Of all that decides a prediction: configuration, vocabulary and weights."""
    existing = current_folder(find_folder(folder))
    sums = [checksum(existing / name) for name in (CONFIG, VOCABULARY, WEIGHTS)]
    return hashlib.sha256(" ".join(sums).encode()).hexdigest()


def data_sha256(corpus: Corpus) -> str:
    """Of ids, texts and labels in their order, each with its length before it."""
    result = hashlib.sha256()
    labels: Iterable[str] = corpus.labels or repeat("")
    for cells in zip(corpus.ids, corpus.texts, labels, strict=False):
        for cell in cells:
            content = cell.encode("utf-8", "surrogatepass")
            result.update(len(content).to_bytes(8, "little"))
            result.update(content)
    return result.hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest in ``folder``."""
    content = read_verified_json(folder / MANIFEST, 10_000_000, "score into a new or empty folder")
    _refuse_other_format(folder, content)
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        raise UserError(
            tr("{manifest} in {name} is none of scores.", manifest=MANIFEST, name=folder.name)
        ) from error


def _refuse_other_format(folder: Path, content: object) -> None:
    format = content.get("format") if isinstance(content, dict) else None
    if isinstance(format, int) and format != FORMAT:
        raise UserError(
            tr(
                "{name} holds scores of format {format}, and this Hanscope reads and writes "
                "format {format_2}; score into a new or empty folder.",
                name=folder.name,
                format=format,
                format_2=FORMAT,
            )
        )


def claim(folder: Path, wanted: Manifest) -> None:
    """Make ``folder`` the one of ``wanted``, unless it is already.

    A damaged manifest is written anew where the name of the folder says what it holds.
    """
    if (folder / MANIFEST).exists():
        try:
            _refuse_other(folder, read_manifest(folder), wanted)
            return
        except DamagedFileError:
            if folder.name != wanted.key:
                raise
        write_json_with_checksum(folder / MANIFEST, wanted.model_dump(mode="json"))
        return
    others = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if others:
        raise UserError(
            tr(
                "Scores go into a new or empty folder; {name} holds {files} such as {others}.",
                name=folder.name,
                files=counted(len(others), "file"),
                others=others[0],
            )
        )
    write_json_with_checksum(folder / MANIFEST, wanted.model_dump(mode="json"))


def _refuse_other(folder: Path, existing: Manifest, wanted: Manifest) -> None:
    if existing.checkpoint_sha256 != wanted.checkpoint_sha256:
        other = tr("not of {checkpoint} as it is now", checkpoint=wanted.checkpoint)
    elif existing.data_sha256 != wanted.data_sha256:
        other = tr("not of the documents and labels that came ({data})", data=wanted.data)
    elif existing.key != wanted.key:
        other = tr("cut into other parts")
    else:
        return
    raise UserError(
        tr(
            "{name} holds the scores of {checkpoint} on {data}, {other}; a new or empty "
            "folder was expected.",
            name=folder.name,
            checkpoint=existing.checkpoint,
            data=existing.data,
            other=other,
        )
    )
