"""Parquet, and other tables of Arrow, to a table of strings.

Reads only columns whose values have plain words (strings, numbers, times, lists of
strings, lists of lists of whole numbers such as spans); images and vectors stay unread.
Trusts the file: whatever
comes from outside is read through `guarded`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from han_core.corpora.encoding import Opened
from han_core.corpora.stream import Stream, schema_of
from han_core.corpora.table import checked_names, in_words
from han_core.wrong_input import WrongInput

BATCH_ROWS = 1_024
READ_AHEAD = 2**20  # bytes of each column

_STRINGS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_PLAIN = (
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_boolean,
    pa.types.is_decimal,
    pa.types.is_temporal,
    pa.types.is_null,
)


def stream_parquet(opened: Opened, name: str) -> Stream:
    with _refusing(name), opened() as source, pq.ParquetFile(source) as file:
        schema = file.schema_arrow
        checked_names(schema.names, name)
        columns = tuple(field.name for field in schema if has_words(field.type))
    return Stream(name, columns, _batches(opened, name, columns))


def _batches(opened: Opened, name: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    with _refusing(name), opened() as source:
        # Without reading ahead of need, a row group is never held whole.
        file = pq.ParquetFile(source, buffer_size=READ_AHEAD, pre_buffer=False)
        for batch in file.iter_batches(BATCH_ROWS, columns=columns, use_threads=False):
            yield batch_in_words(batch, columns)


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    try:
        yield
    except (WrongInput, MemoryError):
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise WrongInput(f"{name} is not a Parquet file that can be read.") from error


def batch_in_words(batch: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
    """The ``columns`` of a batch, cell by cell in words."""
    cells = [_in_words(batch.column(column)) for column in columns]
    return pa.record_batch(cells, schema=schema_of(columns))


def _in_words(cells: pa.Array) -> pa.Array:
    if not _is_string(cells.type):
        return pa.array(map(in_words, cells.to_pylist()), pa.large_string())
    cells.validate(full=True)  # a file may call any bytes text
    return cells.cast(pa.large_string()).fill_null("")


def has_words(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return has_words(kind.value_type)
    if _is_list(kind):
        return _is_string(kind.value_type) or _is_spans(kind)
    return _is_string(kind) or any(test(kind) for test in _PLAIN)


def _is_spans(kind: pa.DataType) -> bool:
    """Lists of pairs of whole numbers, or lists of those; not of bytes, as pixels are."""
    depth = 0
    while _is_list(kind):
        kind, depth = kind.value_type, depth + 1
    return depth in (2, 3) and (pa.types.is_int32(kind) or pa.types.is_int64(kind))


def _is_list(kind: pa.DataType) -> bool:
    tests = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(test(kind) for test in tests)


def _is_string(kind: pa.DataType) -> bool:
    return any(test(kind) for test in _STRINGS)
