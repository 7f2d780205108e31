"""Reliability diagrams and histograms of confidence."""

import numpy as np
import pytest

from han_core.analysis.calibration import Bins, by_confidence, calibration
from han_core.analysis.filters import Range
from han_core.viz.charts.calibration import confidences, reliability
from tests.analysis.made import by_chance, made


def bins(right=(1, 6), documents=(4, 8)):
    return Bins(
        np.array([0.51, 0.9]), np.array([0.524, 0.92]), np.array(documents), np.array(right)
    )


@pytest.fixture(scope="module")
def found():
    return calibration(by_chance(400, seed=1))


def test_a_dot_for_each_bin_at_its_confidence_and_accuracy(found):
    bars, dots = reliability(found).data
    assert dots.x == pytest.approx(tuple(found.confidence))
    assert dots.y == pytest.approx(tuple(found.bins.accuracy))
    low, high = found.bins.ends
    assert np.array(dots.y) + dots.error_y.array == pytest.approx(high)
    assert np.array(dots.y) - dots.error_y.arrayminus == pytest.approx(low)
    assert np.argmax(bars.y) == np.argmax(found.bins.documents)


def test_a_click_on_a_dot_gives_the_ends_of_its_bin(found):
    data = np.array(reliability(found).data[1].customdata)
    assert data[:, 0].tolist() == found.bins.low.tolist()
    assert data[:, 1].tolist() == found.bins.high.tolist()


def test_the_diagonal_begins_where_the_axis_does(found):
    line = reliability(found).layout.shapes[0]
    assert line.x0 == line.y0 <= found.bins.low.min()
    assert line.x1 == line.y1 == 1


def test_what_the_filter_holds_is_a_band(found):
    assert len(reliability(found).layout.shapes) == 1
    band = reliability(found, Range(low=0.7, high=0.8)).layout.shapes[1]
    assert (band.x0, band.x1) == pytest.approx((0.7, 0.8), abs=0.005)
    open_end = reliability(found, Range(low=0.7)).layout.shapes[1]
    assert open_end.x1 > 1


def test_right_bars_go_up_and_wrong_ones_down_as_shares_of_their_own():
    right, wrong = confidences(bins()).data
    assert right.y == pytest.approx((1 / 7, 6 / 7))
    assert wrong.y == pytest.approx((-3 / 5, -2 / 5))
    assert right.x == pytest.approx((0.517, 0.91))
    assert right.hovertext[0].startswith("<b>1 right document</b>, 14.3% of them")
    assert "wrong: 5" in wrong.name


def test_a_click_on_a_bar_says_right_or_wrong_too():
    right, wrong = confidences(bins()).data
    assert right.customdata[1] == [0.9, 0.92, "right"]
    assert wrong.customdata[0] == [0.51, 0.524, "wrong"]


def test_the_band_of_the_wrong_ones_is_the_lower_half():
    def band(*chosen):
        figure = confidences(bins(), *chosen)
        (found,) = [shape for shape in figure.layout.shapes if shape.type == "rect"]
        return (found.y0, found.y1)

    assert band(None, "wrong") == (0, 0.5)
    assert band(None, "right") == (0.5, 1)
    assert band(Range(low=0.8)) == (0, 1)


def test_heights_are_written_without_a_sign():
    ticks = confidences(bins()).layout.yaxis
    written = [text.split(">")[1].split("<")[0] for text in ticks.ticktext]
    assert written == [f"{abs(100 * value):.3g}%" for value in ticks.tickvals]
    assert len(written) >= 5


@pytest.mark.parametrize("right", [(0, 0), (4, 8)], ids=["all wrong", "all right"])
def test_one_side_may_be_empty(right):
    figure = confidences(bins(right))
    assert {abs(y) for y in figure.data[right[0] > 0 and 1].y} == {0}


def test_no_document_draws_an_empty_figure():
    nothing = made([], [], labels=("a", "b"))
    assert len(reliability(calibration(nothing)).data[1].x or ()) == 0
    assert len(confidences(by_confidence(nothing)).data[0].x or ()) == 0
