"""Read the annotations of documents, and write them as table columns.

The first columns are for people; ``coding`` holds everything, with names and times, as JSON.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from sqlalchemy.engine import Connection, Row

from han_core.analysis.annotations.database import Database
from han_core.analysis.annotations.schema import (
    ASSIGNMENT,
    FLAG,
    LONGEST_LABEL,
    LONGEST_NAME,
    LONGEST_NOTE,
    NOTE,
    READ,
    TAG,
)
from han_core.analysis.filters import Flag
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr

AT_ONCE = 2_000  # documents asked for in one query; databases bound the number of parameters


@dataclass(frozen=True)
class TagMark:
    """A tag's name, and since when the document has it."""

    name: str
    at: datetime


@dataclass(frozen=True)
class Note:
    """A note; ``version`` is raised by every change."""

    text: str
    at: datetime
    version: int


@dataclass(frozen=True)
class FlagMark:
    """A flag.

    Attributes:
        label: the document's class in the data at that time.
        meant: the class that it should have, "" if that was not said.
    """

    kind: Flag
    label: str
    meant: str
    at: datetime


@dataclass(frozen=True)
class Annotation:
    """Everything one annotator said about one document; ``read``: when it was marked as read."""

    annotator: str
    tags: tuple[TagMark, ...] = ()
    note: Note | None = None
    flags: tuple[FlagMark, ...] = ()
    read: datetime | None = None

    @property
    def last(self) -> datetime | None:
        """When the last of it was said."""
        times = [one.at for one in self.tags] + [one.at for one in self.flags]
        times += [self.note.at] if self.note else []
        times += [self.read] if self.read else []
        return max(times, default=None)


def document_annotations(database: Database, content: str) -> tuple[Annotation, ...]:
    """Return the annotations of one document, by annotator's name."""
    return annotations_by_document(database, [content]).get(content, ())


def annotations_by_document(
    database: Database, contents: Sequence[str]
) -> dict[str, tuple[Annotation, ...]]:
    """Return the annotations of each document; documents without any are left out."""
    result: dict[str, tuple[Annotation, ...]] = {}
    with database.reading() as connection:
        for some in query_batches(list(dict.fromkeys(contents))):
            result |= select_annotations(connection, some)
    return result


def query_batches(contents: Sequence[str]) -> Iterator[Sequence[str]]:
    """``contents`` in parts that one query can ask for."""
    return (contents[at : at + AT_ONCE] for at in range(0, len(contents), AT_ONCE))


def select_annotations(
    connection: Connection, contents: Sequence[str]
) -> dict[str, tuple[Annotation, ...]]:
    """Select the annotations of one of ``query_batches``, within a transaction."""
    pieces: dict[tuple[str, str], dict] = defaultdict(lambda: {"tags": [], "flags": []})
    for row in _tags(connection, contents):
        pieces[row.content, row.annotator]["tags"].append(TagMark(row.name, row.at))
    for row in _rows(connection, NOTE, contents):
        pieces[row.content, row.annotator]["note"] = Note(row.text, row.at, row.version)
    for row in _rows(connection, FLAG, contents):
        flag = FlagMark(row.kind, row.label, row.meant, row.at)
        pieces[row.content, row.annotator]["flags"].append(flag)
    for row in _rows(connection, READ, contents):
        pieces[row.content, row.annotator]["read"] = row.at
    return dict(_by_document(pieces))


def _by_document(
    pieces: dict[tuple[str, str], dict],
) -> Iterator[tuple[str, tuple[Annotation, ...]]]:
    of: dict[str, list[Annotation]] = defaultdict(list)
    for (content, annotator), piece in sorted(pieces.items()):
        tags = tuple(sorted(piece.pop("tags"), key=lambda one: one.name))
        flags = tuple(sorted(piece.pop("flags"), key=lambda one: one.kind))
        of[content].append(Annotation(annotator, tags=tags, flags=flags, **piece))
    return ((content, tuple(annotations)) for content, annotations in of.items())


def _tags(connection: Connection, contents: Sequence[str]) -> Iterable[Row]:
    query = sa.select(ASSIGNMENT, TAG.c.name).join(TAG)
    return connection.execute(query.where(ASSIGNMENT.c.content.in_(contents)))


def _rows(connection: Connection, table: sa.Table, contents: Sequence[str]) -> Iterable[Row]:
    return connection.execute(sa.select(table).where(table.c.content.in_(contents)))


