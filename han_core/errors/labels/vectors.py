"""Document vectors of training documents, as they are kept: what the classifier reads of each.

An entry is a folder with ``vectors.npy`` (float16, of length 1, a row a document),
``documents.arrow`` (id, label, text and its hash, in groups of ``GROUP``) and ``note.json``,
under a hash of checkpoint and data. It knows nothing about models, nor what is near what.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from han_core.models.folder import read_json
from han_core.places import vectors_root
from han_core.wrong_input import WrongInput

VECTORS, DOCUMENTS, NOTE = "vectors.npy", "documents.arrow", "note.json"
GROUP = 512
"""Documents that are read for one of them, and that a stopped process loses."""

SCHEMA = pa.schema(
    {
        "id": pa.large_string(),
        "label": pa.int32(),
        "text": pa.large_string(),
        "content": pa.string(),
    }
)


class Note(BaseModel):
    """What an entry holds.

    Attributes:
        checkpoint, data: names, for people; the contents are the two hashes.
        labels: the checkpoint's classes.
        size: numbers in a vector.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    checkpoint: str
    checkpoint_sha256: str
    data: str
    data_sha256: str
    labels: tuple[str, ...]
    rows: int = Field(ge=1)
    size: int = Field(ge=1)

    @property
    def key(self) -> str:
        """The name of the entry."""
        words = (str(self.format), self.checkpoint_sha256, self.data_sha256)
        return sha256(" ".join(words).encode()).hexdigest()


@dataclass(frozen=True)
class TrainingDocument:
    """One of them; ``content`` as ``coding.marks.content_of``."""

    id: str
    label: str
    text: str
    content: str


@dataclass(frozen=True)
class Vectors:
    """An entry, mapped: it costs no memory.

    Attributes:
        unit: (documents, size) float16, each of length 1, or 0 for a text without a word.
    """

    note: Note
    unit: np.ndarray
    documents: pa.ipc.RecordBatchFileReader

    def document(self, row: int) -> TrainingDocument:
        """The training document at ``row``, from 0."""
        group = self.documents.get_batch(row // GROUP)
        (cells,) = group.slice(row % GROUP, 1).to_pylist()
        return TrainingDocument(**{**cells, "label": self.note.labels[cells["label"]]})


def open_vectors(key: str) -> Vectors | None:
    """The entry of that key; None if there is none, or a damaged one."""
    folder = vectors_root() / key
    try:
        note = Note.model_validate(read_json(folder / NOTE, largest=10_000_000))
        unit = np.load(folder / VECTORS, mmap_mode="r")
        documents = pa.ipc.open_file(pa.memory_map(str(folder / DOCUMENTS)))
    except (WrongInput, ValidationError, OSError, ValueError, pa.ArrowException):
        return None
    groups = -(-note.rows // GROUP)
    fits = note.key == key and unit.shape == (note.rows, note.size) and unit.dtype == np.float16
    return (
        Vectors(note, unit, documents) if fits and documents.num_record_batches == groups else None
    )


def kept_vectors(checkpoint_sha256: str) -> list[Note]:
    """What is kept for a checkpoint, by the names of the data."""
    found = []
    for path in vectors_root().glob(f"[!.]*/{NOTE}"):
        try:
            note = Note.model_validate(read_json(path, largest=10_000_000))
        except (WrongInput, ValidationError):
            continue
        if note.checkpoint_sha256 == checkpoint_sha256 and note.key == path.parent.name:
            found.append(note)
    return sorted(found, key=lambda note: (note.data, note.key))
