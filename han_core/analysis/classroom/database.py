"""The database of class rooms: SQLite in write-ahead mode, tables, secrets, and its errors.

Kept are a room's questions, the nicknames of its students and their answers with the time; no
address and nothing about a browser. A room goes after ``KEPT``, with all of it.
"""

import datetime
import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from han_core.analysis.annotations.database import WRITES, sqlite_engine
from han_core.runtime import paths
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

KEPT = datetime.timedelta(days=30)
PATIENCE = 10.0  # seconds to wait while others write

_TABLES = sa.MetaData()


def _in_room() -> sa.Column:
    code = sa.ForeignKey("room.code", ondelete="CASCADE")
    return sa.Column("room", sa.String, code, primary_key=True)


ROOM = sa.Table(
    "room", _TABLES,
    sa.Column("code", sa.String, primary_key=True),
    sa.Column("token_hash", sa.String, nullable=False),
    sa.Column("lesson", sa.String, nullable=False),
    sa.Column("question", sa.String, nullable=False),
    sa.Column("phase", sa.String, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created", sa.DateTime, nullable=False),
)  # fmt: skip
QUESTION = sa.Table(
    "question", _TABLES, _in_room(),
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
)  # fmt: skip
HIDDEN = sa.Table(
    "hidden", _TABLES, _in_room(),
    sa.Column("control", sa.String, primary_key=True),
)  # fmt: skip
STUDENT = sa.Table(
    "student", _TABLES, _in_room(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("nickname", sa.String, nullable=False),
    sa.Column("folded", sa.String, nullable=False),
    sa.Column("token_hash", sa.String, nullable=False),
    sa.UniqueConstraint("room", "folded"),
)  # fmt: skip
ANSWER = sa.Table(
    "answer", _TABLES, _in_room(),
    sa.Column("question", sa.String, primary_key=True),
    sa.Column("round", sa.Integer, primary_key=True),
    sa.Column("student", sa.Integer, primary_key=True),
    sa.Column("choice", sa.Integer),
    sa.Column("number", sa.Float),
    sa.Column("at", sa.DateTime, nullable=False),
)  # fmt: skip


def utc_now() -> datetime.datetime:
    """Return the time without a zone, in UTC."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def new_secret() -> str:
    """Return a secret of 192 bits."""
    return secrets.token_urlsafe(24)


def hash_of(secret: str) -> str:
    """Return what is stored of a secret; one this long needs no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def is_secret(secret: str, stored_hash: str) -> bool:
    """Compare a secret with a stored hash, in a time that does not tell how much is equal."""
    return hmac.compare_digest(hash_of(secret), stored_hash)


class ClassDatabase:
    """The rooms of a server, for any thread and for several processes."""

    def __init__(self, path: Path):
        self._engine = sqlite_engine(URL.create("sqlite", database=str(path)), PATIENCE)
        self._writer = self._engine.execution_options(**{WRITES: True})
        with self.writing() as connection:
            _TABLES.create_all(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A view of one moment."""
        with _one_sentence(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Write all of this block or, if an exception leaves it, nothing; one block at a time."""
        with _one_sentence(), self._writer.begin() as connection:
            yield connection

    def forget_old_rooms(self) -> None:
        """Delete the rooms that are older than ``KEPT``."""
        with self.writing() as connection:
            connection.execute(sa.delete(ROOM).where(ROOM.c.created < utc_now() - KEPT))

    def versions(self) -> dict[str, int]:
        """Return the version of each room, by its code."""
        with self.reading() as connection:
            return dict(connection.execute(sa.select(ROOM.c.code, ROOM.c.version)).tuples().all())

    def close(self) -> None:
        """Let all connections go."""
        self._engine.dispose()


@contextmanager
def _one_sentence() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeout, sqlite3.Error) as error:
        cause = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
        raise UserError(
            tr(
                "The class rooms cannot be read or written now: {cause}. Please try again.",
                cause=cause,
            )
        ) from error


@lru_cache(maxsize=8)
def _database(path: Path) -> ClassDatabase:
    database = ClassDatabase(path)
    database.forget_old_rooms()
    return database


def class_database() -> ClassDatabase:
    """Return the rooms of this server, in the folder of its data."""
    return _database(paths.classroom_path())
