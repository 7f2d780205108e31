"""Documents without labels that were pasted or uploaded, and raw messages of mail and newsgroups.

Lines of three or more hyphens or equals signs separate pasted documents. ``messages:FILE`` names
raw messages, whose headers, signatures and quotes are removed by the rules of scikit-learn's
``remove=("headers", "footers", "quotes")``.
"""

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from han_core.data.columns import texts_of
from han_core.data.labels import is_number
from han_core.data.readers import ENDINGS, GZIP, shown_name
from han_core.data.sandbox import read_upload
from han_core.data.stream import decode_text, unpacked
from han_core.data.table import Table, map_cells
from han_core.runtime.errors import UserError, alternatives, shown
from han_core.runtime.messages import mark, tr, trn

PREFIX = "messages:"
HEADERLESS = "headerless:"
"""Before the path of a file whose first row is data, and behind ``PREFIX``."""

NOTE = mark("The texts are messages without their headers, quotes and signatures.")

_INTRODUCING = ("writes in", "writes:", "wrote:", "says:", "said:")  # not shown
"""Somewhere in a line, they introduce a quote."""

_QUOTING = (">", "|", "In article", "Quoted from")  # not shown
"""At the beginning of a line, they quote or introduce a quote."""


_SUBJECT = re.compile(r"^Subject:(?:[ \t]*re:)*(.*)$", re.MULTILINE | re.IGNORECASE)


def file_of(spec: str) -> str:
    """The file that ``spec`` names, with or without prefixes."""
    return spec.removeprefix(PREFIX).removeprefix(HEADERLESS)


def prefix_of(spec: str) -> str:
    """How the file that ``spec`` names is read: its prefixes, perhaps none."""
    return spec[: len(spec) - len(file_of(spec))]


def headerless(spec: str) -> str:
    """``spec`` with the first row as data; as it is where it names no file."""
    if spec.startswith(("hf:", "bundled:")) or is_number(spec):
        return spec
    messages = PREFIX if spec.startswith(PREFIX) else ""
    return messages + HEADERLESS + file_of(spec)


def without_quoted_text(table: Table, text_column: str) -> Table:
    """The table with ``message_body`` in place of the messages in ``text_column``.

    Raises:
        UserError: if there is no such column, or no cell of it is a message.
    """
    cells = table.column(text_column)
    if not any("\n\n" in _with_plain_ends(cell) for cell in cells):
        raise UserError(
            tr(
                "{prefix} takes raw messages, each a header, a blank line and a text; {name} has "
                "none.",
                prefix=PREFIX,
                name=table.name,
            )
        )
    data = {**table.data, text_column: map_cells(cells, message_body)}
    lists = {name: column for name, column in table.lists.items() if name != text_column}
    return Table(PREFIX + table.name, data, lists)


def message_body(message: str) -> str:
    """What the sender wrote: neither header nor quotes nor signature; perhaps nothing."""
    return without_quotes(without_signature(without_header(_with_plain_ends(message))))


def without_header(message: str) -> str:
    """What follows the first blank line; a message without one is all header."""
    return message.partition("\n\n")[2]


def without_signature(text: str) -> str:
    """The text up to its last line that is blank or of hyphens, where one lies within it.

    Most texts without a signature lose their last paragraph by this rule: that is how the
    comparisons do it.
    """
    lines = text.strip().split("\n")
    breaks = [at for at, line in enumerate(lines) if not line.strip().strip("-")]
    return "\n".join(lines[: breaks[-1]]) if breaks and breaks[-1] else text


def without_quotes(text: str) -> str:
    """The text without the lines that quote, and without those that introduce a quote."""
    return "\n".join(line for line in text.split("\n") if not _quotes(line))


def quoted_lines(message: str) -> list[str]:
    """The lines of a message that ``message_body`` leaves out as quotes, as they stand."""
    text = without_signature(without_header(_with_plain_ends(message)))
    return [line for line in text.split("\n") if _quotes(line)]


def subject(message: str) -> str:
    """What the header calls the message's subject, without "Re:"; perhaps nothing."""
    header = _with_plain_ends(message).partition("\n\n")[0]
    found = _SUBJECT.search(header)
    return found[1].strip() if found else ""


def _quotes(line: str) -> bool:
    return line.startswith(_QUOTING) or any(words in line for words in _INTRODUCING)


def _with_plain_ends(message: str) -> str:
    return message.replace("\r\n", "\n")


LONGEST_TEXT = 1_000_000
"""Characters in one document; far more would stop a browser."""

MOST_DOCUMENTS = 5_000
LARGEST_TXT = 20_000_000  # bytes: it is cut here, in the process that serves everybody
TEXT_COLUMNS = ("text", "review", "document", "content", "body", "comment", "message", "sentence")
BEGINNING = 40  # characters of a text that its name shows

_SEPARATOR = re.compile(r"(?<![^\r\n])[ \t]*(?:-{3,}|={3,})[ \t]*(?:\r\n?|\n|\Z)")
_LAST_BREAK = re.compile(r"(?:\r\n?|\n)\Z")


@dataclass(frozen=True)
class Pasted:
    """One document: its number and beginning as ``name``, and the text as it came."""

    name: str
    text: str


