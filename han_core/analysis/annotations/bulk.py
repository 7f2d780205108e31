"""Tag many documents at once: one transaction, and a line of history for each document."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from han_core.analysis.annotations.database import Database
from han_core.analysis.annotations.document_annotations import query_batches
from han_core.analysis.annotations.schema import ASSIGNMENT, HISTORY, TAG, checked_name, folded
from han_core.analysis.annotations.writing import utc_now
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

MOST = 20_000
"""Documents at once; that many take a second, in which others wait."""


class BulkChange(NamedTuple):
    """What tagging many documents changed.

    Attributes:
        on: whether the tag was added; else it was removed.
        contents: the documents that changed; those that were so already are not among them.
    """

    tag: str
    on: bool
    contents: tuple[str, ...]


def tag_documents(
    database: Database, contents: Sequence[str], tag: str, annotator: str, on: bool = True
) -> BulkChange:
    """Add this annotator's tag to all documents, or remove it; all of them or, on an error, none.

    Args:
        contents: ``content_hash`` of the documents; the same text several times counts once.

    Raises:
        UserError: if these are more than ``MOST``, if the tag is not in the codebook, or if the
            database refuses.
    """
    if len(contents) > MOST:
        raise UserError(
            tr(
                "At most {most:,} documents can be tagged at once; {count:,} are selected. "
                "Filter them, and select fewer.",
                most=MOST,
                count=len(contents),
            )
        )
    who = checked_name(annotator, tr("An analyst's name"))
    changed: list[str] = []
    with database.writing() as connection:
        query = sa.select(TAG.c.id, TAG.c.name).where(TAG.c.folded == folded(tag))
        named = connection.execute(query).first()
        if named is None:
            raise UserError(
                tr('There is no tag "{tag}" in the codebook; was it merged or renamed?', tag=tag)
            )
        for some in query_batches(list(dict.fromkeys(contents))):
            own = (ASSIGNMENT.c.tag_id == named.id, ASSIGNMENT.c.annotator == who,
                   ASSIGNMENT.c.content.in_(some))  # fmt: skip
            tagged = set(connection.execute(sa.select(ASSIGNMENT.c.content).where(*own)).scalars())
            different = [content for content in some if (content in tagged) != on]
            if on:
                _assign(connection, named.id, who, different)
            else:
                connection.execute(sa.delete(ASSIGNMENT).where(*own))
            _record(connection, who, named.name, on, different)
            changed += different
    return BulkChange(named.name, on, tuple(changed))


def undo(database: Database, change: BulkChange, annotator: str) -> BulkChange:
    """Reverse a change on the documents that it changed, and on no other."""
    return tag_documents(database, change.contents, change.tag, annotator, not change.on)


def _assign(connection: Connection, tag: int, who: str, contents: Collection[str]) -> None:
    at = utc_now()
    rows = [{"content": each, "tag_id": tag, "annotator": who, "at": at} for each in contents]
    if rows:
        connection.execute(sa.insert(ASSIGNMENT), rows)


def _record(
    connection: Connection, who: str, tag: str, on: bool, contents: Collection[str]
) -> None:
    """Write the same lines as tagging each document alone does."""
    before, after = ("", tag) if on else (tag, "")
    line = {"at": utc_now(), "who": who, "what": "tagged" if on else "took a tag off",
            "subject": tag, "before": before, "after": after}  # fmt: skip
    if contents:
        connection.execute(sa.insert(HISTORY), [line | {"content": each} for each in contents])
