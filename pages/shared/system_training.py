"""Training of any system from its page: start, progress, Stop, the zip; all such runs in a list.

A run goes on when the page is closed. The page shows the run that the address names
(``?run=…``), else the last one of this session.
"""

from collections.abc import Mapping

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from han_core.models.archive import pack
from han_core.models.system_folder import System
from han_core.runtime.atomic_io import safe_name
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr
from han_core.training.runs import system_jobs
from han_core.training.runs.system_jobs import SystemJob
from pages.shared.components import hooked
from pages.shared.navigation import page_scripts
from pages.shared.page import plain, set_value, user_errors_shown
from pages.shared.system_pages import PAGES

PARAMETER = "run"
EVERY = 2.0  # seconds between two drawings of what is at work
COLUMNS = {"made": st.column_config.DatetimeColumn(format="D MMM, HH:mm")}
HELP = mark(
    "They are started, stopped and continued on their own pages. Tags, notes, sweeps "
    "and runs side by side are for models of texts."
)


def start(
    system: System, data: Mapping[str, str | UploadedFile | None], request: Mapping[str, object]
) -> None:
    """Begin a run; the page shows it from now on.

    Args:
        data: the name of a source, or a file that was sent, for each key of the request.

    Raises:
        UserError: as ``system_jobs.begin``.
    """
    uploads = {
        key: (value.name, value.getvalue())
        for key, value in data.items()
        if value is not None and not isinstance(value, str)
    }
    named = {key: value for key, value in data.items() if key not in uploads}
    title = ", ".join([*(name for name, _ in uploads.values()), *map(str, named.values())])
    _show(system, system_jobs.begin(system, {"title": title, **named, **request}, uploads))


def is_named(system: System) -> bool:
    """Whether the address names a run of this system."""
    return system_jobs.find_job(system, st.query_params.get(PARAMETER, "")) is not None


def progress(system: System, checkpoint_key: str) -> None:
    """Draw how far the run is that the page shows, and what can be done with it.

    Args:
        checkpoint_key: of the page's picker of models, which opens what was trained.
    """
    named = st.query_params.get(PARAMETER, "")
    id = named if is_named(system) else st.session_state.get(_key(system), "")
    job = system_jobs.find_job(system, id)
    if job is None:
        return
    _show(system, id)
    st.fragment(_draw, run_every=1.0 if job.is_live else None)(system, id, job, checkpoint_key)


def _key(system: System) -> str:
    return f"{system.name}_run"


def _show(system: System, id: str) -> None:
    st.session_state[_key(system)] = id
    st.query_params[PARAMETER] = id


def _draw(system: System, id: str, before: SystemJob, checkpoint_key: str) -> None:
    job = system_jobs.find_job(system, id)
    if job is None or job.state.kind != before.state.kind:
        st.rerun()  # the model may be among those that can be chosen now
    status(job)
    _buttons(job, checkpoint_key)
    for note in job.state.answer.get("notes", ()):
        st.caption(plain(note))


def status(job: SystemJob) -> None:
    """Draw how far a run is, or how it ended, and its losses."""
    state = job.state
    if state.kind == "working":
        st.progress(state.share, text=plain(state.text))
    elif state.kind == "failed":
        with user_errors_shown():
            raise UserError(state.text)
    elif state.kind == "stopped":
        count = len(job.history)
        st.info(tr("Stopped after {count} passes; Go on continues from there.", count=count))
    else:
        figures = system_jobs.figures_in_words(job.figures)
        said = tr("The run is now the model {name}: {figures}.",
                  name=job.published, figures=figures)  # fmt: skip
        st.success(plain(said))
    _curve(job)


def _curve(job: SystemJob) -> None:
    """Draw the losses of the epochs so far."""
    losses = {tr("training"): [line.get("loss") for line in job.history]}
    validation = [(line.get("validation") or {}).get("loss") for line in job.history]
    if any(value is not None for value in validation):
        losses[tr("validation")] = validation
    if len(job.history) > 1:
        st.line_chart(losses, x_label=tr("pass"), y_label=tr("loss"), height=200)


def _buttons(job: SystemJob, checkpoint_key: str) -> None:
    name = job.system.name
    with st.container(horizontal=True, key=f"{name}_run_buttons"):
        if job.is_live:
            st.button(tr("Stop"), key=f"{name}_stop", on_click=system_jobs.stop, args=(job,),
                      help=tr("The run finishes its step and is saved."))  # fmt: skip
        if job.can_go_on and st.button(tr("Go on"), key=f"{name}_go_on"):
            system_jobs.go_on(job)
            st.rerun()
        if job.published:
            st.button(tr("Open the model"), key=f"{name}_open", type="primary", on_click=set_value,
                      args=(checkpoint_key, job.published))  # fmt: skip
        folder = system_jobs.checkpoint_of(job)
        if folder is not None and not job.is_live:
            st.download_button(
                tr("Download (zip)"), lambda: pack(str(folder), job.name),
                file_name=f"{safe_name(job.name)}.zip", mime="application/zip",
                on_click="ignore", key=f"{name}_zip",
            )  # fmt: skip


def list_runs() -> None:
    """Draw all runs of systems in a table, and the chosen one; nothing where there is none."""
    jobs = system_jobs.system_jobs()
    if jobs:
        st.header(tr("Runs for other inputs"), anchor=False, help=tr(HELP))
        live = any(job.is_live for job in jobs)
        st.fragment(_runs, run_every=EVERY if live else None)()


def _runs() -> None:
    jobs = system_jobs.system_jobs()
    with hooked("system-runs-table", key="system_runs_table"):
        event = st.dataframe(
            system_jobs.jobs_table(jobs), key="system_runs", hide_index=True, on_select="rerun",
            selection_mode="single-row", column_config=COLUMNS, placeholder="–",
            height=min(35 * (len(jobs) + 1) + 3, 320),
        )  # fmt: skip
    rows = [row for row in event["selection"]["rows"] if row < len(jobs)]
    if rows:
        _run(jobs[rows[0]])


def _run(job: SystemJob) -> None:
    st.markdown(f"**{plain(job.name)}**")
    status(job)
    scripts = page_scripts(PAGES)
    with st.container(horizontal=True, vertical_alignment="center", key="system_run_buttons"):
        if job.system.page in scripts:
            st.page_link(
                f"pages/{scripts[job.system.page]}",
                label=tr("Open on {page}", page=tr(job.system.page)),
                query_params={PARAMETER: job.id},
            )  # fmt: skip
        if not job.is_live:
            with st.popover(tr("Delete …")):
                st.caption(tr("The model that was made of the run stays."))
                st.button(tr("Delete the run"), key="system_run_delete",
                          on_click=_delete, args=(job,))  # fmt: skip
    if sentence := st.session_state.pop("system_run_notice", None):
        st.warning(plain(sentence))


def _delete(job: SystemJob) -> None:
    try:
        system_jobs.delete(job)
    except UserError as error:
        st.session_state["system_run_notice"] = str(error)
