"""All runs in a table, runs side by side, and which runs are looked at.

That stands in the address, so that a refresh keeps it. Runs are remembered by their ids: rows
move when somebody else starts a run.
"""

import hashlib
import re
from collections.abc import Sequence

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from han_core.models.listing import list_systems
from han_core.models.systems import SYSTEMS
from han_core.runtime.errors import UserError, counted
from han_core.runtime.messages import mark, tr
from han_core.runtime.paths import checkpoints_root, runs_root
from han_core.training.runs import manage
from han_core.training.runs.archive import import_archive
from han_core.training.runs.manage import matching
from han_core.training.runs.sweep import sweep_table
from han_core.training.runs.view import STATUSES, RunView, differences, runs_table
from pages.shared.components import figure_export, hooked
from pages.shared.page import plain, restore_value
from pages.shared.upload_limits import sent_file
from pages.train import cached_runs, sentences, training_curves

NEW, RUNS = mark("New run"), mark("Runs")
PARAMETER = "run"
EVERY = 2.0  # seconds between two drawings of the table
MOST_CHOSEN = 8
LONGEST_WORDS = 100  # characters
_IDS = re.compile(r"[\w-]{1,60}(,[\w-]{1,60}){0,7}", re.ASCII)


def view() -> str:
    """Draw the switch between the form and the runs; an address that names a run opens it."""
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
        tr("View"), [NEW, RUNS], required=True, key="train_view", label_visibility="collapsed",
        persist_state="session", format_func=tr,
    )  # fmt: skip
    _address(chosen == RUNS)
    return str(chosen)


def chosen_of(ids: Sequence[str]) -> tuple[str, ...]:
    """Return those of ``ids`` that are looked at, in the order in which they were chosen."""
    return tuple(id for id in st.session_state.get("runs_chosen", ()) if id in ids)


def choose(ids: Sequence[str]) -> None:
    """Look at these runs from now on."""
    st.session_state["runs_chosen"] = tuple(ids)


def show(*ids: str) -> None:
    """Open these runs, when the page is next drawn."""
    st.session_state["train_goes_to"] = RUNS  # the switch itself has been drawn by now
    choose(ids)
    _select_anew()


def open_form() -> None:
    """Open the form of a new run, when the page is next drawn."""
    st.session_state["train_goes_to"] = NEW


def selection() -> int:
    """Return a number that changes when something else than the table chooses runs: the
    selection that the browser keeps is outdated then."""
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


def _import_zip() -> None:
    """The popover with the file picker; a run that is imported is opened at once."""
    with st.popover(tr("Import a zip")):
        st.file_uploader(tr("A model that was downloaded as a zip"), type=["zip"],
                         key="zip_upload")  # fmt: skip
        _load()


def _load() -> None:
    known = st.session_state.get("zip_loaded")
    try:
        file = sent_file("zip_upload", known)
        if file is None or file.file_id == known:
            return
        with st.spinner(tr("Checking the zip …")):
            imported = import_archive(file.getvalue())
            if imported.run is not None:
                cached_runs.complete_published(imported.run)
    except UserError as error:
        st.error(plain(str(error)))
        return
    st.session_state["zip_loaded"] = file.file_id
    if imported.run is None:
        st.success(plain(_imported(imported.name)))
        return
    show(imported.run)
    cached_runs.forget_runs()
    st.rerun()


def _imported(name: str) -> str:
    """Say which page shows a model that was imported, which is none of texts."""
    systems = {one.name: SYSTEMS[one.system] for one in list_systems(checkpoints_root())}
    return tr(
        "{name} is there now. It is for {kind} (page {page}).",
        name=name,
        kind=tr(systems[name].title).lower(),
        page=tr(systems[name].page),
    )


def side_by_side(ids: Sequence[str]) -> None:
    """Draw the curves of several runs, and the settings in which they differ.

    Raises:
        UserError: if one was deleted.
    """
    views = [manage.view(id) for id in ids]
    st.header(counted(len(views), "run"), anchor=False)
    training_curves.draw(views, list(training_curves.MEASURES), "several_curves", 0.0)
    figure_export("several_curves", "runs")
    st.markdown(tr("**Differences in the settings**"))
    rows = differences(views)
    if len(rows):
        st.dataframe(highlighted(rows), key="runs_differences", height="content")
    else:
        st.caption(tr(sentences.SAME))


def highlighted(rows: pd.DataFrame) -> Styler:
    """Mark every value that differs from that of the first run."""

    def style(row: pd.Series) -> list[str]:
        return [sentences.MARKED if value != row.iloc[0] else "" for value in row]

    return rows.style.apply(style, axis=1)


