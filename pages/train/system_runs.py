"""Runs of systems beside the text classifiers: a table, one run's status, and its page."""

import streamlit as st

from han_core.runtime.errors import UserError
from han_core.training.runs import system_jobs
from han_core.training.runs.system_jobs import SystemJob, jobs_table
from pages.shared import system_training
from pages.shared.components import hooked
from pages.shared.navigation import page_scripts
from pages.shared.page import plain
from pages.shared.system_pages import PAGES

EVERY = 2.0  # seconds between two drawings of what is at work
COLUMNS = {"made": st.column_config.DatetimeColumn(format="D MMM, HH:mm")}
HELP = (
    "They are started, stopped and continued on their own pages. Tags, notes, sweeps and runs side "
    "by side are for models of texts."
)


def show() -> None:
    """Draw all such runs; nothing where there is none."""
    jobs = system_jobs.system_jobs()
    if jobs:
        st.header("Runs for other inputs", anchor=False, help=HELP)
        live = any(job.is_live for job in jobs)
        st.fragment(_runs, run_every=EVERY if live else None)()


def _runs() -> None:
    jobs = system_jobs.system_jobs()
    with hooked("system-runs-table", key="system_runs_table"):
        event = st.dataframe(
            jobs_table(jobs), key="system_runs", hide_index=True, on_select="rerun",
            selection_mode="single-row", column_config=COLUMNS, placeholder="–",
            height=min(35 * (len(jobs) + 1) + 3, 320),
        )  # fmt: skip
    rows = [row for row in event["selection"]["rows"] if row < len(jobs)]
    if rows:
        _run(jobs[rows[0]])


def _run(job: SystemJob) -> None:
    st.markdown(f"**{plain(job.name)}**")
    system_training.status(job)
    scripts = page_scripts(PAGES)
    with st.container(horizontal=True, vertical_alignment="center", key="system_run_buttons"):
        if job.system.page in scripts:
            st.page_link(
                f"pages/{scripts[job.system.page]}", label=f"Open on {job.system.page}",
                query_params={system_training.PARAMETER: job.id},
            )  # fmt: skip
        if not job.is_live:
            with st.popover("Delete …"):
                st.caption("The model that was made of the run stays.")
                st.button("Delete the run", key="system_run_delete", on_click=_delete, args=(job,))
    if sentence := st.session_state.pop("system_run_notice", None):
        st.warning(plain(sentence))


def _delete(job: SystemJob) -> None:
    try:
        system_jobs.delete(job)
    except UserError as error:
        st.session_state["system_run_notice"] = str(error)
