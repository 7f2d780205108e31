"""The map of documents as a figure."""

import numpy as np

from han_core.analysis.map_colours import MapColours
from han_core.viz.charts.document_map import PALE, document_map

ROWS, PLACES = np.array([4, 7, 9]), np.array([[0.0, 1], [2, 3], [4, 5]])
HOVER = ["a", "b", "c"]


def test_groups_have_a_trace_each_with_another_symbol():
    colours = MapColours("True", codes=np.array([1, 0, 1]), names=("neg", "<b>pos"))
    first, second = document_map(ROWS, PLACES, colours, HOVER).data
    assert [each[0] for each in first.customdata] == [7]
    assert [each[0] for each in second.customdata] == [4, 9]
    assert list(second.x) == [0, 4]
    assert list(second.hovertext) == ["a", "c"]
    assert first.marker.symbol != second.marker.symbol
    assert "<b>pos" not in second.name
    assert "(2)" in second.name


def test_numbers_have_a_scale_and_those_without_one_are_crosses():
    colours = MapColours("Loss", numbers=np.array([0.5, np.nan, 2.0]))
    missing, present = document_map(ROWS, PLACES, colours, HOVER).data
    assert [each[0] for each in missing.customdata] == [7]
    assert list(present.marker.color) == [0.5, 2.0]
    assert present.marker.showscale


def test_what_is_not_chosen_is_pale():
    colours = MapColours("True", codes=np.zeros(3, int), names=("neg",))
    (dots,) = document_map(ROWS, PLACES, colours, HOVER, np.array([True, False, True])).data
    assert [opacity == PALE for opacity in dots.marker.opacity] == [False, True, False]
    assert document_map(ROWS, PLACES, colours, HOVER).layout.dragmode == "lasso"
