"""Folds of long documents, counted by hand."""

import numpy as np
import pytest

from han_core.viz.colour_scale import Scale
from han_core.viz.heatmap import Colour, folds, heatmap


def long_document(made, weights: list[float]):
    """A word for each sentence."""
    total = sum(weights)
    return made([["w"]] * len(weights), [weight / total for weight in weights])


@pytest.fixture
def fifty(made):
    """Ten heavy sentences at 0 to 9, then runs of 4, 2 and 3 light ones among middling ones."""
    weights = [10.0] * 10 + [1.0] * 4 + [3.0] * 5 + [1.0] * 2 + [3.0] * 26 + [1.0] * 3
    return long_document(made, weights)


def test_runs_of_three_or_more_light_sentences_fold(fifty):
    # The sum is 100 + 9 + 93 = 202, so half the uniform weight is 101 / 50 = 2.02.
    first, last = folds(fifty, np.zeros(50))
    assert (first.first, first.size, first.weight) == (10, 4, pytest.approx(4 / 202))
    assert (last.first, last.size, last.weight) == (47, 3, pytest.approx(3 / 202))


def test_short_documents_and_even_ones_are_never_folded(made):
    assert folds(long_document(made, [10.0] + [0.1] * 39), np.zeros(40)) == []
    assert folds(long_document(made, [1.0] * 60), np.zeros(60)) == []
    assert folds(long_document(made, [10.0] * 10 + [0.1] * 31), np.zeros(41)) != []


def test_the_heaviest_words_stay_in_sight(made):
    # One heavy sentence: nine of the light ones hold the other nine of the ten heaviest words.
    (fold,) = folds(long_document(made, [50.0] + [0.1] * 49), np.zeros(50))
    assert (fold.first, fold.size) == (10, 40)


def test_what_is_strongly_coloured_stays_in_sight(fifty):
    values = np.zeros(50)
    values[12] = -0.5
    assert [fold.first for fold in folds(fifty, values)] == [47]  # 10, 11 and 13 are too few


def test_what_was_edited_stays_in_sight(fifty):
    assert [fold.first for fold in folds(fifty, np.zeros(50), kept={48})] == [10]
    colour = Colour(np.zeros(50), Scale("", 1.0, True, "probability"))
    assert heatmap(fifty, colour).data["folds"] == [(10, 4, "2%"), (47, 3, "1.5%")]
    assert heatmap(fifty, colour, added={11}).data["folds"] == [(47, 3, "1.5%")]
    assert heatmap(fifty, colour, out=[(50, "x", "a")]).data["folds"] == [(10, 4, "2%")]


def test_the_beginning_stays_in_sight(made):
    values = np.arange(50)  # the last ten words are the strongest
    (fold,) = folds(long_document(made, [0.1] * 40 + [10.0] * 10), values)
    assert (fold.first, fold.size) == (1, 39)
