"""Rationales: texts in which people marked what gave them the answer.

A table with a column "text" and a column "spans": a list of [start, end] pairs of characters,
``end`` not included, or one such list for each person. In CSV and TSV they are written as JSON.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from han_core.data.columns import HTML_BREAK
from han_core.data.corpus import table_named
from han_core.data.table import Table
from han_core.runtime.errors import UserError, counted, shown
from han_core.runtime.messages import tr, trn
from han_core.text.document import Span

Marks = tuple[tuple[Span, ...], ...]
"""What each person marked in one text, in the order of the file."""


@dataclass(frozen=True)
class Rationales:
    """Texts in order and what people marked in them.

    Attributes:
        texts: a line break in HTML is white space of the same length, so spans fit.
        marks: for each text, at least one span of at least one person.
        notes: sentences for the user about what was left out.

    Raises:
        ValueError: if there are not as many marks as texts, or a text has none.
    """

    name: str
    texts: tuple[str, ...]
    marks: tuple[Marks, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.texts) != len(self.marks):
            raise ValueError(f"{len(self.texts)} marks expected, {len(self.marks)} came")
        if not all(map(any, self.marks)):
            raise ValueError("every text has a marked span")

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Sequence[int]) -> "Rationales":
        """The texts at ``rows``, each counted from 0."""
        texts = tuple(self.texts[row] for row in rows)
        return Rationales(self.name, texts, tuple(self.marks[row] for row in rows), self.notes)


def read_rationales(
    spec: str,
    *,
    text_column: str = "text",
    spans_column: str = "spans",
    default_split: str = "test",
) -> Rationales:
    """The texts and marks that ``spec`` names, as ``read_corpus`` names them.

    Raises:
        UserError: names the row whose spans are none or do not fit their text.
    """
    return rationales_from_table(table_named(spec, default_split), text_column, spans_column)


def rationales_from_table(
    table: Table, text_column: str = "text", spans_column: str = "spans"
) -> Rationales:
    """The rows in which something is marked.

    Raises:
        UserError: as ``read_rationales``, or if no row is left.
    """
    all_rows = _rows(table, text_column, spans_column)
    rows = [(text, marks) for text, marks in all_rows if any(marks) and text.strip()]
    if not rows:
        raise UserError(
            tr(
                '{name} has no row with a marked span in "{spans_column}".',
                name=table.name,
                spans_column=shown(spans_column),
            )
        )
    unmarked = table.rows - len(rows)
    note = trn(
        "{count:,} row in which nothing is marked was left out.",
        "{count:,} rows in which nothing is marked were left out.",
        unmarked,
    )
    texts, marks = zip(*rows, strict=True)
    return Rationales(table.name, texts, marks, (note,) if unmarked else ())


def _rows(table: Table, text_column: str, spans_column: str) -> Iterator[tuple[str, Marks]]:
    if text_column == spans_column:
        raise UserError(tr("The text and the spans were expected in two columns, but one came."))
    cells = zip(table.column(text_column), table.column(spans_column), strict=True)
    for row, (text, spans) in enumerate(cells, start=1):
        try:
            marks = marks_of(spans, len(text))
        except UserError as error:
            raise UserError(
                tr("Row {row} of {name}: {error}", row=row, name=table.name, error=error)
            ) from error
        yield HTML_BREAK.sub(_white_space, text), marks


def marks_of(cell: str, characters: int) -> Marks:
    """What a cell of the column "spans" says of a text of so many characters.

    An empty cell is nobody who marked anything.

    Raises:
        UserError: if it says no spans, or one of them does not fit.
    """
    people = _people(cell)
    if people is None:
        raise UserError(
            tr(
                "a list of [start, end] pairs, or one such list for each person, is expected; "
                "{cell} came.",
                cell=shown(cell),
            )
        )
    return tuple(tuple(_span(pair, characters) for pair in person) for person in people)


def _people(cell: str) -> list[list[list[int]]] | None:
    """A list of pairs of whole numbers for each person; None where the cell is none."""
    try:
        value = json.loads(cell) if cell.strip() else []
    except (ValueError, RecursionError):
        return None
    if not _lists(value):
        return None
    people = value if all(map(_lists, value)) else [value]
    pairs = (pair for person in people for pair in person)
    return people if all(_lists([pair]) and _kinds(pair) == [int, int] for pair in pairs) else None


def _lists(value: object) -> bool:
    """Whether it is a list of lists."""
    return isinstance(value, list) and all(isinstance(part, list) for part in value)


def _kinds(values: list) -> list[type]:
    return [type(value) for value in values]  # that of True is not int


def _span(pair: list[int], characters: int) -> Span:
    start, end = pair
    if not 0 <= start < end <= characters:
        span = shown(tr("from {start} to {end}", start=start, end=end))
        room = counted(characters, "character")
        raise UserError(tr("a span {span} does not fit its text of {room}.", span=span, room=room))
    return Span(start, end)


def _white_space(match: re.Match) -> str:
    """As long as the match, and a line break to a tokenizer."""
    return "\n".rjust(len(match[0]))
