"""A SQLite file of notes is verified and copied when it is opened; damage is never overwritten."""

import shutil
from datetime import date

import pytest

from han_core.analysis.annotations import upkeep
from han_core.analysis.annotations.codebook import codebook, save_tag
from han_core.analysis.annotations.database import open_database
from han_core.analysis.annotations.document_annotations import document_annotations
from han_core.analysis.annotations.upkeep import BACKUPS, backups
from han_core.analysis.annotations.writing import write_note
from han_core.runtime.errors import UserError
from tests.damage import each_flipped

CONTENT = "a" * 32


@pytest.fixture
def path(ready, tmp_path):
    """A file with a tag and a note; no copy was made of it yet."""
    path = tmp_path / "notes.sqlite"
    shutil.copy(ready, path)
    database = open_database(f"sqlite:///{path}")
    save_tag(database, "irony", "Anna")
    write_note(database, CONTENT, "Anna", "The other way round. " * 500)
    database.close()
    for copy in backups(path):
        copy.unlink()
    return path


def open_and_close(path) -> None:
    open_database(f"sqlite:///{path}").close()


def test_the_first_opening_of_a_day_copies_what_is_there(path, monkeypatch):
    open_and_close(path)
    (copy,) = backups(path)
    assert copy.name == f"notes.sqlite.backup-{date.today()}"
    before = copy.read_bytes()
    database = open_database(f"sqlite:///{path}")
    save_tag(database, "negation", "Anna")
    database.close()
    open_and_close(path)
    assert copy.read_bytes() == before
    as_it_was = open_database(f"sqlite:///{copy}")
    assert [tag.name for tag in codebook(as_it_was)] == ["irony"]
    assert document_annotations(as_it_was, CONTENT)[0].note.text == "The other way round. " * 500
    as_it_was.close()


def test_the_copies_of_the_last_days_stay(path):
    for day in range(1, 7):
        path.with_name(f"notes.sqlite.backup-2026-01-0{day}").write_bytes(b"older")
    open_and_close(path)
    assert [copy.name[-10:] for copy in backups(path)] == [
        "2026-01-05", "2026-01-06", str(date.today()),
    ]  # fmt: skip
    assert len(backups(path)) == BACKUPS


def test_a_new_file_has_no_copy(tmp_path):
    open_and_close(tmp_path / "notes.sqlite")
    assert backups(tmp_path / "notes.sqlite") == []


def test_damage_is_one_sentence_that_names_the_copy_and_nothing_is_overwritten(path):
    open_and_close(path)
    (copy,) = backups(path)
    content = bytearray(path.read_bytes())
    content[4096:8192] = bytes(4096)  # the second page of the file
    path.write_bytes(content)
    with pytest.raises(UserError, match=rf"are damaged \(.*\) and were left.*copy {copy.name}"):
        open_database(f"sqlite:///{path}")
    assert path.read_bytes() == bytes(content)
    shutil.copy(copy, path)
    open_and_close(path)


def test_a_flipped_bit_is_a_sentence_or_is_read_and_never_ends_the_process(path):
    messages = [message_of_reading(path) for _ in each_flipped(path, 60)]
    assert all("notes.sqlite" in message for message in messages if message)


def message_of_reading(path) -> str:
    """The sentence that says why a file cannot be read; empty if it can."""
    try:
        database = open_database(f"sqlite:///{path}")
        document_annotations(database, CONTENT)
        database.close()
    except UserError as error:
        return str(error)
    return ""


def test_a_full_disk_leaves_the_notes_open_without_a_copy(path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(upkeep.tempfile, "mkstemp", full)
    open_and_close(path)
    assert backups(path) == []
