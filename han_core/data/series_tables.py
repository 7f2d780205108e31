"""Series in tables: Parquet with lists, JSON lines, long and wide CSV (``series_cells``).

With lists there is one column of channels × steps, or one column of steps for each channel.
"""

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from han_core.data.readers import shown_name, stream_table
from han_core.data.series_cells import (
    BESIDE,
    SPLIT,
    Row,
    finite,
    rows_of_cells,
    target_of,
)
from han_core.data.table import Table
from han_core.runtime.errors import UserError, counted, shown

NESTED = ("x", "X", "values")
MOST_ROWS = 2_000_000


def table_of_rows(rows: Sequence[Row], name: str, labelled: bool, note: str) -> Table:
    """Return the table that a child hands over.

    Raises:
        UserError: if there is no series, or a target that is needed is missing.
    """
    if not rows:
        raise UserError(f"{name} holds no series.")
    ids = [row.id or str(number) for number, row in enumerate(rows, start=1)]
    for id, row in zip(ids, rows, strict=True):
        if labelled and not (row.target or "").strip():
            raise UserError(
                f"Series {shown(id)} of {name} has no target; name the column of classes or "
                "numbers with --target-column."
            )
        if len(row.channels) != len(rows[0].channels) and len(row.values) == len(row.channels):
            raise UserError(
                f"Series {shown(id)} of {name} has {counted(len(row.channels), 'channel')}; "
                f"{len(rows[0].channels)} were expected, as in the first series."
            )
    columns: dict[str, Sequence[str]] = {
        "id": ids,
        "channels": [json.dumps(rows[0].channels)] + ["[]"] * (len(rows) - 1),
        "values": [json.dumps(row.values, allow_nan=False) for row in rows],
        "note": [note] * len(rows),
        "single": [json.dumps(rows[0].single)] + ["[]"] * (len(rows) - 1),
    }
    if any(row.target for row in rows):
        columns["target"] = [(row.target or "").strip() for row in rows]
    if any(row.split for row in rows):
        columns["split"] = [row.split or "" for row in rows]
    return Table(name, columns)


def read_parquet(path: Path, name: str, target: str | None) -> tuple[list[Row], str]:
    """Return the series of a Parquet file with lists, or of one that is long or wide."""
    try:
        file = pq.ParquetFile(path)
        if file.metadata.num_rows > MOST_ROWS:
            raise UserError(f"{name} has more than {MOST_ROWS:,} rows.")
        table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{name} is damaged, or no Parquet file.") from error
    if any(_is_list(field.type) for field in table.schema):
        return list(rows_of_objects(table.to_pylist(), name, target)), ""
    cells = {c: [_text(v) for v in table[c].to_pylist()] for c in table.column_names}
    return rows_of_cells(cells, name, target)


def read_rows(path: Path, filename: str, target: str | None) -> tuple[list[Row], str]:
    """Return the series of CSV, TSV or JSON lines."""
    name = shown_name(filename)
    if ".jsonl" in filename.lower():
        return list(rows_of_objects(_objects(path, name), name, target)), ""
    table = stream_table(lambda: path.open("rb"), filename).table()
    return rows_of_cells({key: list(cells) for key, cells in table.data.items()}, name, target)


def _objects(path: Path, name: str) -> Iterator[dict]:
    with io.TextIOWrapper(path.open("rb"), encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise UserError(f"Line {number} of {name} is not JSON.") from error
            if not isinstance(value, dict):
                raise UserError(f'Line {number} of {name} is not an object such as {{"x": [[1]]}}.')
            yield value


def rows_of_objects(objects: Iterable[dict], name: str, target: str | None) -> Iterator[Row]:
    """Series of rows with lists; other columns are the target, the split and the id."""
    for number, cells in enumerate(objects, start=1):
        where = f"Series {number} of {name}"
        at = target_of(list(cells), name, target)
        lists = {k: v for k, v in cells.items() if isinstance(v, list) and k != at}
        nested = next((k for k in NESTED if k in lists), None)
        if nested is None and len(lists) == 1 and _is_nested(next(iter(lists.values()))):
            nested = next(iter(lists))
        if not lists:
            raise UserError(f'{where} has no list of values, such as "x": [[1, 2, 3]].')
        if nested is not None:
            channels = lists[nested] if _is_nested(lists[nested]) else [lists[nested]]
            names = [f"channel {n}" for n in range(1, len(channels) + 1)]
        else:
            channels, names = list(lists.values()), list(lists)
        values = [[finite(v, where) for v in _steps(c, where)] for c in channels]
        id, label = _text(cells.get("id", "")), _text(cells.get(at)) if at else None
        single = tuple(k for k, v in cells.items() if not isinstance(v, list | dict))
        single = tuple(k for k in single if k not in {SPLIT, *BESIDE})
        yield Row(id, names, values, label, _text(cells.get(SPLIT)), single)


def _is_nested(value: list) -> bool:
    return bool(value) and all(isinstance(one, list) for one in value)


def _steps(value: object, where: str) -> list:
    if not isinstance(value, list):
        raise UserError(f"{where} has a channel that is no list of numbers.")
    return value


def _is_list(kind: pa.DataType) -> bool:
    tests = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(test(kind) for test in tests)


def _text(value: object) -> str:
    return "" if value is None else str(value)
