"""The texts, ids and columns of scored documents, stored once and read by row.

``documents.arrow`` is memory-mapped, so any fifty rows of a million take milliseconds, and
DuckDB reads whole columns of it. Its columns:

    row, id         as in the scores
    content         ``content_hash`` of the text, 16 bytes
    text            UTF-8, with "?" for a lone surrogate
    exact           the text with its lone surrogates, null where there are none
    characters      length of the text
    id_rank         position of the id among the different ids, from 1
    c0, c0_rank, …  the same for the data's own columns, whose names stand in the metadata
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow.dataset import Dataset

from han_core.analysis.scoring.manifest import readable
from han_core.data.corpus import Corpus
from han_core.runtime.atomic_io import whole_folder
from han_core.runtime.checksums import verify_checksum, verify_sections, write_checksum
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.runtime.paths import documents_root

FILE = "documents.arrow"
FIXED = {
    "row": pa.int64(),
    "id": pa.string(),
    "content": pa.binary(16),
    "text": pa.large_string(),
    "exact": pa.large_binary(),
    "characters": pa.int32(),
    "id_rank": pa.int32(),
}


def content_hash(text: str) -> str:
    """32 hexadecimal digits that name a text: the first half of its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def schema_of(columns: Sequence[str]) -> pa.Schema:
    """The columns of a file, for data with these further columns."""
    own: dict[str, pa.DataType] = {}
    for number in range(len(columns)):
        own |= {f"c{number}": pa.string(), f"c{number}_rank": pa.int32()}
    return pa.schema({**FIXED, **own}, metadata={"columns": json.dumps(list(columns))})


@dataclass(frozen=True, eq=False)
class Documents:
    """The kept documents of a data set; several threads may ask at once.

    Attributes:
        path: the file.
        batches: mapped, not read.
        columns: names of the data's own columns.
    """

    path: Path
    batches: tuple[pa.RecordBatch, ...]
    columns: tuple[str, ...]

    def __len__(self) -> int:
        return int(self._ends[-1]) if self.batches else 0

    def field(self, column: str) -> str:
        """Return the name in the file of one of the data's own columns."""
        if column not in self.columns:
            raise UserError(tr("The documents have no column “{column}”.", column=column))
        return f"c{self.columns.index(column)}"

    def verify(self, fields: Iterable[str], numbers: Iterable[int] | None = None) -> None:
        """Verify these columns of these batches, or of all, before they are read.

        Raises:
            UserError: if they are missing or damaged.
        """
        places = range(len(self.batches)) if numbers is None else numbers
        with _one_sentence():
            verify_sections(self.path, [section(*each) for each in product(fields, places)])

    def take(self, rows: np.ndarray, fields: Sequence[str]) -> pa.Table:
        """``fields`` of ``rows`` (documents,), in the order of ``rows``."""
        wanted = np.asarray(rows, dtype=np.int64)
        order = np.argsort(wanted, kind="stable")
        sought = wanted[order]
        cuts = np.searchsorted(sought, self._ends)
        numbers = np.flatnonzero(np.diff(cuts, prepend=0)).tolist()  # batches with a row in them
        self.verify(fields, numbers)
        pieces, start = [self.batches[0].select(list(fields)).slice(0, 0)], 0
        for number in numbers:
            first = self._ends[number] - len(self.batches[number])
            within = pa.array(sought[start : cuts[number]] - first)
            pieces.append(self.batches[number].select(list(fields)).take(within))
            start = cuts[number]
        back = np.empty(len(order), dtype=np.int64)
        back[order] = np.arange(len(order))
        return pa.Table.from_batches(pieces).combine_chunks().take(pa.array(back))

    def texts(self, rows: np.ndarray) -> list[str]:
        """The texts of ``rows``, exactly as they came."""
        cells = self.take(rows, ["text", "exact"]).to_pydict()
        return [
            text if exact is None else exact.decode("utf-8", "surrogatepass")
            for text, exact in zip(cells["text"], cells["exact"], strict=True)
        ]

    def contents(self, rows: np.ndarray) -> list[str]:
        """``content_hash`` the texts of ``rows``."""
        return [content.hex() for content in self.take(rows, ["content"])["content"].to_pylist()]

    def rows_of(self, contents: Iterable[str]) -> np.ndarray:
        """int64 rows, ascending, of the documents whose text has one of these names.

        What is no name of a text names none.
        """
        wanted = np.frombuffer(b"".join(map(_content, contents)), dtype=_PAIR)
        halves, order = self._by_content
        starts = np.searchsorted(halves, wanted["first"], "left")
        counts = np.searchsorted(halves, wanted["first"], "right") - starts
        within = np.arange(counts.sum()) - np.repeat(counts.cumsum() - counts, counts)
        rows = order[np.repeat(starts, counts) + within]
        same = self._contents["second"][rows] == np.repeat(wanted["second"], counts)
        return np.unique(rows[same]).astype(np.int64)

    def ranks(self, field: str) -> np.ndarray:
        """(documents,) int32, the place of each one's cell of ``field`` among all cells."""
        self.verify([f"{field}_rank"])
        return np.concatenate([batch[f"{field}_rank"].to_numpy() for batch in self.batches])

    def dataset(self, fields: Sequence[str]) -> Dataset:
        """Return the file for DuckDB, which reads ``fields`` of it, a few batches at a time."""
        self.verify(fields)
        return ds.dataset(str(self.path), format="ipc")

    @cached_property
    def _ends(self) -> np.ndarray:
        return np.cumsum([len(batch) for batch in self.batches])

    @cached_property
    def _contents(self) -> np.ndarray:
        """(documents,) of ``_PAIR``."""
        self.verify(["content"])
        return np.concatenate([_pairs(batch["content"]) for batch in self.batches])

    @cached_property
    def _by_content(self) -> tuple[np.ndarray, np.ndarray]:
        """(documents,) sorted first halves of the contents, and whose they are."""
        halves = self._contents["first"]
        order = np.argsort(halves).astype(np.int32)
        return halves[order], order


