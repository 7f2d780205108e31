"""SQLite files that are locked when the mode is set."""

import sqlite3
import threading

import pytest

from han_core.runtime.sqlite import write_ahead


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
