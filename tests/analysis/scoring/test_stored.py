"""Reading back what was scored: the attention of one row, and figures over all."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from han_core.analysis.scoring.manifest import read_manifest
from han_core.analysis.scoring.run import score_corpus
from han_core.analysis.scoring.table import (
    BULK,
    StoredAttention,
    part_path,
    stored_attention,
    stored_metrics,
)
from han_core.data.labels import align_labels
from han_core.explanation.explain import explain
from han_core.models.predict import metrics, predict
from han_core.runtime.errors import UserError


@pytest.fixture
def out(folder, checkpoint, corpus, here, small_parts, tmp_path):
    score_corpus(folder, checkpoint, corpus, tmp_path / "out", here)
    return tmp_path / "out"


def test_the_attention_of_every_row(out, checkpoint, corpus):
    for row, text in enumerate(corpus.texts):
        alone, kept = explain(checkpoint, text), stored_attention(out, row)
        assert kept.sentence_lengths.tolist() == list(alone.document.sentence_lengths)
        assert kept.words == tuple(word.lower() for word in alone.document.token_texts())
        assert kept.document_weights == pytest.approx(alone.document_weights, abs=0.01)
        assert kept.sentence_weights.sum() == pytest.approx(1, abs=1e-12)
        for words in np.split(kept.word_weights, kept.sentence_lengths.cumsum()[:-1]):
            assert words.sum() == pytest.approx(1, abs=1e-12)
        assert kept.sentence_weights == pytest.approx(alone.sentence_weights, abs=1e-3)
        assert kept.word_weights == pytest.approx(alone.word_weights, abs=0.01)


def test_figures_are_those_of_evaluate(out, checkpoint, corpus):
    true = align_labels(corpus.labels, checkpoint.labels)
    expected = metrics(predict(checkpoint, corpus.texts), true)
    assert stored_metrics(out, read_manifest(out)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("row", [-1, 30])
def test_a_row_that_is_not_there(out, row):
    with pytest.raises(UserError, match=f"0 to 29 was expected; {row} came"):
        stored_attention(out, row)


def test_a_part_that_is_missing_or_damaged(out):
    path = part_path(out, 1)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match="Part 1 in out is damaged"):
        stored_attention(out, 7)
    path.unlink()
    with pytest.raises(UserError, match=r"Part 1 in .* is missing"):
        stored_attention(out, 7)
    stored_attention(out, 6)
    pq.write_table(pq.read_table(part_path(out, 0)).drop_columns("word_weights"), path)
    with pytest.raises(UserError, match="Part 1 in out is damaged"):
        stored_attention(out, 7)


def test_lengths_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="sentences and tokens expected"):
        StoredAttention(np.ones(1), np.ones(2), np.array([3]))
    with pytest.raises(ValueError, match="2 words expected, 1 came"):
        StoredAttention(np.ones(1), np.ones(2), np.array([2]), ("road",))


def test_duckdb_reads_all_parts_as_one_table(out, corpus):
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    glob = str(out / "part-*.parquet")
    asked = duckdb.connect()
    (rows,) = asked.execute(f"select count(*) from '{glob}'").fetchone()
    assert rows == len(corpus)
    columns = ", ".join(BULK)
    cells = asked.execute(f"select {columns} from '{glob}' where row = 17").fetchone()
    kept = StoredAttention.of_cells(dict(zip(BULK, cells, strict=True)))
    np.testing.assert_array_equal(kept.word_weights, stored_attention(out, 17).word_weights)
    np.testing.assert_allclose(kept.sentence_weights, stored_attention(out, 17).sentence_weights)
