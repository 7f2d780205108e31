"""Documents by name, and whether the file is still what was read."""

import os

import pytest

from han_core.analysis.sources import Source, source_of
from han_core.data.uploads import store_upload
from han_core.runtime.errors import UserError

CONTENT = "text,label\nA fine film.,pos\nA dull film.,neg\n"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "films.csv"
    path.write_text(CONTENT)
    return path


def test_a_file_is_named_by_its_whole_path(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    result = source_of("films.csv", "text", "label")
    assert (result.data, result.name, result.size) == (str(path), "films.csv", len(CONTENT))
    assert result.read().labels == ("pos", "neg")


def test_a_file_of_messages_is_named_by_its_whole_path(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    path.with_name("posts.csv").write_text('text,label\n"From: a\n\nA kettle.",pos\n')
    result = source_of("messages:posts.csv")
    assert result.data == f"messages:{path.with_name('posts.csv')}"
    assert (result.name, result.standing()) == ("messages:posts.csv", "same")
    assert tuple(result.with_checksum().read().texts) == ("A kettle.",)


def test_what_comes_bundled_has_a_file_and_the_hub_has_none():
    bundled = source_of("bundled:classroom/all@all")
    assert bundled.path.name == "classroom.jsonl"
    assert (bundled.name, bundled.standing()) == ("bundled:classroom/all@all", "same")
    hub = source_of("hf:owner/films@test")
    assert (hub.path, hub.name, hub.size) == (None, "hf:owner/films@test", None)
    assert hub.standing() == "unknown"
    assert hub.with_checksum() == hub


def test_the_content_decides_whether_it_changed(path):
    read = source_of(str(path)).with_checksum()
    assert read.standing() == "same"
    os.utime(path, (1, 1))
    assert read.standing() == "same"  # touched
    path.write_text(CONTENT.replace("dull", "fine"))
    assert read.standing() == "changed"  # of the same size
    path.write_text(CONTENT + "So so.,pos\n")
    assert read.standing() == "changed"
    path.unlink()
    assert read.standing() == "gone"


def test_a_file_that_changes_while_it_is_read(path):
    named = source_of(str(path))
    path.write_text(CONTENT + "So so.,pos\n")
    with pytest.raises(UserError, match=r"films\.csv changed while it was read; begin again"):
        named.with_checksum()
    path.unlink()
    with pytest.raises(UserError, match=r"films\.csv is gone"):
        named.with_checksum()


def test_a_file_that_was_only_touched_is_the_one_that_was_read(path):
    read = source_of(str(path)).with_checksum()
    os.utime(path, (1, 1))
    assert read.with_checksum() == read
    path.write_text(CONTENT.replace("dull", "fine"))
    with pytest.raises(UserError, match="changed while it was read"):
        read.with_checksum()  # of the same size


def test_an_upload_sent_again_is_the_same_source(tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))
    path = store_upload(CONTENT.encode(), "films.csv")
    os.utime(path, (1, 1))
    named = source_of(str(path))
    assert store_upload(CONTENT.encode(), "films.csv") == path
    assert path.stat().st_mtime > 1  # so that it is kept for longer
    assert source_of(str(path)) == named
    assert named.with_checksum().standing() == "same"
    stored_before = named.with_checksum().model_copy(update={"modified": 10**9})
    assert stored_before.with_checksum() == stored_before


def test_the_same_documents_whether_or_not_they_were_read(path):
    named = source_of(str(path))
    assert named.same_as(named.with_checksum())
    assert not named.same_as(source_of(str(path), "text", "stars"))
    assert Source.model_validate(named.model_dump()) == named
