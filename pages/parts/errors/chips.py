"""The filter bar: what holds as chips that go one by one, what is left, slices."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.parts.errors import adding, filters, links, picking_slices, scored
from pages.parts.wording import plain

if TYPE_CHECKING:
    from han_core.coding.marks import Marks
    from han_core.errors.asked.filter import Filter
    from han_core.errors.opened.outcomes import Outcomes
    from han_core.errors.opened.store import Store

ANSWERED = "errors_answered"


def bar(store: "Store", marks: "Marks", analyst: str) -> "tuple[Filter, np.ndarray, Outcomes]":
    """The bar; returns the filter, the rows that it leaves, and what came of them."""
    if sentence := filters.notice():
        st.warning(plain(sentence))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        adding.search()
        adding.adder(store, marks)
        picking_slices.picker(store, analyst)
        links.link(store)
        scored.origin(store.scores)
    _chips()
    filter, rows = _left(store, marks)
    outcomes = store.outcomes.take(rows)
    st.markdown(left_line(outcomes, store.rows))
    return filter, rows, outcomes


def _left(store: "Store", marks: "Marks") -> "tuple[Filter, np.ndarray]":
    """What the filter leaves; where it cannot be asked, what the last one that could leaves.

    So a regular expression that is broken takes nothing off the page, nor what somebody has
    typed there.
    """
    from han_core.errors.asked.filter import Filter
    from han_core.errors.asked.select import select
    from han_core.wrong_input import WrongInput

    for filter in (filters.current(), st.session_state.get(ANSWERED, Filter())):
        try:
            rows = select(store, filter, marks)
        except WrongInput as error:
            st.error(plain(f"{error} Below are the documents of before."))
        else:
            st.session_state[ANSWERED] = filter
            return filter, rows
    return Filter(), np.arange(store.rows)


def left_line(outcomes: "Outcomes", of: int) -> str:
    """How many documents are left and how many of them are right, as Markdown."""
    from han_core.errors.measured.performance import accuracy

    n = len(outcomes)
    part = f"**{n:,} of {of:,} documents**" if n != of else f"**{of:,} documents**"
    if not n:
        return part
    found = accuracy(outcomes)
    return (
        f"{part} · accuracy **{found.mean:.1%}** (95% interval {found.low:.1%} to {found.high:.1%})"
    )


def _chips() -> None:
    from han_core.errors.asked.filter import chips

    there = chips(filters.current())
    if not there:
        return
    with st.container(horizontal=True, gap="small", key="chips"):
        for number, chip in enumerate(there):
            st.button(f"✕ {plain(chip.words)}", key=f"chip_{number}", on_click=_drop, args=(chip,))
        st.button("Clear all", key="clear_filter", type="tertiary", on_click=filters.clear)


def _drop(chip) -> None:
    from han_core.errors.asked.filter import without

    filters.put(without(filters.current(), chip))
