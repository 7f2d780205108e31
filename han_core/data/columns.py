"""Read columns in their roles: as texts, whose sentences or words lists may give, and as labels."""

import ast
import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from han_core.data.delimited import looks_like_data
from han_core.data.labels import whole_numbers
from han_core.data.table import Table, in_words, list_cell, list_of, map_cells
from han_core.runtime.errors import UserError, counted, listed, shown
from han_core.runtime.messages import mark, tr
from han_core.text.presegmented import join_sentences, join_words

HTML_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)
SAMPLE = 200  # lists that tell what all of them hold
LONGEST_LIST = 1_000_000  # characters of a cell in which a list is looked for

MISSING = ("nan", "na", "n/a", "null", "none", "<na>")
"""Words by which programs write that there is no label."""

FIRST_ROW = mark(
    "The first row of {name} looks like data, but it names the columns; to read it as a document, "
    'give --no-header, or tick "The first row is data".'
)

_UNSPACED_SENTENCE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]{5}"
)
_FULL_STOP = re.compile(r"[.!?…。！？؟։।॥]+")


def header_note(table: Table) -> str:
    return tr(FIRST_ROW, name=table.name) if looks_like_data(table.columns) else ""


def column_of(table: Table, column: str) -> Sequence[str]:
    """The cells of a column, in words.

    Raises:
        UserError: if there is no such column.
    """
    try:
        return table.column(column)
    except UserError as error:
        if note := header_note(table):
            refusal = tr('{name} has no column "{column}".', name=table.name, column=shown(column))
            raise UserError(tr("{first} {second}", first=refusal, second=note)) from error
        raise


def texts_of(table: Table, column: str) -> tuple[Sequence[str], str]:
    """The texts in a column, and a note if lists gave their sentences or words.

    Raises:
        UserError: if there is no such column.
    """
    cells = _with_lists(table, column)
    lists = [values for cell in islice(cells, 50 * SAMPLE) if (values := list_of(cell))][:SAMPLE]
    if not lists:
        return map_cells(column_of(table, column), without_breaks), ""
    nested = any(isinstance(value, list) for values in lists for value in values)
    flat = [in_words(value) for values in lists for value in values if not isinstance(value, list)]
    words = nested or 5 * sum(map(_is_sentence, flat)) < len(flat)

    def text(cell: str) -> str:
        values = list_of(cell)
        if values is None:
            return without_breaks(cell)
        return join_words(_sentences(values)) if words else join_sentences(map(_plain, values))

    return map_cells(cells, text), _list_note(shown(column), words, nested)


def _list_note(column: str, words: bool, nested: bool) -> str:
    if nested:
        return tr('The column "{column}" holds lists of words; they are read as these words and '
                  "sentences.", column=column)  # fmt: skip
    if words:
        return tr('The column "{column}" holds lists of words; they are read as these words; full '
                  "stops among them end sentences.", column=column)  # fmt: skip
    return tr('The column "{column}" holds lists of sentences; they are read as these sentences.',
              column=column)  # fmt: skip


def _with_lists(table: Table, column: str) -> Sequence[str]:
    """The cells of a column; one that holds a list as ``list_cell`` writes it."""
    cells = column_of(table, column)
    if column in table.lists:
        return table.lists[column]
    first = [cell for cell in islice(cells, 50 * SAMPLE) if cell.strip()][:SAMPLE]
    if not first or any(_written_list(cell) is None for cell in first):
        return cells
    return map_cells(cells, _as_list_cell)


def _as_list_cell(cell: str) -> str:
    values = _written_list(cell)
    return cell if values is None else list_cell(values)


def _written_list(cell: str) -> list | None:
    """The list that a cell writes out as JSON or as Python does; None for any other cell."""
    bare = cell.strip()
    if len(bare) > LONGEST_LIST or not (bare.startswith("[") and bare.endswith("]")):
        return None
    for parse in (json.loads, ast.literal_eval):
        try:
            values = parse(bare)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
        return values if isinstance(values, list) else None
    return None


def _is_sentence(piece: str) -> bool:
    """Whether it is longer than a word: by its spaces, or its length in scripts without."""
    return len(piece.split()) > 1 or _UNSPACED_SENTENCE.search(piece) is not None


def _sentences(values: list) -> Iterator[list[str]]:
    """The words of each sentence; words outside of lists up to the next full stop."""
    words: list[str] = []
    for value in values:
        if isinstance(value, list):
            yield words
            yield list(map(in_words, value))
            words = []
        else:
            words.append(in_words(value))
            if _FULL_STOP.fullmatch(words[-1].strip()):
                yield words
                words = []
    yield words


def _plain(value: object) -> str:
    return without_breaks(in_words(value))


def without_breaks(text: str) -> str:
    return HTML_BREAK.sub("\n", text) if "<" in text else text


def labels_of(table: Table, column: str) -> tuple[tuple[str, ...], str]:
    """The labels in a column without white space around, and a note if some look missing.

    Raises:
        UserError: if there is no such column, or a cell holds several labels.
    """
    unique: dict[str, str] = {}  # each label is one object, however many rows have it
    cells = _with_lists(table, column)
    labels = []
    for row, cell in enumerate(cells, start=1):
        if cell not in unique:
            unique[cell] = _label(cell, row, table.name, column)
        labels.append(unique[cell])
    missing = [cell for cell, label in unique.items() if label.casefold() in MISSING]
    return whole_numbers(labels), _missing_note(labels, {unique[cell] for cell in missing})


def _label(cell: str, row: int, name: str, column: str) -> str:
    values = list_of(cell)
    if values is None:
        return cell.strip()
    if len(values) > 1 or (values and isinstance(values[0], list)):
        place = {"row": row, "name": name, "column": shown(column)}
        if all(value in (0, 1) and not isinstance(value, str) for value in values):
            raise UserError(
                tr('Row {row:,} of {name} has a list in its column "{column}", {values}, which is '
                   "one-hot; one label a document was expected. Write the name of the class that "
                   "has the 1 in its place.", values=shown(in_words(values)), **place)
            )  # fmt: skip
        raise UserError(
            tr('Row {row:,} of {name} has a list in its column "{column}" with {labels}, {values}; '
               "one label a document was expected. Keep one of them.",
               labels=counted(len(values), "label"), values=shown(in_words(values)), **place)
        )  # fmt: skip
    return in_words(values[0]).strip() if values else ""


def _missing_note(labels: Sequence[str], missing: set[str]) -> str:
    if not missing:
        return ""
    rows = sum(label in missing for label in labels)
    return tr(
        "{rows} with the label {labels}: it is read as the class of that name. Where it means "
        "that there is no label, leave the cell empty.",
        rows=counted(rows, "row"), labels=listed(sorted(missing), len(missing)),
    )  # fmt: skip
