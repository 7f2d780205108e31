"""A file of before laid onto predictions of today, by the content of the documents."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.analysis.documents import content_hash
from han_core.analysis.reimport import (
    MatchedTable,
    changes_page,
    match_documents,
    prediction_changes,
)
from han_core.data.delimited import harmless
from han_core.data.table import Table
from han_core.runtime.errors import UserError

TEXTS = ("good film", "bad film", "=so so", "dull", "bad film")


@pytest.fixture
def store(make_store):
    return make_store(
        true=["-1", "-1", "+1", "+1", "-1"],
        predicted=["-1", "+1", "+1", "-1", "+1"],
        texts=list(TEXTS),
    )


def table(**columns) -> Table:
    return Table("errors.csv", {name: tuple(cells) for name, cells in columns.items()})


def test_by_what_names_the_content(store):
    contents = [content_hash(text) for text in ("dull", "elsewhere", "bad film", "dull")]
    result = match_documents(store, table(content=contents, text=["", "", "", ""]))
    assert result.at.tolist() == [0, 2]
    assert result.rows.tolist() == [3, 1]  # the first of the two that say "bad film"
    assert (result.strange, result.repeated, result.missing) == (1, 1, 2)
    assert not result.has_predictions


def test_by_the_text_itself_as_the_documents_were_read(make_store):
    store = make_store(texts=["one\ntwo", "=so so", "'=twice"])
    actual = ["one<br />two", "'=so so", "", "'=twice"]
    result = match_documents(store, table(text=actual, label=["a", "b", "c", "d"]))
    assert result.rows.tolist() == [0, 1, 2]
    assert result.table.data["label"] == ("a", "b", "d")
    assert result.contents == tuple(map(content_hash, ["one\ntwo", "=so so", "'=twice"]))


def test_a_column_that_is_called_content_may_hold_texts_of_ones_own(store):
    result = match_documents(store, table(content=["my own", "words"], text=["dull", "good film"]))
    assert result.rows.tolist() == [3, 0]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"review": ["dull"]}, 'no column "content" .* and no column "text".*: "review"'),
        ({"content": ["words"]}, 'no column "text"'),
        ({"text": ["elsewhere", "there"]}, "None of the 2 texts in errors.csv is among the 5 doc"),
        ({"content": [content_hash("elsewhere")]}, "None of the 1 text "),
        ({"text": ["", " "]}, "no row with a text"),
        ({}, "its columns are: none"),
    ],
)
def test_a_file_that_does_not_match_is_one_sentence(store, columns, sentence):
    with pytest.raises(UserError, match=sentence):
        match_documents(store, table(**columns))


def test_what_became_right_and_what_broke(store):
    # true:       -1           -1          +1       +1      now right: yes, no, yes, no
    texts = ["good film", "bad film", "=so so", "dull"]
    before = ["'+1", "'-1", "another class", "'-1"]  # wrong, right, wrong, wrong
    true = ["'-1", "'-1", "'-1", "'+1"]  # the third has another label now
    result = prediction_changes(
        store, match_documents(store, table(text=texts, predicted=before, true=true))
    )
    assert result.became_right.tolist() == [0, 2]
    assert result.broke.tolist() == [1]
    assert result.relabelled.tolist() == [False, False, True, False]
    assert result.before == tuple(before)
    assert result.counts() == {
        "became right": 2, "broke": 1, "right both times": 0, "wrong both times": 1,
    }  # fmt: skip


def test_under_a_filter_and_as_a_table(store):
    texts = ["good film", "bad film", "=so so", "dull"]
    before = ["'+1", "'-1", "'-1", "'-1"]
    result = prediction_changes(store, match_documents(store, table(text=texts, predicted=before)))
    left = result.within(np.array([1, 2, 4]))
    assert left.became_right.tolist() == [2]
    assert left.broke.tolist() == [1]
    assert list(left.counts().values()) == [1, 1, 0, 0]
    shown = changes_page(store, result, result.became_right, most=10)
    assert sorted(zip(shown["id"], shown["before"], shown["predicted"], strict=True)) == [
        ("0", "+1", "-1"), ("2", "-1", "+1"),
    ]  # fmt: skip
    assert len(changes_page(store, result, result.became_right, most=1)) == 1


def test_without_predictions_nothing_can_be_compared(store):
    with pytest.raises(UserError, match=r'errors\.csv has no column "predicted"'):
        prediction_changes(store, match_documents(store, table(text=["dull"])))


CLASSES = ("=a", "b", "'b")


@given(st.data())
def test_against_a_loop_over_pairs(data):
    """The counts are those of a plain comparison, whatever the classes are called."""
    from han_core.analysis.dataset import Outcomes

    n = data.draw(st.integers(1, 12))
    draw = lambda: np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)))  # noqa: E731
    true, now, before = draw(), draw(), draw()
    nothing = np.zeros(n)
    outcomes = Outcomes(CLASSES, true, now, *[nothing] * 5)

    class Hollow:  # all that ``turned`` asks of a store
        labels = CLASSES

    hollow = Hollow()
    hollow.outcomes = outcomes
    written = [harmless(CLASSES[at]) for at in before]
    rows = np.arange(n)
    result = prediction_changes(
        hollow, MatchedTable(table(predicted=written), ("",) * n, rows, rows, 0, 0, 0)
    )
    expected = [(b == t, p == t) for b, t, p in zip(before, true, now, strict=True)]
    assert result.became_right.tolist() == [i for i in rows if expected[i] == (False, True)]
    assert result.broke.tolist() == [i for i in rows if expected[i] == (True, False)]
    assert sum(result.counts().values()) == n
