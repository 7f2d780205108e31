"""Read CSV, TSV, JSONL and Parquet files into tables of strings, by the ending of their name.

Every cell stays exactly as it was written. CSV is read with the standard library, because pandas
turns "NA" into a missing value and 007 into 7. Only columns whose values have plain words are read
from Parquet: strings, numbers, times and lists of them; images and vectors stay unread.

Nothing here limits memory or time: files from outside are read through ``sandbox``.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from han_core.data.stream import Opened, Read, Stream, batches_of, schema_of, text_opener
from han_core.data.table import Table, checked_names, in_words
from han_core.runtime.errors import UserError, counted, shown

DELIMITERS = ",;\t|"
SAMPLED_ROWS = 20
AS_WRITTEN = ""  # what ends a line is left alone: it may stand inside a quoted cell

# The default of 131,072 characters would refuse long documents.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True)
class _Form:
    """How a text is divided into cells."""

    delimiter: str
    quoting: int


def stream_delimited(read: Read, name: str, usual: str = ",") -> Stream:
    """The table in a text; `usual` is the delimiter where the text does not tell."""
    form = _form(read, name, detected_delimiter(read, usual))
    with read(AS_WRITTEN) as text:
        names = tuple(_header(_records(text, name, form), name))
    return Stream(name, names, batches_of(_delimited_rows(read, name, form), names))


def detected_delimiter(read: Read, usual: str) -> str:
    """The delimiter that splits the header, and the first rows like the header."""

    def score(delimiter: str) -> tuple[int, int, bool]:
        with read(AS_WRITTEN) as text:
            lines = csv.reader(text, delimiter=delimiter)
            widths = [len(cells) for cells in islice(lines, SAMPLED_ROWS) if cells]
        if not widths or widths[0] < 2:
            return 0, 0, delimiter == usual
        return widths.count(widths[0]), widths[0], delimiter == usual

    return max(DELIMITERS, key=score)


def _form(read: Read, name: str, delimiter: str) -> _Form:
    form = _Form(delimiter, csv.QUOTE_MINIMAL)
    if delimiter != "\t":
        return form
    # Many tab-separated files know no quoting: there a cell that begins with
    # a quotation mark is ordinary text.
    try:
        for _ in _delimited_rows(read, name, form):
            pass
    except UserError:
        return _Form(delimiter, csv.QUOTE_NONE)
    return form


def _delimited_rows(read: Read, name: str, form: _Form) -> Iterator[list[str]]:
    """The rows below the header, each as wide as it."""
    with read(AS_WRITTEN) as text:
        records = _records(text, name, form)
        width = len(_header(records, name))
        for line, cells in records:
            if len(cells) != width:
                raise UserError(
                    f"Line {line} of {name} has {counted(len(cells), 'cell')} "
                    f"where the header has {width}."
                )
            yield cells


def _records(text: TextIO, name: str, form: _Form) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the number of the line on which it begins."""
    reader = csv.reader(text, delimiter=form.delimiter, quoting=form.quoting, strict=True)  # type: ignore[arg-type]
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError(
            f"{name} cannot be split into cells at line {line} ({error}); "
            "a quotation mark inside a quoted cell must be written twice."
        ) from error


def _header(records: Iterator[tuple[int, list[str]]], name: str) -> Sequence[str]:
    _, header = next(records, (0, []))
    if not header:
        raise UserError(f"{name} is empty; a first line with column names was expected.")
    if any("\0" in column for column in header):
        raise UserError(f"{name} is not text in UTF-8 (NUL bytes in its first line).")
    return checked_names([column.strip() for column in header], name)


LINE = "\n"  # and nothing else: JSON strings may hold U+2028 and its like unescaped


def stream_json_lines(read: Read, name: str) -> Stream:
    keys: dict[str, None] = {}
    for where, row in _objects(read, name):
        if not row.keys() <= keys.keys():
            with _refusing_lines(where):
                "".join(row).encode()
            keys |= dict.fromkeys(row)
    if not keys:
        raise UserError(f"{name} is empty; one JSON object a line was expected.")
    columns = tuple(checked_names(list(keys), name))
    return Stream(name, columns, batches_of(_rows(read, name, columns), columns))


def _rows(read: Read, name: str, columns: tuple[str, ...]) -> Iterator[list[str]]:
    for where, row in _objects(read, name):
        with _refusing_lines(where):
            cells = [in_words(row[key]) if key in row else "" for key in columns]
            "".join(cells).encode()
        yield cells


def _objects(read: Read, name: str) -> Iterator[tuple[str, dict]]:
    """Each line's object, and how a sentence names the line."""
    with read(LINE) as text:
        for number, line in enumerate(text, start=1):
            if line.strip():
                where = f"Line {number} of {name}"
                with _refusing_lines(where):
                    row = json.loads(line)
                if not isinstance(row, dict):
                    wanted = '{"text": "…", "label": "…"}'
                    raise UserError(f"{where} is not a JSON object such as {wanted}.")
                yield where, row


@contextmanager
def _refusing_lines(where: str) -> Iterator[None]:
    try:
        yield
    except RecursionError as error:
        raise UserError(f"{where} is nested too deeply to be read.") from error
    except UnicodeEncodeError as error:
        raise UserError(f"{where} holds half a character (a lone surrogate).") from error
    except ValueError as error:
        raise UserError(f"{where} is not JSON ({error}).") from error


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
    except (UserError, MemoryError):
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise UserError(f"{name} is not a Parquet file that can be read.") from error


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


ENDINGS = (".parquet", ".csv", ".tsv", ".jsonl")


def read_table(data: bytes, filename: str) -> Table:
    """The table in a file of this name, in memory."""
    return stream_table(lambda: io.BytesIO(data), filename).table()


def stream_table(opened: Opened, filename: str) -> Stream:
    """The table in a file of this name; the ending says how to read it."""
    ending, name = ending_of(filename), shown_name(filename)
    if ending == ".parquet":
        return stream_parquet(opened, name)
    read = text_opener(opened, name)
    if ending == ".jsonl":
        return stream_json_lines(read, name)
    return stream_delimited(read, name, usual="\t" if ending == ".tsv" else ",")


def ending_of(filename: str) -> str:
    for ending in ENDINGS:
        if filename.lower().endswith(ending):
            return ending
    raise UserError(
        f'"{shown_name(filename)}" is not a file that can be read; '
        f"its name should end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}."
    )


def shown_name(filename: str) -> str:
    """The file's own name without its folders, fit for a sentence."""
    return shown(filename.replace("\\", "/").rsplit("/", 1)[-1])
