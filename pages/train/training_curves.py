"""Figures of training: curves by epoch and step, and the confusion matrix of each epoch."""

from collections.abc import Sequence

import streamlit as st

from han_core.models.checkpoint import read_config
from han_core.runtime.atomic_io import current_folder
from han_core.runtime.errors import UserError
from han_core.runtime.messages import current_locale, mark, tr
from han_core.training.runs.view import RunView
from han_core.viz.charts.class_f1 import class_f1, confusions
from han_core.viz.charts.confusion import confusion_matrix
from han_core.viz.charts.curves import Drawing, Measure
from han_core.viz.charts.step_curves import (
    STEP_MEASURES,
    StepMeasure,
    domain_accuracies,
    domain_curves,
    recorded,
    step_curve,
)
from pages.shared.components import hooked
from pages.shared.page import restore_value
from pages.train import cached_runs, sentences

FIGURE_WIDTH = 380  # the fewest pixels
MEASURES: dict[Measure, str] = {
    "loss": mark("Loss"),
    "accuracy": mark("Accuracy"),
    "macro_f1": mark("Macro F1"),
}
STEPS: dict[StepMeasure, str] = {"norm": mark("Gradient norm"), "rate": mark("Learning rate")}
CONFIG = {"displayModeBar": False}


def drawing() -> Drawing:
    """Draw smoothing and the switches of the axes; return what they say."""
    restore_value("curves_smoothing", 0.0)
    restore_value("curves_log_x", False)
    restore_value("curves_log_y", False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        smoothing = st.slider(
            tr("Smoothing"), 0.0, 0.99, step=0.01, key="curves_smoothing", width=220,
            help=tr(sentences.SMOOTHING), persist_state="session",
        )  # fmt: skip
        log_y = st.toggle(tr("Log values"), key="curves_log_y", help=tr(sentences.LOG_AXIS),
                          persist_state="session")  # fmt: skip
        log_x = st.toggle(tr("Log epochs"), key="curves_log_x", help=tr(sentences.LOG_AXIS),
                          persist_state="session")  # fmt: skip
    return Drawing(smoothing, log_x, log_y)


def draw(runs: Sequence[RunView], measures: Sequence[Measure], key: str, until: float) -> None:
    """Draw a figure for each measure, with a curve for each run.

    Args:
        until: the epoch at which the axis ends at least.
    """
    chosen = drawing()
    ids = tuple(run.id for run in runs)
    marks = tuple((run.name, len(run.history), run.step) for run in runs)
    with hooked(key.replace("_", "-"), key=key):
        grid = st.grid(len(measures), min_column_width=FIGURE_WIDTH, gap=("small", "medium"))
        for measure in measures:
            with grid.cell():
                st.markdown(f"**{tr(MEASURES[measure])}**")
                st.plotly_chart(
                    cached_runs.course_figure(ids, marks, measure, until, chosen, current_locale()),
                    key=f"{key}_{measure}",
                    config=CONFIG,
                    alt=tr("{measure} by epoch", measure=tr(MEASURES[measure])),
                )
        if len(runs) == 1:
            _steps(runs[0], until, chosen)


def _steps(run: RunView, until: float, chosen: Drawing) -> None:
    """Gradient norm and learning rate; runs of older versions have none."""
    there = [name for name in STEP_MEASURES if recorded(run.state.steps, name)[0]]
    if not there:
        return
    grid = st.grid(2, min_column_width=FIGURE_WIDTH, gap=("small", "medium"))
    for measure in there:
        with grid.cell():
            st.markdown(f"**{tr(STEPS[measure])}**", help=tr(sentences.STEP_HELP[measure]))
            figure = step_curve(run.state.steps, measure, until, chosen)
            st.plotly_chart(figure, key=f"run_steps_{measure}", config=CONFIG,
                            alt=tr("{measure} by epoch", measure=tr(STEPS[measure])))  # fmt: skip


def domains(run: RunView, until: float) -> None:
    """Draw how good the model is on both domains and how far they are apart, of an adapting run."""
    if not domain_accuracies(run.history):
        return
    st.markdown(tr("**Source and new domain**"), help=tr(sentences.ADAPTED))
    with hooked("run-domains", key="run_domains"):
        st.plotly_chart(domain_curves(run.history, until), key="run_domain_curves", config=CONFIG,
                        alt=tr("Accuracy on both domains, and of telling them apart"))  # fmt: skip
    if not run.is_live:
        st.caption(tr(sentences.LOST_WORDS))


def classes(run: RunView) -> None:
    """Draw F1 by class over the epochs, and the confusion matrix of the chosen one."""
    labels = _labels(run)
    matrices = confusions(run.history, len(labels))
    if not matrices:
        return
    with st.expander(tr("Classes at each epoch"), key="run_classes"):
        epochs = sorted(matrices)
        key = f"run_epoch_{run.id}"
        if st.session_state.get(key) not in epochs:
            st.session_state[key] = run.best["epoch"] if run.best else epochs[-1]
        epoch = epochs[0]
        if len(epochs) > 1:
            epoch = st.select_slider(tr("Epoch"), epochs, key=key, help=tr(sentences.EPOCH))
        grid = st.grid(2, min_column_width=FIGURE_WIDTH, gap=("small", "medium"))
        with grid.cell():
            st.markdown(tr("**F1 by class**"), help=tr(sentences.CLASS_F1))
            st.plotly_chart(class_f1(matrices, labels), key="run_class_f1", config=CONFIG,
                            alt=tr("F1 of each class by epoch"))  # fmt: skip
        with grid.cell():
            st.markdown(
                tr("**Confusion matrix after epoch {epoch}**", epoch=epoch),
                help=tr(sentences.CONFUSION),
            )
            st.plotly_chart(
                confusion_matrix(matrices[epoch], labels),
                key="run_confusion",
                config=CONFIG,
                alt=tr("Confusion matrix after epoch {epoch}", epoch=epoch),
            )


def _labels(run: RunView) -> tuple[str, ...]:
    """The classes of the run's checkpoint; none while it has no readable one."""
    if run.checkpoint is None:
        return ()
    try:
        return read_config(current_folder(run.checkpoint)).labels
    except UserError:
        return ()