_PAIR = np.dtype([("first", "<u8"), ("second", "<u8")])
"""The halves of a content as numbers, which are sorted and compared faster than bytes."""


def _pairs(contents: pa.FixedSizeBinaryArray) -> np.ndarray:
    cells = np.frombuffer(contents.buffers()[1], dtype=_PAIR)
    return cells[contents.offset : contents.offset + len(contents)]


def _content(name: str) -> bytes:
    try:
        content = bytes.fromhex(name)
    except ValueError:
        return b""
    return content if len(content) == _PAIR.itemsize else b""


DAMAGED = "The kept documents are damaged; score them anew."


def open_documents(folder: Path, whole: bool = False) -> Documents:
    """Open what ``store_documents`` wrote.

    Args:
        whole: verify all of it now; else each column of a batch when it is read first.

    Raises:
        UserError: if it is missing or damaged.
    """
    path = folder / FILE
    with _one_sentence():
        is_verified = verify_checksum(path) if whole else verify_sections(path, [])
        file = pa.ipc.open_file(pa.memory_map(str(path)))
        batches = tuple(file.get_batch(number) for number in range(file.num_record_batches))
        names = tuple(json.loads(file.schema.metadata[b"columns"]))
        if not file.schema.equals(schema_of(names)) or not batches:
            raise ValueError("other columns")
        if not is_verified:
            _adopt(path, batches)
    return Documents(path, batches, names)


@contextmanager
def _one_sentence() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise UserError(tr("The documents that were scored are not kept any more.")) from error
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise UserError(DAMAGED) from error


def section(field: str, number: int) -> str:
    """The name, in the checksum, of a column of a batch."""
    return f"{field}/{number}"


