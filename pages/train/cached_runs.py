"""The curves of one run or of several.

What the page Train keeps between reruns, for everybody; bounded, and keyed by all that decides.

It knows nothing about widgets.
"""

from collections.abc import Sequence
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from han_core.analysis.film import Film, read_frames
from han_core.data.hub_preview import HubOffer
from han_core.data.preview import Look
from han_core.data.splits import Source
from han_core.runtime.paths import runs_root
from han_core.training.estimate import Estimate
from han_core.training.runs.comparison import labels_of
from han_core.training.runs.manage import view
from han_core.training.runs.plan import Plan, forecast
from han_core.training.runs.view import RunView
from han_core.viz.charts.curves import Measure, RunHistory, curves
from han_core.viz.film import AttentionFilm
from pages.shared.components import figure_export, hooked

NARROWEST = 380  # pixels of a figure
TITLES: dict[Measure, str] = {
    "loss": "Loss", "accuracy": "Accuracy", "macro_f1": "Macro F1"
}  # fmt: skip


def course(label: str, run: RunView) -> RunHistory:
    """How a run, here called ``label``, went."""
    steps = [
        (step["epoch"] - 1 + step["done"] / max(1, step["of"]), step["loss"])
        for step in run.story.steps
    ]
    return RunHistory(label, run.history, steps)


def of_one(run: RunView) -> None:
    """Loss and accuracy, as far as they have come."""
    until = run.epochs if run.is_live else 0.0
    _draw([run], ["loss", "accuracy"], "run_curves", until)


def of_several(runs: Sequence[RunView]) -> None:
    """Loss, accuracy and macro F1 of each over those of the others."""
    _draw(runs, list(TITLES), "several_curves", 0.0)
    figure_export("several_curves", "runs")


def _draw(runs: Sequence[RunView], measures: Sequence[Measure], key: str, until: float) -> None:
    ids = tuple(run.id for run in runs)
    marks = tuple((run.name, len(run.history), run.step) for run in runs)
    with hooked(key.replace("_", "-"), key=key):
        grid = st.grid(len(measures), min_column_width=NARROWEST, gap=("small", "medium"))
        for measure in measures:
            with grid.cell():
                st.markdown(f"**{TITLES[measure]}**")
                st.plotly_chart(
                    course_figure(ids, marks, measure, until),
                    key=f"{key}_{measure}",
                    config={"displayModeBar": False},
                    alt=f"{TITLES[measure]} by epoch",
                )


MINUTES = 10
"""For which an answer of the hub is kept."""


@st.cache_data(max_entries=16, ttl=MINUTES * 60, show_spinner="Asking the hub …")
def hub_offer(name: str, config: str | None, split: str | None) -> HubOffer:
    """What the hub has under this name, and how one split of it begins.

    Raises:
        UserError: if it cannot be reached, or does not know the name.
    """
    from han_core.data.hub_preview import hub_offer

    return hub_offer(name, config, split)


@st.cache_data(max_entries=16, show_spinner="Reading the documents …")
def look(source: Source, seed: int) -> Look:
    """What ``source`` gives a run; what is not bundled is read in a process of its own.

    Raises:
        UserError: as ``read_parts``.
    """
    from han_core.data.preview import look, look_apart

    bundled = all(spec.startswith("bundled:") for spec in source.specs)
    return look(source, seed) if bundled else look_apart(source, seed)


@st.cache_resource(max_entries=64, show_spinner=False)
def estimate(plan: str) -> Estimate:
    """What a run of ``plan`` (as JSON, so that all of it counts) would take.

    Raises:
        UserError: as ``forecast``, and as ``look``.
    """
    wanted = Plan.model_validate_json(plan)
    return forecast(wanted, look(wanted.source, wanted.training.seed))


def runs() -> list[RunView]:
    """All runs, the newest first, as they stood a second ago at most: a class that looks at
    them costs as much as one person."""
    return _runs(str(runs_root()))


def forget_runs() -> None:
    """After something was done with a run."""
    _runs.clear()


@st.cache_resource(ttl=1, max_entries=2, show_spinner=False)
def _runs(root: str) -> list[RunView]:
    from han_core.training.runs.manage import runs

    return runs()


@st.cache_resource(max_entries=32, show_spinner=False)
def course_figure(ids: tuple, marks: tuple, measure: Measure, until: float) -> go.Figure:
    """Curves of runs; ``marks`` says how far each had come."""
    there = [view(id) for id in ids]
    named = zip(labels_of(there), there, strict=True)
    return curves([course(label, run) for label, run in named], measure, until)


@st.cache_resource(max_entries=8, show_spinner=False)
def frames(folder: str, stamp: tuple) -> Film:
    """What was kept of attention in the run of ``folder``; ``stamp`` says how far it had come.

    Raises:
        UserError: if it is damaged.
    """
    return read_frames(Path(folder))


@st.cache_resource(max_entries=16, show_spinner=False)
def attention_film(
    folder: str, stamp: tuple, document: int, accuracies: tuple[tuple[int, float], ...]
) -> AttentionFilm:
    """One watched document at every moment, ready for the browser."""
    from han_core.viz.film import attention_film

    return attention_film(frames(folder, stamp), document, dict(accuracies))
