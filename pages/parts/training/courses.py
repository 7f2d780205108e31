"""The curves of one run or of several."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.figure_export import figure_export
from pages.parts.hook import hooked
from pages.parts.training import cached

if TYPE_CHECKING:
    from collections.abc import Sequence

    from han_core.figures.curves import Course, Measure
    from han_core.runs.view import RunView

NARROWEST = 380  # pixels of a figure
TITLES: "dict[Measure, str]" = {
    "loss": "Loss", "accuracy": "Accuracy", "macro_f1": "Macro F1"
}  # fmt: skip


def course(label: str, run: "RunView") -> "Course":
    """How a run, here called ``label``, went."""
    from han_core.figures.curves import Course

    steps = [
        (step["epoch"] - 1 + step["done"] / max(1, step["of"]), step["loss"])
        for step in run.story.steps
    ]
    return Course(label, run.history, steps)


def of_one(run: "RunView") -> None:
    """Loss and accuracy, as far as they have come."""
    until = run.epochs if run.is_live else 0.0
    _draw([run], ["loss", "accuracy"], "run_curves", until)


def of_several(runs: "Sequence[RunView]") -> None:
    """Loss, accuracy and macro F1 of each over those of the others."""
    _draw(runs, list(TITLES), "several_curves", 0.0)
    figure_export("several_curves", "runs")


def _draw(runs: "Sequence[RunView]", measures: "Sequence[Measure]", key: str, until: float) -> None:
    ids = tuple(run.id for run in runs)
    marks = tuple((run.name, len(run.history), run.step) for run in runs)
    with hooked(key.replace("_", "-"), key=key):
        grid = st.grid(len(measures), min_column_width=NARROWEST, gap=("small", "medium"))
        for measure in measures:
            with grid.cell():
                st.markdown(f"**{TITLES[measure]}**")
                st.plotly_chart(
                    cached.course_figure(ids, marks, measure, until),
                    key=f"{key}_{measure}",
                    config={"displayModeBar": False},
                    alt=f"{TITLES[measure]} by epoch",
                )
