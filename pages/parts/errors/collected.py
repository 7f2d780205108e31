"""The documents that somebody put aside while reading, to stand in a report.

They last as long as the session, for each data set by itself. It knows nothing about reports.
"""

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from han_core.errors.asked.table import Reading
    from pages.parts.errors.bench import Bench

COLLECTED = "errors_collected"


def beside(bench: "Bench", reading: "Reading") -> None:
    """The button under the document that is read."""
    data, there = _data(bench), reading.row in rows(bench)
    st.button(
        "Take out of the report" if there else "Put into the report",
        key="collect",
        icon=":material/bookmark_remove:" if there else ":material/bookmark_add:",
        on_click=_toggle,
        args=(data, reading.row),
        help="The view Take away makes a page of these documents.",
    )


def rows(bench: "Bench") -> list[int]:
    """Rows of the store, in the order in which they were put aside."""
    return st.session_state.get(COLLECTED, {}).get(_data(bench), [])


def clear(bench: "Bench") -> None:
    """None of them any longer; made to be a callback."""
    st.session_state.get(COLLECTED, {}).pop(_data(bench), None)


def _toggle(data: str, row: int) -> None:
    held = st.session_state.setdefault(COLLECTED, {})
    before = held.get(data, [])
    held[data] = [one for one in before if one != row] if row in before else [*before, row]


def _data(bench: "Bench") -> str:
    return bench.store.scores.manifest.data_sha256
