"""Figures that filter: what each leaves aside, what a click on it sets."""

import numpy as np
import pytest
import streamlit as st

from han_core.analysis.calibration import calibration
from han_core.analysis.filters import Filter, Range
from han_core.analysis.metrics import class_scores
from han_core.viz.charts import confusion
from pages.errors import charts, cross_filter
from pages.errors.charts import calibration_line, class_places
from tests.analysis.made import by_chance, made


@pytest.fixture(autouse=True)
def session(monkeypatch):
    """A session of our own in place of Streamlit's."""
    held: dict = {}
    monkeypatch.setattr(st, "session_state", held)
    return held


def click(session, *customdata, key="chart"):
    points = [{"customdata": data} for data in customdata]
    session[key] = {"selection": {"points": points}}


def test_a_figure_leaves_its_own_conditions_aside_and_keeps_the_others():
    filter = Filter(true=("a",), outcome="wrong", tokens=Range(low=3))
    assert cross_filter.without_fields(filter, ("true", "predicted")) == Filter(
        outcome="wrong", tokens=Range(low=3)
    )
    assert cross_filter.without_fields(filter, ("confidence",)) == filter


def test_a_click_on_a_bin_sets_its_range_and_a_second_one_takes_it_away(session):
    cross_filter.change(contains="x")
    click(session, [0.5, 0.625])
    cross_filter.click_range("chart", "confidence")
    assert cross_filter.current() == Filter(contains="x", confidence=Range(low=0.5, high=0.625))
    cross_filter.click_range("chart", "confidence")
    assert cross_filter.current() == Filter(contains="x")


def test_a_click_on_a_bar_sets_right_or_wrong_too(session):
    click(session, [0.5, 0.625, "wrong"])
    cross_filter.click_range("chart", "confidence")
    assert cross_filter.current() == Filter(confidence=Range(low=0.5, high=0.625), outcome="wrong")
    click(session, [0.5, 0.625, "right"])
    cross_filter.click_range("chart", "confidence")
    assert cross_filter.current().outcome == "right"
    cross_filter.click_range("chart", "confidence")
    assert cross_filter.current() == Filter()


def test_a_click_on_a_class_leaves_its_documents(session):
    click(session, ["neg", "predicted"])
    cross_filter.click_class("chart")
    assert cross_filter.current() == Filter(predicted=("neg",))
    cross_filter.click_class("chart")
    assert cross_filter.current() == Filter()


def test_a_click_on_a_cell_leaves_its_documents_and_the_next_one_moves_there(session):
    click(session, ["a", "b"])
    cross_filter.click_cell("chart")
    click(session, ["b", "a"])
    cross_filter.click_cell("chart")
    assert cross_filter.current() == Filter(true=("b",), predicted=("a",))
    cross_filter.click_cell("chart")
    assert cross_filter.current() == Filter()


@pytest.mark.parametrize("state", [None, {}, {"selection": {"points": []}}])
def test_a_click_on_nothing_changes_nothing(session, state):
    session["chart"] = state
    cross_filter.change(contains="x")
    cross_filter.click_cell("chart")
    cross_filter.click_range("chart", "tokens")
    assert cross_filter.current() == Filter(contains="x")


def test_classes_in_every_order():
    scores = class_scores(np.array([[1, 4, 0], [0, 9, 0], [0, 0, 0]]))
    labels = ("b", "a", "C")
    assert class_places(scores, labels, "F1, lowest first") == [0, 1, 2]  # none has F1 last
    assert class_places(scores, labels, "Documents, most first") == [1, 0, 2]
    assert class_places(scores, labels, "As in the model") == [0, 1, 2]
    assert class_places(scores, labels, "By name") == [1, 0, 2]


def test_the_calibration_error_in_a_sentence():
    sentence = calibration_line(calibration(by_chance(400, too_sure=0.1)))
    found = calibration(by_chance(400, too_sure=0.1))
    assert f"**{found.error.mean:.1%}** (95% interval {found.error.low:.1%} to" in sentence
    assert f"accuracy {by_chance(400, too_sure=0.1).right.mean():.1%}" in sentence
    assert (
        calibration_line(calibration(made([], [], labels=("a",))))
        == "The filter selects no document."
    )


def test_the_page_says_how_to_read_the_matrix_where_it_is_drawn_without_numbers():
    assert charts.WRITTEN == confusion.WRITTEN
