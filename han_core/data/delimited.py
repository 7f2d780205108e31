"""Read CSV and TSV, and write CSV that a spreadsheet program opens without running any cell.

Every cell stays exactly as it was written: pandas would turn "NA" into a missing value and 007
into 7.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, TextIO

from han_core.data.labels import is_number
from han_core.data.stream import Read, Stream, batches_of
from han_core.data.table import checked_names
from han_core.runtime.errors import UserError, counted
from han_core.runtime.messages import mark, tr

if TYPE_CHECKING:
    import pandas as pd

DELIMITERS = ",;\t|"
SAMPLED_ROWS = 20
AS_WRITTEN = ""  # what ends a line is left alone: it may stand inside a quoted cell

# The default of 131,072 characters would refuse long documents.
csv.field_size_limit(2**31 - 1)


_DIRECTIVE = re.compile('"?sep=(?P<delimiter>.)"?[\r\n]*', re.IGNORECASE)
"""The first line by which a file tells Excel its delimiter."""


@dataclass(frozen=True)
class _Form:
    """How a text is divided into cells.

    Attributes:
        directive: whether the first line names the delimiter.
        header: whether the first row names the columns.
    """

    delimiter: str
    directive: bool
    header: bool
    quoting: int = csv.QUOTE_MINIMAL


def stream_delimited(read: Read, name: str, usual: str = ",", header: bool = True) -> Stream:
    """The table in a text.

    Args:
        usual: the delimiter where the text does not tell.
        header: whether the first row names the columns; else they are numbered.
    """
    with read(AS_WRITTEN) as text:
        directive = _DIRECTIVE.fullmatch(text.readline(16))
    delimiter = directive["delimiter"] if directive else detected_delimiter(read, usual)
    form = _with_quoting(read, name, _Form(delimiter, directive is not None, header))
    with read(AS_WRITTEN) as text:
        names = tuple(_columns(_records(text, name, form), name, header))
    return Stream(name, names, batches_of(_delimited_rows(read, name, form), names))


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


def _with_quoting(read: Read, name: str, form: _Form) -> _Form:
    if form.delimiter != "\t":
        return form
    # Many tab-separated files know no quoting: there a cell that begins with
    # a quotation mark is ordinary text.
    try:
        for _ in _delimited_rows(read, name, form):
            pass
    except UserError:
        return replace(form, quoting=csv.QUOTE_NONE)
    return form


UNEVEN = mark("Line {line} of {name} has {cells} where the header has {width}.")
UNEVEN_ROWS = mark("Line {line} of {name} has {cells} where the first row has {width}.")


def _delimited_rows(read: Read, name: str, form: _Form) -> Iterator[list[str]]:
    """The rows below the header, each as wide as the first row."""
    with read(AS_WRITTEN) as text:
        records = _records(text, name, form)
        first = next(records, (0, []))
        width = len(first[1])
        for line, cells in records if form.header else chain([first], records):
            if len(cells) != width:
                template = UNEVEN if form.header else UNEVEN_ROWS
                held = counted(len(cells), "cell")
                raise UserError(tr(template, line=line, name=name, cells=held, width=width))
            yield cells


def _records(text: TextIO, name: str, form: _Form) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the number of the line on which it begins."""
    reader = csv.reader(text, delimiter=form.delimiter, quoting=form.quoting, strict=True)  # type: ignore[arg-type]
    line = 1 + form.directive
    if form.directive:
        text.readline()
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1 + form.directive
    except csv.Error as error:
        raise UserError(
            tr(
                "{name} cannot be split into cells at line {line} ({error}); a quotation mark "
                "inside a quoted cell must be written twice.",
                name=name,
                line=line,
                error=error,
            )
        ) from error


def _columns(records: Iterator[tuple[int, list[str]]], name: str, header: bool) -> Sequence[str]:
    _, first = next(records, (0, []))
    if not first:
        raise UserError(
            tr("{name} is empty; a first line with column names was expected.", name=name)
        )
    if any("\0" in cell for cell in first):
        raise UserError(tr("{name} is not text in UTF-8 (NUL bytes in its first line).", name=name))
    if not header:
        first = [UNNAMED.format(number) for number, _ in enumerate(first, start=1)]
    return checked_names([cell.strip() for cell in first], name)


UNNAMED = "column {}"  # not shown
"""The name of a column in a file whose first row is data."""


def looks_like_data(names: Sequence[str]) -> bool:
    """Whether a first row holds a text or a number where names of columns are expected.

    A single number or unnamed column is how pandas writes an index.
    """
    named = [name for name in names if name and UNNAMED.format("") not in name]
    texts = any(len(name) > LONGEST_HEADING or len(name.split()) > 5 for name in named)
    return texts or (len(named) > 1 and sum(map(is_number, named)) * 2 >= len(named))


LONGEST_HEADING = 60  # characters


FORMULA = tuple("=+-@\t\r\n\0＝＋－＠")
"""How a cell begins that a spreadsheet may run (OWASP, "CSV Injection"; ASVS 1.2.10)."""


def to_csv(rows: "pd.DataFrame", header: bool = True) -> bytes:
    """Return a table as CSV in UTF-8, texts whole, without its index.

    Args:
        header: whether it is the beginning of a file: a byte order mark, by which Excel knows
            UTF-8, and the names of the columns.

    A cell (or a column's name) that would run as a formula gets an apostrophe in
    front; half a character (a lone surrogate) becomes a question mark.
    """
    safe = rows.rename(columns=harmless).map(harmless)
    text = safe.to_csv(index=False, header=header, lineterminator="\r\n")
    return text.encode("utf-8-sig" if header else "utf-8")


def harmless(cell: object) -> object:
    """A cell as ``to_csv`` writes it."""
    if not isinstance(cell, str):
        return cell
    # Before pandas has it: its strings cannot hold lone surrogates.
    writable = cell.encode("utf-8", "replace").decode("utf-8")
    return f"'{writable}" if writable.startswith(FORMULA) else writable


def without_apostrophe(cell: str) -> str:
    """A cell as it was before ``to_csv`` put an apostrophe in front, if it did."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell
