"""Series in tables: Parquet with lists, JSON lines, long and wide CSV.

* lists: one column of channels × steps, or one column of steps for each channel
* long: a row for each step, with the columns ``series``, ``time``, the channels, and the target
* wide: a row for each series and a column for each step, ``name_1``, ``name_2``, … where there
  are several channels
"""

import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from han_core.data.readers import Where, shown_name, stream_table
from han_core.data.table import Table
from han_core.runtime.errors import UserError, counted, listed, shown
from han_core.runtime.messages import mark, tr

NESTED = ("x", "X", "values")
MOST_ROWS = 2_000_000
TARGETS = ("label", "target", "class", "y")
SPLIT, SERIES, TIME = "split", "series", "time"
MISSING = {"", "?", "nan", "na", "null", "none"}
BESIDE = {"id", "name", "n_channels", "length"}
"""Columns that describe a series and hold none of its values."""
UNORDERED = mark("Steps that were out of order were sorted by time.")

Values = list[list[float | None]]


class Row(NamedTuple):
    """One series: a list of values for each channel.

    Attributes:
        single: columns with one value a series, of which each may be the target.
    """

    id: str
    channels: list[str]
    values: Values
    target: str | None
    split: str | None = None
    single: tuple[str, ...] = ()


def table_of_rows(rows: Sequence[Row], name: str, labelled: bool, note: str) -> Table:
    """Return the table that a child hands over.

    Raises:
        UserError: if there is no series, or a target that is needed is missing.
    """
    if not rows:
        raise UserError(tr("{name} holds no series.", name=name))
    ids = [row.id or str(number) for number, row in enumerate(rows, start=1)]
    for id, row in zip(ids, rows, strict=True):
        if labelled and not (row.target or "").strip():
            raise UserError(
                tr(
                    "Series {id} of {name} has no target; name the column of classes or numbers "
                    "with --target-column.",
                    id=shown(id),
                    name=name,
                )
            )
        if len(row.channels) != len(rows[0].channels) and len(row.values) == len(row.channels):
            raise UserError(
                tr(
                    "Series {id} of {name} has {channels}; {count} were expected, as in the first "
                    "series.",
                    id=shown(id),
                    name=name,
                    channels=counted(len(row.channels), "channel"),
                    count=len(rows[0].channels),
                )
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
            raise UserError(
                tr("{name} has more than {most_rows:,} rows.", name=name, most_rows=MOST_ROWS)
            )
        table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise UserError(tr("{name} is damaged, or no Parquet file.", name=name)) from error
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
                raise UserError(
                    tr("Line {number} of {name} is not JSON.", number=number, name=name)
                ) from error
            if not isinstance(value, dict):
                raise UserError(
                    tr(
                        'Line {number} of {name} is not an object such as {{"x": [[1]]}}.',
                        number=number,
                        name=name,
                    )
                )
            yield value


def rows_of_objects(objects: Iterable[dict], name: str, target: str | None) -> Iterator[Row]:
    """Series of rows with lists; other columns are the target, the split and the id."""
    for number, cells in enumerate(objects, start=1):
        where = Where(mark("Series {number} of {name}"), number, name)
        at = target_of(list(cells), name, target)
        lists = {k: v for k, v in cells.items() if isinstance(v, list) and k != at}
        nested = next((k for k in NESTED if k in lists), None)
        if nested is None and len(lists) == 1 and _is_nested(next(iter(lists.values()))):
            nested = next(iter(lists))
        if not lists:
            raise UserError(
                tr('{where} has no list of values, such as "x": [[1, 2, 3]].', where=where)
            )
        if nested is not None:
            channels = lists[nested] if _is_nested(lists[nested]) else [lists[nested]]
            names = [f"channel {n}" for n in range(1, len(channels) + 1)]  # not shown
        else:
            channels, names = list(lists.values()), list(lists)
        values = [[finite(v, where) for v in _steps(c, where)] for c in channels]
        id, label = _text(cells.get("id", "")), _text(cells.get(at)) if at else None
        single = tuple(k for k, v in cells.items() if not isinstance(v, list | dict))
        single = tuple(k for k in single if k not in {SPLIT, *BESIDE})
        yield Row(id, names, values, label, _text(cells.get(SPLIT)), single)


def _is_nested(value: list) -> bool:
    return bool(value) and all(isinstance(one, list) for one in value)


def _steps(value: object, where: object) -> list:
    if not isinstance(value, list):
        raise UserError(tr("{where} has a channel that is no list of numbers.", where=where))
    return value


def _is_list(kind: pa.DataType) -> bool:
    tests = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(test(kind) for test in tests)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def rows_of_cells(
    cells: Mapping[str, Sequence[str]], name: str, target: str | None
) -> tuple[list[Row], str]:
    """Return the series of a table of strings, which is long where it has a column ``series``."""
    at = target_of(list(cells), name, target)
    if SERIES in cells:
        return _long(cells, name, at)
    steps, left_out = _step_columns(cells, at)
    note = tr("Columns that hold no steps left out: {columns}.",
              columns=listed(tuple(left_out), 5))  # fmt: skip
    return list(_wide(cells, name, at, steps)), note if left_out else ""


def target_of(columns: Sequence[str], name: str, target: str | None) -> str | None:
    """Return the column of targets; None where none was named and none has a usual name.

    Raises:
        UserError: if the one that was named is not there.
    """
    if target is not None and target not in columns:
        raise UserError(
            tr(
                '{name} has no column "{target}"; its columns are {columns}.',
                name=name,
                target=shown(target),
                columns=listed(tuple(columns), 8),
            )
        )
    return target or next((c for c in TARGETS if c in columns), None)


def _long(
    cells: Mapping[str, Sequence[str]], name: str, target: str | None
) -> tuple[list[Row], str]:
    members: dict[str, list[int]] = {}
    for row, id in enumerate(cells[SERIES]):
        members.setdefault(id, []).append(row)
    beside = [c for c in cells if c not in {SERIES, TIME, SPLIT}]
    single = tuple(c for c in beside if _says_one_thing(cells[c], members.values()))
    words = {c for c in single if not all(map(_is_number, cells[c]))}
    channels = [c for c in beside if c != target and c not in words]
    if not channels:
        raise UserError(
            tr("{name} has no column of values beside series, time and target.", name=name)
        )
    rows, sorted_any = [], False
    for id, steps in members.items():
        order = _by_time(steps, cells[TIME], id, name) if TIME in cells else steps
        sorted_any |= order != steps
        where = tr("Series {id} of {name}", id=shown(id), name=name)
        values = [[number_in(cells[c][step], where) for step in order] for c in channels]
        label = _same(cells, target, steps, where)
        rows.append(Row(id, channels, values, label, _same(cells, SPLIT, steps, where), single))
    return rows, tr(UNORDERED) if sorted_any else ""


def _says_one_thing(cells: Sequence[str], members: Iterable[list[int]]) -> bool:
    """Whether a column has the same cell in all rows of a series, for series of several rows."""
    long = [steps for steps in members if len(steps) > 1]
    return bool(long) and all(len({cells[step] for step in steps}) == 1 for steps in long)


def _is_number(cell: str) -> bool:
    try:
        number_in(cell, "")
    except UserError:
        return False
    return True


def _by_time(steps: list[int], times: Sequence[str], id: str, name: str) -> list[int]:
    """The rows of a series in the order of time: numbers, or dates as ISO 8601 writes them."""
    try:
        keys: dict[int, float | str] = {step: float(times[step]) for step in steps}
    except ValueError:
        keys = {step: times[step] for step in steps}
    if len(set(keys.values())) < len(steps):
        raise UserError(
            tr(
                "Series {id} of {name} has two rows at the same time; a time for each step was "
                "expected.",
                id=shown(id),
                name=name,
            )
        )
    return sorted(steps, key=keys.__getitem__)  # type: ignore[arg-type]


def _same(
    cells: Mapping[str, Sequence[str]], column: str | None, steps: list[int], where: object
) -> str | None:
    """What a column says of a series, in all its rows."""
    if column is None or column not in cells:
        return None
    said = {cells[column][step] for step in steps}
    if len(said) > 1:
        raise UserError(
            tr(
                '{where} has several values of "{column}"; one was expected.',
                where=where,
                column=shown(column),
            )
        )
    return said.pop()


_STEP = re.compile(r"(.+?)[_. ](\d+)")
_NUMBERED = re.compile(r"\D*\d+|.+[_. ]\d+")


def _step_columns(
    cells: Mapping[str, Sequence[str]], target: str | None
) -> tuple[list[str], list[str]]:
    """The columns with steps, and those beside numbered ones that have no number of their own.

    Where few columns are numbered (months by their names, say), all of them hold steps.
    """
    columns = [c for c in cells if c not in {target, SPLIT, *BESIDE}]
    numbered = [c for c in columns if _NUMBERED.fullmatch(c)]
    if 2 * len(numbered) <= len(columns):
        return columns, []
    return numbered, [c for c in columns if c not in set(numbered)]


def _wide(
    cells: Mapping[str, Sequence[str]], name: str, target: str | None, columns: Sequence[str]
) -> Iterator[Row]:
    if not columns:
        raise UserError(tr("{name} has no column of values beside its target.", name=name))
    single = tuple(c for c in cells if c not in {*columns, SPLIT, *BESIDE})
    matches = [_STEP.fullmatch(c) for c in columns]
    groups: dict[str, list[str]] = {}
    for column, match in zip(columns, matches, strict=True):
        groups.setdefault(match[1] if match and all(matches) else "value", []).append(column)
    for number in range(len(cells[columns[0]])):
        where = Where(mark("Row {number} of {name}"), number + 1, name)
        values = [[number_in(cells[c][number], where) for c in group] for group in groups.values()]
        label = cells[target][number] if target else None
        id = cells["id"][number] if "id" in cells else ""
        split = cells[SPLIT][number] if SPLIT in cells else None
        yield Row(id, list(groups), _without_end(values), label, split, single)


def _without_end(values: Values) -> Values:
    """Without the steps at the end where no channel has a value: series that end early."""
    last = max((n for one in values for n, v in enumerate(one, 1) if v is not None), default=None)
    return values if last is None else [one[:last] for one in values]


def number_in(cell: str, where: object) -> float | None:
    """Return the number in a cell; None where it says that the value is missing.

    Raises:
        UserError: if it is neither.
    """
    cell = cell.strip()
    if cell.lower() in MISSING:
        return None
    try:
        return finite(float(cell), where)
    except ValueError as error:
        raise UserError(
            tr('{where} holds "{cell}" where a number was expected.', where=where, cell=shown(cell))
        ) from error


def finite(value: object, where: object) -> float | None:
    """Return a number; None where it is missing or not finite.

    Raises:
        UserError: if it is no number.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError(
            tr(
                '{where} holds "{value}" where a number was expected.',
                where=where,
                value=shown(str(value)),
            )
        )
    try:
        number = float(value)
    except OverflowError as error:
        raise UserError(tr("{where} holds a number that is too large.", where=where)) from error
    return number if math.isfinite(number) else None