LONGEST_CODING = 20_000_000  # characters of JSON about one document
FLAG_NAMES: dict[Flag, str] = {
    "label_is_wrong": mark("label is wrong"),
    "ambiguous": mark("ambiguous"),
}
"""What files call the flags; a page translates it."""


@dataclass(frozen=True)
class AnnotationCells:
    """Columns with a cell for each document; "" where there is no annotation.

    Attributes:
        tags: names, once each: "negation; sarcasm".
        flags: with the class that is meant: "label is wrong (positive)".
        notes: "Anna: text", a paragraph each.
        annotators: who said something: "Anna; Ben".
        coding: all of it as JSON, which ``said_from_json`` reads.
    """

    tags: tuple[str, ...]
    flags: tuple[str, ...]
    notes: tuple[str, ...]
    annotators: tuple[str, ...]
    coding: tuple[str, ...]


def annotation_cells(database: Database, contents: Sequence[str]) -> AnnotationCells:
    """Return the annotations of documents as columns, in the documents' order."""
    annotations = annotations_by_document(database, contents)
    rows = {content: _cells(of_it) for content, of_it in annotations.items()}
    nothing = ("",) * 5
    columns = zip(*(rows.get(content, nothing) for content in contents), strict=True)
    return AnnotationCells(*columns) if contents else AnnotationCells((), (), (), (), ())


def annotations_from_json(text: str) -> tuple[Annotation, ...]:
    """Parse a cell of ``coding``; anything else is refused."""
    if len(text) > LONGEST_CODING:
        raise UserError(tr("A cell of the column coding is too long to be read."))
    if not text.strip():
        return ()
    try:
        return tuple(one.annotation() for one in _CELL.validate_json(text))
    except ValidationError as error:
        first = error.errors()[0]
        where = " ".join(str(step) for step in first["loc"])
        raise UserError(
            tr(
                "The column coding does not hold what was exported ({where} {problem}).",
                where=where,
                problem=first["msg"],
            )
        ) from error


Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
Label = Annotated[str, Field(max_length=LONGEST_LABEL)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Tag(_Strict):
    name: Name
    at: AwareDatetime


class _Note(_Strict):
    text: Annotated[str, Field(min_length=1, max_length=10 * LONGEST_NOTE)]
    at: AwareDatetime


class _Flag(_Strict):
    kind: Flag
    label: Label = ""
    meant: Label = ""
    at: AwareDatetime


class _AnnotationCell(_Strict):
    """One annotator's part of a cell."""

    annotator: Name
    tags: Annotated[list[_Tag], Field(max_length=1_000)] = []
    note: _Note | None = None
    flags: Annotated[list[_Flag], Field(max_length=2)] = []
    read: AwareDatetime | None = None

    def annotation(self) -> Annotation:
        note = Note(self.note.text, self.note.at, 0) if self.note else None
        tags = tuple(TagMark(one.name, one.at) for one in self.tags)
        flags = tuple(FlagMark(one.kind, one.label, one.meant, one.at) for one in self.flags)
        return Annotation(self.annotator, tags, note, flags, self.read)


_CELL = TypeAdapter(Annotated[list[_AnnotationCell], Field(max_length=1_000)])


def _cells(annotations: Iterable[Annotation]) -> tuple[str, ...]:
    """One document's cells."""
    annotations = tuple(annotations)
    tags = dict.fromkeys(sorted(tag.name for one in annotations for tag in one.tags))
    flags = dict.fromkeys(flag_text(flag) for one in annotations for flag in one.flags)
    notes = (f"{one.annotator}: {one.note.text}" for one in annotations if one.note)
    cell = [_AnnotationCell.model_validate(_as_json(one)) for one in annotations]
    coding = _CELL.dump_json(cell, exclude_defaults=True).decode()
    who = (one.annotator for one in annotations)
    return "; ".join(tags), "; ".join(flags), "\n\n".join(notes), "; ".join(who), coding


def _as_json(one: Annotation) -> dict:
    note = one.note and {"text": one.note.text, "at": one.note.at}
    flags = [vars(flag) for flag in one.flags]
    return {"annotator": one.annotator, "tags": [vars(tag) for tag in one.tags], "note": note,
            "flags": flags, "read": one.read}  # fmt: skip


def flag_text(flag: FlagMark) -> str:
    """ "label is wrong (positive)"."""
    return f"{FLAG_NAMES[flag.kind]} ({flag.meant})" if flag.meant else FLAG_NAMES[flag.kind]
