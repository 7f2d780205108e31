"""Where one is in a list that changes under one's hands."""

import numpy as np
import pytest
import streamlit as st

from han_core.analysis.filters import Filter
from pages.errors import context
from pages.errors.context import Here

ORDER = np.array([7, 3, 9, 1])


@pytest.fixture(autouse=True)
def _fresh():
    st.session_state.clear()
    yield
    st.session_state.clear()


def test_the_first_is_read_until_somebody_goes_on():
    assert context.here("data", ORDER) == Here(7, 0, True)
    assert context.here("data", ORDER[2:]) == Here(9, 0, True)
    assert context.here("data", ORDER[:0]) is None


def test_a_document_keeps_its_place_while_a_filter_holds_it():
    context.go_to("data", 9, 2)
    assert context.here("data", ORDER) == Here(9, 2, True)
    context.change(outcome="wrong")
    assert context.here("data", np.array([1, 9])) == Here(9, 1, True)
    assert context.here("data", np.array([1, 3])) == Here(1, 0, True)
    context.clear()
    assert context.here("data", ORDER) == Here(9, 2, True)
    assert context.here("other data", ORDER) == Here(7, 0, True)


def test_a_document_that_coding_takes_out_of_the_filter_stays_until_one_goes_on():
    context.go_to("data", 3, 1)
    left = np.array([7, 9, 1])
    now = context.here("data", left)
    assert now == Here(3, 1, False)
    context.step("data", left, now, forward=True)
    assert context.here("data", left) == Here(9, 1, True)


def test_the_one_before_it_as_well():
    context.go_to("data", 3, 1)
    left = np.array([7, 9, 1])
    context.step("data", left, context.here("data", left), forward=False)
    assert context.here("data", left) == Here(7, 0, True)


def test_steps_end_at_either_end():
    context.step("data", ORDER, Here(7, 0, True), forward=False)
    assert context.here("data", ORDER) == Here(7, 0, True)
    context.go_to("data", 1, 3)
    context.step("data", ORDER, Here(1, 3, True), forward=True)
    assert context.here("data", ORDER) == Here(1, 3, True)


def test_the_last_that_coding_takes_out_has_one_before_it_and_none_after():
    context.go_to("data", 1, 3)
    left = ORDER[:3]
    now = context.here("data", left)
    assert now == Here(1, 3, False)
    context.step("data", left, now, forward=True)
    assert context.here("data", left) == now
    context.step("data", left, now, forward=False)
    assert context.here("data", left) == Here(9, 2, True)


def test_a_cell_alone_and_all_again():
    context.change(outcome="wrong")
    context.cell("a", "b")
    assert context.current() == Filter(true=("a",), predicted=("b",), outcome="wrong")
    context.cell("a", "c")
    assert context.current().predicted == ("c",)
    context.cell("a", "c")
    assert context.current() == Filter(outcome="wrong")


def test_toggle():
    context.toggle("true", "a")
    context.toggle("true", "b")
    assert context.current().true == ("a", "b")
    context.toggle("true", "a")
    assert context.current().true == ("b",)
    context.toggle("change", "fixed")
    context.toggle("suspect", True)
    assert (context.current().change, context.current().suspect) == ("fixed", True)
    context.toggle("change", "fixed")
    context.toggle("suspect", True)
    assert context.current() == Filter(true=("b",))


def test_what_no_filter_can_hold_is_said_and_changes_nothing():
    context.change(confidence={"low": 0.2, "high": 0.4})
    before = context.current()
    context.change(confidence={"low": 0.8, "high": 0.4})
    assert context.current() == before
    assert "from low to high" in context.notice()
    assert context.notice() == ""
