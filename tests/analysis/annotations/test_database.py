import sqlite3
import threading

import pytest
import sqlalchemy as sa

from han_core.analysis.annotations.codebook import codebook, save_tag
from han_core.analysis.annotations.database import open_database
from han_core.analysis.annotations.schema import TAG
from han_core.analysis.annotations.writing import set_read
from han_core.runtime.errors import UserError


def test_sqlite_is_opened_as_it_should_be(notes):
    with notes.reading() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {
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
        asked = sa.select(sa.func.count()).select_from(TAG)
        assert connection.execute(asked).scalar() == 0
        save_tag(first, "negation", "Anna")
        assert connection.execute(asked).scalar() == 0
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
