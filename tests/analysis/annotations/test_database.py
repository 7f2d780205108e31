import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from han_core.analysis.annotations import upkeep
from han_core.analysis.annotations.codebook import codebook, save_tag
from han_core.analysis.annotations.database import open_database, write_ahead
from han_core.analysis.annotations.document_annotations import document_annotations
from han_core.analysis.annotations.schema import KNOWN, METADATA, TAG, VERSION_TABLE
from han_core.analysis.annotations.writing import history, set_read, write_note
from han_core.runtime.errors import UserError


def test_sqlite_is_opened_as_it_should_be(notes):
    with notes.reading() as connection:
        result = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert result == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 30_000,
    }


def test_the_number_tells_whether_something_was_written(database):
    before = database.number()
    codebook(database)
    assert database.number() == before
    save_tag(database, "negation", "Anna")
    assert database.number() == before + 1


READ = sa.text("INSERT INTO hanscope_read VALUES ('a', 'b', '2026-01-01')")
TAGGED = sa.text("INSERT INTO hanscope_assignment VALUES ('a', 99, 'b', '2026-01-01')")


def write(database, *statements, trouble: Exception | None = None) -> None:
    with database.writing() as connection:
        for statement in statements:
            connection.execute(statement)
        if trouble:
            raise trouble


def test_nothing_of_a_failed_write_stays(database):
    before = database.number()
    with pytest.raises(UserError, match="thought better"):
        write(database, READ, trouble=UserError("thought better of it"))
    assert database.number() == before
    with database.reading() as connection:
        assert not connection.execute(sa.text("SELECT * FROM hanscope_read")).all()


def test_what_the_database_refuses_is_a_sentence_and_nothing_is_written(database):
    tag = save_tag(database, "negation", "Anna")
    with pytest.raises(UserError, match="cannot be read or written"):
        write(database, sa.update(TAG).values(version=9), TAGGED)  # no such tag
    assert codebook(database) == (tag,)


def test_locked_notes_say_so(url):
    first, second = open_database(url), open_database(url, patience=0.2)
    with first.writing(), pytest.raises(UserError, match=r"are locked.*0\.2 seconds.*try again"):
        set_read(second, "a" * 32, "Ben", True)
    set_read(second, "a" * 32, "Ben", True)
    first.close()
    second.close()


def test_readers_do_not_wait_for_a_writer_and_see_one_moment(url):
    first, second = open_database(url), open_database(url, patience=0.2)
    with second.reading() as connection:
        query = sa.select(sa.func.count()).select_from(TAG)
        assert connection.execute(query).scalar() == 0
        save_tag(first, "negation", "Anna")
        assert connection.execute(query).scalar() == 0
        with first.writing():
            assert len(codebook(second)) == 1
    first.close()
    second.close()


