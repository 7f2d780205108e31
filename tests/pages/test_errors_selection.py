"""The filter as clicks change it, and the document that is read in a list that changes."""

import numpy as np
import pytest
import streamlit as st

from han_core.analysis.filters import Filter, Range
from pages.errors import context, selection
from pages.errors.selection import Position

ORDER = np.array([7, 3, 9, 1])


@pytest.fixture(autouse=True)
def session(monkeypatch):
    """A session of our own in place of Streamlit's."""
    state: dict = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


def click(session, *customdata, key="chart"):
    points = [{"customdata": data} for data in customdata]
    session[key] = {"selection": {"points": points}}


def test_a_figure_leaves_its_own_conditions_aside_and_keeps_the_others():
    filter = Filter(true=("a",), outcome="wrong", tokens=Range(low=3))
    assert selection.without_fields(filter, ("true", "predicted")) == Filter(
        outcome="wrong", tokens=Range(low=3)
    )
    assert selection.without_fields(filter, ("confidence",)) == filter


def test_a_click_on_a_bin_sets_its_range_and_a_second_one_takes_it_away(session):
    selection.change(contains="x")
    click(session, [0.5, 0.625])
    selection.click_range("chart", "confidence")
    assert selection.current() == Filter(contains="x", confidence=Range(low=0.5, high=0.625))
    selection.click_range("chart", "confidence")
    assert selection.current() == Filter(contains="x")


def test_a_click_on_a_bar_sets_right_or_wrong_too(session):
    click(session, [0.5, 0.625, "wrong"])
    selection.click_range("chart", "confidence")
    assert selection.current() == Filter(confidence=Range(low=0.5, high=0.625), outcome="wrong")
    click(session, [0.5, 0.625, "right"])
    selection.click_range("chart", "confidence")
    assert selection.current().outcome == "right"
    selection.click_range("chart", "confidence")
    assert selection.current() == Filter()


def test_a_click_on_a_class_leaves_its_documents(session):
    click(session, ["neg", "predicted"])
    selection.click_class("chart")
    assert selection.current() == Filter(predicted=("neg",))
    selection.click_class("chart")
    assert selection.current() == Filter()


def test_a_click_on_a_cell_leaves_its_documents_and_the_next_one_moves_there(session):
    click(session, ["a", "b"])
    selection.click_cell("chart")
    click(session, ["b", "a"])
    selection.click_cell("chart")
    assert selection.current() == Filter(true=("b",), predicted=("a",))
    selection.click_cell("chart")
    assert selection.current() == Filter()


def test_clicked_points_have_one_value_or_several(session):
    points = [{"customdata": "fine"}, {}, {"customdata": ["a", "b"]}]
    session["chart"] = {"selection": {"points": points}}
    assert selection.clicked("chart") == [["fine"], ["a", "b"]]


@pytest.mark.parametrize("state", [None, {}, {"selection": {"points": []}}])
def test_a_click_on_nothing_changes_nothing(session, state):
    session["chart"] = state
    selection.change(contains="x")
    selection.click_cell("chart")
    selection.click_range("chart", "tokens")
    assert selection.current() == Filter(contains="x")


def test_the_first_is_read_until_somebody_goes_on():
    assert selection.position("data", ORDER) == Position(7, 0, True)
    assert selection.position("data", ORDER[2:]) == Position(9, 0, True)
    assert selection.position("data", ORDER[:0]) is None


def test_a_document_keeps_its_place_while_a_filter_holds_it():
    selection.go_to("data", 9, 2)
    assert selection.position("data", ORDER) == Position(9, 2, True)
    selection.change(outcome="wrong")
    assert selection.position("data", np.array([1, 9])) == Position(9, 1, True)
    assert selection.position("data", np.array([1, 3])) == Position(1, 0, True)
    selection.clear()
    assert selection.position("data", ORDER) == Position(9, 2, True)
    assert selection.position("other data", ORDER) == Position(7, 0, True)


def test_a_document_that_coding_takes_out_of_the_filter_stays_until_one_goes_on():
    selection.go_to("data", 3, 1)
    left = np.array([7, 9, 1])
    now = selection.position("data", left)
    assert now == Position(3, 1, False)
    selection.step("data", left, now, forward=True)
    assert selection.position("data", left) == Position(9, 1, True)


def test_the_one_before_it_as_well():
    selection.go_to("data", 3, 1)
    left = np.array([7, 9, 1])
    selection.step("data", left, selection.position("data", left), forward=False)
    assert selection.position("data", left) == Position(7, 0, True)


def test_steps_end_at_either_end():
    selection.step("data", ORDER, Position(7, 0, True), forward=False)
    assert selection.position("data", ORDER) == Position(7, 0, True)
    selection.go_to("data", 1, 3)
    selection.step("data", ORDER, Position(1, 3, True), forward=True)
    assert selection.position("data", ORDER) == Position(1, 3, True)


def test_the_last_that_coding_takes_out_has_one_before_it_and_none_after():
    selection.go_to("data", 1, 3)
    left = ORDER[:3]
    now = selection.position("data", left)
    assert now == Position(1, 3, False)
    selection.step("data", left, now, forward=True)
    assert selection.position("data", left) == now
    selection.step("data", left, now, forward=False)
    assert selection.position("data", left) == Position(9, 2, True)


def test_a_cell_alone_and_all_again():
    selection.change(outcome="wrong")
    selection.select_cell("a", "b")
    assert selection.current() == Filter(true=("a",), predicted=("b",), outcome="wrong")
    selection.select_cell("a", "c")
    assert selection.current().predicted == ("c",)
    selection.select_cell("a", "c")
    assert selection.current() == Filter(outcome="wrong")


def test_a_clicked_row_and_a_late_deselection(session):
    for rows, expected in (([1], "b"), ([], None), ([7], None)):
        session["table"] = {"selection": {"rows": rows}}
        assert selection.clicked_line("table", ["a", "b"]) == expected


def test_toggle():
    selection.toggle("true", "a")
    selection.toggle("true", "b")
    assert selection.current().true == ("a", "b")
    selection.toggle("true", "a")
    assert selection.current().true == ("b",)
    selection.toggle("change", "fixed")
    selection.toggle("suspect", True)
    assert (selection.current().change, selection.current().suspect) == ("fixed", True)
    selection.toggle("change", "fixed")
    selection.toggle("suspect", True)
    assert selection.current() == Filter(true=("b",))


def test_what_no_filter_can_hold_is_said_and_changes_nothing():
    selection.change(confidence={"low": 0.2, "high": 0.4})
    before = selection.current()
    selection.change(confidence={"low": 0.8, "high": 0.4})
    assert selection.current() == before
    assert "from low to high" in context.pending_warning()
    assert context.pending_warning() == ""


def test_a_document_opens_in_the_view_of_documents_whatever_the_filter(session):
    selection.open_document("data", 5)
    assert session[selection.VIEW] == selection.DOCUMENTS
    assert selection.position("data", ORDER) == Position(5, 0, False)
