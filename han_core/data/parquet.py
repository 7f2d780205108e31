"""Read Parquet: the columns whose cells have plain words.

Those are strings, numbers, times and lists of them; images and vectors stay unread.
"""

import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from han_core.data.stream import MOST_TIMES, Opened, Stream, most_unpacked, schema_of
from han_core.data.table import cell_of, checked_names
from han_core.runtime.errors import UserError, gibibytes
from han_core.runtime.messages import tr

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
        check_size(file.metadata, most_unpacked(source.seek(0, io.SEEK_END)), name)
        schema = file.schema_arrow
    checked_names(schema.names, name)
    columns, lists = readable_columns(schema)
    return Stream(name, columns, _batches(opened, name, columns, class_names(schema)), lists)


def check_size(file: pq.FileMetaData, most: int, name: str) -> None:
    """Refuse what its own description says to be a bomb, before anything is unpacked."""
    groups = map(file.row_group, range(file.num_row_groups))
    chunks = [group.column(at) for group in groups for at in range(file.num_columns)]
    # A cell takes eight bytes for its place, however often a text is repeated.
    declared = sum(max(chunk.total_uncompressed_size, 8 * chunk.num_values) for chunk in chunks)
    if declared > most:
        raise UserError(
            tr(
                "{name} unpacks to {size}, more than {most_times} times its size, which is not "
                "read.",
                name=name,
                size=gibibytes(declared),
                most_times=MOST_TIMES,
            )
        )


def class_names(schema: pa.Schema) -> dict[str, tuple[str, ...]]:
    """The names of classes that stand in the schema as numbers, as `datasets` writes them.

    See ``datasets.Features.arrow_schema``: JSON under the key "huggingface".
    """
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        named = {
            column: tuple(feature["names"])
            for column, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return {}
    return {
        column: names
        for column, names in named.items()
        if column in schema.names
        and pa.types.is_integer(schema.field(column).type)
        and all(isinstance(name, str) for name in names)
    }


def _batches(
    opened: Opened, name: str, columns: Sequence[str], classes: Mapping[str, Sequence[str]]
) -> Iterator[pa.RecordBatch]:
    with _refusing(name), opened() as source:
        # Without reading ahead of need, a row group is never held whole.
        file = pq.ParquetFile(source, buffer_size=READ_AHEAD, pre_buffer=False)
        for batch in file.iter_batches(BATCH_ROWS, columns=columns, use_threads=False):
            yield batch_in_words(batch, columns, classes)


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    try:
        yield
    except (UserError, MemoryError):
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise UserError(tr("{name} is not a Parquet file that can be read.", name=name)) from error


def batch_in_words(
    batch: pa.RecordBatch, columns: Sequence[str], classes: Mapping[str, Sequence[str]]
) -> pa.RecordBatch:
    """The ``columns`` of a batch, cell by cell in words; numbers of ``classes`` by their names."""
    cells = [_in_words(batch.column(column), classes.get(column)) for column in columns]
    return pa.record_batch(cells, schema=schema_of(columns))


def _in_words(cells: pa.Array, names: Sequence[str] | None) -> pa.Array:
    if names is not None:  # -1 there means no label
        named = map(dict(enumerate(names)).get, cells.to_pylist())
        return pa.array(named, pa.large_string()).fill_null("")
    if not _is_string(cells.type):
        return pa.array(map(cell_of, cells.to_pylist()), pa.large_string())
    cells.validate(full=True)  # a file may call any bytes text
    return cells.cast(pa.large_string()).fill_null("")


def readable_columns(schema: pa.Schema) -> tuple[tuple[str, ...], frozenset[str]]:
    """The columns whose cells have words, and those of them that hold lists.

    Columns of one name stay unread, for Arrow reads columns by their names.
    """
    times = Counter(schema.names)
    fields = [field for field in schema if times[field.name] == 1 and has_words(field.type)]
    lists = frozenset(field.name for field in fields if _is_list(field.type))
    return tuple(field.name for field in fields), lists


def has_words(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return has_words(kind.value_type)
    if _is_list(kind):
        inner = kind.value_type
        words = inner.value_type if _is_list(inner) else inner
        return _is_string(words) or _is_spans(kind)
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
