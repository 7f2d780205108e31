"""Pages, orders and single documents, against pandas and what was scored."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.analysis import query
from han_core.analysis.dataset import own_columns
from han_core.analysis.document_table import (
    locate_words,
    probabilities,
    read_document,
    table_page,
)
from han_core.analysis.documents import content_hash
from han_core.analysis.query import STANDARD_ORDERS, ByColumn, sort_rows
from han_core.explanation.explain import explain
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from han_core.text.tokenizer import Tokenizer


@pytest.fixture
def five(make_store):
    """Two wrong, three right; one text is long, one stands there twice."""
    return make_store(
        true=["pos", "pos", "neg", "neg", "pos"],
        predicted=["neg", "pos", "neg", "pos", "pos"],
        confidence=[0.6, 0.75, 0.55, 0.9, 0.75],
        texts=["z", "y\n\ty", "x" * 300, "w", "y\n\ty"],
        ids=["10", "9", "8", "7", "11"],
        tokens=[4, 3, 3, 9, 1],
        unknown=[1, 0, 3, 0, 0],
        columns={"stars": ["2", "10", "", "1", "3"], "loss": list("abcde")},
        other=["pos", "pos", "pos", "pos", "neg"],
        rows_a_part=2,
    )


EVERY = np.arange(5)


def test_a_page_by_hand(five):
    result = table_page(five, EVERY, "surest wrong first", 0, 3)
    assert result.columns.tolist() == [
        "row", "id", "true", "predicted", "wrong", "confidence", "p_true", "loss", "tokens",
        "unknown", "entropy", "other", "excerpt", "stars", "loss (data)", "content",
    ]  # fmt: skip
    assert result.row.tolist() == [3, 0, 2]
    assert result.id.tolist() == ["7", "10", "8"]
    assert result.true.tolist() == ["neg", "pos", "neg"]
    assert result.predicted.tolist() == ["pos", "neg", "neg"]
    assert result.other.tolist() == ["pos", "pos", "pos"]
    assert result.wrong.tolist() == [True, True, False]
    assert result.confidence.tolist() == pytest.approx([0.9, 0.6, 0.55])
    assert result.p_true.tolist() == pytest.approx([0.1, 0.4, 0.55], abs=1e-6)
    assert result.loss.tolist() == pytest.approx(-np.log([0.1, 0.4, 0.55]), abs=1e-6)
    assert result.unknown.tolist() == [0, 0.25, 1]
    assert result.excerpt.tolist() == ["w", "z", "x" * 240 + "…"]
    assert result.stars.tolist() == ["1", "2", ""]
    assert result["loss (data)"].tolist() == ["d", "a", "c"]
    assert result.content.tolist() == [
        content_hash("w"),
        content_hash("z"),
        content_hash("x" * 300),
    ]


def test_pages_follow_one_another(five):
    rows = np.array([0, 1, 3, 4])
    whole = table_page(five, rows, "least sure first", 0, 9)
    assert whole.row.tolist() == [0, 1, 4, 3]
    parts = [table_page(five, rows, "least sure first", start, 3) for start in (0, 3)]
    assert pd.concat(parts, ignore_index=True).equals(whole)
    empty = table_page(five, rows, "least sure first", 9, 3)
    assert len(empty) == 0
    assert empty.columns.tolist() == whole.columns.tolist()
    assert len(table_page(five, np.array([], dtype=np.int64), "highest loss first", 0, 50)) == 0
    assert table_page(five, rows, "least sure first", 1, 1).excerpt.tolist() == ["y y"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("surest wrong first", [3, 0, 2, 1, 4]),
        ("least sure first", [2, 0, 1, 4, 3]),
        ("highest loss first", [3, 0, 2, 1, 4]),
        ("as in the data", [0, 1, 2, 3, 4]),
        (ByColumn("row", True), [4, 3, 2, 1, 0]),
        (ByColumn("confidence", True), [3, 1, 4, 0, 2]),
        (ByColumn("p_true"), [3, 0, 2, 1, 4]),
        (ByColumn("tokens"), [4, 1, 2, 0, 3]),
        (ByColumn("unknown", True), [2, 0, 1, 3, 4]),
        (ByColumn("true"), [2, 3, 0, 1, 4]),
        (ByColumn("predicted", True), [1, 3, 4, 0, 2]),
        (ByColumn("wrong", True), [0, 3, 1, 2, 4]),
        (ByColumn("other"), [4, 0, 1, 2, 3]),
        (ByColumn("id"), [3, 2, 1, 0, 4]),
        (ByColumn("stars"), [3, 0, 4, 1, 2]),
        (ByColumn("loss (data)", True), [4, 3, 2, 1, 0]),
        (("loss", True), [3, 0, 2, 1, 4]),
    ],
)
def test_orders_by_hand(five, order, expected):
    assert sort_rows(five, EVERY, order).tolist() == expected
    some = [row for row in expected if row != 3]
    assert sort_rows(five, np.array([0, 1, 2, 4]), order).tolist() == some


def test_classes_are_ordered_by_name(make_store):
    store = make_store(true=["b", "c", "a"], predicted=["b", "c", "a"], labels=("c", "b", "a"))
    assert sort_rows(store, np.arange(3), ByColumn("true")).tolist() == [2, 0, 1]


def test_an_order_that_is_not_there_is_said(five, make_store):
    with pytest.raises(UserError, match="no column “colour”"):
        sort_rows(five, EVERY, ByColumn("colour"))
    with pytest.raises(UserError, match="“by luck” came"):
        sort_rows(five, EVERY, "by luck")
    alone = make_store(true=["pos"])
    with pytest.raises(UserError, match="second model"):
        sort_rows(alone, np.array([0]), ByColumn("other"))


FLOATS = st.floats(width=32, allow_nan=False) | st.sampled_from([0.0, -0.0, 0.5, -0.5])


@given(st.lists(FLOATS, max_size=30))
def test_floats_are_sorted_as_by_a_stable_argsort(cells):
    array = np.array(cells, dtype=np.float32)
    assert query._sorted(array).tolist() == np.argsort(array, kind="stable").tolist()


@given(st.lists(st.integers(-5, 5) | st.integers(-(2**31), 2**31 - 1), max_size=30))
def test_integers_are_sorted_as_by_a_stable_argsort(cells):
    array = np.array(cells, dtype=np.int64)
    assert query._sorted(array).tolist() == np.argsort(array, kind="stable").tolist()


def test_orders_that_are_kept_are_bounded_and_not_mixed_up(five):
    for start in range(5):
        for order in STANDARD_ORDERS:
            rows = EVERY[start:]
            assert set(sort_rows(five, rows, order)) == set(rows)
            assert sort_rows(five, rows, order) is sort_rows(five, rows, order)
    assert len(query._cached[five]) == query.KEPT
    with pytest.raises(ValueError, match="read-only"):
        sort_rows(five, EVERY, "highest loss first")[0] = 1


def test_own_columns_never_stand_on_ours(make_store):
    store = make_store(
        true=["pos"], columns={"content": ["a"], "content (data)": ["b"], "other": ["c"]}
    )
    names = own_columns(store)
    assert names == {
        "content (data)": "content",
        "content (data) (data)": "content (data)",
        "other (data)": "other",
    }
    result = table_page(store, np.array([0]), "as in the data", 0, 1)
    assert [result[name][0] for name in names] == ["a", "b", "c"]


@pytest.mark.long
def test_a_document_with_all_that_is_kept(pair_store, planted_checkpoint, scored_corpus):
    row = scored_corpus.extra["word"].index("splendid")
    result = read_document(pair_store, row)
    fresh = explain(load_checkpoint(planted_checkpoint), scored_corpus.texts[row])
    assert result.text == scored_corpus.texts[row]
    assert (result.id, result.true) == (f"3-{row}", "good")
    assert result.columns == {"word": "splendid", "split": ("dev", "test")[row % 2]}
    assert result.predicted == fresh.label
    assert result.right == (result.predicted == "good")
    assert result.probabilities == pytest.approx(fresh.probabilities, abs=1e-6)
    assert result.confidence == pytest.approx(fresh.probability, abs=1e-6)
    assert result.loss == pytest.approx(-np.log(result.probabilities[1]), abs=1e-4)
    assert result.words == tuple(word.lower() for word in fresh.document.token_texts())
    assert result.attention.document_weights == pytest.approx(fresh.document_weights, abs=0.01)
    assert result.sentence_lengths.sum() == len(result.words)
    assert result.other in pair_store.labels
    assert result.other_confidence == pytest.approx(pair_store.outcomes.other_confidence[row])


def test_a_row_that_is_not_there_is_refused(store):
    for row in (-1, store.rows):
        with pytest.raises(UserError, match="A row from 0 to 99 was expected"):
            read_document(store, row)


def test_a_part_that_is_gone_is_one_sentence(make_store):
    store = make_store(true=["pos"] * 4, rows_a_part=2)
    (store.scores.folder / "part-00001.parquet").write_bytes(b"nothing")
    assert read_document(store, 1).true == "pos"
    for ask in (lambda: read_document(store, 3), lambda: probabilities(store)):
        with pytest.raises(UserError, match="Part 1 in"):
            ask()


def test_probabilities_of_some_and_of_all(store):
    everything = probabilities(store)
    assert everything.shape == (100, 3)
    assert everything.dtype == np.float32
    assert everything.sum(1) == pytest.approx(np.ones(100), abs=1e-5)
    assert (everything.argmax(1) == store.outcomes.predicted).all()
    rows = np.array([99, 0, 41, 41, 39])
    assert (probabilities(store, rows) == everything[rows]).all()
    assert probabilities(store, rows[:0]).shape == (0, 3)


def test_texts_and_contents_and_back(five):
    rows = np.array([4, 0])
    assert five.documents.texts(rows) == ["y\n\ty", "z"]
    assert five.documents.contents(rows) == [content_hash("y\n\ty"), content_hash("z")]
    assert five.documents.rows_of(five.documents.contents(rows)).tolist() == [0, 1, 4]


TOKENIZER = Tokenizer("en")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_spans_are_those_of_the_tokenizer(text):
    read = TOKENIZER(text)
    result = locate_words(text, read.token_texts(), read.sentence_lengths)
    assert result.sentences == read.sentences
    assert result.text == text


def test_lower_case_words_stand_where_the_capitals_are():
    text = "The Film. THE END"
    result = locate_words(text, ["the", "film", ".", "the", "end"], [3, 2])
    assert result.token_texts() == ("The", "Film", ".", "THE", "END")
    assert result.seen == len(text)


def test_a_capital_that_becomes_two_letters_shifts_nothing():
    result = locate_words("\u0130x Good", ["\u0130x", "good"], [2])
    assert result.token_texts() == ("\u0130x", "Good")


def test_text_that_was_cut_is_not_seen():
    result = locate_words("one two three", ["one", "two"], [2])
    assert (result.seen, result.text) == (7, "one two three")


def test_words_of_another_text_stand_by_themselves():
    result = locate_words("nothing alike", ["one", "two", "three"], [2, 1])
    assert result.text == "one two three"
    assert result.token_texts() == ("one", "two", "three")
    assert result.sentence_lengths == (2, 1)


def test_no_words():
    assert locate_words("  ", [], []).sentences == ()
