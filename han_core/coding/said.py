"""What all annotators said of documents.

It knows nothing about how it came to be said.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from han_core.coding.database import Database
from han_core.coding.marks import Flag
from han_core.coding.schema import ASSIGNMENT, FLAG, NOTE, READ, TAG

AT_ONCE = 2_000  # documents asked for in one query; databases bound the number of parameters


@dataclass(frozen=True)
class Tagged:
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
class Flagged:
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
class Said:
    """All that one annotator said of one document; ``read`` is when it was marked as read."""

    annotator: str
    tags: tuple[Tagged, ...] = ()
    note: Note | None = None
    flags: tuple[Flagged, ...] = ()
    read: datetime | None = None

    @property
    def last(self) -> datetime | None:
        """When the last of it was said."""
        times = [one.at for one in self.tags] + [one.at for one in self.flags]
        times += [self.note.at] if self.note else []
        times += [self.read] if self.read else []
        return max(times, default=None)


def said_of(database: Database, content: str) -> tuple[Said, ...]:
    """What is said of one document, by annotator's name.

    Raises:
        WrongInput: as ``Database.reading``.
    """
    return said_of_all(database, [content]).get(content, ())


def said_of_all(database: Database, contents: Sequence[str]) -> dict[str, tuple[Said, ...]]:
    """The same of several; those of which nothing is said are left out.

    Raises:
        WrongInput: as ``Database.reading``.
    """
    found: dict[str, tuple[Said, ...]] = {}
    with database.reading() as connection:
        for some in parts(list(dict.fromkeys(contents))):
            found |= gathered(connection, some)
    return found


def parts(contents: Sequence[str]) -> Iterator[Sequence[str]]:
    """``contents`` in parts that one query can ask for."""
    return (contents[at : at + AT_ONCE] for at in range(0, len(contents), AT_ONCE))


def gathered(connection: Connection, contents: Sequence[str]) -> dict[str, tuple[Said, ...]]:
    """As ``said_of_all``, of as many documents as one of ``parts``, within a transaction."""
    pieces: dict[tuple[str, str], dict] = defaultdict(lambda: {"tags": [], "flags": []})
    for row in _tags(connection, contents):
        pieces[row.content, row.annotator]["tags"].append(Tagged(row.name, row.at))
    for row in _rows(connection, NOTE, contents):
        pieces[row.content, row.annotator]["note"] = Note(row.text, row.at, row.version)
    for row in _rows(connection, FLAG, contents):
        flag = Flagged(row.kind, row.label, row.meant, row.at)
        pieces[row.content, row.annotator]["flags"].append(flag)
    for row in _rows(connection, READ, contents):
        pieces[row.content, row.annotator]["read"] = row.at
    return dict(_by_document(pieces))


def _by_document(pieces: dict[tuple[str, str], dict]) -> Iterator[tuple[str, tuple[Said, ...]]]:
    of: dict[str, list[Said]] = defaultdict(list)
    for (content, annotator), piece in sorted(pieces.items()):
        tags = tuple(sorted(piece.pop("tags"), key=lambda one: one.name))
        flags = tuple(sorted(piece.pop("flags"), key=lambda one: one.kind))
        of[content].append(Said(annotator, tags=tags, flags=flags, **piece))
    return ((content, tuple(said)) for content, said in of.items())


def _tags(connection: Connection, contents: Sequence[str]) -> Iterable[Row]:
    asked = sa.select(ASSIGNMENT, TAG.c.name).join(TAG)
    return connection.execute(asked.where(ASSIGNMENT.c.content.in_(contents)))


def _rows(connection: Connection, table: sa.Table, contents: Sequence[str]) -> Iterable[Row]:
    return connection.execute(sa.select(table).where(table.c.content.in_(contents)))
