"""CSV and TSV text to a table, with every cell exactly as it was written.

Uses the standard `csv` module: pandas turns "NA" into a missing value, 007
into 7, and a text into an index where the delimiter was guessed wrong. Knows
nothing about encodings or files.
"""

import csv
import io
from collections.abc import Iterator
from itertools import islice

from han_core.corpora.table import Table, checked_names
from han_core.corpora.wording import counted
from han_core.wrong_input import WrongInput

DELIMITERS = ",;\t|"
SAMPLED_ROWS = 20

# The default of 131,072 characters would refuse long documents.
csv.field_size_limit(2**31 - 1)


def read_delimited(text: str, name: str, usual: str = ",") -> Table:
    """The table in `text`; `usual` is the delimiter where the text does not tell."""
    delimiter = detected_delimiter(text, usual)
    try:
        return _table(_records(text, name, delimiter, csv.QUOTE_MINIMAL), name)
    except WrongInput:
        if delimiter != "\t":
            raise
    # Many tab-separated files know no quoting: there a cell that begins with
    # a quotation mark is ordinary text.
    return _table(_records(text, name, delimiter, csv.QUOTE_NONE), name)


def detected_delimiter(text: str, usual: str) -> str:
    """The delimiter that splits the header, and the first rows like the header."""

    def score(delimiter: str) -> tuple[int, int, bool]:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        widths = [len(cells) for cells in islice(lines, SAMPLED_ROWS) if cells]
        if not widths or widths[0] < 2:
            return 0, 0, delimiter == usual
        return widths.count(widths[0]), widths[0], delimiter == usual

    return max(DELIMITERS, key=score)


def _records(text: str, name: str, delimiter: str, quoting: int) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the number of the line on which it begins."""
    # newline="" keeps line breaks inside quoted cells as they are.
    source = io.StringIO(text, newline="")
    reader = csv.reader(source, delimiter=delimiter, quoting=quoting, strict=True)  # type: ignore[arg-type]
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise WrongInput(
            f"{name} cannot be split into cells at line {line} ({error}); "
            "a quotation mark inside a quoted cell must be written twice."
        ) from error


def _table(records: Iterator[tuple[int, list[str]]], name: str) -> Table:
    _, header = next(records, (0, []))
    if not header:
        raise WrongInput(f"{name} is empty; a first line with column names was expected.")
    if any("\0" in column for column in header):
        raise WrongInput(f"{name} is not text in UTF-8 (NUL bytes in its first line).")
    names = checked_names([column.strip() for column in header], name)
    rows = []
    for line, cells in records:
        if len(cells) != len(names):
            raise WrongInput(
                f"Line {line} of {name} has {counted(len(cells), 'cell')} "
                f"where the header has {len(names)}."
            )
        rows.append(cells)
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return Table(name, dict(zip(names, columns, strict=True)))
