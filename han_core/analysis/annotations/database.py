"""The annotation database: connections and error messages.

SQLite in WAL mode, or PostgreSQL. One writer writes at a time: on SQLite its transaction begins
as a writing one, on PostgreSQL it raises the clock's number first. A write is on the disk when
the call returns. Whatever the database refuses is a ``UserError``.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from han_core.analysis.annotations.schema import CLOCK
from han_core.analysis.annotations.upkeep import upgrade, verify_and_back_up
from han_core.analysis.filters import Marks
from han_core.runtime import paths
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

WRITES = "hanscope_writes"
"""The option of a connection whose transactions begin as writing ones."""


class Database:
    """Notes that can be read and written, from any thread.

    Attributes:
        name: where they are, for people; without a password.
    """

    def __init__(self, engine: Engine, patience: float):
        self.name = _name(engine.url)
        self._patience = patience
        self._engine = engine
        self._reader = engine
        if engine.dialect.name == "postgresql":  # SQLite shows one moment anyway
            self._reader = engine.execution_options(isolation_level="REPEATABLE READ")
        self._writer = engine.execution_options(**{WRITES: True})
        self.marked: tuple[int, Marks] | None = None
        """The marks at a number of the clock, kept by ``marked.marks``."""

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A view of one moment."""
        with self._one_sentence(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Write everything done in this block, or nothing if an exception leaves it."""
        with self._one_sentence(), self._writer.begin() as connection:
            connection.execute(sa.update(CLOCK).values(number=CLOCK.c.number + 1))
            yield connection

    def number(self) -> int:
        """The clock's number: the same one again means that nothing was written in between."""
        with self.reading() as connection:
            return connection.execute(sa.select(CLOCK.c.number)).scalar_one()

    def close(self) -> None:
        """Let all connections go; the next call opens new ones."""
        self._engine.dispose()

    def bring_up_to_date(self) -> None:
        """Make the tables, or the present ones of an older database's, which is verified first."""
        with self._one_sentence():
            if self._engine.dialect.name == "sqlite":
                verify_and_back_up(Path(self.name), self._patience)
            upgrade(self._reader, self._writer, self.name)

    @contextmanager
    def _one_sentence(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, PoolTimeout, sqlite3.Error) as error:
            raise UserError(_sentence(error, self.name, self._patience)) from error


def open_database(url: str | None = None, patience: float = 30.0) -> Database:
    """The notes at ``url`` (``places.notes_url()``), made or brought up to date if need be.

    Args:
        patience: seconds to wait while others write.
    """
    database = Database(_engine(_url(url or paths.notes_url()), patience), patience)
    database.bring_up_to_date()
    return database


def _url(address: str) -> URL:
    try:
        url = sa.make_url(address)
    except (ArgumentError, ValueError) as error:
        raise UserError(
            tr(
                "HANSCOPE_NOTES names no database; sqlite:////path/notes.sqlite or "
                "postgresql+psycopg://user:password@host/name is expected."
            )
        ) from error
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        return url.set(drivername="sqlite")
    if url.get_backend_name() in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise UserError(
        tr(
            "Notes are kept in a SQLite file or in PostgreSQL; HANSCOPE_NOTES names "
            '"{drivername}" without either.',
            drivername=url.drivername,
        )
    )


def _engine(url: URL, patience: float) -> Engine:
    try:
        if url.get_backend_name() == "sqlite":
            return sqlite_engine(url, patience)
        return _postgresql(url, patience)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise UserError(
            tr("Notes in PostgreSQL need its driver: pip install -r requirements-postgres.txt.")
        ) from error


def sqlite_engine(url: URL, patience: float) -> Engine:
    """Return connections to a SQLite file, whose folder is made; a commit is on the disk.

    Args:
        url: names the file.
        patience: seconds to wait while others write.

    Raises:
        UserError: if the folder cannot be made.
    """
    path = Path(str(url.database))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            tr(
                "The folder {parent} cannot be made ({reason}).",
                parent=path.parent,
                reason=error.strerror,
            )
        ) from error
    engine = sa.create_engine(url, connect_args={"timeout": patience})

    # The driver would begin transactions late and by itself; we begin them.
    @event.listens_for(engine, "connect")
    def _connected(raw, record) -> None:
        raw.isolation_level = None
        write_ahead(raw, patience)
        for pragma in ("synchronous=FULL", "foreign_keys=ON"):
            raw.execute(f"PRAGMA {pragma}").close()

    # A transaction that read first and then wants to write may find that another wrote, and
    # fails without waiting; one that begins as a writer waits.
    @event.listens_for(engine, "begin")
    def _begins(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def write_ahead(raw: sqlite3.Connection, patience: float) -> None:
    """Set WAL mode, which stays with the file. SQLite does not wait for others here.

    Raises:
        sqlite3.OperationalError: if the file is still locked after ``patience`` seconds.
    """
    end = time.monotonic() + patience
    while True:
        try:
            raw.execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.02)


def _postgresql(url: URL, patience: float) -> Engine:
    wait = int(patience * 1000)
    return sa.create_engine(
        url,
        pool_pre_ping=True,  # a server that was started anew leaves dead connections
        pool_timeout=patience,
        connect_args={
            "connect_timeout": 5,
            "client_encoding": "utf8",
            # A writer whose machine vanished must not keep the others waiting for ever.
            "options": f"-c lock_timeout={wait} -c idle_in_transaction_session_timeout={wait}",
            "tcp_user_timeout": wait,
        },
    )


def _name(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return f"{url.host or tr('this machine')}/{url.database or url.username or ''}"


def _sentence(error: DBAPIError | PoolTimeout | sqlite3.Error, name: str, patience: float) -> str:
    """Describe a failure of the database in one sentence."""
    cause = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    if isinstance(error, PoolTimeout) or "locked" in cause or state == "55P03":
        return tr(
            "The notes ({name}) are locked: somebody else has been writing for more than "
            "{seconds:g} seconds; nothing was written, please try again.",
            name=name, seconds=patience,
        )  # fmt: skip
    return tr("The notes ({name}) cannot be read or written: {cause}.", name=name, cause=cause)
