"""A folder is there whole or not at all, and JSON is read warily."""

import os
import subprocess
import sys

import pytest

from han_core.runtime.atomic_io import (
    checksum,
    current_folder,
    half_replaced,
    read_json,
    restore_previous,
    safe_name,
    whole_folder,
    write_json,
)
from han_core.runtime.errors import UserError


def write(folder, content: str) -> None:
    with whole_folder(folder) as new:
        (new / "inner").mkdir()
        (new / "inner" / "file").write_text(content)


def content(folder) -> str:
    return (folder / "inner" / "file").read_text()


def test_a_folder_appears_whole_and_takes_the_place_of_the_older(tmp_path):
    folder = tmp_path / "deep" / "folder"
    write(folder, "old")
    (folder / "only-old").touch()
    write(folder, "new")
    assert content(folder) == "new"
    assert os.listdir(folder) == ["inner"]
    assert os.listdir(folder.parent) == ["folder"]
    assert folder.stat().st_mode & 0o777 == 0o755


def test_nothing_is_seen_of_a_folder_before_it_is_whole(tmp_path):
    with whole_folder(tmp_path / "folder") as new:
        (new / "file").touch()
        assert not (tmp_path / "folder").exists()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_exception_half_way_leaves_the_older_folder(tmp_path, error):
    write(tmp_path / "folder", "old")

    def fail() -> None:
        with whole_folder(tmp_path / "folder") as new:
            (new / "half").touch()
            raise error

    with pytest.raises(error):
        fail()
    assert content(tmp_path / "folder") == "old"
    assert os.listdir(tmp_path) == ["folder"]


DIES = """
import os, sys
from pathlib import Path
from han_core.runtime import atomic_io as rooms

replace, allowed = os.replace, int(sys.argv[2])

def dying(*arguments):
    global allowed
    if not allowed:
        os._exit(9)
    allowed -= 1
    replace(*arguments)

rooms.os.replace = dying
with rooms.whole_folder(Path(sys.argv[1])) as new:
    (new / "inner").mkdir()
    (new / "inner" / "file").write_text("new")
"""


@pytest.mark.parametrize("renames", [0, 1])
def test_a_process_that_dies_between_the_renames_loses_nothing(tmp_path, renames):
    folder = tmp_path / "folder"
    write(folder, "old")
    died = subprocess.run([sys.executable, "-c", DIES, str(folder), str(renames)], check=False)
    assert died.returncode == 9
    assert folder.exists() == (renames == 0)
    assert content(current_folder(folder)) == "old"
    assert half_replaced(tmp_path) == ([] if folder.exists() else [folder])
    restore_previous(folder)
    assert content(folder) == "old"
    assert (current_folder(folder), half_replaced(tmp_path)) == (folder, [])
    write(folder, "newest")
    assert content(folder) == "newest"


def test_rescue_leaves_a_folder_that_is_there(tmp_path):
    write(tmp_path / "folder", "new")
    write(tmp_path / ".folder.previous", "old")
    restore_previous(tmp_path / "folder")
    assert content(tmp_path / "folder") == "new"
    restore_previous(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_a_reader_between_the_two_renames_does_not_stop_the_writer(tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    write(folder, "old")
    replace, found = os.replace, []

    def followed(source, target):
        replace(source, target)
        found.append(content(current_folder(folder)))

    monkeypatch.setattr(os, "replace", followed)
    write(folder, "new")
    assert found == ["old", "new"]
    assert content(folder) == "new"


def test_an_older_folder_that_stands_aside_outlives_a_writer_that_fails(tmp_path):
    write(tmp_path / ".folder.previous", "old")
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "folder"):
        raise RuntimeError
    assert content(tmp_path / "folder") == "old"


def test_a_process_that_dies_writing_json_leaves_the_older_file(tmp_path, monkeypatch):
    path = tmp_path / "file.json"
    write_json(path, ["old"])

    def die(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        write_json(path, ["new"])
    assert read_json(path) == ["old"]
    monkeypatch.undo()
    write_json(path, ["newest"])
    assert (read_json(path), os.listdir(tmp_path)) == (["newest"], ["file.json"])


def test_json_comes_back_as_it_was_written(tmp_path):
    value = {"words": ["电影", "<unk>", 'a"b', "\u2028"], "n": 1.5, "none": None}
    write_json(tmp_path / "file.json", value)
    assert read_json(tmp_path / "file.json") == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "not readable"),
        (b"{'a': 1}", "not readable"),
        (b'{"a": 1', "not readable"),
        (b"\xff\xfe", "not readable"),
        (b"[" * 20_000, "not readable"),
        (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "not readable"),
        (b"9" * 5_000, "not readable"),
        (b" " * 1_000_001, "larger than the 1,000,000 bytes"),
    ],
    ids=["empty", "quotes", "cut", "no UTF-8", "deep lists", "deep objects", "digits", "large"],
)
def test_what_is_no_json_is_one_sentence(tmp_path, text, message):
    (tmp_path / "file.json").write_bytes(text)
    with pytest.raises(UserError, match=message) as caught:
        read_json(tmp_path / "file.json")
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_in_its_place_are_one_sentence(tmp_path):
    with pytest.raises(UserError, match=f"{tmp_path.name} has no file.json"):
        read_json(tmp_path / "file.json")
    (tmp_path / "file.json").mkdir()
    with pytest.raises(UserError, match="not readable"):
        read_json(tmp_path / "file.json")


def test_the_checksum_is_sha256(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    assert checksum(tmp_path / "file") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("../../etc", "etc"),
        ("..", "checkpoint"),
        ("", "checkpoint"),
        (".hidden", "hidden"),
        ("a/b\\c\0d", "a-b-c-d"),
        ("酒店 评论", "酒店-评论"),
        ("x" * 999, "x" * 60),
        ("\ud800", "checkpoint"),
        ("a/../b", "a-..-b"),
        ("...", "checkpoint"),
        ("CON: <x>", "CON-x"),
    ],
)
def test_names_of_folders_are_harmless(wanted, name):
    assert safe_name(wanted) == name
    assert safe_name(name) == name
