"""Filters under a name: one is saved from the bar, and one is opened there.

The filter bar: what holds as chips that go one by one, what is left, slices.
"""

import numpy as np
import streamlit as st
from pydantic import ValidationError

from han_core.analysis.dataset import Outcomes, Store
from han_core.analysis.filters import Filter, Marks, chips, without
from han_core.analysis.metrics import accuracy
from han_core.analysis.query import select
from han_core.analysis.slices import Slice, save_slice, saved_slices
from han_core.runtime.errors import UserError
from pages.errors import cached_scores, context, filter_form, links, scoring
from pages.shared.wording import plain

NAME = "slice_name"


def picker(store: Store, analyst: str) -> None:
    """The popover of the slices of these documents."""
    with st.popover("Slices", icon=":material/bookmarks:", key="slices_popover"):
        if sentence := st.session_state.pop("slice_notice", None):
            st.warning(plain(sentence))
        data = store.scores.manifest.data_sha256
        there = _saved(data)
        for number, saved in enumerate(there):
            st.button(
                plain(saved.name),
                key=f"open_slice_{number}",
                on_click=put,
                args=(saved,),
                type="tertiary",
                help=f"Saved by {plain(saved.analyst)}",
            )
        if not there:
            st.caption("No slice of these documents is saved yet.")
        st.text_input("Save the present filter as", key=NAME, max_chars=80)
        st.button("Save as slice", key="save_slice", on_click=_save, args=(data, analyst),
                  disabled=not analyst)  # fmt: skip
        if not analyst:
            st.caption("Say your name above, so that others know whose it is.")


def put(saved: Slice) -> None:
    """Makes a slice's filter the one that holds."""
    try:
        context.put(Filter.model_validate_json(saved.filter))
    except ValidationError:
        context.say(f"The slice {saved.name} holds a filter that this version does not know.")


def _saved(data: str) -> tuple[Slice, ...]:
    try:
        return saved_slices(cached_scores.notes(), data)
    except UserError as error:
        st.warning(plain(str(error)))
        return ()


def _save(data: str, analyst: str) -> None:
    name, filter = st.session_state[NAME], context.current().model_dump_json(exclude_defaults=True)
    try:
        save_slice(cached_scores.notes(), data, name, filter, analyst)
    except UserError as error:  # what was typed stays
        st.session_state["slice_notice"] = str(error)
    else:
        st.session_state[NAME] = ""


ANSWERED = "errors_answered"


def bar(store: Store, marks: Marks, analyst: str) -> tuple[Filter, np.ndarray, Outcomes]:
    """The bar; returns the filter, the rows that it leaves, and what came of them."""
    if sentence := context.notice():
        st.warning(plain(sentence))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        filter_form.search()
        filter_form.adder(store, marks)
        picker(store, analyst)
        links.link(store)
        scoring.origin(store.scores)
    _chips()
    filter, rows = _left(store, marks)
    outcomes = store.outcomes.take(rows)
    st.markdown(left_line(outcomes, store.rows))
    return filter, rows, outcomes


def _left(store: Store, marks: Marks) -> tuple[Filter, np.ndarray]:
    """What the filter leaves; where it cannot be asked, what the last one that could leaves.

    So a regular expression that is broken takes nothing off the page, nor what somebody has
    typed there.
    """
    for filter in (context.current(), st.session_state.get(ANSWERED, Filter())):
        try:
            rows = select(store, filter, marks)
        except UserError as error:
            st.error(plain(f"{error} Below are the documents of before."))
        else:
            st.session_state[ANSWERED] = filter
            return filter, rows
    return Filter(), np.arange(store.rows)


def left_line(outcomes: Outcomes, of: int) -> str:
    """How many documents are left and how many of them are right, as Markdown."""
    n = len(outcomes)
    part = f"**{n:,} of {of:,} documents**" if n != of else f"**{of:,} documents**"
    if not n:
        return part
    found = accuracy(outcomes)
    return (
        f"{part} · accuracy **{found.mean:.1%}** (95% interval {found.low:.1%} to {found.high:.1%})"
    )


def _chips() -> None:
    there = chips(context.current())
    if not there:
        return
    with st.container(horizontal=True, gap="small", key="chips"):
        for number, chip in enumerate(there):
            st.button(f"✕ {plain(chip.words)}", key=f"chip_{number}", on_click=_drop, args=(chip,))
        st.button("Clear all", key="clear_filter", type="tertiary", on_click=context.clear)


def _drop(chip) -> None:
    context.put(without(context.current(), chip))
