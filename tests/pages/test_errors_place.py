"""Where one is in a list that changes under one's hands."""

import numpy as np
import pytest
import streamlit as st

from han_core.analysis.filters import Filter
from pages.errors import context, cross_filter, cursor
from pages.errors.cursor import Position

ORDER = np.array([7, 3, 9, 1])


@pytest.fixture(autouse=True)
def _fresh():
    st.session_state.clear()
    yield
    st.session_state.clear()


def test_the_first_is_read_until_somebody_goes_on():
    assert cursor.position("data", ORDER) == Position(7, 0, True)
    assert cursor.position("data", ORDER[2:]) == Position(9, 0, True)
    assert cursor.position("data", ORDER[:0]) is None


def test_a_document_keeps_its_place_while_a_filter_holds_it():
    cursor.go_to("data", 9, 2)
    assert cursor.position("data", ORDER) == Position(9, 2, True)
    cross_filter.change(outcome="wrong")
    assert cursor.position("data", np.array([1, 9])) == Position(9, 1, True)
    assert cursor.position("data", np.array([1, 3])) == Position(1, 0, True)
    cross_filter.clear()
    assert cursor.position("data", ORDER) == Position(9, 2, True)
    assert cursor.position("other data", ORDER) == Position(7, 0, True)


def test_a_document_that_coding_takes_out_of_the_filter_stays_until_one_goes_on():
    cursor.go_to("data", 3, 1)
    left = np.array([7, 9, 1])
    now = cursor.position("data", left)
    assert now == Position(3, 1, False)
    cursor.step("data", left, now, forward=True)
    assert cursor.position("data", left) == Position(9, 1, True)


def test_the_one_before_it_as_well():
    cursor.go_to("data", 3, 1)
    left = np.array([7, 9, 1])
    cursor.step("data", left, cursor.position("data", left), forward=False)
    assert cursor.position("data", left) == Position(7, 0, True)


def test_steps_end_at_either_end():
    cursor.step("data", ORDER, Position(7, 0, True), forward=False)
    assert cursor.position("data", ORDER) == Position(7, 0, True)
    cursor.go_to("data", 1, 3)
    cursor.step("data", ORDER, Position(1, 3, True), forward=True)
    assert cursor.position("data", ORDER) == Position(1, 3, True)


def test_the_last_that_coding_takes_out_has_one_before_it_and_none_after():
    cursor.go_to("data", 1, 3)
    left = ORDER[:3]
    now = cursor.position("data", left)
    assert now == Position(1, 3, False)
    cursor.step("data", left, now, forward=True)
    assert cursor.position("data", left) == now
    cursor.step("data", left, now, forward=False)
    assert cursor.position("data", left) == Position(9, 2, True)


def test_a_cell_alone_and_all_again():
    cross_filter.change(outcome="wrong")
    cross_filter.select_cell("a", "b")
    assert cross_filter.current() == Filter(true=("a",), predicted=("b",), outcome="wrong")
    cross_filter.select_cell("a", "c")
    assert cross_filter.current().predicted == ("c",)
    cross_filter.select_cell("a", "c")
    assert cross_filter.current() == Filter(outcome="wrong")


def test_toggle():
    cross_filter.toggle("true", "a")
    cross_filter.toggle("true", "b")
    assert cross_filter.current().true == ("a", "b")
    cross_filter.toggle("true", "a")
    assert cross_filter.current().true == ("b",)
    cross_filter.toggle("change", "fixed")
    cross_filter.toggle("suspect", True)
    assert (cross_filter.current().change, cross_filter.current().suspect) == ("fixed", True)
    cross_filter.toggle("change", "fixed")
    cross_filter.toggle("suspect", True)
    assert cross_filter.current() == Filter(true=("b",))


def test_what_no_filter_can_hold_is_said_and_changes_nothing():
    cross_filter.change(confidence={"low": 0.2, "high": 0.4})
    before = cross_filter.current()
    cross_filter.change(confidence={"low": 0.8, "high": 0.4})
    assert cross_filter.current() == before
    assert "from low to high" in context.pending_warning()
    assert context.pending_warning() == ""
