"""Train a model on time series from the page, as a job that goes on when the page is closed."""

import uuid
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from han_core.cli.series_job import PRESETS, series_jobs_root
from han_core.data.series import BUNDLED, bundled_series
from han_core.runtime.errors import UserError, system_errors
from han_core.runtime.jobs import JobState, job_state, start_job, stop_job
from han_core.training.loop import LoopSettings
from pages.series.choose import KINDS, OWN
from pages.shared.page import plain, restore_value, user_errors_shown
from pages.shared.upload_limits import sent_file

TASKS = {"classification": "A class", "regression": "A number"}


def panel() -> None:
    """Draw the form of a new run, and the last run."""
    with st.expander("Train on series of your own", key="series_training"), user_errors_shown():
        data = _data()
        with st.container(horizontal=True, vertical_alignment="bottom"):
            task = st.selectbox("Predict", list(TASKS), format_func=TASKS.__getitem__,
                                key="series_task", width=160)  # fmt: skip
            target = st.text_input("Column of the target", key="series_target", width=200,
                                   placeholder="label, target, class or y")  # fmt: skip
            preset = st.selectbox("Preset", list(PRESETS), key="series_preset", width=160,
                                  help="  \n".join(f"**{name}**: {line}" for name, (line, _, _) in
                                                   PRESETS.items()))  # fmt: skip
            epochs = st.number_input("Passes", 1, 1_000, _passes(preset),
                                     key=f"series_epochs_{preset}", width=120)  # fmt: skip
        with st.container(horizontal=True):
            each = st.toggle("Scale each series by itself", key="series_each", help="Each channel "
                             "of a series gets mean 0 and deviation 1, so that its shape counts "
                             "and not its level.")  # fmt: skip
            slope = st.toggle(
                "Add the slope",
                key="series_slope",
                help="The difference to the step before joins each channel.",
            )
        name = st.text_input("Name of the model", "my-series", max_chars=60, key="series_name")
        if st.button("Start training", key="series_start", type="primary", disabled=data is None):
            assert data is not None
            loop = {**PRESETS[preset][1], "epochs": int(epochs)}
            sizes = {**PRESETS[preset][2], "scale_each": each, "slope": slope}
            _start(data, {"target": target.strip() or None, "task": task, "name": name,
                    "loop": loop, "sizes": sizes})  # fmt: skip
        _progress()


def _passes(preset: str) -> int:
    """The passes over the data that a preset has."""
    return LoopSettings.model_validate(PRESETS[preset][1]).epochs


def _data() -> str | UploadedFile | None:
    """Draw the picker of training data; None while no file was sent."""
    sources = [*bundled_series(), OWN]
    restore_value("series_training_source", sources[0], sources)
    source = st.selectbox("Training data", sources, key="series_training_source")
    if source != OWN:
        return f"{BUNDLED}{source}"
    st.file_uploader("A file of time series with targets", type=KINDS, key="series_training_file")
    return sent_file("series_training_file")


def _start(data: str | UploadedFile, request: dict) -> None:
    folder = series_jobs_root() / uuid.uuid4().hex
    if not isinstance(data, str):
        with system_errors("The file cannot be stored"):
            folder.mkdir(mode=0o700, parents=True)
            path = folder / f"data{Path(data.name).suffix.lower()}"
            path.write_bytes(data.getvalue())
        data = str(path.absolute())
    request["data"] = data
    start_job(folder, "han_core.cli.series_job", {**request, "folder": str(folder.absolute())})
    st.session_state["series_run"] = str(folder)


def _progress() -> None:
    """Draw how far the last run of this session is."""
    folder = st.session_state.get("series_run")
    if folder:
        state = job_state(Path(folder))
        working = state is not None and state.kind == "working"
        st.fragment(_show, run_every=1.0 if working else None)(folder, working)


def _show(folder: str, was_working: bool) -> None:
    state = job_state(Path(folder)) or JobState(kind="working", text="Starting")
    if state.kind == "working":
        st.progress(state.share, text=plain(state.text))
        if st.button("Stop", key="series_stop"):
            stop_job(Path(folder))
        return
    if was_working:
        st.rerun()  # the model is among those that can be chosen
    if state.kind == "failed":
        raise_shown(state.text)
    elif state.kind == "stopped":
        st.info(plain(state.text))
    else:
        _done(state.answer)


def raise_shown(sentence: str) -> None:
    """Show why a run failed."""
    with user_errors_shown():
        raise UserError(sentence)


def _done(answer: dict) -> None:
    reached = answer["summary"]["test"] or answer["summary"]["validation"] or {}
    figures = ", ".join(f"{name} {value:.3f}" for name, value in reached.items())
    st.success(plain(f"The run is now the model {answer['name']}: {figures}."))
    st.line_chart(
        {"training loss": [line["loss"] for line in answer["history"]]},
        x_label="pass", y_label="loss", height=200,
    )  # fmt: skip
    for note in answer["notes"]:
        st.caption(plain(note))
