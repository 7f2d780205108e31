import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

from han_core.analysis.metrics import (
    accuracy,
    class_order,
    class_scores,
    confusion_counts,
    largest_confusions,
    macro_f1,
    macro_f1_interval,
    most_confused,
    normalised,
)
from han_core.explanation.statistics import NO_INTERVAL
from tests.analysis.made import by_chance, made

CLASSES = 4
LABELS = tuple("dcab")
documents = st.lists(
    st.tuples(st.integers(0, CLASSES - 1), st.integers(0, CLASSES - 1)), min_size=1, max_size=40
)


def of(pairs):
    return made([t for t, _ in pairs], [p for _, p in pairs], labels=LABELS)


@given(documents)
def test_counts_and_macro_f1_are_scikit_learns(pairs):
    outcomes = of(pairs)
    counts = confusion_counts(outcomes)
    true, predicted = outcomes.true, outcomes.predicted
    assert np.array_equal(counts, confusion_matrix(true, predicted, labels=range(CLASSES)))
    expected = f1_score(true, predicted, average="macro", zero_division=0)
    assert macro_f1(counts) == pytest.approx(expected)
    assert macro_f1(np.stack([counts, counts])) == pytest.approx([expected] * 2)


@settings(deadline=None)
@given(documents)
def test_scores_of_each_class_are_scikit_learns(pairs):
    outcomes = of(pairs)
    result = class_scores(confusion_counts(outcomes))
    expected = precision_recall_fscore_support(
        outcomes.true, outcomes.predicted, labels=range(CLASSES), zero_division=np.nan
    )
    for mine, theirs in zip((result.precision, result.recall, result.f1), expected, strict=False):
        np.testing.assert_allclose(mine, theirs)
    assert np.array_equal(result.support, expected[3])


def test_accuracy_has_wilsons_interval():
    result = accuracy(made([0] * 10, [0, 0, 0, *[1] * 7]))
    assert (result.mean, result.low, result.high) == pytest.approx((0.3, 0.1078, 0.6032), abs=5e-5)
    assert accuracy(made([], [], labels=LABELS)) == NO_INTERVAL


def test_shares_of_the_true_and_of_the_predicted_class():
    counts = np.array([[3, 1], [0, 0]])
    assert normalised(counts, "true").tolist() == [[0.75, 0.25], [0, 0]]
    assert normalised(counts, "predicted").tolist() == [[1, 1], [0, 0]]
    assert normalised(counts, "counts").tolist() == counts.tolist()


def test_the_interval_of_macro_f1_is_that_of_drawing_documents_one_by_one():
    outcomes = by_chance(150, classes=3)
    result = macro_f1_interval(confusion_counts(outcomes))
    draw, values = np.random.default_rng(5), []
    for _ in range(400):
        rows = draw.integers(0, 150, 150)
        true, predicted = outcomes.true[rows], outcomes.predicted[rows]
        values.append(f1_score(true, predicted, average="macro", zero_division=0))
    assert result.mean == pytest.approx(float(macro_f1(confusion_counts(outcomes))))
    expected = np.quantile(values, (0.025, 0.975))
    assert (result.low, result.high) == pytest.approx(expected, abs=0.02)
    assert macro_f1_interval(np.zeros((3, 3), dtype=int)) == NO_INTERVAL


def test_a_class_that_occurs_nowhere_changes_nothing():
    counts = np.array([[8, 2], [3, 7]])
    wider = np.zeros((5, 5), dtype=int)
    wider[np.ix_([1, 3], [1, 3])] = counts
    assert macro_f1_interval(wider) == macro_f1_interval(counts)


def test_the_largest_confusions_come_first_and_right_ones_never():
    counts = np.array([[9, 2, 0], [5, 9, 1], [0, 0, 9]])
    result = largest_confusions(counts, ("a", "b", "c"))
    assert [(one.true, one.predicted, one.documents, one.back) for one in result] == [
        ("b", "a", 5, 2),
        ("a", "b", 2, 5),
        ("b", "c", 1, 0),
    ]
    assert result[0].share == pytest.approx(5 / 15)
    assert len(largest_confusions(counts, ("a", "b", "c"), most=1)) == 1


def test_classes_by_name_as_they_are_or_with_the_confused_ones_side_by_side():
    counts = 20 * np.eye(6, dtype=int)
    for one, other in ((0, 3), (1, 5), (2, 4)):
        counts[one, other] = counts[other, one] = 9
    labels = ("b", "A", "f", "c", "e", "d")
    assert class_order(counts, labels, "model").tolist() == list(range(6))
    assert [labels[at] for at in class_order(counts, labels, "name")] == list("Abcdef")
    result = class_order(counts, labels, "confusions").tolist()
    assert sorted(result) == list(range(6))
    for one, other in ((0, 3), (1, 5), (2, 4)):
        assert abs(result.index(one) - result.index(other)) == 1


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_few_classes_without_any_document_have_an_order(classes):
    labels = tuple(map(str, range(classes)))
    counts = np.zeros((classes, classes), dtype=int)
    assert sorted(class_order(counts, labels, "confusions")) == list(range(classes))


def test_the_most_confused_classes_are_kept_in_their_order():
    counts = np.array([[9, 0, 1], [0, 9, 0], [2, 0, 9]])
    assert most_confused(counts, 2).tolist() == [0, 2]
    assert most_confused(counts, 9).tolist() == [0, 1, 2]
