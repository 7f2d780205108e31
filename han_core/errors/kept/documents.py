"""Keeping the documents that are scored, so that pages read them without the data's file.

The layout stands in ``kept_documents``. It knows nothing about predictions.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from han_core.coding.marks import content_of
from han_core.corpora.corpus import Corpus
from han_core.errors.kept.kept_documents import FILE, open_documents, schema_of
from han_core.models.folder import whole_folder
from han_core.places import documents_root
from han_core.scoring.part import readable
from han_core.wrong_input import WrongInput

ROWS, CHARACTERS = 4_096, 4_000_000
"""At most so much in a batch, which is what a search holds in memory at once (a few of them)."""

RANKED = 100
"""Characters of a cell that decide its place."""


def keep_documents(corpus: Corpus, data_sha256: str) -> Path:
    """The folder of the corpus's documents; written unless it is there already.

    It is named by the hash of ids, texts and labels, and by one of the further columns.

    Raises:
        WrongInput: if the disk refuses.
    """
    folder = documents_root() / f"{data_sha256}-{_columns_sha256(corpus)[:16]}"
    if _there(folder, len(corpus)):
        return folder
    schema = schema_of(list(corpus.extra))
    ranks = [ranks_of(column) for column in (corpus.ids, *corpus.extra.values())]
    try:
        with whole_folder(folder) as new, pa.ipc.new_file(str(new / FILE), schema) as file:
            for start, end in _cuts(corpus.texts):
                file.write_batch(_batch(corpus, ranks, slice(start, end), schema))
    except OSError as error:
        raise WrongInput(
            f"The documents cannot be kept in {folder.parent} ({error.strerror or error})."
        ) from error
    return folder


def ranks_of(cells: Sequence[str]) -> np.ndarray:
    """(cells,) int32, the place of each among the different cells, from 1.

    Numbers where all are (or are empty, and then last), else text, by its first characters.
    """
    beginnings = pa.array([readable(cell[:RANKED]) for cell in cells], pa.string())
    try:
        said = pc.if_else(pc.equal(beginnings, ""), None, beginnings)
        ordered = pc.cast(said, pa.float64()) if said.null_count < len(said) else beginnings
    except pa.ArrowInvalid:
        ordered = beginnings
    ranks = pc.rank(ordered, sort_keys="ascending", tiebreaker="dense")  # nulls are last
    return ranks.to_numpy().astype(np.int32)


def _there(folder: Path, rows: int) -> bool:
    try:
        return len(open_documents(folder)) == rows
    except WrongInput:
        return False


def _cuts(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """From where to where a batch goes."""
    start = held = 0
    for row, text in enumerate(texts):
        held += len(text)
        if row + 1 - start == ROWS or held >= CHARACTERS:
            yield start, row + 1
            start, held = row + 1, 0
    if start < len(texts):
        yield start, len(texts)


def _batch(
    corpus: Corpus, ranks: list[np.ndarray], rows: slice, schema: pa.Schema
) -> pa.RecordBatch:
    texts = list(corpus.texts[rows])
    whole = [readable(text) for text in texts]
    cells: list = [
        np.arange(rows.start, rows.stop),
        [readable(id) for id in corpus.ids[rows]],
        [bytes.fromhex(content_of(text)) for text in texts],
        whole,
        [_exact(text) if text != kept else None for text, kept in zip(texts, whole, strict=True)],
        [len(text) for text in texts],
        ranks[0][rows],
    ]
    for column, places in zip(corpus.extra.values(), ranks[1:], strict=True):
        cells += [[readable(cell) for cell in column[rows]], places[rows]]
    arrays = [pa.array(cell, field.type) for cell, field in zip(cells, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _exact(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _columns_sha256(corpus: Corpus) -> str:
    """Of the names and cells of the further columns, each with its length before it."""
    found = hashlib.sha256()
    for name, column in corpus.extra.items():
        for cell in (name, *column):
            content = _exact(cell)
            found.update(len(content).to_bytes(8, "little"))
            found.update(content)
    return found.hexdigest()
