"""Every column of a part against ``explain``, document by document."""

import io
import math
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from han_core.analysis.scoring.manifest import Part
from han_core.analysis.scoring.table import (
    GROUP,
    SCHEMA,
    StoredAttention,
    is_whole,
    score_part,
    to_parquet,
)
from han_core.explanation.explain import explain
from han_core.explanation.explanation import entropy
from han_core.models.checkpoint import load_checkpoint
from han_core.text.vocabulary import Vocabulary


@pytest.fixture(params=["han", "bilstm"])
def scored(request, random_checkpoint, corpus):
    """(checkpoint, texts, classes, rows) of documents 10 to 21."""
    checkpoint = load_checkpoint(random_checkpoint(request.param))
    texts, classes = corpus.texts[10:22], tuple(at % 2 for at in range(12))
    part = Part(2, 10, corpus.ids[10:22], texts, classes)
    table = score_part(checkpoint, part)
    assert table.schema == SCHEMA
    return checkpoint, texts, classes, table.to_pylist()


def test_the_decision(scored, corpus):
    checkpoint, texts, classes, rows = scored
    assert [row["row"] for row in rows] == list(range(10, 22))
    assert [row["id"] for row in rows] == list(corpus.ids[10:22])
    for row, text, place in zip(rows, texts, classes, strict=True):
        alone = explain(checkpoint, text)
        assert row["probabilities"] == pytest.approx(alone.probabilities, abs=1e-5)
        assert row["confidence"] == pytest.approx(max(row["probabilities"]))
        assert row["predicted"] == alone.label
        assert row["label"] == ("negative", "positive")[place]
        assert row["loss"] == pytest.approx(-math.log(alone.probabilities[place]), abs=1e-5)


def test_what_was_counted(scored):
    checkpoint, texts, _, rows = scored
    for row, text in zip(rows, texts, strict=True):
        alone = explain(checkpoint, text)
        assert row["tokens"] == len(alone.known)
        assert row["unknown"] == alone.unknown == 4 * text.count(".")
        assert row["sentences"] == text.count(".")
        assert row["sentence_lengths"] == list(alone.document.sentence_lengths)
        assert row["entropy"] == pytest.approx(entropy(alone.document_weights), abs=1e-5)


def test_the_attention_comes_back(scored):
    checkpoint, texts, _, rows = scored
    for row, text in zip(rows, texts, strict=True):
        alone, kept = explain(checkpoint, text), StoredAttention.of_cells(row)
        assert kept.sentence_weights == pytest.approx(alone.sentence_weights, abs=1e-3)
        assert kept.word_weights == pytest.approx(alone.word_weights, abs=0.01)


def test_the_most_attended_words_are_different_ones_in_lower_case(scored):
    checkpoint, texts, _, rows = scored
    for row, text in zip(rows, texts, strict=True):
        alone = explain(checkpoint, text)
        words = [word.lower() for word in alone.document.token_texts()]
        best: dict[str, float] = {}
        for word, weight in zip(words, alone.document_weights, strict=True):
            best[word] = max(weight, best.get(word, 0))
        expected = sorted(best, key=best.get, reverse=True)[:5]
        assert row["attended"] == expected


def test_the_words_are_the_tokens_as_the_model_reads_them(scored):
    checkpoint, texts, _, rows = scored
    for row, text in zip(rows, texts, strict=True):
        tokens = explain(checkpoint, text).document.token_texts()
        assert row["words"] == [token.lower() for token in tokens]
        assert StoredAttention.of_cells(row).words == tuple(row["words"])


def test_a_model_that_reads_capitals_keeps_them(checkpoint):
    capitals = Vocabulary(checkpoint.vocabulary.words, lowercase=False)
    reads_them = replace(checkpoint, vocabulary=capitals)
    (row,) = score_part(reads_them, Part(0, 0, ("a",), ("Green road",), None)).to_pylist()
    assert row["words"] == ["Green", "road"]
    assert sorted(row["attended"]) == ["Green", "road"]


def test_without_labels_there_is_neither_label_nor_loss(checkpoint):
    (row,) = score_part(checkpoint, Part(0, 0, ("a",), ("Green road",), None)).to_pylist()
    assert (row["label"], row["loss"]) == (None, None)
    assert row["predicted"] in checkpoint.labels


def test_a_text_with_half_a_character_is_scored(checkpoint):
    (row,) = score_part(checkpoint, Part(0, 0, ("a",), ("\ud800 road",), (0,))).to_pylist()
    assert sorted(row["attended"]) == ["?", "road"]
    assert row["words"] == ["?", "road"]


def test_a_file_says_which_part_it_is_and_ends_whole(checkpoint, corpus, tmp_path):
    table = score_part(checkpoint, Part(4, 0, corpus.ids[:3], corpus.texts[:3], None))
    content, path = to_parquet(table, "key", 4), tmp_path / "part"
    path.write_bytes(content)
    assert pq.read_table(path).cast(SCHEMA) == table
    assert is_whole(path, "key", 4, 3)
    assert not is_whole(path, "other", 4, 3)
    assert not is_whole(path, "key", 5, 3)
    assert not is_whole(path, "key", 4, 2)
    for damaged in (content[:-1], content[: len(content) // 2], b""):
        path.write_bytes(damaged)
        assert not is_whole(path, "key", 4, 3)
    assert not is_whole(tmp_path / "none", "key", 4, 3)


def test_a_group_of_rows_is_what_is_read_for_one(checkpoint):
    table = score_part(checkpoint, Part(0, 0, ("a",), ("Road",), None)).take(
        np.zeros(GROUP + 1, dtype=int)
    )
    file = pq.ParquetFile(io.BytesIO(to_parquet(table, "key", 0)))
    groups = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
    assert groups == [GROUP, 1]
