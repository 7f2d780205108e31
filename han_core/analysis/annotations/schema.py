"""The tables of the notes, as they are now; ``migrations`` tells how they came to be so.

A document is named by its content everywhere (``marks.content_of``). Whatever one annotator says
of a document is a row of its own, so two annotators never write the same row. It knows nothing
about connections.
"""

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

KNOWN = ("0001", "0002")
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
