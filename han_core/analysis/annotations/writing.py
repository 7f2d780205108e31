"""Write tags, notes, flags and read marks, and record each change in the history.

Repeating an annotation changes nothing and adds no line to the history.
"""

from datetime import UTC, datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from han_core.analysis.annotations.database import Database
from han_core.analysis.annotations.document_annotations import Note
from han_core.analysis.annotations.schema import (
    ASSIGNMENT,
    FLAG,
    HISTORY,
    LONGEST_LABEL,
    NOTE,
    READ,
    TAG,
    checked_name,
    checked_note,
    checked_text,
    folded,
    storable,
)
from han_core.analysis.filters import Flag
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr


class Change(NamedTuple):
    """One line: ``subject`` is the tag, flag or slice; ``before`` and ``after`` its content."""

    at: datetime
    who: str
    what: str
    subject: str
    before: str
    after: str


def utc_now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def record(
    connection: Connection,
    who: str,
    what: str,
    subject: str = "",
    before: str = "",
    after: str = "",
    content: str | None = None,
) -> None:
    """Add a line within the transaction of the change that it tells of."""
    line = {"at": utc_now(), "who": who, "what": what, "subject": subject, "content": content}
    connection.execute(sa.insert(HISTORY).values(**line, before=before, after=after))


def history(database: Database, content: str) -> tuple[Change, ...]:
    """Return the changes of a document's annotations, oldest first."""
    columns = [HISTORY.c[name] for name in Change._fields]
    query = sa.select(*columns).where(HISTORY.c.content == content).order_by(HISTORY.c.id)
    with database.reading() as connection:
        return tuple(Change(*row) for row in connection.execute(query))


BETWEEN = "\n\n– written at the same time –\n\n"
"""Stands between two notes of one annotator, neither of whom saw the other."""


class SavedNote(NamedTuple):
    """A note as it was saved.

    Attributes:
        note: as it is now; None where there is none.
        joined: whether another one came in between, and both stand in it.
        replaced: whether characters that no database holds became U+FFFD.
    """

    note: Note | None
    joined: bool
    replaced: bool


def add_tag(database: Database, content: str, tag: str, annotator: str) -> None:
    """Tag the document."""
    who = checked_name(annotator, tr("An analyst's name"))
    with database.writing() as connection:
        result = connection.execute(sa.select(TAG.c.id, TAG.c.name).where(_named(tag))).first()
        if result is None:
            raise UserError(
                tr('There is no tag "{tag}" in the codebook; was it merged or renamed?', tag=tag)
            )
        row = {"content": content, "tag_id": result.id, "annotator": who}
        if add_row(connection, ASSIGNMENT, row | {"at": utc_now()}):
            record(connection, who, "tagged", result.name, after=result.name, content=content)


def remove_tag(database: Database, content: str, tag: str, annotator: str) -> None:
    """Take this annotator's tag off the document; those of others stay."""
    who = checked_name(annotator, tr("An analyst's name"))
    with database.writing() as connection:
        of_tag = ASSIGNMENT.c.tag_id.in_(sa.select(TAG.c.id).where(_named(tag)))
        gone = sa.delete(ASSIGNMENT).where(of_tag, *_whose(ASSIGNMENT, content, who))
        if connection.execute(gone).rowcount:
            record(connection, who, "took a tag off", tag, before=tag, content=content)


def write_note(
    database: Database, content: str, annotator: str, text: str, version: int = 0
) -> SavedNote:
    """Keep ``text`` as this annotator's note on the document; white space alone takes it away.

    Args:
        version: of the note that was changed, 0 if there was none. Where another text came in
            between (two windows of one person), both are kept, one under the other.
    """
    who, wanted = checked_name(annotator, tr("An analyst's name")), checked_note(text)
    with database.writing() as connection:
        existing = select_note(connection, content, who)
        unseen = existing is not None and existing.version != version
        combined = merge_notes(existing.text, wanted) if existing and unseen else wanted
        note = store_note(connection, content, who, existing, combined)
    return SavedNote(note, unseen and combined != wanted, storable(text) != text)


def set_flag(
    database: Database,
    content: str,
    kind: Flag,
    annotator: str,
    on: bool,
    label: str = "",
    meant: str = "",
) -> None:
    """Raise a flag on the document, changes it, or takes it down.

    Args:
        label: the document's class in the data.
        meant: the class that it should have.
    """
    who = checked_name(annotator, tr("An analyst's name"))
    values = {
        "label": checked_text(label, tr("A class"), LONGEST_LABEL) if on else "",
        "meant": checked_text(meant, tr("A class"), LONGEST_LABEL) if on else "",
    }
    with database.writing() as connection:
        whose = [*_whose(FLAG, content, who), FLAG.c.kind == kind]
        existing = connection.execute(sa.select(FLAG.c.label, FLAG.c.meant).where(*whose)).first()
        before = "" if existing is None else f"on; {existing.label}; {existing.meant}"
        after = f"on; {values['label']}; {values['meant']}" if on else ""
        if before == after:
            return
        connection.execute(sa.delete(FLAG).where(*whose))
        if on:
            row = {"content": content, "annotator": who, "kind": kind, "at": utc_now(), **values}
            connection.execute(sa.insert(FLAG).values(**row))
        record(connection, who, "flagged", kind, before, after, content)


def set_read(database: Database, content: str, annotator: str, on: bool) -> None:
    """Mark the document as read by this annotator, or takes the mark away."""
    who = checked_name(annotator, tr("An analyst's name"))
    with database.writing() as connection:
        if on:
            changed = add_row(
                connection, READ, {"content": content, "annotator": who, "at": utc_now()}
            )
        else:
            gone = connection.execute(sa.delete(READ).where(*_whose(READ, content, who)))
            changed = bool(gone.rowcount)
        if changed:
            record(connection, who, "read" if on else "not read", content=content)


def add_row(connection: Connection, table: sa.Table, row: dict) -> bool:
    """Add a row unless one with its primary key is there; returns whether it was added."""
    key = [column == row[column.name] for column in table.primary_key]
    if connection.execute(sa.select(*table.primary_key).where(*key)).first():
        return False
    connection.execute(sa.insert(table).values(**row))
    return True


def select_note(connection: Connection, content: str, annotator: str) -> Note | None:
    """The annotator's note on the document, within a transaction."""
    query = sa.select(NOTE.c.text, NOTE.c.at, NOTE.c.version)
    row = connection.execute(query.where(*_whose(NOTE, content, annotator))).first()
    return None if row is None else Note(*row)


def merge_notes(existing: str, wanted: str) -> str:
    """Both texts, or the longer one where it holds the other."""
    if wanted in existing:
        return existing
    return wanted if existing in wanted else existing + BETWEEN + wanted


def store_note(
    connection: Connection,
    content: str,
    who: str,
    existing: Note | None,
    text: str,
    at: datetime | None = None,
) -> Note | None:
    """Put ``text`` in the place of the note that is there, within a transaction."""
    if text == (existing.text if existing else ""):
        return existing
    connection.execute(sa.delete(NOTE).where(*_whose(NOTE, content, who)))
    note = Note(text, at or utc_now(), existing.version + 1 if existing else 1) if text else None
    if note:
        connection.execute(sa.insert(NOTE).values(content=content, annotator=who, **vars(note)))
    record(connection, who, "noted", "", existing.text if existing else "", text, content)
    return note


def _named(tag: str) -> sa.ColumnElement[bool]:
    return TAG.c.folded == folded(tag)


def _whose(table: sa.Table, content: str, annotator: str) -> tuple:
    return table.c.content == content, table.c.annotator == annotator