def runs() -> tuple[str, ...]:
    """Draw the table, and return the ids of the runs that are looked at."""
    _import_zip()
    views = cached_runs.runs()
    if not views:
        st.info(
            tr("There is no run of a text model yet. Start one under New run, or import a zip.")
        )
        return ()
    live = any(run.is_live for run in views)
    _filter()
    st.fragment(_table, run_every=EVERY if live else None)()
    _sweeps(views)
    st.caption(tr(sentences.TABLE))
    with st.expander(tr("Disk space")):
        disk_space()
    return chosen_of([run.id for run in views])[:MOST_CHOSEN]


def _filter() -> None:
    """Draw what the table is filtered by; it stays for the session."""
    restore_value("runs_words", "")
    restore_value("runs_statuses", [])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            tr("Filter"),
            key="runs_words",
            max_chars=LONGEST_WORDS,
            help=tr(sentences.FILTER),
            placeholder=tr("name, model, data or tag"),
            width=320,
            persist_state="session",
        )
        st.multiselect(
            tr("Status"),
            STATUSES,
            key="runs_statuses",
            placeholder=tr("all"),
            width=320,
            format_func=sentences.status,
            persist_state="session",
        )


def _sweeps(views: Sequence[RunView]) -> None:
    """Draw mean and standard deviation of each sweep, where there is one."""
    table = sweep_table(views)
    if len(table):
        with st.expander(tr("Sweeps: mean and standard deviation"), key="runs_sweeps"):
            st.dataframe(table, key="sweeps_table", hide_index=True, placeholder="–",
                         column_config=_sweep_columns())  # fmt: skip


def _table() -> None:
    words, statuses = st.session_state["runs_words"], st.session_state["runs_statuses"]
    views = matching(cached_runs.runs(), words, statuses)
    if not views:
        st.info(tr("No run fits the filter."))
        return
    ids = [run.id for run in views]
    mark = hashlib.sha256(repr((ids, selection())).encode()).hexdigest()[:12]
    selected, rows = chosen_of(ids), runs_table(views)
    with hooked("runs-table", key="runs_table"):
        event = st.dataframe(
            _shown(rows)[list(_columns())],
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


def _shown(rows: pd.DataFrame) -> pd.DataFrame:
    """The table with shares in percent, and with what runs do in the reader's language."""
    return rows.assign(
        accuracy=100 * rows["accuracy"],
        test_accuracy=100 * rows["test_accuracy"],
        status=rows["status"].map(sentences.status),
    )


def disk_space() -> None:
    """Draw a bar for each limit of the disk, and say what can be deleted.

    Raises:
        UserError: if a limit in the environment is no size.
    """
    usage, largest = cached_runs.disk_usage(str(runs_root()))
    for name, used, limit in usage:
        st.progress(min(1.0, used / max(1, limit)), sentences.disk(name, used, limit))
    st.caption(plain(sentences.largest_runs(largest)))


def _of_rows(rows: Sequence[int], ids: Sequence[str]) -> list[str]:
    return [ids[row] for row in rows if 0 <= row < len(ids)]


def _columns() -> dict:
    column = st.column_config
    return {
        "name": column.TextColumn(tr("name"), width="medium"),
        "status": column.TextColumn(tr("status"), width=100),
        "model": column.TextColumn(tr("model")),
        "data": column.TextColumn(tr("data")),
        "accuracy": column.NumberColumn(tr("validation accuracy"), format="%.1f%%"),
        "test_accuracy": column.NumberColumn(tr("test accuracy"), format="%.1f%%"),
        "macro_f1": column.NumberColumn(tr("macro F1"), format="%.3f"),
        "loss": column.NumberColumn(tr("loss"), format="%.3f"),
        "epochs": column.TextColumn(tr("epochs")),
        "seconds": column.NumberColumn(tr("seconds"), format="%.1f"),
        "tags": column.TextColumn(tr("tags")),
        "sweep": column.TextColumn(tr("sweep")),
        "note": column.TextColumn(tr("note")),
        "device": column.TextColumn(tr("device")),
        "checkpoint": column.TextColumn(tr("model name")),
        "made": column.DatetimeColumn(tr("made"), format=tr("D MMM, HH:mm")),
    }


def _sweep_columns() -> dict:
    number = st.column_config.NumberColumn
    return {
        "sweep": st.column_config.TextColumn(tr("sweep")),
        "runs": number(tr("runs")),
        "learning_rate": number(tr("learning rate"), format="%.2g"),
        "measured": number(tr("measured"), help=tr("Runs that have finished an epoch.")),
        "validation": number(tr("validation, mean"), format="%.1f%%"),
        "validation_sd": number(tr("standard deviation"), format="%.1f"),
        "test": number(tr("test, mean"), format="%.1f%%"),
        "test_sd": number(tr("standard deviation of test"), format="%.1f"),
    }
