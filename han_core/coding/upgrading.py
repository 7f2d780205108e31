"""An older schema made the present one, with all that is in it; a newer one refused.

Alembic takes the steps in ``migrations``; all of them, or none, are written. Several processes
may start at once: one takes the steps while the others wait. It knows nothing about the tables.
"""

import threading
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from han_core.coding.schema import KNOWN, VERSION_TABLE
from han_core.wrong_input import WrongInput

MIGRATIONS = Path(__file__).parent / "migrations"

_ALONE = threading.Lock()  # Alembic keeps its context in its modules
_POSTGRESQL_LOCK = 0x48616E73636F7065  # any number that nobody else takes: "Hanscope"


def upgrade(reader: Engine, writer: Engine, name: str) -> None:
    """Brings the schema behind the engines up to ``KNOWN[-1]``.

    Raises:
        WrongInput: if the schema is none that is known.
        DBAPIError: as the database does.
    """
    with reader.connect() as connection:
        if _present(connection, name) == KNOWN[-1]:
            return
    with _ALONE, writer.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_POSTGRESQL_LOCK)))
        if _present(connection, name) != KNOWN[-1]:
            step(connection, KNOWN[-1])


def step(connection: Connection, revision: str) -> None:
    """Takes the steps up to ``revision`` within the connection's transaction."""
    # Only here: it takes most of a second to import, and is needed once in a database's life.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _present(connection: Connection, name: str) -> str | None:
    """The schema's revision, None in an empty database.

    Raises:
        WrongInput: if it is none that is known.
    """
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(sa.select(sa.column("version_num")).select_from(
        sa.table(VERSION_TABLE)
    )).scalar()  # fmt: skip
    if found is not None and found not in KNOWN:
        raise WrongInput(
            f'The notes ({name}) were written by a newer Hanscope: their schema is "{found}", and '
            f'this one knows up to "{KNOWN[-1]}"; update Hanscope, or name other notes in '
            "HANSCOPE_NOTES."
        )
    return found
