import numpy as np
import pytest
from sklearn.metrics import f1_score

from han_core.analysis.metrics import accuracy, confusion_counts
from han_core.analysis.slices import SliceRow, compare_slices, slice_scores, slice_table
from han_core.explanation.statistics import NO_INTERVAL
from tests.analysis.made import by_chance


@pytest.fixture(scope="module")
def outcomes():
    return by_chance(600, classes=3, seed=8)


def scored(outcomes, rows):
    return slice_scores(confusion_counts(outcomes.take(rows)), confusion_counts(outcomes))


def test_a_slice_beside_the_rest(outcomes):
    rows = np.arange(0, 600, 4)
    rest = np.setdiff1d(np.arange(600), rows)
    result = scored(outcomes, rows)
    right = outcomes.right
    assert (result.documents, result.of) == (150, 600)
    assert result.accuracy == accuracy(outcomes.take(rows))
    assert result.accuracy_apart.mean == pytest.approx(right[rows].mean() - right[rest].mean())

    def f1(part):
        return f1_score(outcomes.true[part], outcomes.predicted[part], average="macro")

    assert result.macro_f1.mean == pytest.approx(f1(rows))
    assert result.macro_f1_apart.mean == pytest.approx(f1(rows) - f1(rest))
    assert result.macro_f1_apart.low < result.macro_f1_apart.mean < result.macro_f1_apart.high


def test_a_slice_that_is_worse_stands_apart_and_a_chance_one_does_not(outcomes):
    wrong = np.flatnonzero(~outcomes.right)
    worse = np.union1d(wrong[:40], np.arange(60))
    assert scored(outcomes, worse).accuracy_apart.high < 0
    by_chance_apart = scored(outcomes, np.arange(0, 600, 4)).accuracy_apart
    assert by_chance_apart.low < 0 < by_chance_apart.high


def test_the_whole_and_nothing_have_no_difference(outcomes):
    whole = scored(outcomes, np.arange(600))
    assert whole.accuracy == accuracy(outcomes)
    assert whole.accuracy_apart == whole.macro_f1_apart == NO_INTERVAL
    nothing = scored(outcomes, np.arange(0))
    assert nothing.accuracy == nothing.macro_f1 == nothing.accuracy_apart == NO_INTERVAL


def test_documents_that_the_whole_lacks_are_refused(outcomes):
    counts = confusion_counts(outcomes)
    with pytest.raises(ValueError, match="no documents beyond"):
        slice_scores(counts + 1, counts)


def test_slices_apart_are_two_shares_and_the_same_slice_is_one():
    right = np.random.default_rng(1).random(400) < np.repeat([0.9, 0.6], 200)
    one, other = np.arange(200), np.arange(200, 400)
    result = compare_slices(right, one, other)
    a, b = right[one].mean(), right[other].mean()
    assert result.both == 0
    assert result.apart.mean == pytest.approx(a - b)
    deviation = np.sqrt(a * (1 - a) / 200 + b * (1 - b) / 200)  # of two shares by themselves
    assert result.apart.high - result.apart.low == pytest.approx(2 * 1.96 * deviation, rel=0.1)
    same = compare_slices(right, one, one)
    assert same.both == 200
    assert same.apart.to_json() == {"mean": 0, "low": 0, "high": 0}


def test_documents_in_both_make_the_interval_narrower():
    right = np.random.default_rng(2).random(300) < 0.7
    apart = compare_slices(right, np.arange(150), np.arange(150, 300)).apart
    shared = compare_slices(right, np.arange(150), np.arange(20, 170))
    assert shared.both == 130
    assert shared.apart.high - shared.apart.low < 0.6 * (apart.high - apart.low)
    assert compare_slices(right, np.arange(0), np.arange(9)).apart == NO_INTERVAL


def test_the_table_has_points_and_intervals_as_text(outcomes):
    counts = confusion_counts(outcomes)
    lines = [
        SliceRow("whole", scores=slice_scores(counts, counts)),
        SliceRow("few", "length 1 to 5", scored(outcomes, np.arange(10))),
        SliceRow("other", trouble="“x” is none of the classes."),
    ]
    table = slice_table(lines).set_index("slice")
    right = outcomes.right
    assert table.loc["whole", "accuracy"] == pytest.approx(100 * right.mean())
    assert table.loc["few", "apart"] == pytest.approx(100 * (right[:10].mean() - right[10:].mean()))
    result = accuracy(outcomes)
    assert table.loc["whole", "accuracy interval"] == (
        f"{100 * result.low:.1f} to {100 * result.high:.1f}"
    )
    assert table.loc["whole", "apart interval"] == ""
    assert table.loc["few", "filter"] == "length 1 to 5"
    assert table.loc["other", "filter"] == "“x” is none of the classes."
    assert table.columns[-1] == "filter"
    assert "second" not in table
    assert "second" in slice_table([lines[0]._replace(second=accuracy(outcomes))])
