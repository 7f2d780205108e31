"""New run or runs, and which runs are looked at: kept in the address, so that a refresh stays.

A zip that somebody else made, loaded as a run that is done.

Several runs side by side: their curves, and the settings in which they differ.

All runs in a table that keeps up with them; a click on a row looks at that run.

Which runs are looked at is remembered by their ids: rows move when somebody else begins
a run.
"""

import hashlib
import re
from collections.abc import Sequence

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from han_core.runtime.errors import UserError
from han_core.training.runs.archive import import_archive
from han_core.training.runs.comparison import differences, runs_table
from han_core.training.runs.view import RunView
from pages.shared.components import hooked
from pages.shared.page import plain, restore_value
from pages.train import cached_runs, sentences

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
    restore_value("train_view", NEW)
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


def loader() -> None:
    """The popover with the file picker; a run that came is shown at once."""
    with st.popover("Load a zip"):
        file = st.file_uploader("A checkpoint as a zip, as Download makes it", type=["zip"],
                                key="zip_upload")  # fmt: skip
        if file is not None and st.session_state.get("zip_loaded") != file.file_id:
            _load(file)


def _load(file) -> None:
    try:
        with st.spinner("Looking at the zip …"):
            id = import_archive(file.getvalue())
    except UserError as error:
        st.error(plain(str(error)))
        return
    st.session_state["zip_loaded"] = file.file_id
    show(id)
    cached_runs.forget_runs()
    st.rerun()


def side_by_side(ids: Sequence[str]) -> None:
    """Everything about several runs.

    Raises:
        UserError: if one was deleted.
    """
    from han_core.training.runs.manage import view

    runs: list[RunView] = [view(id) for id in ids]
    st.subheader(f"{len(runs)} runs", anchor=False)
    cached_runs.of_several(runs)
    st.markdown("**Where they differ**")
    rows = differences(runs)
    if len(rows):
        st.dataframe(highlighted(rows), key="runs_differences", height="content")
    else:
        st.caption(sentences.SAME)


def highlighted(rows: pd.DataFrame) -> Styler:
    """Marks every value that is another than the first run's."""

    def style(row: pd.Series) -> list[str]:
        return [sentences.MARKED if value != row.iloc[0] else "" for value in row]

    return rows.style.apply(style, axis=1)


EVERY = 2.0  # seconds
MOST_CHOSEN = 8


def runs() -> tuple[str, ...]:
    """The table, and the ids of the runs that are looked at."""
    loader()
    there = cached_runs.runs()
    if not there:
        raise UserError("There is no run yet. Begin one under New run, or load a zip.")
    live = any(run.is_live for run in there)
    st.fragment(_table, run_every=EVERY if live else None)()
    st.caption(sentences.TABLE)
    return chosen([run.id for run in there])[:MOST_CHOSEN]


def _table() -> None:
    there = cached_runs.runs()
    ids = [run.id for run in there]
    mark = hashlib.sha256(repr((ids, selection())).encode()).hexdigest()[:12]
    selected, rows = chosen(ids), runs_table(there)
    with hooked("runs-table", key="runs_table"):
        event = st.dataframe(
            rows.assign(accuracy=100 * rows["accuracy"]),
            key=f"runs_{mark}",
            hide_index=True,
            on_select="rerun",
            selection_mode="multi-row",
            selection_default={"selection": {"rows": [ids.index(id) for id in selected]}},
            height=min(35 * (len(ids) + 1) + 3, 320),
            column_config=_columns(),
            placeholder="–",
        )
    now = _of_rows(event["selection"]["rows"], ids)
    if set(now) != set(selected):
        choose(now)
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
