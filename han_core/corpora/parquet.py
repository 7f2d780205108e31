"""Parquet to a table of strings, and back as the format between our processes.

Reads only columns whose values have plain words (strings, numbers, times,
lists of strings); images and vectors stay unread. Trusts the file: whatever
comes from outside is read through `guarded`.
"""

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from han_core.corpora.table import Table, checked_names, in_words
from han_core.wrong_input import WrongInput

_STRINGS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_PLAIN = (
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_boolean,
    pa.types.is_decimal,
    pa.types.is_temporal,
    pa.types.is_null,
)


def read_parquet(source: Path | bytes, name: str) -> Table:
    try:
        with pq.ParquetFile(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
            names = checked_names(file.schema_arrow.names, name)
            readable = [n for n in names if has_words(file.schema_arrow.field(n).type)]
            return table_of_arrow(file.read(columns=readable, use_threads=False), name)
    except (WrongInput, MemoryError):
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise WrongInput(f"{name} is not a Parquet file that can be read.") from error


def table_of_arrow(arrow: pa.Table, name: str) -> Table:
    """The columns that can be put into words, cell by cell."""
    return Table(
        name,
        {
            field.name: tuple(map(in_words, arrow.column(field.name).to_pylist()))
            for field in arrow.schema
            if has_words(field.type)
        },
    )


def write_parquet(table: Table, path: Path) -> None:
    """Uncompressed, so that the file's size says what reading it back will take."""
    columns = {n: pa.array(cells, pa.large_string()) for n, cells in table.data.items()}
    pq.write_table(pa.table(columns), path, compression="none", use_dictionary=False)


def has_words(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return has_words(kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _is_string(kind.value_type)
    return _is_string(kind) or any(test(kind) for test in _PLAIN)


def _is_string(kind: pa.DataType) -> bool:
    return any(test(kind) for test in _STRINGS)
