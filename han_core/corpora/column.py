"""Strings in a row that lie in Arrow's memory, which may be a mapped file.

A million documents then cost the process little: a string becomes a Python object when
somebody asks for it. It knows nothing about what the strings say.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import overload

import numpy as np
import pyarrow as pa

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
        more = f", … {len(self):,} in all" if len(self) > SHOWN else ""
        return f"Column({', '.join(map(repr, islice(self, SHOWN)))}{more})"


def taken(cells: Sequence[str], rows: np.ndarray) -> Sequence[str]:
    """The cells at ``rows``: of a column a column, of anything else a tuple."""
    if isinstance(cells, Column):
        return cells.take(rows)
    return tuple(cells[row] for row in rows.tolist())


def changed(cells: Sequence[str], change: Callable[[str], str]) -> Sequence[str]:
    """Each cell with ``change`` applied: of a column when it is asked for."""
    return cells.changed(change) if isinstance(cells, Column) else tuple(map(change, cells))
