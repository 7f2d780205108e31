"""The codebook: the tags that annotators share and edit, and tags to start with.

A name is unique whatever its case. A retired tag keeps its documents and is no longer offered.
An edit names the version it started from, so that no other edit is lost.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from han_core.analysis.annotations.database import Database
from han_core.analysis.annotations.schema import (
    ASSIGNMENT,
    LONGEST_DESCRIPTION,
    TAG,
    checked_colour,
    checked_key,
    checked_name,
    checked_text,
    folded,
)
from han_core.analysis.annotations.writing import record, utc_now
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr


class StaleTagError(UserError):
    """A tag was changed by somebody else since it was read."""


@dataclass(frozen=True)
class Tag:
    """A tag as it stands in the codebook.

    Attributes:
        colour: ``#rrggbb``.
        key: of the keyboard, one letter or digit; "" for none.
        version: raised by every change.
    """

    id: int
    name: str
    description: str
    colour: str
    key: str
    created_by: str
    created_at: datetime
    retired: bool
    version: int


_COLUMNS = [TAG.c[name] for name in Tag.__dataclass_fields__]


def codebook(database: Database, retired: bool = False) -> tuple[Tag, ...]:
    """The tags that are offered, or those that are ``retired``, by name."""
    query = sa.select(*_COLUMNS).where(TAG.c.retired == retired).order_by(TAG.c.folded)
    with database.reading() as connection:
        return tuple(Tag(*row) for row in connection.execute(query))


KEYBOARD = "1234567890abcdefghijklmnopqrstuvwxyz"


def in_key_order(tags: Iterable[Tag]) -> tuple[Tag, ...]:
    """Return the tags as their keys lie on a keyboard, digits first; then those without, by name.

    "0" stands after "9".
    """
    return tuple(sorted(tags, key=_place_of_key))


def _place_of_key(tag: Tag) -> tuple[int, str]:
    place = KEYBOARD.index(tag.key) if tag.key else len(KEYBOARD)
    return place, tag.name.casefold()


def documents_by_tag(database: Database) -> dict[str, int]:
    """Documents that have a tag, for each name in the codebook; retired tags too."""
    documents = sa.func.count(sa.distinct(ASSIGNMENT.c.content))
    query = sa.select(TAG.c.name, documents).outerjoin(ASSIGNMENT).group_by(TAG.c.name)
    with database.reading() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def save_tag(
    database: Database,
    name: str,
    annotator: str,
    description: str = "",
    colour: str = "",
    key: str = "",
    tag: Tag | None = None,
) -> Tag:
    """Make a tag, or changes ``tag`` as it was seen; its documents follow a new name.

    Raises:
        Stale: if somebody changed ``tag`` since.
    """
    values = {
        "name": checked_name(name, tr("A tag's name")),
        "description": checked_text(description, tr("A description"), LONGEST_DESCRIPTION),
        "colour": checked_colour(colour),
        "key": checked_key(key),
    }
    annotator = checked_name(annotator, tr("An analyst's name"))
    with database.writing() as connection:
        if tag is not None:
            _refuse_stale(connection, tag)
        _refuse_taken(connection, values["name"], values["key"], tag)
        if tag is None:
            return insert_tag(connection, annotator, **values)
        return _changed(connection, tag, annotator, "changed a tag", **values)


def insert_tag(
    connection: Connection, annotator: str, name: str, description: str, colour: str, key: str
) -> Tag:
    """A new tag of checked values, whose name nobody has, within a transaction."""
    values = {"name": name, "description": description, "colour": colour, "key": key}
    made = {"created_by": annotator, "created_at": utc_now(), "folded": folded(name)}
    put = sa.insert(TAG).values(**values, **made, retired=False, version=1).returning(*_COLUMNS)
    record(connection, annotator, "made a tag", name, after=_line(values))
    return Tag(*connection.execute(put).one())


def retire_tag(database: Database, tag: Tag, annotator: str) -> Tag:
    """Stop offering a tag; documents keep it, and its key becomes free.

    Raises:
        Stale: if somebody changed ``tag`` since.
    """
    with database.writing() as connection:
        who = checked_name(annotator, tr("An analyst's name"))
        return _changed(connection, tag, who, "retired a tag", retired=True, key="")


def restore_tag(database: Database, tag: Tag, annotator: str) -> Tag:
    """Offer a retired tag again."""
    with database.writing() as connection:
        who = checked_name(annotator, tr("An analyst's name"))
        return _changed(connection, tag, who, "restored a tag", retired=False)


def merge_tags(database: Database, tag: Tag, into: Tag, annotator: str) -> int:
    """Put ``into`` where ``tag`` was, and lets ``tag`` go; returns how many rows moved.

    Who tagged and when stays; where one annotator had put both, the row of ``into`` stays.

    Raises:
        Stale: if somebody changed either since.
    """
    who = checked_name(annotator, tr("An analyst's name"))
    if tag.id == into.id:
        raise UserError(
            tr('Another tag is expected to merge "{name}" into; it was the same.', name=tag.name)
        )
    with database.writing() as connection:
        _refuse_stale(connection, tag)
        _refuse_stale(connection, into)
        moved = _move(connection, tag.id, into.id)
        connection.execute(sa.delete(TAG).where(TAG.c.id == tag.id))
        record(connection, who, "merged a tag", tag.name, _line(vars(tag)), into.name)
    return moved


def _move(connection: Connection, source: int, target: int) -> int:
    """Assignments of one tag made those of another."""
    twin = ASSIGNMENT.alias()
    same = (twin.c.content == ASSIGNMENT.c.content) & (twin.c.annotator == ASSIGNMENT.c.annotator)
    twins = sa.select(twin.c.content).where(same, twin.c.tag_id == target).exists()
    of_source = ASSIGNMENT.c.tag_id == source
    connection.execute(sa.delete(ASSIGNMENT).where(of_source, twins))
    return connection.execute(sa.update(ASSIGNMENT).where(of_source).values(tag_id=target)).rowcount


def _refuse_taken(connection: Connection, name: str, key: str, tag: Tag | None) -> None:
    """Raise where another tag has the name, or an offered one the key."""
    others = TAG.c.id != (tag.id if tag else -1)
    same = sa.select(TAG.c.name, TAG.c.retired).where(others, TAG.c.folded == folded(name))
    if result := connection.execute(same).first():
        if result.retired:
            retired = tr('A tag "{name}" is among the retired tags already; choose another name.',
                         name=result.name)  # fmt: skip
            raise UserError(retired)
        raise UserError(tr('A tag "{name}" is in the codebook already; choose another name.',
                           name=result.name))  # fmt: skip
    with_key = sa.select(TAG.c.name).where(others, TAG.c.key == key, ~TAG.c.retired)
    if key and (result := connection.execute(with_key).first()):
        raise UserError(
            tr(
                'The key "{key}" is that of the tag "{name}"; choose another one.',
                key=key,
                name=result.name,
            )
        )


def _refuse_stale(connection: Connection, tag: Tag) -> None:
    """Raise where ``tag`` is no longer as it was seen."""
    version = connection.execute(sa.select(TAG.c.version).where(TAG.c.id == tag.id)).scalar()
    if version != tag.version:
        raise StaleTagError(
            tr(
                'Somebody else has changed or merged the tag "{tag}" meanwhile; nothing was saved, '
                "please look at it again.",
                tag=tag.name,
            )
        )


def _changed(connection: Connection, tag: Tag, who: str, what: str, **values: str | bool) -> Tag:
    """``tag`` with other values, if it still is as it was seen."""
    _refuse_stale(connection, tag)
    if "name" in values:
        values["folded"] = folded(str(values["name"]))
    put = sa.update(TAG).where(TAG.c.id == tag.id).values(**values, version=tag.version + 1)
    new = Tag(*connection.execute(put.returning(*_COLUMNS)).one())
    record(connection, who, what, tag.name, _line(vars(tag)), _line(vars(new)))
    return new


def _line(values: dict) -> str:
    """A tag in the history."""
    return "; ".join(str(values[name]) for name in ("name", "description", "colour", "key"))


class StarterTag(NamedTuple):
    """A tag that is offered."""

    name: str
    description: str
    colour: str
    key: str


STARTER_TAGS = (
    StarterTag("negation", "A word turns what follows around: not good, hardly a success, "
            "fails to bore.", "#3b6ea8", "1"),
    StarterTag("contrast", "The text weighs one side against the other, and the last or the main "
            "clause decides: fine actors, but …", "#8a5fb0", "2"),
    StarterTag("mixed opinion", "Praise and blame in the same text; a reader could argue for "
            "either class.", "#b0623f", "3"),
    StarterTag("sarcasm", "Meant the other way round: what a masterpiece, I slept well.",
            "#b8476b", "4"),
    StarterTag("indirect", "No word says it; the reader concludes it from what is told: I asked "
            "for my money back.", "#3f8f7a", "5"),
    StarterTag("comparison", "Somebody or something else is judged, or serves as the measure: his "
            "first book was so much better.", "#7f7a2c", "6"),
    StarterTag("about something else", "Strong words that belong to the plot, a quotation or "
            "another thing, not to what is judged.", "#5f7f9f", "7"),
    StarterTag("knowledge needed", "Only somebody who knows the matter can tell: a name, an "
            "allusion, a term.", "#8c6d3f", "8"),
    StarterTag("unknown words", "What decides is misspelt, rare, or of another language, and the "
            "model does not know it.", "#6b6b6b", "9"),
    StarterTag("too little to tell", "Short or empty of opinion; nobody could tell from the text "
            "alone.", "#9a5f8a", "0"),
)  # fmt: skip
"""No two share a key; a wrong label is a flag, so it is no tag."""


def add_starter_tags(database: Database, annotator: str) -> int:
    """Put those into the codebook whose name is not there; returns how many.

    A key that somebody gave to another tag stays with that one.
    """
    who = checked_name(annotator, tr("An analyst's name"))
    with database.writing() as connection:
        existing = connection.execute(sa.select(TAG.c.folded, TAG.c.key, TAG.c.retired)).all()
        names, keys = (
            {row.folded for row in existing},
            {row.key for row in existing if not row.retired},
        )
        new = [one for one in STARTER_TAGS if folded(one.name) not in names]
        for one in new:
            free = one._replace(key="") if one.key in keys else one
            insert_tag(connection, who, **free._asdict())
    return len(new)
