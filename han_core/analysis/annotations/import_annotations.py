"""Import annotations into the database, with their original names and times.

Importing the same annotations twice adds nothing, and nothing is ever removed.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from han_core.analysis.annotations.database import Database
from han_core.analysis.annotations.document_annotations import (
    Annotation,
    query_batches,
    select_annotations,
)
from han_core.analysis.annotations.schema import (
    ASSIGNMENT,
    FLAG,
    LONGEST_LABEL,
    NOTE,
    READ,
    TAG,
    checked_name,
    checked_text,
    folded,
    storable,
)
from han_core.analysis.annotations.writing import merge_notes, record, select_note, store_note


@dataclass(frozen=True)
class ImportSummary:
    """How much was new.

    Attributes:
        joined: notes that now stand under another text of the same annotator.
        unknown_tags: names that the codebook lacks; they were left out.
    """

    tags: int = 0
    notes: int = 0
    flags: int = 0
    read: int = 0
    joined: int = 0
    unknown_tags: tuple[str, ...] = ()


def import_annotations(
    database: Database, said: Mapping[str, tuple[Annotation, ...]], who: str
) -> ImportSummary:
    """Adds what is not there yet, for each document (``content_hash``); all of it or nothing.

    Args:
        who: brings it; the history says so.
    """
    who = checked_name(who, "An analyst's name")
    named = [one.name for all_of_it in said.values() for each in all_of_it for one in each.tags]
    new: Counter[str] = Counter()
    with database.writing() as connection:
        known = {row.folded: row.id for row in connection.execute(sa.select(TAG))}
        unknown = {folded(name): name for name in named if folded(name) not in known}
        for some in query_batches(list(said)):
            new += _bring(connection, known, {content: said[content] for content in some})
        if new:
            told = ", ".join(f"{count} {what}" for what, count in sorted(new.items()))
            record(connection, who, "brought findings", after=told)
    return ImportSummary(**new, unknown_tags=tuple(sorted(unknown.values())))


def _bring(
    connection: Connection, known: Mapping[str, int], said: Mapping[str, tuple[Annotation, ...]]
) -> Counter[str]:
    """As many documents as one query can ask for; returns how much was new."""
    there = {
        (content, one.annotator): one
        for content, all_of_it in select_annotations(connection, list(said)).items()
        for one in all_of_it
    }
    new: Counter[str] = Counter()
    for what, table, rows in (
        ("tags", ASSIGNMENT, _tags(said, there, known)),
        ("flags", FLAG, _flags(said, there)),
        ("read", READ, _read(said, there)),
        ("notes", NOTE, _notes(said, there)),
    ):
        key = [column.name for column in table.primary_key]
        once = {tuple(row[name] for name in key): row for row in rows}
        if once:
            connection.execute(sa.insert(table), list(once.values()))
            new[what] += len(once)
    for content, one in _each(said):
        new["joined"] += _join_note(connection, content, one, there)
    new["notes"] += new["joined"]
    return +new


def _each(said: Mapping[str, tuple[Annotation, ...]]) -> Iterator[tuple[str, Annotation]]:
    return ((content, one) for content, all_of_it in said.items() for one in all_of_it)


def _whose(content: str, one: Annotation) -> dict[str, str]:
    return {"content": content, "annotator": checked_name(one.annotator, "An analyst's name")}


def _tags(said: Mapping, there: Mapping, known: Mapping[str, int]) -> Iterator[dict]:
    """Rows of tags that are in the codebook and not there yet."""
    for content, one in _each(said):
        whose = _whose(content, one)
        had = there.get((content, whose["annotator"]), Annotation(""))
        names = {folded(tag.name) for tag in had.tags}
        for tag in one.tags:
            if folded(tag.name) in known and folded(tag.name) not in names:
                yield whose | {"tag_id": known[folded(tag.name)], "at": tag.at}


def _flags(said: Mapping, there: Mapping) -> Iterator[dict]:
    """Rows of flags that are not up yet."""
    for content, one in _each(said):
        whose = _whose(content, one)
        kinds = {
            flag.kind for flag in there.get((content, whose["annotator"]), Annotation("")).flags
        }
        for flag in one.flags:
            if flag.kind not in kinds:
                label = checked_text(flag.label, "A class", LONGEST_LABEL)
                meant = checked_text(flag.meant, "A class", LONGEST_LABEL)
                yield whose | {"kind": flag.kind, "label": label, "meant": meant, "at": flag.at}


def _read(said: Mapping, there: Mapping) -> Iterator[dict]:
    """Rows of read marks that are not there yet."""
    for content, one in _each(said):
        whose = _whose(content, one)
        if one.read and not there.get((content, whose["annotator"]), Annotation("")).read:
            yield whose | {"at": one.read}


def _notes(said: Mapping, there: Mapping) -> Iterator[dict]:
    """Rows of notes where the annotator has none yet."""
    for content, one in _each(said):
        whose = _whose(content, one)
        if one.note and not there.get((content, whose["annotator"]), Annotation("")).note:
            yield whose | {"text": storable(one.note.text), "at": one.note.at, "version": 1}


def _join_note(connection: Connection, content: str, one: Annotation, there: Mapping) -> bool:
    """The note under the one that was there, unless that holds it; whether it was put there."""
    who = checked_name(one.annotator, "An analyst's name")
    if not one.note or not there.get((content, who), Annotation("")).note:
        return False
    own = select_note(connection, content, who)
    assert own is not None
    both = merge_notes(own.text, storable(one.note.text))
    return store_note(connection, content, who, own, both, at=one.note.at) != own
