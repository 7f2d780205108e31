"""CSV and TSV text to a table, with every cell exactly as it was written.

Uses the standard `csv` module: pandas turns "NA" into a missing value, 007
into 7, and a text into an index where the delimiter was guessed wrong. Knows
nothing about encodings or files.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TextIO

from han_core.corpora.encoding import Read
from han_core.corpora.stream import Stream, batches_of
from han_core.corpora.table import checked_names
from han_core.corpora.wording import counted
from han_core.wrong_input import WrongInput

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
    return Stream(name, names, batches_of(_rows(read, name, form), names))


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
        for _ in _rows(read, name, form):
            pass
    except WrongInput:
        return _Form(delimiter, csv.QUOTE_NONE)
    return form


def _rows(read: Read, name: str, form: _Form) -> Iterator[list[str]]:
    """The rows below the header, each as wide as it."""
    with read(AS_WRITTEN) as text:
        records = _records(text, name, form)
        width = len(_header(records, name))
        for line, cells in records:
            if len(cells) != width:
                raise WrongInput(
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
        raise WrongInput(
            f"{name} cannot be split into cells at line {line} ({error}); "
            "a quotation mark inside a quoted cell must be written twice."
        ) from error


def _header(records: Iterator[tuple[int, list[str]]], name: str) -> Sequence[str]:
    _, header = next(records, (0, []))
    if not header:
        raise WrongInput(f"{name} is empty; a first line with column names was expected.")
    if any("\0" in column for column in header):
        raise WrongInput(f"{name} is not text in UTF-8 (NUL bytes in its first line).")
    return checked_names([column.strip() for column in header], name)
