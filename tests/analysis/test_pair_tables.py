"""A row for each class: figures by hand, classes without documents or without a test."""

import pytest

from han_core.analysis.model_pairs import Pair, class_table


def test_a_row_for_each_class_that_has_documents():
    pairs = (Pair(9, 0, 5, 6), Pair(0, 0, 0, 0), Pair(0, 0, 3, 1))
    table = class_table(pairs, ("a", "empty", "c"))
    assert table["class"].tolist() == ["a", "c"]
    first = table.iloc[0]
    assert (first["documents"], first["first"], first["second"]) == (20, 0.25, 0.7)
    assert first["difference"] == pytest.approx(0.45)
    assert first["low"] < 0.45 < first["high"]
    assert first["p"] == first["p_holm"] == pytest.approx(2 / 2**9)  # one class is tested
    assert table.iloc[1][["p", "p_holm"]].isna().all()
    assert class_table((), ()).empty
