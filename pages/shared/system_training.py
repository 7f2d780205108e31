"""Training of any system from its page: start, progress, Stop, going on, the model as a zip.

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
from han_core.training.runs import system_jobs
from han_core.training.runs.system_jobs import SystemJob
from pages.shared.page import plain, set_value, user_errors_shown

PARAMETER = "run"


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
        st.info(f"Stopped after {len(job.history)} passes; Go on continues from there.")
    else:
        figures = system_jobs.figures_in_words(job.figures)
        st.success(plain(f"The run is now the model {job.published}: {figures}."))
    _curve(job)


def _curve(job: SystemJob) -> None:
    """Draw the losses of the epochs so far."""
    losses = {"training": [line.get("loss") for line in job.history]}
    validation = [(line.get("validation") or {}).get("loss") for line in job.history]
    if any(value is not None for value in validation):
        losses["validation"] = validation
    if len(job.history) > 1:
        st.line_chart(losses, x_label="pass", y_label="loss", height=200)


def _buttons(job: SystemJob, checkpoint_key: str) -> None:
    name = job.system.name
    with st.container(horizontal=True, key=f"{name}_run_buttons"):
        if job.is_live:
            st.button("Stop", key=f"{name}_stop", on_click=system_jobs.stop, args=(job,),
                      help="The run finishes its step and is saved.")  # fmt: skip
        if job.can_go_on and st.button("Go on", key=f"{name}_go_on"):
            system_jobs.go_on(job)
            st.rerun()
        if job.published:
            st.button("Open the model", key=f"{name}_open", type="primary", on_click=set_value,
                      args=(checkpoint_key, job.published))  # fmt: skip
        folder = system_jobs.checkpoint_of(job)
        if folder is not None and not job.is_live:
            st.download_button(
                "Download (zip)", lambda: pack(str(folder), job.name),
                file_name=f"{safe_name(job.name)}.zip", mime="application/zip",
                on_click="ignore", key=f"{name}_zip",
            )  # fmt: skip
