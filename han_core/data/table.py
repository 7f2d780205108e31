"""A table of strings, whatever kind of file it came from, whose columns may lie in a mapped file.

A million documents then cost little memory: a string becomes a Python object when it is read.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import overload

import numpy as np
import pyarrow as pa

from han_core.runtime.errors import UserError, listed, shown
from han_core.runtime.messages import tr

SHOWN = 5  # cells that a column's own description shows
_SLICE = 1_024  # cells made into strings at a time


class Column(Sequence[str]):
    """Strings in order: a tuple of them to whoever looks, without holding them.

    It does not change, so several threads may read it.
    """

    __slots__ = ("_cells", "_change", "_rows")

    def __init__(
        self,
        cells: pa.ChunkedArray,
        rows: np.ndarray | None = None,
        change: Callable[[str], str] | None = None,
    ) -> None:
        """``cells``: strings without gaps; ``rows``: which of them, in what order; None for all.

        ``change`` is applied to each string when it is asked for.
        """
        self._cells, self._rows, self._change = cells, rows, change

    @classmethod
    def of(cls, cells: Iterable[str]) -> "Column":
        return cls(pa.chunked_array([pa.array(cells, pa.large_string())]))

    @classmethod
    def numbered(cls, rows: int) -> "Column":
        """ "1", "2", … up to ``rows``."""
        numbers = pa.array(np.arange(1, rows + 1)).cast(pa.large_string())
        return cls(pa.chunked_array([numbers]))

    def __len__(self) -> int:
        return len(self._cells if self._rows is None else self._rows)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> "Column": ...
    def __getitem__(self, at: int | slice) -> "str | Column":
        if isinstance(at, slice):
            return self.take(np.arange(len(self))[at])
        row = range(len(self))[at]
        cell = self._cells[row if self._rows is None else int(self._rows[row])].as_py()
        return self._change(cell) if self._change else cell

    def __iter__(self) -> Iterator[str]:
        return map(self._change, self._plain()) if self._change else self._plain()

    def _plain(self) -> Iterator[str]:
        if self._rows is not None:
            for row in self._rows:
                yield self._cells[int(row)].as_py()
            return
        for chunk in self._cells.chunks:
            for start in range(0, len(chunk), _SLICE):
                yield from chunk.slice(start, _SLICE).to_pylist()

    def take(self, rows: Sequence[int] | np.ndarray) -> "Column":
        """The strings at ``rows``, each counted from 0."""
        chosen = np.asarray(rows, dtype=np.int64)
        return Column(
            self._cells, chosen if self._rows is None else self._rows[chosen], self._change
        )

    def changed(self, change: Callable[[str], str]) -> "Column":
        """The same with ``change`` applied to each string."""
        before = self._change
        return Column(
            self._cells, self._rows, change if before is None else lambda cell: change(before(cell))
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Column | tuple):
            return NotImplemented
        return len(self) == len(other) and all(
            one == another for one, another in zip(self, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]  # as equal tuples would need the same

    def __add__(self, other: Sequence[str]) -> tuple[str, ...]:
        return (*self, *other)

    def __radd__(self, other: Sequence[str]) -> tuple[str, ...]:
        return (*other, *self)

    def __reduce__(self) -> tuple:
        # For another process: the strings of these rows, and none of the file around them.
        return Column.of, (tuple(self),)

    def __repr__(self) -> str:
        more = f", … {len(self):,} in all" if len(self) > SHOWN else ""  # not shown
        return f"Column({', '.join(map(repr, islice(self, SHOWN)))}{more})"


def take_cells(cells: Sequence[str], rows: np.ndarray) -> Sequence[str]:
    """The cells at ``rows``: of a column a column, of anything else a tuple."""
    if isinstance(cells, Column):
        return cells.take(rows)
    return tuple(cells[row] for row in rows.tolist())


def map_cells(cells: Sequence[str], change: Callable[[str], str]) -> Sequence[str]:
    """Each cell with ``change`` applied: of a column when it is asked for."""
    return cells.changed(change) if isinstance(cells, Column) else tuple(map(change, cells))


PREVIEW_ROWS = 5
# Beyond these a header is no header, and Parquet takes minutes over it.
MOST_COLUMNS = 1_000
LONGEST_NAME = 1_000


@dataclass(frozen=True)
class Table:
    """Columns of equal length, in the order of the file.

    Attributes:
        data: every cell in words.
        lists: the cells of columns in which lists stand, as ``list_cell`` writes them.
    """

    name: str
    data: dict[str, Sequence[str]]
    lists: dict[str, Sequence[str]] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if len({len(cells) for cells in self.data.values()}) > 1:
            raise ValueError("The columns of a table must be equally long.")

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.data)

    @property
    def rows(self) -> int:
        return len(next(iter(self.data.values()), ()))

    @property
    def preview(self) -> tuple[dict[str, str], ...]:
        """The first rows, for a page that lets people choose columns."""
        return tuple(
            {column: cells[row] for column, cells in self.data.items()}
            for row in range(min(PREVIEW_ROWS, self.rows))
        )

    def column(self, name: str) -> Sequence[str]:
        if name not in self.data:
            columns = listed(self.columns) or tr("none")
            raise UserError(
                tr(
                    '{name} has no column "{column}"; its columns are: {columns}.',
                    name=self.name,
                    column=shown(name),
                    columns=columns,
                )
            )
        return self.data[name]

    def take(self, rows: Sequence[int]) -> "Table":
        chosen = np.asarray(rows, dtype=np.int64)
        data, lists = (
            {name: take_cells(cells, chosen) for name, cells in columns.items()}
            for columns in (self.data, self.lists)
        )
        return Table(self.name, data, lists)


def checked_names(names: Sequence[str], table: str) -> Sequence[str]:
    """The names, with numbers where several columns have the same one or none.

    So nothing is lost, and a name that stands for several columns names none of them.
    """
    if len(names) > MOST_COLUMNS:
        raise UserError(
            tr(
                "{table} has {count:,} columns; at most {most_columns:,} are read.",
                table=table,
                count=len(names),
                most_columns=MOST_COLUMNS,
            )
        )
    longest = max(map(len, names), default=0)
    if longest > LONGEST_NAME:
        raise UserError(
            tr(
                "{table} has a column name of {longest:,} characters; if its first row is data, "
                "say so: --no-header, or the switch beside the file.",
                table=table,
                longest=longest,
            )
        )
    times, numbers = Counter(names), Counter[str]()
    unique = []
    for name in names:
        numbers[name] += 1
        unique.append(name if times[name] == 1 else f"{name or 'unnamed'} ({numbers[name]})")
    if len(set(unique)) < len(unique):  # a name that ends in such a number itself
        raise UserError(
            tr(
                "{table} has columns that cannot be told apart: {unique}.",
                table=table,
                unique=listed(unique, 10),
            )
        )
    return tuple(unique)


_LIST = "\u2063["  # how a cell that holds a list begins; no text is likely to


def list_cell(values: Sequence) -> str:
    """A list as a cell that ``list_of`` takes apart."""
    return _LIST[0] + json.dumps(values, ensure_ascii=False, default=in_words)


def cell_of(value: object) -> str:
    return list_cell(value) if isinstance(value, list) else in_words(value)


def list_of(cell: str) -> list | None:
    """The list that a cell holds; None for any other cell."""
    if not cell.startswith(_LIST):
        return None
    try:
        return list(json.loads(cell[1:]))
    except (ValueError, RecursionError):
        return None


def without_list(cell: str) -> str:
    """A cell in words, whether or not it holds a list."""
    values = list_of(cell)
    return cell if values is None else in_words(values)


def in_words(value: object) -> str:
    """A cell as a person would write it: 1.0 is "1", nothing is "", a list is "a, b".

    A list of lists is written as JSON, or nobody could tell which ended where.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_in_words(value)
    if isinstance(value, list | tuple):
        if any(isinstance(part, list) for part in value):
            return json.dumps(value, ensure_ascii=False)
        return ", ".join(map(in_words, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def _float_in_words(value: float) -> str:
    if math.isnan(value):  # how pandas writes a missing cell
        return ""
    # Beyond 2**53 a float no longer says which whole number was meant.
    return str(int(value)) if value.is_integer() and abs(value) <= 2**53 else repr(value)
