"""Scores by class, by length and by slice in rows with intervals."""

import numpy as np
import pytest

from han_core.analysis.calibration import by_length
from han_core.analysis.filters import Range
from han_core.analysis.metrics import accuracy, class_scores
from han_core.explanation.statistics import NO_INTERVAL, share
from han_core.viz.charts.performance import Row, class_rows, interval_rows, length_rows
from tests.analysis.made import by_chance, made

COUNTS = np.array([[8, 2, 0], [1, 4, 0], [0, 0, 0]])

LABELS = ("good", "<i>bad</i>", "never")


@pytest.fixture(scope="module")
def classes():
    return class_rows(class_scores(COUNTS), LABELS, [1, 0, 2], chosen=((), ("good",)))


def names(figure) -> list[str]:
    return [text.split(">", 1)[1].removesuffix("</span>") for text in figure.layout.yaxis.ticktext]


def test_three_dots_for_each_class_in_the_given_order(classes):
    precision, recall, f1 = classes.data
    assert precision.x == pytest.approx((4 / 6, 8 / 9))
    assert recall.x == pytest.approx((4 / 5, 8 / 10))
    assert f1.x == pytest.approx((8 / 11, 16 / 19))
    assert names(classes) == ["&#60;i&#62;bad&#60;/i&#62; · 5", "good · 10", "never · 0"]
    assert [round(y) for y in precision.y] == [0, 1]  # the class that never occurs has no dot


def test_a_click_says_which_documents_the_share_is_one_of(classes):
    precision, recall, f1 = classes.data
    assert precision.customdata == (["<i>bad</i>", "predicted"], ["good", "predicted"])
    assert recall.customdata[0] == f1.customdata[0] == ["<i>bad</i>", "true"]
    assert "&#60;i&#62;bad" in precision.hovertext[0]
    assert "6 documents predicted as it" in precision.hovertext[0]


def test_lines_are_wilsons_intervals(classes):
    precision = classes.data[0]
    low, high = share(4, 6).low, share(4, 6).high
    assert precision.x[0] - precision.error_x.arrayminus[0] == pytest.approx(low)
    assert precision.x[0] + precision.error_x.array[0] == pytest.approx(high)


def test_the_classes_that_the_filter_holds_have_a_band(classes):
    (band,) = [shape for shape in classes.layout.shapes if shape.type == "rect"]
    assert (band.y0, band.y1) == (0.5, 1.5)


def test_lengths_in_rows_with_a_line_for_all():
    outcomes = by_chance(500)
    bins = by_length(outcomes)
    figure = length_rows(bins, accuracy(outcomes), Range(low=bins.low[2], high=bins.high[2]))
    dots = [trace for trace in figure.data if trace.mode == "markers"]
    assert [dot.x[0] for dot in dots] == pytest.approx(bins.accuracy.tolist())
    assert [dot.customdata[0] for dot in dots] == [
        [low, high] for low, high in zip(bins.low, bins.high, strict=True)
    ]
    assert names(figure)[0] == f"{bins.low[0]:.0f} to {bins.high[0]:.0f}"
    line = next(shape for shape in figure.layout.shapes if shape.type == "line")
    assert line.x0 == pytest.approx(accuracy(outcomes).mean)
    (band,) = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert (band.y0, band.y1) == (1.5, 2.5)


def test_the_axis_holds_every_interval():
    lines = [Row("few", share(1, 9), 9), Row("many", share(800, 900), 900)]
    figure = interval_rows(lines, "accuracy", share(801, 909))
    first, last = figure.layout.xaxis.range
    assert first <= share(1, 9).low
    assert last >= 1
    assert "95% interval" in figure.data[0].hovertext


def test_a_row_without_a_document_says_so():
    figure = interval_rows([Row("none", NO_INTERVAL, 0)], "accuracy", NO_INTERVAL)
    assert not figure.data
    assert any("no document" in note.text for note in figure.layout.annotations)


def test_no_document_draws_an_empty_figure():
    nothing = made([], [], labels=("a", "b"))
    assert not length_rows(by_length(nothing), accuracy(nothing)).data