@dataclass(frozen=True)
class PastedTexts:
    """Documents in order, at least one, and ``notes``: sentences on what was left out."""

    documents: tuple[Pasted, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.documents:
            raise ValueError("at least one document is expected")

    def __len__(self) -> int:
        return len(self.documents)


def split_pasted(text: str, source: str | None = None) -> PastedTexts:
    """The document in ``text``, or the several that separator lines divide it into.

    Where nothing but white space stands between two separators, there is none.

    Raises:
        UserError: if there is nothing but white space, or every document is too long.
    """
    pieces = [piece for piece in _pieces(text) if piece.strip()]
    return _limited(enumerate(pieces, start=1), source, ())


def read_pasted_file(data: bytes, filename: str) -> PastedTexts:
    """The documents in a file: ``.txt`` as in ``split_pasted``, else a row each of a table.

    A ``.txt`` is in UTF-8 with or without a byte-order mark, or in UTF-16 with one.

    Raises:
        UserError: if the file cannot be read, or holds no document.
    """
    name, ending = shown_name(filename), filename.lower()
    if ending.endswith(".txt.gz"):
        with unpacked(lambda: io.BytesIO(data), name)() as file:
            return split_pasted(_txt(file.read(LARGEST_TXT + 1), name), name)
    if ending.endswith(".txt"):
        return split_pasted(_txt(data, name), name)
    if ending.removesuffix(GZIP).endswith(ENDINGS):
        return pasted_from_table(read_upload(data, filename))
    raise UserError(
        tr(
            '"{name}" is not a file that can be read; its name should end in {endings}, all but '
            ".parquet also with {gzip}.",
            name=name,
            endings=alternatives((".txt", *ENDINGS)),
            gzip=GZIP,
        )
    )


def pasted_from_table(table: Table, column: str | None = None) -> PastedTexts:
    """A document for each row with a text; ``column`` is ``text_column`` unless given.

    Documents are numbered as the rows are, so that they are found again in the file.

    Raises:
        UserError: if there is no such column, or no row with a text.
    """
    column = text_column(table) if column is None else column
    cells, list_note = texts_of(table, column)
    rows = ((number, cell) for number, cell in enumerate(cells, start=1) if cell.strip())
    from_column = tr('The texts are those of the column "{column}".', column=shown(column))
    empty = sum(not cell.strip() for cell in cells)
    without = trn(
        "{count:,} row without a text was left out.",
        "{count:,} rows without a text were left out.",
        empty,
    )
    notes = (from_column, list_note, without if empty else "")
    return _limited(rows, table.name, notes)


def text_column(table: Table) -> str:
    """The column that most likely holds the texts: by its name, else the longest on average.

    Raises:
        UserError: if there is no column.
    """
    if not table.columns:
        raise UserError(tr("{name} has no column that holds words.", name=table.name))
    named = {name.strip().lower(): name for name in reversed(table.columns)}
    for name in TEXT_COLUMNS:
        if name in named:
            return named[name]
    # Columns are equally long, so the longest sum is the longest mean.
    return max(table.columns, key=lambda name: sum(map(len, table.data[name])))


def _pieces(text: str) -> Iterator[str]:
    at = 0
    for separator in _SEPARATOR.finditer(text):
        yield _LAST_BREAK.sub("", text[at : separator.start()])
        at = separator.end()
    yield text[at:]


def _txt(data: bytes, name: str) -> str:
    if len(data) > LARGEST_TXT:
        raise UserError(
            tr(
                "{name} holds more than {largest_txt:,} bytes of text; a shorter file is expected.",
                name=name,
                largest_txt=LARGEST_TXT,
            )
        )
    text = decode_text(data, name)
    if "\0" in text:  # so does UTF-16 without its mark look
        raise UserError(
            tr("{name} is not text in UTF-8 (it holds NUL bytes); save it as UTF-8.", name=name)
        )
    return text


def _limited(
    numbered: Iterable[tuple[int, str]], source: str | None, notes: tuple[str, ...]
) -> PastedTexts:
    """The first documents that are not too long, and notes on the others."""
    documents: list[Pasted] = []
    too_long = beyond = 0
    for number, text in numbered:
        if len(text) > LONGEST_TEXT:
            too_long += 1
        elif len(documents) == MOST_DOCUMENTS:
            beyond += 1
        else:
            documents.append(Pasted(_name(number, text), text))
    if not documents and not too_long:
        raise UserError(
            tr("{source} holds no document: at least one word is expected.", source=source)
            if source
            else tr("The text holds no document: at least one word is expected.")
        )
    if not documents:
        raise UserError(
            tr(
                "{source} holds only documents of more than {most:,} characters; shorter ones are "
                "expected.",
                source=source,
                most=LONGEST_TEXT,
            )
            if source
            else tr(
                "The text holds only documents of more than {most:,} characters; shorter ones are "
                "expected.",
                most=LONGEST_TEXT,
            )
        )
    left_out = _left_out(too_long, beyond)
    return PastedTexts(tuple(documents), tuple(filter(None, (*notes, *left_out))))


def _name(number: int, text: str) -> str:
    # Far fewer characters than a long text has are enough for its beginning.
    words = " ".join(text.lstrip()[: 4 * BEGINNING].split())
    return f"{number} · {shown(words, BEGINNING)}"


def _left_out(too_long: int, beyond: int) -> tuple[str, str]:
    """How many documents were too long, and how many came after the most that are read."""
    long = trn(
        "{count:,} document of more than {most:,} characters was left out.",
        "{count:,} documents of more than {most:,} characters were left out.",
        too_long, most=LONGEST_TEXT,
    )  # fmt: skip
    more = trn(
        "{count:,} document beyond the first {most:,} was left out.",
        "{count:,} documents beyond the first {most:,} were left out.",
        beyond, most=MOST_DOCUMENTS,
    )  # fmt: skip
    return long if too_long else "", more if beyond else ""
