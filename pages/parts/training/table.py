"""All runs in a table that keeps up with them; a click on a row looks at that run.

Which runs are looked at is remembered by their ids: rows move when somebody else begins
a run.
"""

import hashlib
from collections.abc import Sequence

import streamlit as st

from pages.parts.hook import hooked
from pages.parts.training import archive, cached, saying, switching

EVERY = 2.0  # seconds
MOST_CHOSEN = 8


def runs() -> tuple[str, ...]:
    """The table, and the ids of the runs that are looked at."""
    from han_core.wrong_input import WrongInput

    archive.loader()
    there = cached.runs()
    if not there:
        raise WrongInput("There is no run yet. Begin one under New run, or load a zip.")
    live = any(run.is_live for run in there)
    st.fragment(_table, run_every=EVERY if live else None)()
    st.caption(saying.TABLE)
    return switching.chosen([run.id for run in there])[:MOST_CHOSEN]


def _table() -> None:
    from han_core.runs.comparison import runs_table

    there = cached.runs()
    ids = [run.id for run in there]
    mark = hashlib.sha256(repr((ids, switching.selection())).encode()).hexdigest()[:12]
    chosen, rows = switching.chosen(ids), runs_table(there)
    with hooked("runs-table", key="runs_table"):
        event = st.dataframe(
            rows.assign(accuracy=100 * rows["accuracy"]),
            key=f"runs_{mark}",
            hide_index=True,
            on_select="rerun",
            selection_mode="multi-row",
            selection_default={"selection": {"rows": [ids.index(id) for id in chosen]}},
            height=min(35 * (len(ids) + 1) + 3, 320),
            column_config=_columns(),
            placeholder="–",
        )
    now = _of_rows(event["selection"]["rows"], ids)
    if set(now) != set(chosen):
        switching.choose(now)
        st.rerun()


def _of_rows(rows: Sequence[int], ids: Sequence[str]) -> list[str]:
    return [ids[row] for row in rows if 0 <= row < len(ids)]


def _columns() -> dict:
    column = st.column_config
    return {
        "id": None,
        "name": column.TextColumn(width="medium"),
        "status": column.TextColumn(width=100),
        "accuracy": column.NumberColumn("validation accuracy", format="%.1f%%"),
        "macro_f1": column.NumberColumn("macro F1", format="%.3f"),
        "loss": column.NumberColumn(format="%.3f"),
        "seconds": column.NumberColumn(format="%.1f"),
        "made": column.DatetimeColumn(format="D MMM, HH:mm"),
    }
