"""A table in a file: every kind says the same, nothing runs, and it is whole or not there."""

import json
import os

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.analysis import export
from han_core.analysis.annotations.codebook import save_tag
from han_core.analysis.annotations.database import open_database
from han_core.analysis.annotations.document_annotations import annotations_from_json
from han_core.analysis.annotations.writing import add_tag, set_flag, write_note
from han_core.analysis.documents import content_hash
from han_core.analysis.export import export_table, frames, write_table
from han_core.data.delimited import FORMULA, without_apostrophe
from han_core.data.readers import read_table
from han_core.data.sandbox import read_file
from han_core.runtime.errors import UserError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NASTY = st.builds(str.__add__, st.sampled_from(FORMULA), TEXT) | TEXT


def frame(texts, **numbers) -> pd.DataFrame:
    return pd.DataFrame({"n": range(len(texts)), **numbers, "text": pd.Series(texts, dtype=object)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@given(st.lists(NASTY, min_size=1, max_size=6))
def test_every_text_comes_back(folder, texts):
    halves = [frame(texts[:2]), frame(texts[2:])]
    for kind in ("csv", "parquet", "jsonl"):
        path = folder / f"x.{kind}"
        size = write_table(iter(halves), path, kind)
        content = path.read_bytes()
        assert len(content) == size
        actual = list(read_table(content, path.name).data["text"])
        if kind == "csv":
            assert not any(cell.startswith(FORMULA) for cell in actual)
            # An apostrophe that stood before a sign from the beginning goes as well.
            assert list(map(without_apostrophe, actual)) == list(map(without_apostrophe, texts))
        else:
            assert actual == texts


def test_numbers_keep_their_kinds(tmp_path):
    numbers = {"p": np.array([0.25, np.nan], "f4"), "wrong": [True, False]}
    rows = frame(["a", "b"], **numbers)
    write_table([rows], tmp_path / "x.parquet", "parquet")
    kinds = pq.read_schema(tmp_path / "x.parquet").types
    assert [str(kind) for kind in kinds] == ["int64", "float", "bool", "large_string"]
    write_table([rows], tmp_path / "x.jsonl", "jsonl")
    first, second = (tmp_path / "x.jsonl").read_text().splitlines()
    assert json.loads(first) == {"n": 0, "p": 0.25, "wrong": True, "text": "a"}
    assert json.loads(second)["p"] is None


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_half_a_character_and_no_rows_are_no_trouble(tmp_path, kind):
    path = tmp_path / f"x.{kind}"
    write_table([frame(["a\ud800b"])], path, kind)
    assert read_table(path.read_bytes(), path.name).data["text"][0] == "a?b"
    write_table([frame([])], path, kind)
    if kind != "jsonl":  # which has no place for names
        assert read_table(path.read_bytes(), path.name).columns == ("n", "text")


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_too_large_a_file_is_not_written_and_the_one_before_stays(tmp_path, kind):
    path = tmp_path / f"x.{kind}"
    path.write_text("before")
    noise = [np.random.default_rng(row).bytes(2_000).hex() for row in range(1_000)]
    with pytest.raises(UserError, match=f"x.{kind} would have more than 1 MiB"):
        write_table((frame(noise) for _ in range(3)), path, kind, most_bytes=2**20)
    assert os.listdir(tmp_path) == [path.name]
    assert path.read_text() == "before"


def test_a_disk_that_refuses_is_said_in_one_sentence(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"x\.csv cannot be written: No such file"):
        write_table([frame(["a"])], tmp_path / "gone" / "x.csv", "csv")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match="No space left"):
        write_table([frame(["a"])], tmp_path / "x.csv", "csv")
    assert os.listdir(tmp_path) == []


def test_at_least_one_frame_is_expected(tmp_path):
    with pytest.raises(ValueError, match="none came"):
        write_table([], tmp_path / "x.csv", "csv")


TEXTS = ["=1+1 is bad", "fine\nfilm", "so so", "dull"]


@pytest.fixture
def database(tmp_path):
    return open_database(f"sqlite:///{tmp_path / 'notes.sqlite'}")


@pytest.fixture
def store(make_store):
    return make_store(
        true=["neg", "pos", "pos", "neg"],
        predicted=["neg", "pos", "neg", "pos"],
        confidence=[0.9, 0.8, 0.7, 0.6],
        texts=TEXTS,
        columns={"tags": ["a", "b", "c", "d"], "film": ["+1", "x", "y", "z"]},
        other=["neg", "neg", "pos", "neg"],
    )


def whole(store, rows, database) -> pd.DataFrame:
    return pd.concat(frames(store, np.array(rows, dtype=np.int64), database), ignore_index=True)


def test_a_row_for_each_document_in_the_order_asked_for(store, database):
    save_tag(database, "irony", "Ann")
    add_tag(database, content_hash("so so"), "irony", "Ann")
    write_note(database, content_hash("so so"), "Ben", "@nobody laughs")
    set_flag(database, content_hash("dull"), "ambiguous", "Ann", True)
    result = whole(store, [3, 2, 0], database)
    assert result["id"].tolist() == ["3", "2", "0"]
    assert result["true"].tolist() == ["neg", "pos", "neg"]
    assert result["predicted"].tolist() == ["pos", "neg", "neg"]
    assert result["wrong"].tolist() == [True, True, False]
    assert result["confidence"].to_numpy() == pytest.approx([0.6, 0.7, 0.9])
    assert result["p(true)"].to_numpy() == pytest.approx([0.4, 0.3, 0.9])
    assert result["loss"].to_numpy() == pytest.approx(-np.log([0.4, 0.3, 0.9]))
    assert result["tokens"].tolist() == [1, 2, 3]
    assert result["predicted by second"].tolist() == ["neg", "pos", "neg"]
    assert result["tags (data)"].tolist() == ["d", "c", "a"]
    assert result["film"].tolist() == ["z", "y", "+1"]
    assert result["tags"].tolist() == ["", "irony", ""]
    assert result["flags"].tolist() == ["ambiguous", "", ""]
    assert result["notes"].tolist() == ["", "Ben: @nobody laughs", ""]
    assert result["content"].tolist() == [content_hash(TEXTS[row]) for row in (3, 2, 0)]
    assert result["text"].tolist() == ["dull", "so so", "=1+1 is bad"]
    assert {one.annotator for one in annotations_from_json(result["coding"][1])} == {"Ann", "Ben"}


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_the_file_reads_back_the_same(store, database, tmp_path, kind, monkeypatch):
    monkeypatch.setattr(export, "AT_ONCE", 3)
    seen = []
    path = tmp_path / f"errors.{kind}"
    rows = np.arange(4)
    export_table(store, rows, database, path, kind, progress=lambda *at: seen.append(at))
    assert seen == [(3, 4), (4, 4)]
    result = read_file(str(path))
    assert tuple(result.columns) == tuple(whole(store, rows, database).columns)
    texts, films = list(result.data["text"]), list(result.data["film"])
    if kind == "csv":
        assert (texts[0], films[0]) == ("'=1+1 is bad", "'+1")
        texts[0], films[0] = texts[0][1:], films[0][1:]
    assert texts == TEXTS
    assert films == ["+1", "x", "y", "z"]


def test_no_documents_make_a_table_without_rows(store, database, tmp_path):
    assert len(whole(store, [], database)) == 0
    export_table(store, np.arange(0), database, tmp_path / "x.csv", "csv")
    header, *rows = (tmp_path / "x.csv").read_text("utf-8-sig").splitlines()
    assert header.startswith("id,true,predicted,wrong")
    assert rows == []


def test_half_a_character_stays_in_the_table(make_store, database):
    texts = ["a\ud800b", "c\0d"]
    assert whole(make_store(texts=texts), [0, 1], database)["text"].tolist() == texts
