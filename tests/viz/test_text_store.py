"""Documents kept by their content: whole, private, bounded, and never outside the folder."""

import base64
import hashlib
import os
import re
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.data.text_files import LONGEST_TEXT
from han_core.runtime.errors import UserError
from han_core.viz.text_store import ID, DocumentStore


@pytest.fixture
def store(tmp_path) -> DocumentStore:
    return DocumentStore(tmp_path / "data" / "documents")


def refusal(call, argument) -> str:
    with pytest.raises(UserError) as caught:
        call(argument)
    return str(caught.value)


def kept(store: DocumentStore) -> list[str]:
    return sorted(path.stem for path in store.folder.iterdir())


def last_used(store: DocumentStore, id: str, hours_ago: float) -> None:
    moment = time.time() - 3600 * hours_ago
    os.utime(store.folder / f"{id}.txt", (moment, moment))


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_comes_back_as_it_was(text, tmp_path_factory):
    store = DocumentStore(tmp_path_factory.getbasetemp() / "store")
    assert store.load(store.save(text)) == text


def test_line_breaks_and_marks_stay(store):
    text = "\ufeffa\r\nb\rc\n\0\u2028\x85"
    assert store.load(store.save(text)) == text


def test_the_id_is_the_beginning_of_the_sha_256_in_base_32(store):
    id = store.save("真好")
    digest = hashlib.sha256("真好".encode()).digest()
    assert base64.b32encode(digest).decode().startswith(id.upper())
    assert re.fullmatch(ID, id)
    assert store.save("真好") == id
    assert kept(store) == [id]
    assert store.save("真好 ") != id


def test_files_are_the_owners_alone(store):
    old = os.umask(0)
    try:
        path = store.folder / f"{store.save('private')}.txt"
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700


def test_an_id_that_is_none_never_reaches_the_disk(monkeypatch, store):
    store.save("something")
    (store.folder.parent / "secret.txt").write_text("secret")
    monkeypatch.setattr(Path, "open", None)
    wrong = ["", "../secret", "a" * 25, "a" * 27, "A" * 26, "a" * 25 + "1", "a" * 26 + "\n",
             "a" * 25 + "/", "a" * 25 + "\0", "/" * 26, ".." * 13]  # fmt: skip
    for id in wrong:
        assert "impossible name" in refusal(store.load, id)


def test_what_is_not_there_is_a_sentence(store):
    assert "is not kept here" in refusal(store.load, "a" * 26)
    (store.folder / ("a" * 26 + ".txt")).mkdir(parents=True)
    assert "is not kept here" in refusal(store.load, "a" * 26)


@pytest.mark.parametrize("content", [b"", b"another", b"\xff", b"tru", b"true\n"])
def test_a_file_that_changed_is_noticed(store, content):
    id = store.save("true")
    (store.folder / f"{id}.txt").write_bytes(content)
    assert "is damaged" in refusal(store.load, id)
    assert store.load(store.save("true")) == "true"


def test_a_huge_file_in_its_place_is_not_read_whole(store):
    id = store.save("true")
    os.truncate(store.folder / f"{id}.txt", 40_000_000)
    assert "is damaged" in refusal(store.load, id)


def test_the_longest_text_and_one_more_character(store):
    text = "𝔸" * LONGEST_TEXT
    assert store.load(store.save(text)) == text
    assert refusal(store.save, text + "b").endswith("this one has 1,000,001.")


def test_half_a_character_is_refused(store):
    assert "(a lone surrogate) at position 2" in refusal(store.save, "ab\ud800")
    assert not store.folder.exists()


def test_the_document_not_used_for_longest_goes_first(tmp_path):
    store = DocumentStore(tmp_path, most_documents=3)
    first, second, third = (store.save(text) for text in ("one", "two", "three"))
    for id, hours in ((first, 9), (second, 8), (third, 7)):
        last_used(store, id, hours)
    store.load(first)
    fourth = store.save("four")
    assert kept(store) == sorted([first, third, fourth])
    assert "is not kept here" in refusal(store.load, second)
    last_used(store, third, 1)
    last_used(store, fourth, 2)
    last_used(store, first, 3)
    assert store.save("one") == first  # saved once more is used once more
    store.save("five")
    assert fourth not in kept(store)


def test_bytes_are_bounded_and_the_newest_stays(tmp_path):
    store = DocumentStore(tmp_path, most_bytes=10)
    old = store.save("12345")
    last_used(store, old, 2)
    same = store.save("67890")
    assert kept(store) == sorted([old, same])
    last_used(store, same, 1)
    one_more = store.save("x")
    assert kept(store) == sorted([same, one_more])
    large = store.save("larger than all")
    assert kept(store) == [large]
    assert store.load(large) == "larger than all"


def test_what_a_killed_writer_left_goes_and_what_is_not_ours_stays(tmp_path):
    store = DocumentStore(tmp_path, most_documents=1)
    for name, hours in ((".new-dead", 2), (".new-busy", 0), ("notes.db", 99)):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (time.time() - 3600 * hours,) * 2)
    id = store.save("a")
    assert {path.name for path in tmp_path.iterdir()} == {".new-busy", "notes.db", f"{id}.txt"}


def test_a_disk_that_refuses_is_a_sentence_and_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    assert "cannot be kept" in refusal(DocumentStore(tmp_path / "file" / "below").save, "a")
    store = DocumentStore(tmp_path / "documents")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert "(No space left on device)" in refusal(store.save, "a")
    assert kept(store) == []


def test_many_writers_and_readers_at_once(tmp_path):
    store = DocumentStore(tmp_path)

    def there_and_back(number: int) -> bool:
        text = f"document {number % 7} " * 1_000
        return store.load(store.save(text)) == text

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(there_and_back, range(200)))
    assert len(kept(store)) == 7