def arrow_sections(path: Path) -> dict[str, list[tuple[int, int]]]:
    """The bytes of each column of each batch: its buffers lie one after another."""
    content = pa.memory_map(str(path)).read_buffer()
    file = pa.ipc.open_file(content)
    sections = {}
    for number in range(file.num_record_batches):
        batch = file.get_batch(number)
        for field, column in zip(batch.schema.names, batch.columns, strict=True):
            buffers = [each for each in column.buffers() if each is not None and each.size]
            starts = [each.address - content.address for each in buffers]
            ends = [start + each.size for start, each in zip(starts, buffers, strict=True)]
            sections[section(field, number)] = list(zip(starts, ends, strict=True))
    return sections


def _adopt(path: Path, batches: Sequence[pa.RecordBatch]) -> None:
    """Give documents of an earlier version, which had no checksum, one if they look whole.

    Raises:
        ValueError, pa.ArrowException: if they do not.
    """
    for batch in batches:
        batch.validate(full=True)
        cells = zip(
            *(batch[name].to_pylist() for name in ("content", "text", "exact")), strict=True
        )
        for content, text, exact in cells:
            if content != hashlib.sha256(exact or text.encode()).digest()[: len(content)]:
                raise ValueError("a text that is not the one that was scored")
    with suppress(OSError):  # a disk to read from only
        write_checksum(path, arrow_sections(path))


ROWS, CHARACTERS = 4_096, 4_000_000
"""At most so much in a batch, which is what a search holds in memory at once (a few of them)."""

RANKED = 100
"""Characters of a cell that decide its place."""


def store_documents(corpus: Corpus, data_sha256: str) -> Path:
    """The folder of the corpus's documents; written unless it is there already.

    It is named by the hash of ids, texts and labels, and by one of the further columns.
    """
    folder = documents_root() / f"{data_sha256}-{_columns_sha256(corpus)[:16]}"
    if _holds(folder, len(corpus)):
        return folder
    schema = schema_of(list(corpus.extra))
    ranks = [ranks_of(column) for column in (corpus.ids, *corpus.extra.values())]
    try:
        with whole_folder(folder) as new:
            with pa.ipc.new_file(str(new / FILE), schema) as file:
                for start, end in _cuts(corpus.texts):
                    file.write_batch(_batch(corpus, ranks, slice(start, end), schema))
            write_checksum(new / FILE, arrow_sections(new / FILE))
    except OSError as error:
        raise UserError(
            tr(
                "The documents cannot be kept in {parent} ({reason}).",
                parent=folder.parent,
                reason=error.strerror or error,
            )
        ) from error
    return folder


def ranks_of(cells: Sequence[str]) -> np.ndarray:
    """(cells,) int32, the place of each among the different cells, from 1.

    Numbers where all are (or are empty, and then last), else text, by its first characters.
    """
    beginnings = pa.array([readable(cell[:RANKED]) for cell in cells], pa.string())
    try:
        nonempty = pc.if_else(pc.equal(beginnings, ""), None, beginnings)
        ordered = (
            pc.cast(nonempty, pa.float64()) if nonempty.null_count < len(nonempty) else beginnings
        )
    except pa.ArrowInvalid:
        ordered = beginnings
    ranks = pc.rank(ordered, sort_keys="ascending", tiebreaker="dense")  # nulls are last
    return ranks.to_numpy().astype(np.int32)


def _holds(folder: Path, rows: int) -> bool:
    """Whether a folder holds whole documents, and ``rows`` of them."""
    try:
        return len(open_documents(folder, whole=True)) == rows
    except UserError:
        return False


def _cuts(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the first row of each batch and the one after its last."""
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
        [bytes.fromhex(content_hash(text)) for text in texts],
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
    digest = hashlib.sha256()
    for name, column in corpus.extra.items():
        for cell in (name, *column):
            content = _exact(cell)
            digest.update(len(content).to_bytes(8, "little"))
            digest.update(content)
    return digest.hexdigest()
