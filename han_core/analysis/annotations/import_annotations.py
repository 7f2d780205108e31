"""Import annotations into the database, with their original names and times.

Importing the same annotations twice adds nothing, and nothing is ever removed.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from han_core.analysis.annotations.codebook import codebook, save_tag
from han_core.analysis.annotations.database import Database
from han_core.analysis.annotations.document_annotations import (
    FLAG_NAMES,
    Annotation,
    FlagMark,
    Note,
    TagMark,
    annotations_from_json,
    flag_text,
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
    checked_note,
    checked_text,
    folded,
    storable,
)
from han_core.analysis.annotations.writing import (
    merge_notes,
    record,
    select_note,
    store_note,
    utc_now,
)
from han_core.analysis.filters import Flag
from han_core.analysis.reimport import MatchedTable
from han_core.data.delimited import without_apostrophe
from han_core.runtime.errors import UserError, alternatives, shown
from han_core.runtime.messages import tr

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
    who = checked_name(who, tr("An analyst's name"))
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
            annotator = checked_name(one.annotator, tr("An analyst's name"))
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
                label = checked_text(flag.label, tr("A class"), LONGEST_LABEL)
                meant = checked_text(flag.meant, tr("A class"), LONGEST_LABEL)
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


CODING, TAGS, FLAGS, NOTES = "coding", "tags", "flags", "notes"
BETWEEN = ";"
"""Stands between two tags of one cell."""

_KINDS = {name: kind for kind, name in FLAG_NAMES.items()}


@dataclass(frozen=True)
class FileAnnotations:
    """The annotations of a file, for the documents that it shares with a data set.

    Attributes:
        annotations: for each document (``content_hash``) that has any.
        own: documents that have tags, flags or notes without a coding: the importer's own.
    """

    annotations: dict[str, tuple[Annotation, ...]]
    own: int

    @property
    def tags(self) -> tuple[str, ...]:
        """Names of tags, each once."""
        every = (one for of_it in self.annotations.values() for one in of_it)
        return tuple(dict.fromkeys(tag.name for one in every for tag in one.tags))

    @property
    def annotators(self) -> tuple[str, ...]:
        """Names of the annotators."""
        return tuple(
            sorted({one.annotator for of_it in self.annotations.values() for one in of_it})
        )

    def without(self, annotators: Collection[str]) -> "FileAnnotations":
        """Return the annotations of all others."""
        rest = {
            content: tuple(one for one in of_it if one.annotator not in annotators)
            for content, of_it in self.annotations.items()
        }
        return FileAnnotations(
            {content: of_it for content, of_it in rest.items() if of_it}, self.own
        )


def read_annotation_columns(matched: MatchedTable, who: str) -> FileAnnotations:
    """Read what a matched file says.

    Args:
        who: brings the file; what has no name is theirs.
    """
    shared = {matched.contents[at] for at in matched.at.tolist()}
    who, at = checked_name(who, tr("An analyst's name")), utc_now()
    result: dict[str, tuple[Annotation, ...]] = {}
    own: set[str] = set()
    exported = CODING in matched.table.data
    rows = zip(matched.contents, *_columns(matched), strict=False)
    for number, (content, coding, tags, flags, notes) in enumerate(rows, start=1):
        if content not in shared:
            continue
        with _naming(matched.table.name, number):
            annotations = annotations_from_json(coding)
            beyond = _tags_beyond(tags, annotations, at), _flags_beyond(flags, annotations, at)
            note = None if exported or not checked_note(notes) else Note(notes, at, 0)
        if any((*beyond, note)):
            own.add(content)
            annotations = (*annotations, Annotation(who, beyond[0], note, beyond[1]))
        if annotations:
            result[content] = tuple(dict.fromkeys((*result.get(content, ()), *annotations)))
    return FileAnnotations(result, len(own))


def missing_tags(database: Database, tags: Sequence[str]) -> tuple[str, ...]:
    """The names that the codebook has neither among its tags nor among the retired ones."""
    existing = {
        folded(tag.name) for old in (False, True) for tag in codebook(database, retired=old)
    }
    wanted = {folded(name): name for name in reversed(tags)}
    return tuple(name for key, name in reversed(wanted.items()) if key not in existing)


def import_file_annotations(
    database: Database, annotations: FileAnnotations, who: str, make: Sequence[str] = ()
) -> ImportSummary:
    """Add what the notes do not hold yet; the tags called ``make`` are made first."""
    for name in missing_tags(database, make):
        save_tag(database, name, who)
    return import_annotations(database, annotations.annotations, who)


def _columns(matched: MatchedTable) -> Iterator[Iterator[str]]:
    for name in (CODING, TAGS, FLAGS, NOTES):
        cells = matched.table.data.get(name)
        yield repeat("") if cells is None else map(without_apostrophe, cells)


@contextmanager
def _naming(file: str, row: int) -> Iterator[None]:
    """Say which row it was."""
    try:
        yield
    except UserError as error:
        raise UserError(
            tr("Row {row:,} of {file}: {error}", row=row, file=file, error=error)
        ) from error


def _tags_beyond(cell: str, annotations: Sequence[Annotation], at: datetime) -> tuple[TagMark, ...]:
    """Tag of the cell that no coding has."""
    coded = {tag.name for one in annotations for tag in one.tags}
    if cell == f"{BETWEEN} ".join(sorted(coded)):  # as it was written; a name may hold a semicolon
        return ()
    names = dict.fromkeys(filter(None, map(str.strip, cell.split(BETWEEN))))
    folded_names = set(map(folded, coded))
    return tuple(TagMark(name, at) for name in names if folded(name) not in folded_names)


def _flags_beyond(
    cell: str, annotations: Sequence[Annotation], at: datetime
) -> tuple[FlagMark, ...]:
    """Flags of the cell that no coding has: "ambiguous; label is wrong (positive)"."""
    coded = [flag for one in annotations for flag in one.flags]
    if cell == f"{BETWEEN} ".join(dict.fromkeys(map(flag_text, coded))):
        return ()
    result: dict[Flag, FlagMark] = {}
    for words in filter(None, map(str.strip, cell.split(BETWEEN))):
        name, _, meant = words.partition(" (")
        if name not in _KINDS:
            expected = alternatives([f'"{one}"' for one in _KINDS])
            raise UserError(
                tr(
                    'a flag {expected} was expected; "{words}" came.',
                    expected=expected,
                    words=shown(words),
                )
            )
        result[_KINDS[name]] = FlagMark(_KINDS[name], "", meant.removesuffix(")"), at)
    kinds = {flag.kind for flag in coded}
    return tuple(flag for kind, flag in result.items() if kind not in kinds)
