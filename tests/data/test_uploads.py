"""Files that were sent are kept whole, apart, and not for ever."""

import errno
import os
import stat
import time

import pytest

from han_core.data import uploads
from han_core.data.corpus import read_corpus
from han_core.data.uploads import delete_unused_uploads, store_upload
from han_core.runtime.errors import UserError

DATA = b"text,label\ngood,1\nbad,0\n"


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))
    return tmp_path / "uploads"


@pytest.fixture
def readable(monkeypatch):
    """Every file passes for one that can be read: a reader takes half a second."""
    monkeypatch.setattr(uploads, "read_upload", lambda data, filename, **_: None)


def files(store):
    return sorted(str(path.relative_to(store)) for path in store.glob("*/*"))


def aged(path, seconds=2 * uploads.FRESH_SECONDS):
    os.utime(path, (time.time() - seconds,) * 2)
    return path


def test_what_was_kept_can_be_trained_on_under_its_own_name(store):
    path = store_upload(DATA, "C:\\mine\\Reviews 1.CSV")
    assert (path.name, path.read_bytes()) == ("Reviews 1.csv", DATA)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    corpus = read_corpus(str(path))
    assert (corpus.name, corpus.texts) == ("Reviews 1.csv", ("good", "bad"))
    assert [file.name for file in store.rglob("*") if file.is_file()] == ["Reviews 1.csv"]


def test_the_same_content_is_read_and_kept_once(store, monkeypatch, readable):
    path = aged(store_upload(DATA, "a.csv"))
    with monkeypatch.context() as patched:
        patched.setattr(uploads, "read_upload", None)
        assert store_upload(DATA, "a.csv") == path
    assert time.time() - path.stat().st_mtime < 60  # used again
    other = store_upload(DATA, "b.csv")
    assert other.parent == path.parent
    assert store_upload(DATA + b"new,1\n", "a.csv").parent != path.parent
    assert len(files(store)) == 3


@pytest.mark.parametrize(
    "name", ["../../../etc/x.csv", "a\0b\n.csv", ".csv", "/x.csv", "é\ud800" * 99 + ".csv", "..csv"]
)
def test_hostile_names_stay_below_the_store(name, store, readable):
    path = store_upload(DATA, name)
    assert path.parent.parent == store
    assert path.name.endswith(".csv")
    assert len(path.name.encode()) < 255
    assert path.read_bytes() == DATA


@pytest.mark.parametrize(
    ("data", "name"), [(b"PAR1", "x.parquet"), (DATA, "x.exe"), (b"", "x.csv")]
)
def test_what_cannot_be_read_is_not_kept(data, name, store):
    with pytest.raises(UserError):
        store_upload(data, name)
    assert files(store) == []


def test_a_full_store_and_a_full_disk_are_sentences(store, monkeypatch, readable):
    store_upload(DATA, "a.csv")
    with monkeypatch.context() as patched:
        patched.setenv("HANSCOPE_UPLOADS_LIMIT", str(2 * len(DATA) - 1))
        with pytest.raises(UserError, match=r"uploaded files take .* no room for more;"):
            store_upload(DATA, "b.csv")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match=r"b\.csv cannot be kept: No space left on device"):
        store_upload(DATA, "b.csv")
    assert [name.split("/")[1] for name in files(store)] == ["a.csv"]


def test_what_nobody_uses_is_forgotten(store, readable):
    used, unused = aged(store_upload(DATA, "used.csv")), aged(store_upload(DATA, "unused.csv"))
    alone = aged(store_upload(DATA + b"new,1\n", "alone.csv"))
    posts = aged(store_upload(DATA, "posts.csv"))
    fresh = store_upload(DATA, "fresh.csv")
    delete_unused_uploads({str(used), f"messages:{posts}"})
    assert [path.exists() for path in (used, posts, unused, alone, fresh)] == [
        True, True, False, False, True,
    ]  # fmt: skip
    assert not alone.parent.exists()


def test_what_came_first_goes_first_and_only_as_much_as_must(store, readable):
    paths = [aged(store_upload(DATA, f"{n}.csv"), 9_000 - n) for n in range(3)]
    delete_unused_uploads((), at_most=2 * len(DATA))
    assert [path.exists() for path in paths] == [False, True, True]
    delete_unused_uploads((), at_most=2 * len(DATA))
    assert [path.exists() for path in paths] == [False, True, True]


def test_word_vectors_are_kept_with_the_size_of_one(tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))
    path, size = uploads.store_vectors(b"fine 0.1 0.2 0.3\n", "C:\\mine\\small.vec")
    assert (path.name, size) == ("small.vec", 3)
    assert path.read_bytes() == b"fine 0.1 0.2 0.3\n"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [(b"", "none.txt", "a word and its vector"), (b"a 1", "a.npy", "ends")],
)
def test_what_are_no_word_vectors_is_not_kept(data, name, says, tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))
    with pytest.raises(UserError, match=says):
        uploads.store_vectors(data, name)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
