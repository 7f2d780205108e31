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

Pairs = list[tuple[dict[str, str], Annotation, Annotation]]
"""Of each annotation: the columns that name it, itself, and what the database has of it."""


@dataclass(frozen=True)
class ImportSummary:
    """Numbers of new annotations.

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
    database: Database, annotations: Mapping[str, tuple[Annotation, ...]], who: str
) -> ImportSummary:
    """Add what is not there yet, for each document (``content_hash``); all of it or nothing.

    Args:
        who: imports it, for the history.
    """
    who = checked_name(who, "An analyst's name")
    names = [tag.name for several in annotations.values() for one in several for tag in one.tags]
    new: Counter[str] = Counter()
    with database.writing() as connection:
        tag_ids = {row.folded: row.id for row in connection.execute(sa.select(TAG))}
        unknown = {folded(name): name for name in names if folded(name) not in tag_ids}
        for contents in query_batches(list(annotations)):
            batch = {content: annotations[content] for content in contents}
            new += _import_batch(connection, tag_ids, batch)
        if new:
            summary = ", ".join(f"{count} {what}" for what, count in sorted(new.items()))
            record(connection, who, "brought findings", after=summary)
    return ImportSummary(**new, unknown_tags=tuple(sorted(unknown.values())))


def _import_batch(
    connection: Connection,
    tag_ids: Mapping[str, int],
    annotations: Mapping[str, tuple[Annotation, ...]],
) -> Counter[str]:
    """Import as many documents as one query can select; return how much was new."""
    pairs = _with_existing(connection, annotations)
    new: Counter[str] = Counter()
    for what, table, rows in (
        ("tags", ASSIGNMENT, _tag_rows(pairs, tag_ids)),
        ("flags", FLAG, _flag_rows(pairs)),
        ("read", READ, _read_rows(pairs)),
        ("notes", NOTE, _note_rows(pairs)),
    ):
        key = [column.name for column in table.primary_key]
        once = {tuple(row[name] for name in key): row for row in rows}
        if once:
            connection.execute(sa.insert(table), list(once.values()))
            new[what] += len(once)
    for whose, one, existing in pairs:
        if one.note and existing.note:
            new["joined"] += _append_note(connection, **whose, annotation=one)
    new["notes"] += new["joined"]
    return +new


def _with_existing(
    connection: Connection, annotations: Mapping[str, tuple[Annotation, ...]]
) -> Pairs:
    existing = {
        (content, one.annotator): one
        for content, several in select_annotations(connection, list(annotations)).items()
        for one in several
    }
    pairs: Pairs = []
    for content, several in annotations.items():
        for one in several:
            annotator = checked_name(one.annotator, "An analyst's name")
            whose = {"content": content, "annotator": annotator}
            pairs.append((whose, one, existing.get((content, annotator), Annotation(annotator))))
    return pairs


def _tag_rows(pairs: Pairs, tag_ids: Mapping[str, int]) -> Iterator[dict]:
    for whose, one, existing in pairs:
        names = {folded(tag.name) for tag in existing.tags}
        for tag in one.tags:
            if folded(tag.name) in tag_ids and folded(tag.name) not in names:
                yield whose | {"tag_id": tag_ids[folded(tag.name)], "at": tag.at}


def _flag_rows(pairs: Pairs) -> Iterator[dict]:
    for whose, one, existing in pairs:
        kinds = {flag.kind for flag in existing.flags}
        for flag in one.flags:
            if flag.kind not in kinds:
                label = checked_text(flag.label, "A class", LONGEST_LABEL)
                meant = checked_text(flag.meant, "A class", LONGEST_LABEL)
                yield whose | {"kind": flag.kind, "label": label, "meant": meant, "at": flag.at}


def _read_rows(pairs: Pairs) -> Iterator[dict]:
    for whose, one, existing in pairs:
        if one.read and not existing.read:
            yield whose | {"at": one.read}


def _note_rows(pairs: Pairs) -> Iterator[dict]:
    for whose, one, existing in pairs:
        if one.note and not existing.note:
            yield whose | {"text": storable(one.note.text), "at": one.note.at, "version": 1}


def _append_note(
    connection: Connection, content: str, annotator: str, annotation: Annotation
) -> bool:
    """Put the note under the existing one, unless that holds it; return whether it changed."""
    own, new = select_note(connection, content, annotator), annotation.note
    assert own is not None
    assert new is not None
    text = merge_notes(own.text, storable(new.text))
    return store_note(connection, content, annotator, own, text, at=new.at) != own
