"""Verify, back up and migrate the annotation database when it is opened.

A SQLite file is copied beside itself (``notes.sqlite.backup-2026-11-28``) once a day, before
anything is written; the last few copies stay. PostgreSQL has tools of its own for that.
"""

import os
import sqlite3
import tempfile
import threading
from contextlib import closing, suppress
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from han_core.analysis.annotations.schema import KNOWN, VERSION_TABLE
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

MIGRATIONS = Path(__file__).parent / "migrations"
BACKUPS = 3
"""Copies that stay: those of the last days on which somebody opened the notes."""

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
_ALONE = threading.Lock()  # Alembic keeps its context in its modules
_POSTGRESQL_LOCK = 0x48616E73636F7065  # any number that nobody else takes: "Hanscope"


def verify_and_back_up(path: Path, patience: float) -> None:
    """Verify the structure of a SQLite file and copy it, unless today's copy is there.

    A copy that the disk refuses is left out: the notes themselves can still be written.

    Args:
        patience: seconds to wait while others write.

    Raises:
        UserError: if the file is damaged; nothing is written then.
        sqlite3.Error: if it is locked, or cannot be read.
    """
    if not path.exists() or not path.stat().st_size:
        return
    url = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(url, patience, uri=True)) as source:
        try:
            (problem,) = source.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode not in _DAMAGE:
                raise
            problem = str(error)
        if problem != "ok":
            raise UserError(
                tr(
                    "The notes ({path}) are damaged ({problem}) and were left as they are; put "
                    "{copy} in their place.",
                    path=path,
                    problem=problem.splitlines()[-1],
                    copy=_newest_backup(path),
                )
            )
        with suppress(OSError, sqlite3.Error):
            _copy(source, path, path.with_name(f"{path.name}.backup-{date.today()}"))


def backups(path: Path) -> list[Path]:
    """Return the copies of a SQLite file, the oldest first."""
    return sorted(path.parent.glob(f"{path.name}.backup-????-??-??"))


def _newest_backup(path: Path) -> str:
    copies = backups(path)
    if not copies:
        return tr("a copy of them")
    return tr("the copy {name} beside them", name=copies[-1].name)


def _copy(source: sqlite3.Connection, path: Path, copy: Path) -> None:
    """Copy the database whole or not at all, and delete copies beyond ``BACKUPS``."""
    if copy.exists():
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{copy.name}-")
    os.close(handle)
    try:
        with closing(sqlite3.connect(name)) as target:
            source.backup(target)
        os.replace(name, copy)
    finally:
        Path(name).unlink(missing_ok=True)
    for old in backups(path)[:-BACKUPS]:
        old.unlink(missing_ok=True)


def upgrade(reader: Engine, writer: Engine, name: str) -> None:
    """Bring the schema behind the engines up to ``KNOWN[-1]``."""
    with reader.connect() as connection:
        if _present(connection, name) == KNOWN[-1]:
            return
    with _ALONE, writer.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_POSTGRESQL_LOCK)))
        if _present(connection, name) != KNOWN[-1]:
            step(connection, KNOWN[-1])


def step(connection: Connection, revision: str) -> None:
    """Take the steps up to ``revision`` within the connection's transaction."""
    # Only here: it takes most of a second to import, and is needed once in a database's life.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _present(connection: Connection, name: str) -> str | None:
    """The schema's revision, None in an empty database."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    result = connection.execute(sa.select(sa.column("version_num")).select_from(
        sa.table(VERSION_TABLE)
    )).scalar()  # fmt: skip
    if result is not None and result not in KNOWN:
        raise UserError(
            tr(
                "The notes ({name}) were written by a newer Hanscope: their schema is "
                '"{result}", and this one knows up to "{known}"; update Hanscope, or name other '
                "notes in HANSCOPE_NOTES.",
                name=name,
                result=result,
                known=KNOWN[-1],
            )
        )
    return result
