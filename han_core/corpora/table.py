"""A table in which every cell is a string, whatever kind of file it came from.

Every route (file, upload, hub, bundled) makes a `Table` first and chooses its
text and label columns afterwards, so a page can offer the columns after one
read. Its columns may lie in a mapped file. A `Table` knows nothing about texts and labels.
"""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from han_core.corpora.column import taken
from han_core.corpora.wording import listed, shown
from han_core.wrong_input import WrongInput

PREVIEW_ROWS = 5
# Beyond these a header is no header, and Parquet takes minutes over it.
MOST_COLUMNS = 1_000
LONGEST_NAME = 1_000


@dataclass(frozen=True)
class Table:
    """Columns of equal length, in the order of the file."""

    name: str
    data: dict[str, Sequence[str]]

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
            there = listed(self.columns) or "none"
            raise WrongInput(
                f'{self.name} has no column "{shown(name)}"; its columns are: {there}.'
            )
        return self.data[name]

    def take(self, rows: Sequence[int]) -> "Table":
        chosen = np.asarray(rows, dtype=np.int64)
        return Table(self.name, {name: taken(cells, chosen) for name, cells in self.data.items()})


def checked_names(names: Sequence[str], table: str) -> Sequence[str]:
    """The names as they are; two columns of one name would lose one of them."""
    if len(names) > MOST_COLUMNS:
        raise WrongInput(f"{table} has {len(names):,} columns; at most {MOST_COLUMNS:,} are read.")
    longest = max(map(len, names), default=0)
    if longest > LONGEST_NAME:
        raise WrongInput(
            f"{table} has a column name of {longest:,} characters; was its header left out?"
        )
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise WrongInput(f"{table} has more than one column of the name {listed(twice)}.")
    return names


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
