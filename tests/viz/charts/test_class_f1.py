"""F1 by class, from confusion matrices by epoch."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from han_core.viz.charts.class_f1 import class_f1, confusions, f1_by_class
from han_core.viz.charts.curves import MOST


def test_f1_is_that_of_scikit_learn():
    draw = np.random.default_rng(0)
    true, predicted = draw.integers(0, 4, 60), draw.integers(0, 4, 60)
    counts = np.zeros((4, 4), dtype=int)
    np.add.at(counts, (true, predicted), 1)
    assert f1_by_class(counts) == pytest.approx(f1_score(true, predicted, average=None))


def test_a_class_without_documents_or_predictions_has_none():
    found = f1_by_class(np.array([[3, 1, 0], [1, 2, 0], [0, 0, 0]]))
    assert found[:2] == pytest.approx([6 / 8, 4 / 6])
    assert np.isnan(found[2])


@pytest.mark.parametrize(
    "rows",
    [
        None,
        [[1]],
        [[1, 2], [3]],
        [[1, -1], [0, 0]],
        [[1, True], [0, 0]],
        [[1, 1.5], [0, 0]],
        [[1, 10**30], [0, 0]],
        {"a": 1},
    ],
)
def test_lines_without_a_matrix_that_fits_are_left_out(rows):
    lines = [{"epoch": 1, "confusion": rows}, {"epoch": 2, "confusion": [[1, 0], [0, 1]]}]
    assert list(confusions(lines, 2)) == [2]


def test_of_many_classes_the_worst_are_drawn():
    counts = np.diag(np.arange(1, 13))
    counts[2, 3] = counts[7, 8] = 50
    figure = class_f1({1: np.eye(12, dtype=int), 2: counts}, [f"class {n}" for n in range(12)])
    assert len(figure.data) == MOST
    names = " ".join(trace.name for trace in figure.data)
    assert all(f"class {n}" in names for n in (2, 3, 7, 8))
    assert all(list(trace.x) == [1, 2] for trace in figure.data)
