"""SQLite files in write-ahead mode: many read while one writes, and writers wait for each other."""

import sqlite3
import time
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine

from han_core.runtime.errors import UserError

WRITES = "hanscope_writes"
"""The option of a connection whose transactions begin as writing ones."""


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
        raise UserError(f"The folder {path.parent} cannot be made ({error.strerror}).") from error
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
