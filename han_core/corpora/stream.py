"""A table as it comes, some rows at a time, so that none needs to be held whole.

Every reader of a file makes one; it becomes a `Table` in memory, or a file that is mapped.
It knows nothing about kinds of files.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from han_core.corpora.column import Column
from han_core.corpora.table import Table
from han_core.corpora.wording import gibibytes
from han_core.wrong_input import WrongInput

BATCH_ROWS = 4_096
BATCH_CHARACTERS = 4_000_000


@dataclass(frozen=True)
class Stream:
    """Columns of strings in batches; it can be gone through once.

    Attributes:
        batches: with these columns in this order, large strings without gaps.
    """

    name: str
    columns: tuple[str, ...]
    batches: Iterator[pa.RecordBatch]

    @property
    def schema(self) -> pa.Schema:
        return schema_of(self.columns)

    def table(self) -> Table:
        """All of it, in memory."""
        return _table(self.name, pa.Table.from_batches(self.batches, self.schema))

    def write(self, path: Path, most_bytes: int) -> None:
        """All of it into an Arrow file.

        Raises:
            WrongInput: if that takes more than ``most_bytes``, or than there is room for.
        """
        try:
            with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, self.schema) as writer:
                for batch in self.batches:
                    writer.write_batch(batch)
                    if file.tell() > most_bytes:
                        raise WrongInput(f"{self.name} holds more than {gibibytes(most_bytes)}.")
        except OSError as error:
            raise WrongInput(
                f"{self.name} cannot be unpacked: {error.strerror or error}."
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
    names = arrow.schema.names
    return Table(name, {column: Column(arrow.column(at)) for at, column in enumerate(names)})