def test_threads_share_a_database(database):
    def read(name: str) -> None:
        for number in range(5):
            set_read(database, f"{number:032x}", name, True)

    threads = [threading.Thread(target=read, args=(f"thread {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.number() == 40


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("notes", "names no database"),
        ("sqlite://", "SQLite file or in PostgreSQL"),
        ("sqlite:///:memory:", "SQLite file or in PostgreSQL"),
        ("mysql://host/notes", 'names "mysql"'),
        ("sqlite:////proc/notes/notes.sqlite", "folder /proc/notes cannot be made"),
        ("sqlite:////proc/notes.sqlite", "/proc/notes.sqlite.*unable to open"),
        ("postgresql://u:secret@127.0.0.1:1/notes", "127.0.0.1/notes.*refused"),
        ("postgres://u:secret@127.0.0.1:1/notes", "127.0.0.1/notes.*refused"),
    ],
)
def test_what_cannot_be_opened_is_a_sentence_without_the_password(url, says):
    with pytest.raises(UserError, match=says) as error:
        open_database(url)
    assert "secret" not in str(error.value)


def test_a_file_that_is_no_database_stays_as_it_is(tmp_path):
    file = tmp_path / "notes.sqlite"
    file.write_text("My notes of last year, which are no database. " * 30)
    content = file.read_bytes()
    with pytest.raises(UserError, match="not a database"):
        open_database(f"sqlite:///{file}")
    assert file.read_bytes() == content


def test_the_environment_names_the_database(tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_NOTES", f"sqlite:///{tmp_path / 'a' / 'mine.sqlite'}")
    opened = open_database()
    assert opened.name.endswith("a/mine.sqlite")
    save_tag(opened, "negation", "Anna")
    opened.close()
    raw = sqlite3.connect(tmp_path / "a" / "mine.sqlite")
    assert raw.execute("SELECT name FROM hanscope_tag").fetchall() == [("negation",)]
    raw.close()


CONTENT, AT = "c" * 32, datetime(2026, 1, 2, 3, 4, 5)
OLD = {
    "hanscope_tag": {
        "name": "Ironie",
        "folded": "ironie",
        "description": "the other way round",
        "colour": "#aa0000",
        "key": "i",
        "created_by": "Ben",
        "created_at": AT,
        "retired": False,
    },
    "hanscope_assignment": {"content": CONTENT, "tag_id": 1, "annotator": "Anna", "at": AT},
    "hanscope_note": {"content": CONTENT, "annotator": "Ben", "text": "<b>\nä", "at": AT},
    "hanscope_flag": {"content": CONTENT, "annotator": "Ben", "kind": "ambiguous", "at": AT},
    "hanscope_history": {
        "at": AT,
        "who": "Ben",
        "what": "noted",
        "content": CONTENT,
        "subject": "",
        "before": "",
        "after": "<b>\nä",
    },
}


@pytest.fixture
def older(empty_url):
    """The first schema, as it was when it was the only one, with a row in every table."""
    engine = sa.create_engine(empty_url)
    with engine.begin() as connection:
        upkeep.step(connection, "0001")
        tables = sa.MetaData()
        tables.reflect(connection)
        for name, row in OLD.items():
            connection.execute(sa.insert(tables.tables[name]).values(**row))
    engine.dispose()
    return empty_url


def test_the_revisions_are_those_that_are_known():
    config = Config()
    config.set_main_option("script_location", str(upkeep.MIGRATIONS))
    result = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(reversed([step.revision for step in result])) == KNOWN


def test_the_steps_lead_to_the_schema(empty_url):
    open_database(empty_url).close()
    engine = sa.create_engine(empty_url)
    with engine.connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_an_older_schema_loses_nothing(older):
    database = open_database(older)
    at = AT.replace(tzinfo=UTC)
    (tag,) = codebook(database)
    assert (tag.name, tag.description, tag.key, tag.created_at) == (
        "Ironie", "the other way round", "i", at,
    )  # fmt: skip
    anna, ben = document_annotations(database, CONTENT)
    assert [(one.name, one.at) for one in anna.tags] == [("Ironie", at)]
    assert (ben.note.text, ben.note.at, ben.note.version) == ("<b>\nä", at, 1)
    assert [(flag.kind, flag.label, flag.at) for flag in ben.flags] == [("ambiguous", "", at)]
    assert [change.after for change in history(database, CONTENT)] == ["<b>\nä"]
    # and it can be written to: what was there counts as a note that was seen
    assert not write_note(database, CONTENT, "Ben", "new", version=1).joined
    database.close()


def test_a_newer_schema_is_refused_and_left_alone(older):
    engine = sa.create_engine(older)
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '0099'"))
    with pytest.raises(UserError, match=r'newer Hanscope.*"0099".*up to "0003".*update'):
        open_database(older)
    with engine.connect() as connection:
        assert "hanscope_slice" not in sa.inspect(connection).get_table_names()
    engine.dispose()


def test_a_step_that_fails_leaves_the_older_schema_whole(older, monkeypatch):
    engine = sa.create_engine(older)
    with engine.begin() as connection:  # in the way of the last table of the second step
        connection.execute(sa.text("CREATE TABLE hanscope_clock (mine INTEGER)"))
    with pytest.raises(UserError, match="hanscope_clock"):
        open_database(older)
    with engine.begin() as connection:
        names = sa.inspect(connection).get_table_names()
        assert "hanscope_slice" not in names
        columns = sa.inspect(connection).get_columns("hanscope_note")
        assert "version" not in {column["name"] for column in columns}
        connection.execute(sa.text("DROP TABLE hanscope_clock"))
    engine.dispose()
    open_database(older).close()


STARTS = """
import os, sys
from han_core.analysis.annotations.database import open_database, write_ahead
from han_core.analysis.annotations.codebook import save_tag
import alembic.command, alembic.config
children = []
for number in range(8):
    if not (child := os.fork()):
        save_tag(open_database(sys.argv[1]), f"tag {number}", "Anna")
        os._exit(0)
    children.append(child)
sys.exit(max(os.waitpid(child, 0)[1] for child in children) != 0)
"""


def test_eight_first_starts_at_once_do_not_collide(empty_url):
    subprocess.run([sys.executable, "-c", STARTS, empty_url], check=True, timeout=300)
    database = open_database(empty_url)
    assert len(codebook(database)) == 8
    database.close()


def test_a_file_that_is_locked_at_the_first_start_is_waited_for(tmp_path):
    """SQLite itself gives up at once when two would set the mode that stays with the file."""
    path = tmp_path / "notes.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    impatient = sqlite3.connect(path, timeout=0)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        write_ahead(impatient, patience=0.05)
    threading.Timer(0.2, other.rollback).start()
    write_ahead(impatient, patience=60)
    assert impatient.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    impatient.close()
    other.close()
