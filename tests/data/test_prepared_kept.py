"""What was read is there the next time, whole, and takes bounded room."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from han_core.data import prepared
from han_core.data.prepared import NOTE, TEXTS_FILE, WORDS_FILE, in_memory, stored_table
from han_core.text.token_table import TEXTS, WORDS, TokenTable, digests
from tests.damage import flip

WORD = pa.table([pa.array([b"word"], pa.binary())], schema=WORDS)


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch) -> Path:
    """A folder for kept texts that nobody else uses."""
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))
    return tmp_path / "prepared"


def names(*texts: str) -> np.ndarray:
    return np.unique(digests(texts))


class Reader:
    """Reads texts of as many words as there are texts, and counts how often it was asked."""

    def __init__(self, wanted: np.ndarray):
        self.wanted, self.asked = wanted, 0

    def __call__(self, sink) -> pa.Table:
        self.asked += 1
        for name in self.wanted:
            row = [name.ljust(16, b"\0")], [[0] * len(self.wanted)], [[len(self.wanted)]], [False]
            sink(pa.table(list(map(pa.array, row, TEXTS.types)), schema=TEXTS))
        return WORD


def table_of(*texts: str, recipe: str = "a") -> tuple[TokenTable, int]:
    """The table, and whether it had to be read."""
    read = Reader(names(*texts))
    return stored_table(recipe, read.wanted, read), read.asked


def entries(root: Path) -> list[Path]:
    return [path for path in root.iterdir() if path.is_dir()]


def test_the_second_time_nothing_is_read(root):
    first, second = table_of("x", "y"), table_of("y", "x")
    assert (first[1], second[1]) == (1, 0)
    assert first[0].texts.equals(second[0].texts)
    assert second[0].lengths.tolist() == [2, 2]
    assert len(entries(root)) == 1


def test_what_is_kept_is_mapped_not_loaded(root):
    before = pa.total_allocated_bytes()
    table, _ = table_of(*map(str, range(500)))
    assert len(table.texts.column("words").to_numpy()) == 500
    assert (
        pa.total_allocated_bytes() - before
        < 100_000
        < (entries(root)[0] / TEXTS_FILE).stat().st_size
    )


def test_only_the_owner_may_look_into_it(root):
    table_of("x")
    assert root.stat().st_mode & 0o077 == 0


def test_an_entry_of_more_texts_serves_as_well(root):
    table_of("x", "y", "z")
    table, read = table_of("y")
    assert not read
    assert table.lengths[table.rows(digests(["y"]))].tolist() == [3]
    assert table_of("y", "other")[1]


def test_another_recipe_reads_again():
    table_of("x", "y")
    assert table_of("x", "y", recipe="b")[1]
    assert table_of("x", recipe="b")[1] == 0
    assert table_of("x", recipe="c")[1]


def note(path: Path, **changed) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))


DAMAGE = {
    "a flipped bit": lambda entry: flip(entry / TEXTS_FILE, 4_000),
    "a flipped bit in the words": lambda entry: flip(entry / WORDS_FILE, 2_000),
    "cut off": lambda entry: os.truncate(entry / TEXTS_FILE, 700),
    "empty": lambda entry: os.truncate(entry / TEXTS_FILE, 0),
    "a file gone": lambda entry: (entry / WORDS_FILE).unlink(),
    "no note": lambda entry: (entry / NOTE).unlink(),
    "a torn note": lambda entry: os.truncate(entry / NOTE, 20),
    "a note of another kind": lambda entry: (entry / NOTE).write_text("[1]"),
    "a note without checksums": lambda entry: note(entry / NOTE, sha256={}),
    "other files": lambda entry: shutil.copy(entry / WORDS_FILE, entry / TEXTS_FILE),
    "a file in its place": lambda entry: (shutil.rmtree(entry), entry.write_text("x")),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_entry_is_made_again(root, damage):
    whole, _ = table_of("x", "y")
    content = whole.texts.to_pydict()
    damage(entries(root)[0])
    again, read = table_of("x", "y")
    assert read
    assert again.texts.to_pydict() == content
    assert table_of("x", "y")[1] == 0


def test_an_entry_does_not_serve_while_its_files_are_another_ones(root):
    table_of("x", "y")
    first = entries(root)[0]
    table_of("p", "q", "r")
    (second,) = set(entries(root)) - {first}
    shutil.copy(first / NOTE, second / NOTE)
    assert table_of("p", "q", "r")[1]


def test_of_many_at_once_one_reads_and_the_others_wait():
    wanted = names("x", "y")
    asked, found, begin = [], [], threading.Barrier(6)

    def read(sink):
        asked.append(1)
        time.sleep(0.3)
        return Reader(wanted)(sink)

    def work():
        begin.wait()
        found.append(stored_table("a", wanted, read).texts.to_pydict())

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1
    assert found == [found[0]] * 6


KILLED = """
import sys, time
sys.path.insert(0, {project!r})
from tests.data.test_prepared_kept import Reader, stored_table, names
def read(sink):
    Reader(names("x"))(sink)
    print("reading", flush=True)
    time.sleep(60)
stored_table("a", names(*{texts!r}), read)
"""


@pytest.mark.parametrize("texts", [["x", "y"], ["others"]], ids=["the same", "others"])
def test_a_process_killed_while_it_reads_is_replaced_and_leaves_nothing(root, texts):
    project = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", KILLED.format(project=project, texts=texts)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"reading\n"
    (left,) = entries(root)
    table_of("while it reads")  # takes nothing away that is still being written
    assert left.exists()
    threading.Timer(0.3, process.kill).start()
    if texts != ["x", "y"]:
        process.wait()
    assert table_of("x", "y")[1], "it waited for the lock, and read itself"
    process.communicate()
    assert not left.exists()
    assert len(entries(root)) == 2


def test_the_entries_not_used_for_longest_go(root, monkeypatch):
    table_of("a")
    size = sum(path.stat().st_size for path in entries(root)[0].iterdir())
    monkeypatch.setenv("HANSCOPE_PREPARED_LIMIT", str(int(3.5 * size)))
    for text in "bc":
        table_of(text)
    for age, text in enumerate("abc"):
        last = time.time() - 100 + age
        os.utime(_entry(root, text) / NOTE, (last, last))
    assert table_of("a")[1] == 0  # now b is the one not used for longest
    table_of("d")
    assert [table_of(text)[1] for text in "acd"] == [0, 0, 0]
    assert table_of("b")[1] == 1


def _entry(root: Path, text: str) -> Path:
    (found,) = [
        entry
        for entry in entries(root)
        if names(text).tobytes() in (entry / TEXTS_FILE).read_bytes()
    ]
    return found


def test_an_entry_larger_than_all_the_room_is_used_and_the_others_go(root, monkeypatch):
    table_of("a")
    monkeypatch.setenv("HANSCOPE_PREPARED_LIMIT", "10")
    table, read = table_of("b")
    assert read
    assert len(table) == 1
    assert len(entries(root)) == 1
    assert table_of("b")[1] == 0


def test_a_full_disk_is_told_and_leaves_nothing(root, monkeypatch):
    file = pa.OSFile
    monkeypatch.setattr(prepared.pa, "OSFile", lambda path, mode: file("/dev/full", mode))
    with pytest.raises(OSError, match="space"):
        table_of(*map(str, range(3000)))
    assert entries(root) == []


def test_in_memory_the_table_is_the_same():
    read = Reader(names("x", "y"))
    assert in_memory(read).texts.to_pydict() == table_of("x", "y")[0].texts.to_pydict()
    assert len(in_memory(lambda sink: WORD.slice(1))) == 0
