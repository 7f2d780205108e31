"""The cache of document vectors: what the classifier reads of each training document.

An entry is a folder with ``vectors.npy`` (float16, unit length, one row a document),
``documents.arrow`` (id, label, text and its hash, in groups of ``GROUP``) and ``note.json``,
named by a hash of checkpoint and data, and a checksum beside each. Interrupted work continues
where it stopped.
"""

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from han_core.analysis.documents import arrow_sections, content_hash, section
from han_core.analysis.score_cache import REQUESTS
from han_core.analysis.scoring.manifest import checkpoint_sha256, data_sha256, readable
from han_core.data.corpus import Corpus
from han_core.data.labels import align_labels
from han_core.explanation.explain import BATCH_TOKENS, run_model, token_runs
from han_core.models.checkpoint import Checkpoint
from han_core.models.predict import Progress
from han_core.runtime.atomic_io import whole_folder
from han_core.runtime.checksums import (
    known_damage,
    read_verified_json,
    verify_checksum,
    verify_sections,
    write_checksum,
    write_json_with_checksum,
)
from han_core.runtime.disk_cache import NOTE, DiskCache, mark_used
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.runtime.paths import vectors_root

VECTORS, DOCUMENTS, PART = "vectors.npy", "documents.arrow", ".part"
REMEDY = "compute the vectors of the training documents again"
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
    """The description of an entry.

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
    """One training document; ``content`` is the ``content_hash`` of its text."""

    id: str
    label: str
    text: str
    content: str


@dataclass(frozen=True)
class Vectors:
    """An entry, mapped: it costs no memory.

    Attributes:
        unit: (documents, size) float16, each of length 1, or 0 for a text without a word.
        path: the file of ``documents``.
    """

    note: Note
    unit: np.ndarray
    documents: pa.ipc.RecordBatchFileReader
    path: Path

    def document(self, row: int) -> TrainingDocument:
        """The training document at ``row``, from 0; a damaged one is a ``UserError``."""
        number = row // GROUP
        verify_sections(self.path, [section(name, number) for name in SCHEMA.names], REMEDY)
        group = self.documents.get_batch(number)
        (cells,) = group.slice(row % GROUP, 1).to_pylist()
        return TrainingDocument(**{**cells, "label": self.note.labels[cells["label"]]})


def open_vectors(key: str, whole: bool = False) -> Vectors | None:
    """The entry of that key; None if there is none, or a damaged one.

    Args:
        whole: verify all documents now; else a group when one of it is read first.
    """
    folder = vectors_root() / key
    if known_damage(folder):
        return None
    try:
        note = _read_note(folder / NOTE)
        verify_checksum(folder / VECTORS)
        verify_sections(folder / DOCUMENTS, [])
        if whole:
            verify_checksum(folder / DOCUMENTS)
        unit = np.load(folder / VECTORS, mmap_mode="r")
        documents = pa.ipc.open_file(pa.memory_map(str(folder / DOCUMENTS)))
    except (UserError, ValidationError, OSError, ValueError, pa.ArrowException):
        return None
    groups = -(-note.rows // GROUP)
    fits = note.key == key and unit.shape == (note.rows, note.size) and unit.dtype == np.float16
    if not fits or documents.num_record_batches != groups:
        return None
    return Vectors(note, unit, documents, folder / DOCUMENTS)


def _read_note(path: Path) -> Note:
    return Note.model_validate(read_verified_json(path, largest=10_000_000))


def list_vectors(checkpoint_sha256: str) -> list[Note]:
    """Return the entries of a checkpoint, sorted by the names of the data."""
    result = []
    for path in vectors_root().glob(f"[!.]*/{NOTE}"):
        try:
            note = _read_note(path)
        except (UserError, ValidationError):
            continue
        if note.checkpoint_sha256 == checkpoint_sha256 and note.key == path.parent.name:
            result.append(note)
    return sorted(result, key=lambda note: (note.data, note.key))


LARGEST = 5_000_000_000  # bytes of all entries; the one in use stays in any case


def document_vectors(checkpoint: Checkpoint, texts: Sequence[str]) -> np.ndarray:
    """(documents, size) float32 of length 1; zeros for a text without a word."""
    documents = [checkpoint.tokenizer(text) for text in texts]
    with_words = [at for at, document in enumerate(documents) if document.sentences]
    numbered = {at: checkpoint.number(documents[at]) for at in with_words}
    result = np.zeros((len(texts), checkpoint.model.classifier.in_features), dtype=np.float32)
    # Documents of like length go together, so that none waits for a longer one.
    order = sorted(with_words, key=lambda at: len(numbered[at].words))
    for start, end in token_runs([len(numbered[at].words) for at in order], BATCH_TOKENS):
        rows = order[start:end]
        result[rows] = run_model(checkpoint, [numbered[at] for at in rows]).documents.numpy()
    lengths = np.linalg.norm(result, axis=1, keepdims=True)
    return np.divide(result, lengths, out=result, where=lengths > 0)


def cache_vectors(
    folder: str | Path, checkpoint: Checkpoint, corpus: Corpus, progress: Progress | None = None
) -> str:
    """Compute the vectors of ``corpus`` unless they are there; returns the entry's key.

    Args:
        folder: where ``checkpoint`` stands.
        progress: told the documents done, earlier ones included.

    Raises:
        OSError: if the disk takes no more.
    """
    if not corpus.labels:
        raise UserError(
            tr("Labelled documents are expected; {name} has no labels.", name=corpus.name)
        )
    classes = np.array(align_labels(corpus.labels, checkpoint.labels), dtype=np.int32)
    note = Note(
        checkpoint=checkpoint.name,
        checkpoint_sha256=checkpoint_sha256(folder),
        data=corpus.name,
        data_sha256=data_sha256(corpus),
        labels=checkpoint.labels,
        rows=len(corpus),
        size=checkpoint.model.classifier.in_features,
    )
    cache = vectors_cache()
    with cache.locked(note.key) as entry:
        if open_vectors(note.key, whole=True) is None:
            part = _compute(
                entry.with_name(f".{note.key}{PART}"), note, checkpoint, corpus, progress
            )
            _write(entry, note, corpus, classes, part)
        mark_used(entry)
    cache.evict(note.key)
    return note.key


def vectors_cache() -> DiskCache:
    """The entries on this disk, and the vectors of such as are not complete yet."""
    return DiskCache(vectors_root(), LARGEST, resumable=PART, foreign=(REQUESTS,))


def _compute(
    part: Path, note: Note, checkpoint: Checkpoint, corpus: Corpus, progress: Progress | None
) -> Path:
    """The file of vectors, whole; what stands in ``part`` already is not computed again."""
    header, row = _header(note), 2 * note.size
    with part.open("ab") as file:
        groups = max(0, file.tell() - len(header)) // (row * GROUP)
        file.truncate(len(header) + row * GROUP * groups if groups else 0)
        if not groups:
            file.write(header)
        for start in range(GROUP * groups, note.rows, GROUP):
            if progress:
                progress(start, note.rows)
            texts = list(corpus.texts[start : start + GROUP])
            file.write(document_vectors(checkpoint, texts).astype("<f2").tobytes())
            file.flush()
    if progress:
        progress(note.rows, note.rows)
    return part


def _header(note: Note) -> bytes:
    file = io.BytesIO()
    shape = {"descr": "<f2", "fortran_order": False, "shape": (note.rows, note.size)}
    np.lib.format.write_array_header_1_0(file, shape)
    return file.getvalue()


def _write(entry: Path, note: Note, corpus: Corpus, classes: np.ndarray, part: Path) -> None:
    with whole_folder(entry) as new:
        with pa.OSFile(str(new / DOCUMENTS), "wb") as file, pa.ipc.new_file(file, SCHEMA) as out:
            for group in _groups(corpus, classes):
                out.write_batch(group)
        write_checksum(new / DOCUMENTS, arrow_sections(new / DOCUMENTS))
        write_json_with_checksum(new / NOTE, note.model_dump(mode="json"))
        os.replace(part, new / VECTORS)
        write_checksum(new / VECTORS)


def _groups(corpus: Corpus, classes: np.ndarray) -> Iterator[pa.RecordBatch]:
    for start in range(0, len(corpus), GROUP):
        rows = slice(start, start + GROUP)
        texts = list(corpus.texts[rows])
        columns = {
            "id": [readable(id) for id in corpus.ids[rows]],
            "label": classes[rows],
            "text": [readable(text) for text in texts],
            "content": [content_hash(text) for text in texts],
        }
        yield pa.RecordBatch.from_pydict(columns, schema=SCHEMA)
