"""Documents on their way to whoever scores them: a part of a corpus, as bytes and back.

Parts are cut by the number of rows alone. So a part holds the same documents, and gets the
same figures, however many workers there are. It knows nothing about models.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from han_core.corpora.corpus import Corpus

PARTS = 256
FEWEST, MOST = 256, 8_192
"""Rows of a part: what a killed run loses, and what a worker holds at once."""


def rows_a_part(rows: int) -> int:
    """About ``PARTS`` parts, none too small to be worth the trip and none too large to hold."""
    return min(MOST, max(FEWEST, -(-rows // PARTS)))


@dataclass(frozen=True)
class Part:
    """Some rows of a corpus, one after another.

    Attributes:
        number: which part it is, from 0.
        start: the row of the corpus that the first document is.
        classes: the position of each document's class, or None without labels.

    Raises:
        ValueError: if the columns are not equally long.
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
        """What ``to_bytes`` wrote."""
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
