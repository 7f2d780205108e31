"""Notes in SQLite and in a PostgreSQL server of the tests' own; each test gets them empty."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from han_core.analysis.annotations.database import Database, open_database
from han_core.analysis.annotations.schema import CLOCK, METADATA

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
SETTINGS = "-c listen_addresses='' -c max_connections=60 -c shared_buffers=16MB -c fsync=off"


@pytest.fixture(scope="session")
def server(missing) -> Iterator[str]:
    """The URL of a server that runs as long as the tests, reached through a socket."""
    initdb, pg_ctl = _binary("initdb"), _binary("pg_ctl")
    if not (initdb and pg_ctl):
        missing("PostgreSQL is not installed: there is no initdb or no pg_ctl")
    folder = Path(tempfile.mkdtemp(prefix="hanscope-", dir="/tmp"))  # a socket's path is short
    run, data = _as_server(folder), folder / "data"
    try:
        run(initdb, "-D", data, "-U", "tests", "-A", "trust", "-E", "UTF8", "--no-sync")
        settings = f"{SETTINGS} -c unix_socket_directories={folder}"
        run(pg_ctl, "-D", data, "-w", "-l", folder / "log", "-o", settings, "start")
        yield f"postgresql+psycopg://tests@/postgres?host={folder}"
        run(pg_ctl, "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def ready(tmp_path_factory) -> Path:
    """A SQLite file with the tables and nothing in them: copying it is faster than the steps."""
    file = tmp_path_factory.mktemp("ready") / "notes.sqlite"
    open_database(f"sqlite:///{file}").close()
    return file


@pytest.fixture(scope="session")
def ready_server(server) -> str:
    """The URL of a PostgreSQL database with the tables."""
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE ready")
    engine.dispose()
    url = server.replace("/postgres?", "/ready?")
    open_database(url).close()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path) -> str:
    """Of a database that has no tables yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'notes.sqlite'}"
    url = request.getfixturevalue("server")
    _run(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path) -> str:
    """Of notes in which nothing is said yet."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("ready"), tmp_path / "notes.sqlite")
        return f"sqlite:///{tmp_path / 'notes.sqlite'}"
    url = request.getfixturevalue("ready_server")
    names = ", ".join(table.name for table in METADATA.sorted_tables if table is not CLOCK)
    _run(url, f"TRUNCATE {names} RESTART IDENTITY", f"UPDATE {CLOCK.name} SET number = 0")
    return url


@pytest.fixture
def database(url) -> Iterator[Database]:
    opened = open_database(url)
    yield opened
    opened.close()


@pytest.fixture
def notes(ready, tmp_path) -> Iterator[Database]:
    """In SQLite alone, where the database makes no difference."""
    shutil.copy(ready, tmp_path / "other.sqlite")
    opened = open_database(f"sqlite:///{tmp_path / 'other.sqlite'}")
    yield opened
    opened.close()


def _run(url: str, *statements: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def _binary(name: str) -> Path | None:
    """The program of the newest PostgreSQL in Debian's folder, or of the one on the path."""
    result = [folder / name for folder in BINARIES if (folder / name).exists()]
    if result:
        return result[-1]
    return Path(on_path) if (on_path := shutil.which(name)) else None


def _as_server(folder: Path) -> Callable[..., None]:
    """Runs a command as somebody else than root, which the server insists on."""
    before: list[str] = []
    if os.getuid() == 0:
        before = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        shutil.chown(folder, "postgres", "postgres")

    def run(*command: object) -> None:
        subprocess.run([*before, *map(str, command)], check=True, capture_output=True, cwd="/")

    return run
