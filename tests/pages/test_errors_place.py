"""Where one is in a list that changes under one's hands."""

import numpy as np
import pytest
import streamlit as st

from han_core.errors.asked.filter import Filter
from pages.parts.errors import filters, place
from pages.parts.errors.place import Here

ORDER = np.array([7, 3, 9, 1])


@pytest.fixture(autouse=True)
def _fresh():
    st.session_state.clear()
    yield
    st.session_state.clear()


def test_the_first_is_read_until_somebody_goes_on():
    assert place.here("data", ORDER) == Here(7, 0, True)
    assert place.here("data", ORDER[2:]) == Here(9, 0, True)
    assert place.here("data", ORDER[:0]) is None


def test_a_document_keeps_its_place_while_a_filter_holds_it():
    place.go_to("data", 9, 2)
    assert place.here("data", ORDER) == Here(9, 2, True)
    filters.change(outcome="wrong")
    assert place.here("data", np.array([1, 9])) == Here(9, 1, True)
    assert place.here("data", np.array([1, 3])) == Here(1, 0, True)
    filters.clear()
    assert place.here("data", ORDER) == Here(9, 2, True)
    assert place.here("other data", ORDER) == Here(7, 0, True)


def test_a_document_that_coding_takes_out_of_the_filter_stays_until_one_goes_on():
    place.go_to("data", 3, 1)
    left = np.array([7, 9, 1])
    now = place.here("data", left)
    assert now == Here(3, 1, False)
    place.step("data", left, now, forward=True)
    assert place.here("data", left) == Here(9, 1, True)


def test_the_one_before_it_as_well():
    place.go_to("data", 3, 1)
    left = np.array([7, 9, 1])
    place.step("data", left, place.here("data", left), forward=False)
    assert place.here("data", left) == Here(7, 0, True)


def test_steps_end_at_either_end():
    place.step("data", ORDER, Here(7, 0, True), forward=False)
    assert place.here("data", ORDER) == Here(7, 0, True)
    place.go_to("data", 1, 3)
    place.step("data", ORDER, Here(1, 3, True), forward=True)
    assert place.here("data", ORDER) == Here(1, 3, True)


def test_the_last_that_coding_takes_out_has_one_before_it_and_none_after():
    place.go_to("data", 1, 3)
    left = ORDER[:3]
    now = place.here("data", left)
    assert now == Here(1, 3, False)
    place.step("data", left, now, forward=True)
    assert place.here("data", left) == now
    place.step("data", left, now, forward=False)
    assert place.here("data", left) == Here(9, 2, True)


def test_a_cell_alone_and_all_again():
    filters.change(outcome="wrong")
    filters.cell("a", "b")
    assert filters.current() == Filter(true=("a",), predicted=("b",), outcome="wrong")
    filters.cell("a", "c")
    assert filters.current().predicted == ("c",)
    filters.cell("a", "c")
    assert filters.current() == Filter(outcome="wrong")


def test_toggle():
    filters.toggle("true", "a")
    filters.toggle("true", "b")
    assert filters.current().true == ("a", "b")
    filters.toggle("true", "a")
    assert filters.current().true == ("b",)
    filters.toggle("change", "fixed")
    filters.toggle("suspect", True)
    assert (filters.current().change, filters.current().suspect) == ("fixed", True)
    filters.toggle("change", "fixed")
    filters.toggle("suspect", True)
    assert filters.current() == Filter(true=("b",))


def test_what_no_filter_can_hold_is_said_and_changes_nothing():
    filters.change(confidence={"low": 0.2, "high": 0.4})
    before = filters.current()
    filters.change(confidence={"low": 0.8, "high": 0.4})
    assert filters.current() == before
    assert "from low to high" in filters.notice()
    assert filters.notice() == ""
