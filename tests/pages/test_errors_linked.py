"""Figures that filter: what each leaves aside, what a click on it sets."""

import numpy as np
import pytest
import streamlit as st

from han_core.analysis.calibration import calibration
from han_core.analysis.filters import Filter, Range
from han_core.analysis.metrics import class_scores
from han_core.viz.charts import confusion
from pages.errors import context, matrix
from pages.errors import matrix as linked
from pages.errors.charts import class_places, said
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
    assert linked.others(filter, ("true", "predicted")) == Filter(
        outcome="wrong", tokens=Range(low=3)
    )
    assert linked.others(filter, ("confidence",)) == filter


def test_a_click_on_a_bin_sets_its_range_and_a_second_one_takes_it_away(session):
    context.change(contains="x")
    click(session, [0.5, 0.625])
    linked.take_range("chart", "confidence")
    assert context.current() == Filter(contains="x", confidence=Range(low=0.5, high=0.625))
    linked.take_range("chart", "confidence")
    assert context.current() == Filter(contains="x")


def test_a_click_on_a_bar_sets_right_or_wrong_too(session):
    click(session, [0.5, 0.625, "wrong"])
    linked.take_range("chart", "confidence")
    assert context.current() == Filter(confidence=Range(low=0.5, high=0.625), outcome="wrong")
    click(session, [0.5, 0.625, "right"])
    linked.take_range("chart", "confidence")
    assert context.current().outcome == "right"
    linked.take_range("chart", "confidence")
    assert context.current() == Filter()


def test_a_click_on_a_class_leaves_its_documents(session):
    click(session, ["neg", "predicted"])
    linked.take_class("chart")
    assert context.current() == Filter(predicted=("neg",))
    linked.take_class("chart")
    assert context.current() == Filter()


def test_a_click_on_a_cell_leaves_its_documents_and_the_next_one_moves_there(session):
    click(session, ["a", "b"])
    linked.take_cell("chart")
    click(session, ["b", "a"])
    linked.take_cell("chart")
    assert context.current() == Filter(true=("b",), predicted=("a",))
    linked.take_cell("chart")
    assert context.current() == Filter()


@pytest.mark.parametrize("state", [None, {}, {"selection": {"points": []}}])
def test_a_click_on_nothing_changes_nothing(session, state):
    session["chart"] = state
    context.change(contains="x")
    linked.take_cell("chart")
    linked.take_range("chart", "tokens")
    assert context.current() == Filter(contains="x")


def test_classes_in_every_order():
    scores = class_scores(np.array([[1, 4, 0], [0, 9, 0], [0, 0, 0]]))
    labels = ("b", "a", "C")
    assert class_places(scores, labels, "F1, lowest first") == [0, 1, 2]  # none has F1 last
    assert class_places(scores, labels, "Documents, most first") == [1, 0, 2]
    assert class_places(scores, labels, "As in the model") == [0, 1, 2]
    assert class_places(scores, labels, "By name") == [1, 0, 2]


def test_the_calibration_error_in_a_sentence():
    sentence = said(calibration(by_chance(400, too_sure=0.1)))
    found = calibration(by_chance(400, too_sure=0.1))
    assert f"**{found.error.mean:.1%}** (95% interval {found.error.low:.1%} to" in sentence
    assert f"accuracy {by_chance(400, too_sure=0.1).right.mean():.1%}" in sentence
    assert said(calibration(made([], [], labels=("a",)))) == "No document is left."


def test_the_page_says_how_to_read_the_matrix_where_it_is_drawn_without_numbers():
    assert matrix.WRITTEN == confusion.WRITTEN
