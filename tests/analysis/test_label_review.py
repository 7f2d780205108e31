"""Lists of suspects and of the surest errors."""

import numpy as np
import pytest

from han_core.analysis.document_table import (
    issue_page,
    label_pairs,
    ranked_issues,
    surest_errors,
    table_page,
)
from han_core.analysis.filters import Filter, Marks
from han_core.analysis.label_issues import find_label_issues
from han_core.analysis.query import select
from tests.analysis.test_label_issues import BY_HAND


@pytest.fixture
def by_hand(make_store):
    """The store of ``test_suspects.BY_HAND``: rows 2 and 6 are suspect; wrong are 2, 3 and 6."""
    return make_store(
        true=["a"] * 4 + ["b"] * 4, probabilities=BY_HAND, labels=("a", "b"), rows_a_part=3,
        texts=[f"Text {row}" for row in range(8)],
    )  # fmt: skip


def test_suspects_are_found_once_for_a_store(by_hand):
    found = find_label_issues(by_hand)
    assert found.rows.tolist() == [2, 6]
    assert found.given.tolist() == [0, 1]
    assert find_label_issues(by_hand) is found


def test_the_filter_keeps_suspects(by_hand):
    assert select(by_hand, Filter(suspect=True), Marks()).tolist() == [2, 6]
    assert select(by_hand, Filter(suspect=True, true=("b",)), Marks()).tolist() == [6]


def test_a_page_of_suspects(by_hand):
    found = find_label_issues(by_hand)
    ranked = ranked_issues(found, np.array([1, 2, 6]))
    shown = issue_page(by_hand, found, ranked, 0, 10)
    assert shown["row"].tolist() == [2, 6]
    assert shown["label"].tolist() == ["a", "b"]
    assert shown["likely"].tolist() == ["b", "a"]
    assert shown["margin"].tolist() == pytest.approx([-0.6, -0.2])
    assert shown["excerpt"].tolist() == ["Text 2", "Text 6"]
    assert issue_page(by_hand, found, ranked, 1, 10)["row"].tolist() == [6]


def test_the_surest_errors_first(by_hand):
    order = surest_errors(by_hand, np.arange(8))
    assert order.tolist() == [2, 3, 6] or order.tolist() == [2, 6, 3]
    assert table_page(by_hand, order, None, 0, 2)["row"].tolist() == order[:2].tolist()
    assert not len(surest_errors(by_hand, np.array([0, 7])))


def test_pairs_of_labels(by_hand):
    pairs = label_pairs(find_label_issues(by_hand), np.arange(8))
    assert pairs.to_dict("records") == [
        {"label": "a", "likely": "b", "documents": 1},
        {"label": "b", "likely": "a", "documents": 1},
    ]
    assert label_pairs(find_label_issues(by_hand), np.array([0])).empty
