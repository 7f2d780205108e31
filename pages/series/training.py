"""Train a model on time series from the page, as a job that goes on when the page is closed."""

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from han_core.cli.series_job import PRESETS
from han_core.data.series import BUNDLED, bundled_series
from han_core.models.series import SERIES
from han_core.runtime.messages import mark, tr
from han_core.training.loop import LoopSettings
from pages.series.choose import KINDS, OWN, source_name, target_column, uploaded
from pages.shared import system_training
from pages.shared.page import restore_value, user_errors_shown
from pages.shared.upload_limits import sent_file

TASKS = {"classification": mark("A class"), "regression": mark("A number")}


def panel() -> None:
    """Draw the form of a new run, and the last run."""
    shown = system_training.is_named(SERIES)
    with (
        st.expander(tr("Train on series of your own"), shown, key="series_training"),
        user_errors_shown(),
    ):
        data = _data()
        with st.container(horizontal=True, vertical_alignment="bottom"):
            task = st.selectbox(
                tr("Predict"),
                list(TASKS),
                format_func=lambda task: tr(TASKS[task]),
                key="series_task",
                width=160,
            )
            target = _target(data)
            preset = st.selectbox(
                tr("Preset"),
                list(PRESETS),
                key="series_preset",
                width=160,
                format_func=tr,
                help="  \n".join(
                    tr("**{name}**: {line}", name=tr(name), line=tr(line))
                    for name, (line, _, _) in PRESETS.items()
                ),
            )
            epochs = st.number_input(tr("Passes"), 1, 1_000, _passes(preset),
                                     key=f"series_epochs_{preset}", width=120)  # fmt: skip
        with st.container(horizontal=True):
            each = st.toggle(
                tr("Scale each series by itself"),
                key="series_each",
                help=tr(
                    "Each channel of a series gets mean 0 and deviation 1, so that its shape "
                    "counts and not its level."
                ),
            )
            slope = st.toggle(
                tr("Add the slope"),
                key="series_slope",
                help=tr("The difference to the step before joins each channel."),
            )
        name = st.text_input(tr("Name of the model"), "my-series", max_chars=60, key="series_name")
        if st.button(
            tr("Start training"), key="series_start", type="primary", disabled=data is None
        ):
            assert data is not None
            loop = {**PRESETS[preset][1], "epochs": int(epochs)}
            sizes = {**PRESETS[preset][2], "scale_each": each, "slope": slope}
            request = {"target": target, "task": task, "name": name}
            system_training.start(SERIES, {"data": data}, {**request, "loop": loop, "sizes": sizes})
        system_training.progress(SERIES, "series_checkpoint")


def _passes(preset: str) -> int:
    """The passes over the data that a preset has."""
    return LoopSettings.model_validate(PRESETS[preset][1]).epochs


def _target(data: str | UploadedFile | None) -> str | None:
    """Draw the picker of the target where a file that was sent has several columns for it."""
    if data is None or isinstance(data, str):
        return None
    series = uploaded(data.getvalue(), data.name)
    return target_column(series, "series_target")


def _data() -> str | UploadedFile | None:
    """Draw the picker of training data; None while no file was sent."""
    sources = [*bundled_series(), OWN]
    restore_value("series_training_source", sources[0], sources)
    source = st.selectbox(tr("Training data"), sources, key="series_training_source",
                          format_func=source_name)  # fmt: skip
    if source != OWN:
        return f"{BUNDLED}{source}"
    st.file_uploader(
        tr("A file of time series with targets"), type=KINDS, key="series_training_file"
    )
    return sent_file("series_training_file")
