"""New run or runs, and which runs are looked at: kept in the address, so that a refresh stays."""

import re
from collections.abc import Sequence

import streamlit as st

from pages.parts.kept import carry

NEW, RUNS = "New run", "Runs"
PARAMETER = "run"
_IDS = re.compile(r"[\w-]{1,60}(,[\w-]{1,60}){0,7}", re.ASCII)


def view() -> str:
    """The switch between the two; an address that names a run opens it."""
    named = st.query_params.get(PARAMETER, "")
    if named != st.session_state.get("run_address", "") and _IDS.fullmatch(named):
        st.session_state["run_address"] = named
        st.session_state["train_view"] = RUNS
        choose(named.split(","))
        _select_anew()
    if "train_goes_to" in st.session_state:
        st.session_state["train_view"] = st.session_state.pop("train_goes_to")
    carry("train_view", NEW)
    chosen = st.segmented_control(
        "View", [NEW, RUNS], required=True, key="train_view", label_visibility="collapsed",
        persist_state="session",
    )  # fmt: skip
    _address(chosen == RUNS)
    return str(chosen)


def chosen(there: Sequence[str]) -> tuple[str, ...]:
    """The ids of the runs that are looked at, of those that are ``there``."""
    return tuple(id for id in st.session_state.get("runs_chosen", ()) if id in there)


def choose(ids: Sequence[str]) -> None:
    """Looks at these runs from now on."""
    st.session_state["runs_chosen"] = tuple(ids)


def show(id: str) -> None:
    """Goes to one run, when the page is next drawn."""
    st.session_state["train_goes_to"] = RUNS  # the switch itself has been drawn by now
    choose([id])
    _select_anew()


def selection() -> int:
    """Another number whenever something else than the table has chosen: its own selection,
    which the browser keeps, is over then."""
    return st.session_state.get("runs_selection", 0)


def _select_anew() -> None:
    st.session_state["runs_selection"] = selection() + 1


def _address(runs: bool) -> None:
    named = ",".join(st.session_state.get("runs_chosen", ())) if runs else ""
    if st.query_params.get(PARAMETER, "") != named:
        if named:
            st.query_params[PARAMETER] = named
        else:
            st.query_params.pop(PARAMETER, None)
    st.session_state["run_address"] = named
