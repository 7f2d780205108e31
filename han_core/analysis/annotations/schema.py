"""The tables of the annotation database, and checks of the values they take.

A document is identified by its content everywhere (``content_hash``). Each annotator's
annotation of a document is a row of its own, so two annotators never write the same row.
"""

import re
import unicodedata
from datetime import UTC, datetime

from sqlalchemy import (  # fmt: skip
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
)

from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

KNOWN = ("0001", "0002", "0003")
"""Every revision in ``migrations/versions``, oldest first; the last one is this schema."""

VERSION_TABLE = "hanscope_version"


class Moment(TypeDecorator[datetime]):
    """A moment with its time zone; it lies in the database in UTC, which SQLite cannot say."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: object) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: object) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


METADATA = MetaData()

_CONTENT, _NAME = String(32), String(80)


def _annotator() -> Column:
    return Column("annotator", _NAME, primary_key=True)


def _content() -> Column:
    return Column("content", _CONTENT, primary_key=True)


def _at() -> Column:
    return Column("at", Moment, nullable=False)


CLOCK = Table(
    "hanscope_clock",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("number", BigInteger, nullable=False),
)
"""One row. A writer raises its number first, so writers wait for one another on PostgreSQL as
they do on SQLite, and whoever sees the same number twice knows that nothing changed."""

TAG = Table(
    "hanscope_tag",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", _NAME, nullable=False),
    Column("folded", String(240), nullable=False, unique=True),  # the name whatever its case
    Column("description", Text, nullable=False),
    Column("colour", String(7), nullable=False),
    Column("key", String(1), nullable=False),
    Column("created_by", _NAME, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("retired", Boolean, nullable=False, server_default=false()),
    Column("version", Integer, nullable=False, server_default="1"),
)

ASSIGNMENT = Table(
    "hanscope_assignment",
    METADATA,
    _content(),
    Column("tag_id", ForeignKey("hanscope_tag.id"), primary_key=True, index=True),
    _annotator(),
    _at(),
)

NOTE = Table(
    "hanscope_note",
    METADATA,
    _content(),
    _annotator(),
    Column("text", Text, nullable=False),
    _at(),
    Column("version", Integer, nullable=False, server_default="1"),
)

FLAG = Table(
    "hanscope_flag",
    METADATA,
    _content(),
    _annotator(),
    Column("kind", String(20), primary_key=True),
    Column("label", Text, nullable=False, server_default=""),
    Column("meant", Text, nullable=False, server_default=""),
    _at(),
)

READ = Table("hanscope_read", METADATA, _content(), _annotator(), _at())

SLICE = Table(
    "hanscope_slice",
    METADATA,
    Column("dataset", String(64), primary_key=True),
    Column("folded", String(240), primary_key=True),
    Column("name", _NAME, nullable=False),
    Column("filter", Text, nullable=False),
    Column("annotator", _NAME, nullable=False),
    _at(),
)

PASSPHRASE = Table(
    "hanscope_passphrase",
    METADATA,
    Column("folded", String(240), primary_key=True),  # the name whatever its case
    Column("name", _NAME, nullable=False),
    Column("hash", String(200), nullable=False),
    _at(),
)

HISTORY = Table(
    "hanscope_history",
    METADATA,
    Column("id", Integer, primary_key=True),
    _at(),
    Column("who", _NAME, nullable=False),
    Column("what", String(40), nullable=False),
    Column("content", _CONTENT, nullable=True, index=True),
    Column("subject", _NAME, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
)

LONGEST_NAME = 80
LONGEST_NOTE = 200_000
LONGEST_DESCRIPTION = 2_000
LONGEST_LABEL = 200
"""Characters."""

RESERVED_KEYS = "jk"  # the page goes to the next and the previous document with them
DEFAULT_COLOUR = "#5b7fa6"

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # PostgreSQL holds no NUL, UTF-8 no half character


def storable(text: str) -> str:
    """``text`` with U+FFFD for each NUL and each lone surrogate, which no database holds."""
    return _UNSTORABLE.sub("\ufffd", text)


def checked_name(name: str, what: str) -> str:
    """``name`` in Unicode's composed form, with single spaces."""
    tidy = unicodedata.normalize("NFC", " ".join(name.split()))
    if not tidy:
        raise UserError(
            tr("{what} of at least one character is expected; it was empty.", what=what)
        )
    if len(tidy) > LONGEST_NAME:
        raise UserError(
            tr(
                "{what} of at most {longest_name} characters is expected; this one has {count:,}.",
                what=what,
                longest_name=LONGEST_NAME,
                count=len(tidy),
            )
        )
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Cn", "Co") for sign in tidy):
        raise UserError(
            tr("{what} in visible characters is expected; this one holds others.", what=what)
        )
    return tidy


def folded(name: str) -> str:
    """Return the case-folded name."""
    return unicodedata.normalize("NFC", name.casefold())


def checked_note(text: str) -> str:
    """``text`` as it can be stored; white space alone is no note."""
    if len(text) > LONGEST_NOTE:
        raise UserError(
            tr(
                "A note of at most {longest_note:,} characters is expected; this one has "
                "{count:,} and was not saved.",
                longest_note=LONGEST_NOTE,
                count=len(text),
            )
        )
    return storable(text) if text.strip() else ""


def checked_text(text: str, what: str, most: int) -> str:
    """A shorter text beside a name: a description, a class."""
    if len(text) > most:
        raise UserError(
            tr(
                "{what} of at most {most:,} characters is expected; this one has {count:,}.",
                what=what,
                most=most,
                count=len(text),
            )
        )
    return storable(text).strip()


def checked_colour(colour: str) -> str:
    """``#rrggbb`` in lower case, our own where there is none."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour or DEFAULT_COLOUR):
        raise UserError(
            tr(
                'A colour such as {default_colour} is expected; "{colour}" came.',
                default_colour=DEFAULT_COLOUR,
                colour=colour,
            )
        )
    return (colour or DEFAULT_COLOUR).lower()


def checked_key(key: str) -> str:
    """One letter or digit of the keyboard in lower case, or "" for none."""
    if key and not re.fullmatch(r"[a-z0-9]", key.lower()):
        raise UserError(
            tr('One letter a to z or digit is expected as a key; "{key}" came.', key=key)
        )
    if key and key.lower() in RESERVED_KEYS:
        raise UserError(
            tr('"{key}" goes to the next or previous document; choose another key.', key=key)
        )
    return key.lower()
