"""Annotations in the columns of an exported file, ready to be imported.

The column ``coding`` holds names and times. Tags and flags that somebody added in a spreadsheet,
and everything in a file without ``coding``, count as the importer's own.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat

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
)
from han_core.analysis.annotations.import_annotations import ImportSummary, import_annotations
from han_core.analysis.annotations.schema import checked_name, checked_note, folded
from han_core.analysis.annotations.writing import utc_now
from han_core.analysis.filters import Flag
from han_core.analysis.reimport import MatchedTable
from han_core.data.delimited import without_apostrophe
from han_core.runtime.errors import UserError, shown

CODING, TAGS, FLAGS, NOTES = "coding", "tags", "flags", "notes"
BETWEEN = ";"
"""Stands between two tags of one cell."""

_KINDS = {name: kind for kind, name in FLAG_NAMES.items()}


@dataclass(frozen=True)
class FileAnnotations:
    """The annotations of a file, for the documents that it shares with a data set.

    Attributes:
        said: for each document (``content_hash``) of which something is said.
        own: documents that have tags, flags or notes without a coding: the importer's own.
    """

    said: dict[str, tuple[Annotation, ...]]
    own: int

    @property
    def tags(self) -> tuple[str, ...]:
        """Names of tags, each once."""
        every = (one for of_it in self.said.values() for one in of_it)
        return tuple(dict.fromkeys(tag.name for one in every for tag in one.tags))

    @property
    def annotators(self) -> tuple[str, ...]:
        """Names of the annotators."""
        return tuple(sorted({one.annotator for of_it in self.said.values() for one in of_it}))

    def without(self, annotators: Collection[str]) -> "FileAnnotations":
        """Return the annotations of all others."""
        rest = {
            content: tuple(one for one in of_it if one.annotator not in annotators)
            for content, of_it in self.said.items()
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
    who, at = checked_name(who, "An analyst's name"), utc_now()
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
    known = {folded(tag.name) for old in (False, True) for tag in codebook(database, retired=old)}
    wanted = {folded(name): name for name in reversed(tags)}
    return tuple(name for key, name in reversed(wanted.items()) if key not in known)


def import_file_annotations(
    database: Database, annotations: FileAnnotations, who: str, make: Sequence[str] = ()
) -> ImportSummary:
    """Add what the notes do not hold yet; the tags called ``make`` are made first."""
    for name in missing_tags(database, make):
        save_tag(database, name, who)
    return import_annotations(database, annotations.said, who)


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
        raise UserError(f"Row {row:,} of {file}: {error}") from error


def _tags_beyond(cell: str, annotations: Sequence[Annotation], at: datetime) -> tuple[TagMark, ...]:
    """Tag of the cell that no coding has."""
    coded = {tag.name for one in annotations for tag in one.tags}
    if cell == f"{BETWEEN} ".join(sorted(coded)):  # as it was written; a name may hold a semicolon
        return ()
    names = dict.fromkeys(filter(None, map(str.strip, cell.split(BETWEEN))))
    known = set(map(folded, coded))
    return tuple(TagMark(name, at) for name in names if folded(name) not in known)


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
            expected = " or ".join(f'"{one}"' for one in _KINDS)
            raise UserError(f'a flag {expected} was expected; "{shown(words)}" came.')
        result[_KINDS[name]] = FlagMark(_KINDS[name], "", meant.removesuffix(")"), at)
    kinds = {flag.kind for flag in coded}
    return tuple(flag for kind, flag in result.items() if kind not in kinds)
