"""Every column of a part against ``explain``, document by document."""

import io
import math
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.analysis.scoring.manifest import Part, read_manifest
from han_core.analysis.scoring.run import score_corpus
from han_core.analysis.scoring.table import (
    BULK,
    GROUP,
    SCHEMA,
    StoredAttention,
    is_whole,
    part_path,
    score_part,
    sentence_codes,
    sentence_weights,
    stored_attention,
    stored_metrics,
    to_parquet,
    word_codes,
    word_weights,
)
from han_core.data.labels import align_labels
from han_core.explanation.explain import explain
from han_core.explanation.explanation import entropy
from han_core.models.checkpoint import load_checkpoint
from han_core.models.predict import metrics, predict
from han_core.runtime.errors import UserError
from han_core.text.vocabulary import Vocabulary


@pytest.fixture(params=["han", "bilstm", "transformer"])
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
        alone, stored = explain(checkpoint, text), StoredAttention.of_cells(row)
        assert stored.sentence_weights == pytest.approx(alone.sentence_weights, abs=1e-3)
        assert stored.word_weights == pytest.approx(alone.word_weights, abs=0.01)


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


@pytest.fixture
def out(folder, checkpoint, corpus, here, small_parts, tmp_path):
    score_corpus(folder, checkpoint, corpus, tmp_path / "out", here)
    return tmp_path / "out"


def test_the_attention_of_every_row(out, checkpoint, corpus):
    for row, text in enumerate(corpus.texts):
        alone, stored = explain(checkpoint, text), stored_attention(out, row)
        assert stored.sentence_lengths.tolist() == list(alone.document.sentence_lengths)
        assert stored.words == tuple(word.lower() for word in alone.document.token_texts())
        assert stored.document_weights == pytest.approx(alone.document_weights, abs=0.01)
        assert stored.sentence_weights.sum() == pytest.approx(1, abs=1e-12)
        for words in np.split(stored.word_weights, stored.sentence_lengths.cumsum()[:-1]):
            assert words.sum() == pytest.approx(1, abs=1e-12)
        assert stored.sentence_weights == pytest.approx(alone.sentence_weights, abs=1e-3)
        assert stored.word_weights == pytest.approx(alone.word_weights, abs=0.01)


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
    connection = duckdb.connect()
    (rows,) = connection.execute(f"select count(*) from '{glob}'").fetchone()
    assert rows == len(corpus)
    columns = ", ".join(BULK)
    cells = connection.execute(f"select {columns} from '{glob}' where row = 17").fetchone()
    stored = StoredAttention.of_cells(dict(zip(BULK, cells, strict=True)))
    np.testing.assert_array_equal(stored.word_weights, stored_attention(out, 17).word_weights)
    np.testing.assert_allclose(stored.sentence_weights, stored_attention(out, 17).sentence_weights)


def test_codes_by_hand():
    weights = np.array([0.64, 0.32, 0.04, 1.0])
    lengths = np.array([3, 1])
    # 255·√(.32/.64) = 180.3, 255·√(.04/.64) = 63.75
    codes = word_codes(weights, lengths)
    assert (codes.tolist(), codes.dtype) == ([255, 180, 64, 255], np.uint8)
    total = 255**2 + 180**2 + 64**2
    expected = [255**2 / total, 180**2 / total, 64**2 / total, 1]
    assert word_weights(codes, lengths) == pytest.approx(expected)


@st.composite
def attention(draw):
    """Sentences of 1 to 400 words, from even to on a single word."""
    lengths = np.array(draw(st.lists(st.integers(1, 400), min_size=1, max_size=6)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steepness = draw(st.floats(0, 20))
    scores = np.exp(steepness * random.standard_normal(lengths.sum()))
    sums = np.add.reduceat(scores, lengths.cumsum() - lengths)
    return scores / sums.repeat(lengths), lengths


@given(attention())
def test_words_come_back_within_the_bound_and_sum_to_one(made):
    weights, lengths = made
    back = word_weights(word_codes(weights, lengths), lengths)
    for was, is_now in zip(
        np.split(weights, lengths.cumsum()), np.split(back, lengths.cumsum()), strict=True
    ):
        if not len(was):
            continue
        assert is_now.sum() == pytest.approx(1, abs=1e-12)
        largest, words = was.max(), len(was)
        rest = largest / 510**2  # what rounding adds to a weight that is nearly nothing
        error = np.sqrt(largest * words) / 255 + words * rest
        bound = (np.sqrt(was * largest) / 255 + rest + was * error) / (1 - error)
        assert (np.abs(is_now - was) <= bound + 1e-12).all()


@given(attention())
def test_the_order_of_words_stays(made):
    weights, lengths = made
    back = word_weights(word_codes(weights, lengths), lengths)
    for start, end in zip(lengths.cumsum() - lengths, lengths.cumsum(), strict=True):
        ranked = back[start:end][np.argsort(weights[start:end])]
        assert (np.diff(ranked) >= 0).all()


def test_a_long_tail_beside_a_peak_is_not_lost():
    weights = np.array([0.8, *[0.001] * 200])
    back = word_weights(word_codes(weights, np.array([201])), np.array([201]))
    assert back[0] == pytest.approx(0.8, abs=0.005)
    straight = np.rint(255 * weights / 0.8)  # what the docstring says of straight steps
    assert straight[0] / straight.sum() == 1


def test_the_lost_share_of_ordinary_sentences_is_small():
    random = np.random.default_rng(0)
    worst = 0.0
    for _ in range(300):
        weights = random.dirichlet([0.3] * 25)
        back = word_weights(word_codes(weights, np.array([25])), np.array([25]))
        worst = max(worst, np.abs(back - weights).max())
    assert worst < 0.005


@given(st.integers(1, 5_000), st.integers(0, 2**32 - 1))
def test_sentences_come_back_to_half_a_thousandth(sentences, seed):
    weights = np.random.default_rng(seed).dirichlet([0.5] * sentences)
    codes = sentence_codes(weights)
    assert codes.dtype == np.float16
    back = sentence_weights(codes)
    assert back.sum() == pytest.approx(1, abs=1e-12)
    # Rounding by half a step, and the same once more for the sum.
    bound = weights / 2**10 + 2**-24
    assert (np.abs(back - weights) <= bound).all()
