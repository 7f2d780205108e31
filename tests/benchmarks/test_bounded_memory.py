"""Documents of a hundred tokens, and what two commands take of them."""

import pyarrow.parquet as pq
import pytest

from benchmarks import bounded_memory
from han_core.text.tokenizer import Tokenizer


def test_documents_have_a_hundred_tokens_and_tell_their_label(tmp_path, monkeypatch):
    monkeypatch.setattr(bounded_memory, "PART", 20)  # several parts
    for name in ("one", "two"):
        bounded_memory.write_documents(tmp_path / name, 50)
    table = pq.read_table(tmp_path / "one")
    assert table.equals(pq.read_table(tmp_path / "two"))
    rows, tokenizer = table.to_pylist(), Tokenizer("en")
    assert len(rows) == 50
    assert {row["label"] for row in rows} == {0, 1}
    for row in rows:
        document = tokenizer(row["text"])
        assert (len(document.tokens), len(document.sentences)) == (100, 6)
        words = {word.lower() for word in document.token_texts()}
        assert words & {"bad", "good"} == {bounded_memory.PLANTED[row["label"]]}


def test_each_command_is_measured(tmp_path):
    train, score = bounded_memory.measure(200, tmp_path / "new")
    assert [line["command"] for line in (train, score)] == ["train", "score"]
    for line in (train, score):
        assert 0 < line["own"] < line["peak"] < 24_000
        assert 0 < line["ms_a_document"] < 1e6
    assert (tmp_path / "new" / "run-200" / "model.safetensors").is_file()


def test_a_command_that_fails_is_named(tmp_path):
    with pytest.raises(SystemExit, match="score ended with 2"):
        bounded_memory._peaks(("score", "--checkpoint", str(tmp_path / "missing")), 1)
