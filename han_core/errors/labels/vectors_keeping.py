"""Document vectors of training documents, computed and kept.

An entry is there whole or not at all. While it is made, the vectors so far stand aside, so
that work that was stopped goes on; where all entries take too much room, those go that were
not used for longest. It knows nothing about what is asked of them.
"""

import io
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from filelock import FileLock, Timeout

from han_core.coding.marks import content_of
from han_core.corpora.corpus import Corpus
from han_core.corpora.labels import align_labels
from han_core.errors.labels.vectors import (
    DOCUMENTS,
    GROUP,
    NOTE,
    SCHEMA,
    VECTORS,
    Note,
    open_vectors,
)
from han_core.explanation.explain import BATCH_TOKENS, run_model, runs
from han_core.models.checkpoint import Checkpoint
from han_core.models.folder import whole_folder, write_json
from han_core.places import vectors_root
from han_core.scoring.manifest import checkpoint_sha256, data_sha256
from han_core.scoring.part import readable
from han_core.text.batch import number_document
from han_core.training.evaluate import Progress
from han_core.wrong_input import WrongInput

LARGEST = 5_000_000_000  # bytes of all entries; the one in use stays in any case


def vectors_of(checkpoint: Checkpoint, texts: Sequence[str]) -> np.ndarray:
    """(documents, size) float32 of length 1; zeros for a text without a word.

    Raises:
        WrongInput: as ``run_model``.
    """
    documents = [checkpoint.tokenizer(text) for text in texts]
    with_words = [at for at, document in enumerate(documents) if document.sentences]
    numbered = {at: number_document(documents[at], checkpoint.vocabulary) for at in with_words}
    found = np.zeros((len(texts), checkpoint.model.classifier.in_features), dtype=np.float32)
    # Documents of like length go together, so that none waits for a longer one.
    order = sorted(with_words, key=lambda at: len(numbered[at].words))
    for start, end in runs([len(numbered[at].words) for at in order], BATCH_TOKENS):
        rows = order[start:end]
        found[rows] = run_model(checkpoint, [numbered[at] for at in rows]).documents.numpy()
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return np.divide(found, lengths, out=found, where=lengths > 0)


def keep_vectors(
    folder: str | Path, checkpoint: Checkpoint, corpus: Corpus, progress: Progress | None = None
) -> str:
    """Computes the vectors of ``corpus`` unless they are there; returns the entry's key.

    Args:
        folder: where ``checkpoint`` stands.
        progress: told the documents done, earlier ones included.

    Raises:
        WrongInput: if the documents have no labels, or labels that are none of the
            checkpoint's classes; or as ``vectors_of``.
        OSError: if the disk takes no more.
    """
    if not corpus.labels:
        raise WrongInput(f"Labelled documents are expected; {corpus.name} has no labels.")
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
    root = vectors_root()
    root.mkdir(mode=0o700, parents=True, exist_ok=True)  # they hold the texts
    with FileLock(root / f"{note.key}.lock"):
        if open_vectors(note.key) is None:
            part = _compute(_part(note.key), note, checkpoint, corpus, progress)
            _write(root / note.key, note, corpus, classes, part)
        os.utime(root / note.key / NOTE)
    make_room(note.key)
    return note.key


def make_room(used: str) -> None:
    """Takes away the entries, and the beginnings of such, that were not used for longest."""
    places = [path.parent for path in vectors_root().glob(f"[!.]*/{NOTE}")]
    places += vectors_root().glob(".*.part")
    room = LARGEST
    for place in sorted(places, key=lambda place: (used in place.name, _last_use(place)))[::-1]:
        room -= _bytes(place)
        if room < 0 and used not in place.name:
            _remove_unless_in_use(place)


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
            file.write(vectors_of(checkpoint, texts).astype("<f2").tobytes())
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
        write_json(new / NOTE, note.model_dump(mode="json"))
        os.replace(part, new / VECTORS)


def _groups(corpus: Corpus, classes: np.ndarray) -> Iterator[pa.RecordBatch]:
    for start in range(0, len(corpus), GROUP):
        rows = slice(start, start + GROUP)
        texts = list(corpus.texts[rows])
        columns = {
            "id": [readable(id) for id in corpus.ids[rows]],
            "label": classes[rows],
            "text": [readable(text) for text in texts],
            "content": [content_of(text) for text in texts],
        }
        yield pa.RecordBatch.from_pydict(columns, schema=SCHEMA)


def _part(key: str) -> Path:
    return vectors_root() / f".{key}.part"


def _remove_unless_in_use(place: Path) -> None:
    key = place.name.removeprefix(".").removesuffix(".part")
    try:
        with FileLock(place.parent / f"{key}.lock", timeout=0):
            if place.is_dir():
                shutil.rmtree(place, ignore_errors=True)
            else:
                place.unlink(missing_ok=True)
    except Timeout:
        pass


def _last_use(place: Path) -> float:
    try:
        return (place / NOTE if place.is_dir() else place).stat().st_mtime
    except OSError:
        return 0.0


def _bytes(place: Path) -> int:
    files = place.glob("*") if place.is_dir() else [place]
    return sum(path.stat().st_size for path in files if path.exists())
