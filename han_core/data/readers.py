"""Read tables of strings from CSV, TSV, JSON and Parquet, by the ending of the file's name.

Nothing here limits memory or time: files from outside are read through ``sandbox``.
"""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from han_core.data.delimited import stream_delimited
from han_core.data.parquet import stream_parquet
from han_core.data.stream import Opened, Read, Stream, batches_of, text_opener, unpacked
from han_core.data.table import Table, cell_of, checked_names
from han_core.runtime.errors import UserError, alternatives, shown
from han_core.runtime.messages import mark, tr


class Where(NamedTuple):
    """A place in a file; it becomes words only where a sentence names it, as there are many."""

    template: str
    number: int
    name: str

    def __str__(self) -> str:
        return tr(self.template, number=self.number, name=self.name)


LINE_OF = mark("Line {number} of {name}")
LINE = "\n"  # and nothing else: JSON strings may hold U+2028 and its like unescaped


def stream_json(read: Read, name: str) -> Stream:
    """The table in JSON: an object a line, or one array of objects."""
    keys: dict[str, None] = {}
    lists: set[str] = set()
    for where, row in _objects(read, name):
        lists.update(key for key, value in row.items() if isinstance(value, list))
        if not row.keys() <= keys.keys():
            with _refusing_lines(where):
                "".join(row).encode()
            keys |= dict.fromkeys(row)
    if not keys:
        raise UserError(tr("{name} is empty; one JSON object a line was expected.", name=name))
    columns = tuple(checked_names(list(keys), name))
    rows = batches_of(_rows(read, name, columns), columns)
    return Stream(name, columns, rows, frozenset(lists))


def _rows(read: Read, name: str, columns: tuple[str, ...]) -> Iterator[list[str]]:
    for where, row in _objects(read, name):
        with _refusing_lines(where):
            cells = [cell_of(row.get(key)) for key in columns]
            "".join(cells).encode()
        yield cells


def _objects(read: Read, name: str) -> Iterator[tuple[Where, dict]]:
    """Each object, and how a sentence names its place."""
    with read(LINE) as text:
        first = next((c for c in iter(lambda: text.read(1), "") if not c.isspace()), "")
    for where, row in _items(read, name) if first == "[" else _lines(read, name):
        if not isinstance(row, dict):
            wanted = '{"text": "…", "label": "…"}'  # not shown
            raise UserError(
                tr("{where} is not a JSON object such as {wanted}.", where=where, wanted=wanted)
            )
        yield where, row


def _items(read: Read, name: str) -> Iterator[tuple[Where, object]]:
    with read(LINE) as text, _refusing_lines(name):
        content = text.read()
    with _refusing_lines(name):
        items, end = json.JSONDecoder().raw_decode(content, len(content) - len(content.lstrip()))
    if content[end:].strip():
        line = content.count("\n", 0, end) + 1
        raise UserError(
            tr(
                "{name} goes on after its array ends in line {line:,}; one array of objects, or "
                "one object a line, was expected.",
                name=name,
                line=line,
            )
        )
    for number, item in enumerate(items, start=1):
        yield Where(mark("Item {number} of {name}"), number, name), item


def _lines(read: Read, name: str) -> Iterator[tuple[Where, object]]:
    with read(LINE) as text:
        for number, line in enumerate(text, start=1):
            if line.strip():
                where = Where(LINE_OF, number, name)
                if line.rstrip().endswith(("},", "}, ")):
                    raise UserError(
                        tr(
                            "{where} ends with a comma; one JSON object a line was expected, with "
                            "nothing between them.",
                            where=where,
                        )
                    )
                with _refusing_lines(where):
                    row = json.loads(line)
                yield where, row


@contextmanager
def _refusing_lines(where: object) -> Iterator[None]:
    try:
        yield
    except RecursionError as error:
        raise UserError(tr("{where} is nested too deeply to be read.", where=where)) from error
    except UnicodeEncodeError as error:
        raise UserError(
            tr("{where} holds half a character (a lone surrogate).", where=where)
        ) from error
    except ValueError as error:
        raise UserError(
            tr(
                "{where} is not JSON ({error}); one object a line, or one array of objects, was "
                "expected.",
                where=where,
                error=error,
            )
        ) from error


ENDINGS = (".parquet", ".csv", ".tsv", ".jsonl", ".json")
GZIP = ".gz"


def read_table(data: bytes, filename: str) -> Table:
    """The table in a file of this name, in memory."""
    return stream_table(lambda: io.BytesIO(data), filename).table()


def stream_table(opened: Opened, filename: str, header: bool = True) -> Stream:
    """The table in a file of this name; the ending says how to read it.

    ``header``: whether the first row of CSV or TSV names the columns.
    """
    ending, name = ending_of(filename), shown_name(filename)
    if ending == ".parquet":
        return stream_parquet(opened, name)
    if ending.endswith(GZIP):
        ending, opened = ending.removesuffix(GZIP), unpacked(opened, name)
    read = text_opener(opened, name)
    if ending in (".jsonl", ".json"):
        return stream_json(read, name)
    return stream_delimited(read, name, "\t" if ending == ".tsv" else ",", header)


def ending_of(filename: str) -> str:
    """The ending of a file's name, with the one that says that it is packed."""
    name = filename.lower()
    packed = GZIP if name.endswith(GZIP) else ""
    for ending in ENDINGS[bool(packed) :]:
        if name.removesuffix(packed).endswith(ending):
            return ending + packed
    raise UserError(
        tr(
            '"{name}" is not a file that can be read; its name should end in {endings}, all but '
            ".parquet also with {gzip}.",
            name=shown_name(filename),
            endings=alternatives(ENDINGS),
            gzip=GZIP,
        )
    )


def shown_name(filename: str) -> str:
    """The file's own name without its folders, fit for a sentence."""
    return shown(filename.replace("\\", "/").rsplit("/", 1)[-1])
