"""The table that is taken away: the store's figures, the data's columns, what was said."""

import numpy as np
import pandas as pd
import pytest

from han_core.analysis import export
from han_core.analysis.annotations.codebook import save_tag
from han_core.analysis.annotations.database import open_database
from han_core.analysis.annotations.document_annotations import annotations_from_json
from han_core.analysis.annotations.writing import add_tag, set_flag, write_note
from han_core.analysis.documents import content_hash
from han_core.analysis.export import export_table, frames
from han_core.data.sandbox import read_file

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
    found = whole(store, [3, 2, 0], database)
    assert found["id"].tolist() == ["3", "2", "0"]
    assert found["true"].tolist() == ["neg", "pos", "neg"]
    assert found["predicted"].tolist() == ["pos", "neg", "neg"]
    assert found["wrong"].tolist() == [True, True, False]
    assert found["confidence"].to_numpy() == pytest.approx([0.6, 0.7, 0.9])
    assert found["p(true)"].to_numpy() == pytest.approx([0.4, 0.3, 0.9])
    assert found["loss"].to_numpy() == pytest.approx(-np.log([0.4, 0.3, 0.9]))
    assert found["tokens"].tolist() == [1, 2, 3]
    assert found["predicted by second"].tolist() == ["neg", "pos", "neg"]
    assert found["tags (data)"].tolist() == ["d", "c", "a"]
    assert found["film"].tolist() == ["z", "y", "+1"]
    assert found["tags"].tolist() == ["", "irony", ""]
    assert found["flags"].tolist() == ["ambiguous", "", ""]
    assert found["notes"].tolist() == ["", "Ben: @nobody laughs", ""]
    assert found["content"].tolist() == [content_hash(TEXTS[row]) for row in (3, 2, 0)]
    assert found["text"].tolist() == ["dull", "so so", "=1+1 is bad"]
    assert {one.annotator for one in annotations_from_json(found["coding"][1])} == {"Ann", "Ben"}


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_the_file_reads_back_the_same(store, database, tmp_path, kind, monkeypatch):
    monkeypatch.setattr(export, "AT_ONCE", 3)
    seen = []
    path = tmp_path / f"errors.{kind}"
    rows = np.arange(4)
    export_table(store, rows, database, path, kind, progress=lambda *at: seen.append(at))
    assert seen == [(3, 4), (4, 4)]
    found = read_file(str(path))
    assert tuple(found.columns) == tuple(whole(store, rows, database).columns)
    texts, films = list(found.data["text"]), list(found.data["film"])
    if kind == "csv":
        assert (texts[0], films[0]) == ("'=1+1 is bad", "'+1")
        texts[0], films[0] = texts[0][1:], films[0][1:]
    assert texts == TEXTS
    assert films == ["+1", "x", "y", "z"]


def test_no_documents_make_a_table_without_rows(store, database, tmp_path):
    assert len(whole(store, [], database)) == 0
    export_table(store, np.arange(0), database, tmp_path / "x.csv", "csv")
    header, *rows = (tmp_path / "x.csv").read_text().splitlines()
    assert header.startswith("id,true,predicted,wrong")
    assert rows == []


def test_half_a_character_stays_in_the_table(make_store, database):
    texts = ["a\ud800b", "c\0d"]
    assert whole(make_store(texts=texts), [0, 1], database)["text"].tolist() == texts
