"""A table in a file: every kind says the same, nothing runs, and it is whole or not there."""

import json
import os

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.analysis.export import write_table
from han_core.data.readers import read_table
from han_core.data.spreadsheet import FORMULA, without_apostrophe
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
        came = list(read_table(content, path.name).data["text"])
        if kind == "csv":
            assert not any(cell.startswith(FORMULA) for cell in came)
            # An apostrophe that stood before a sign from the beginning goes as well.
            assert list(map(without_apostrophe, came)) == list(map(without_apostrophe, texts))
        else:
            assert came == texts


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
