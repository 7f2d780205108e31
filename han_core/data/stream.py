"""Decode files to text, and read tables a batch of rows at a time.

Text is UTF-8, or UTF-16 with a byte-order mark; anything else is refused with the place of the
first byte that does not fit.
"""

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn, TextIO

import pyarrow as pa

from han_core.data.table import Column, Table, without_list
from han_core.runtime.errors import UserError, gibibytes
from han_core.runtime.messages import tr

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Opened = Callable[[], BinaryIO]
"""Opens the bytes once more, from their beginning."""

Read = Callable[[str], AbstractContextManager[TextIO]]
"""Opens the text once more; the argument is what ends a line, as ``open`` takes it."""

_BLOCK = 2**20  # bytes


LEAST_UNPACKED = 64 * 2**20
MOST_TIMES = 100
"""A text shrinks to a tenth, a table of repeats to a hundredth; more is made to do harm."""


def most_unpacked(packed: int) -> int:
    """Bytes that a file of so many may unpack to."""
    return LEAST_UNPACKED + MOST_TIMES * packed


class _Unpacked(io.RawIOBase):
    """The bytes in a gzip file, up to a limit."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        self._gzip = gzip.GzipFile(fileobj=file)
        size = file.seek(0, io.SEEK_END)
        self._left = most_unpacked(size)
        # The last four bytes say how many there are, before any is unpacked (RFC 1952, 2.3.1).
        file.seek(max(0, size - 4))
        declared = int.from_bytes(file.read(4), "little")
        file.seek(0)
        if file.read(2) == b"\x1f\x8b" and declared > self._left:
            self._refuse()
        file.seek(0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        try:
            content = self._gzip.read(len(view))
        except (EOFError, OSError, zlib.error) as error:
            raise UserError(
                tr(
                    "{name} is not a gzip file that can be unpacked to its end; pack it again, or "
                    "give the file itself.",
                    name=self._name,
                )
            ) from error
        self._left -= len(content)
        if self._left < 0:
            self._refuse()
        view[: len(content)] = content
        return len(content)

    def _refuse(self) -> NoReturn:
        raise UserError(
            tr(
                "{name} unpacks to more than {most_times} times its size, which is not read; "
                "give the file itself.",
                name=self._name,
                most_times=MOST_TIMES,
            )
        )

    def close(self) -> None:
        self._file.close()
        super().close()


def unpacked(opened: Opened, name: str) -> Opened:
    """Opens what a gzip file holds."""
    return lambda: io.BufferedReader(_Unpacked(opened(), name), _BLOCK)


def decode_text(data: bytes, name: str) -> str:
    """The whole text."""
    with text_opener(lambda: io.BytesIO(data), name)("") as text:
        return text.read()


def text_opener(opened: Opened, name: str) -> Read:
    """The text in what ``opened`` opens.

    While it is read, UserError says where the first byte is that does not fit.
    """
    return partial(_open, opened, name)


@contextmanager
def _open(opened: Opened, name: str, newline: str) -> Iterator[TextIO]:
    with opened() as file:
        encoding, mark = _encoding(file.read(4))
    with opened() as file:
        file.read(mark)
        try:
            yield io.TextIOWrapper(file, encoding, newline=newline)
        except UnicodeDecodeError as error:
            raise UserError(_refusal(opened, encoding, mark, name)) from error


def _encoding(start: bytes) -> tuple[str, int]:
    """The encoding of what begins like this, and the length of its mark."""
    # UTF-32's little-endian mark begins with UTF-16's.
    if start.startswith(codecs.BOM_UTF16_LE) and not start.startswith(codecs.BOM_UTF32_LE):
        return "utf-16-le", 2
    if start.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be", 2
    return "utf-8", 3 if start.startswith(codecs.BOM_UTF8) else 0


def _refusal(opened: Opened, encoding: str, mark: int, name: str) -> str:
    position, line = _first_bad_byte(opened, encoding, mark)
    if encoding != "utf-8":
        return tr(
            "{name} is not UTF-16, although it begins like it (first bad byte at position "
            "{position:,}); save it as UTF-8.",
            name=name, position=position,
        )  # fmt: skip
    return tr(
        "{name} is not UTF-8 (first bad byte at position {position:,}), in line {line:,}; save it "
        "as UTF-8.",
        name=name, position=position, line=line,
    )  # fmt: skip


def _first_bad_byte(opened: Opened, encoding: str, mark: int) -> tuple[int, int]:
    """Its position, counted from 0, and the number of its line, counted from 1."""
    decoder = codecs.getincrementaldecoder(encoding)()
    position, line = mark, 1
    with opened() as file:
        file.read(mark)
        while True:
            block = file.read(_BLOCK)
            incomplete = decoder.getstate()[0]  # of a character that the last block cut
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                before = (incomplete + block)[: error.start]
                return position - len(incomplete) + error.start, line + before.count(b"\n")
            position, line = position + len(block), line + block.count(b"\n")
            if not block:
                return position, line


BATCH_ROWS = 4_096
BATCH_CHARACTERS = 4_000_000


_LISTS = {"lists": "yes"}
"""What an Arrow file says of a column in which lists stand."""


@dataclass(frozen=True)
class Stream:
    """Columns of strings in batches; it can be gone through once.

    Attributes:
        batches: with these columns in this order, large strings without gaps.
        lists: columns in which lists stand, as ``list_cell`` writes them.
    """

    name: str
    columns: tuple[str, ...]
    batches: Iterator[pa.RecordBatch]
    lists: frozenset[str] = frozenset()

    @property
    def schema(self) -> pa.Schema:
        fields = zip(self.columns, schema_of(self.columns), strict=True)
        marked = (f.with_metadata(_LISTS) if name in self.lists else f for name, f in fields)
        return pa.schema(marked)

    def table(self) -> Table:
        """All of it, in memory."""
        return _table(self.name, pa.Table.from_batches(self.batches, self.schema))

    def write(self, path: Path, most_bytes: int) -> None:
        """All of it into an Arrow file.

        Raises:
            UserError: if that takes more than ``most_bytes``, or than there is room for.
        """
        try:
            with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, self.schema) as writer:
                for batch in self.batches:
                    writer.write_batch(batch)
                    if file.tell() > most_bytes:
                        raise UserError(
                            tr(
                                "{name} unpacks to more than {size}, which is not read.",
                                name=self.name,
                                size=gibibytes(most_bytes),
                            )
                        )
        except OSError as error:
            raise UserError(
                tr(
                    "{name} cannot be unpacked: {reason}.",
                    name=self.name,
                    reason=error.strerror or error,
                )
            ) from error


def schema_of(columns: Sequence[str]) -> pa.Schema:
    return pa.schema([(column, pa.large_string()) for column in columns])


def batches_of(rows: Iterable[Sequence[str]], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Rows, each with a cell for each column, in batches of bounded size."""
    schema, held, characters = schema_of(columns), [], 0
    for row in rows:
        held.append(row)
        characters += sum(map(len, row))
        if len(held) >= BATCH_ROWS or characters >= BATCH_CHARACTERS:
            yield _batch(held, schema)
            held, characters = [], 0
    if held:
        yield _batch(held, schema)


def _batch(rows: list[Sequence[str]], schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array(cells, pa.large_string()) for cells in zip(*rows, strict=True)]
    return pa.record_batch(columns, schema=schema)


def stream_of(table: Table) -> Stream:
    """A table that is in memory already."""
    rows = zip(*table.data.values(), strict=True)
    return Stream(table.name, table.columns, batches_of(rows, table.columns))


def mapped(path: Path, name: str) -> Table:
    """The table in a file that ``Stream.write`` made: read when it is asked for.

    The file may be unlinked at once; its space is free when nobody holds the table.
    """
    arrow = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    arrow.validate()
    return _table(name, arrow)


def _table(name: str, arrow: pa.Table) -> Table:
    data: dict[str, Sequence[str]] = {}
    lists: dict[str, Sequence[str]] = {}
    for field, cells in zip(arrow.schema, arrow.columns, strict=True):
        data[field.name] = column = Column(cells)
        if field.metadata:
            data[field.name], lists[field.name] = column.changed(without_list), column
    return Table(name, data, lists)
