"""Answers that the page Train keeps for everybody; bounded, and keyed by what decides them."""

from contextlib import suppress
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from han_core.analysis.film import Film, read_frames
from han_core.data import hub_preview, preview
from han_core.data.hub_preview import HubDataset
from han_core.data.preview import DataPreview
from han_core.data.splits import Source
from han_core.runtime.errors import UserError
from han_core.runtime.messages import Locale, current_locale, mark
from han_core.runtime.paths import checkpoints_root, runs_root
from han_core.runtime.quotas import QUOTAS
from han_core.training.estimate import Estimate
from han_core.training.runs import manage
from han_core.training.runs.plan import Plan, forecast
from han_core.training.runs.view import RunView, labels_of
from han_core.viz import film
from han_core.viz.charts.curves import Drawing, Measure, RunHistory, curves
from han_core.viz.film import AttentionFilm
from han_core.viz.model_card.measured import complete_card
from pages.shared import data_picker
from pages.shared.language import Late

MINUTES = 10
"""For which an answer of the hub is kept."""


@st.cache_data(max_entries=16, ttl=MINUTES * 60, show_spinner=Late(mark("Asking the hub …")))
def hub_offer(name: str, config: str | None, split: str | None) -> HubDataset:
    """Return what the hub has under this name, and the first rows of one split.

    Raises:
        UserError: if it cannot be reached, or does not know the name.
    """
    return hub_preview.describe_dataset(name, config, split)


@st.cache_data(max_entries=16, show_spinner=Late(mark("Reading the documents …")))
def _look(source: Source, seed: int, locale: Locale) -> DataPreview:
    """The preview; its notes are in one language."""
    bundled = all(spec.startswith("bundled:") for spec in source.specs)
    return preview.preview_data(source, seed) if bundled else preview.preview_in_child(source, seed)


def look(source: Source, seed: int) -> DataPreview:
    """Return what ``source`` gives a run; a worker process reads what is not bundled.

    Raises:
        UserError: as ``read_parts``.
    """
    return _look(source, seed, current_locale())


@st.cache_data(max_entries=16, show_spinner=False)
def domains(spec: str, column: str) -> tuple[str, ...]:
    """Return the domains that a column of a file names, in alphabetical order."""
    cells = data_picker.table(spec).column(column)
    return tuple(sorted({cell.strip() for cell in cells} - {""}))


@st.cache_resource(max_entries=64, show_spinner=False)
def estimate(plan: str) -> Estimate:
    """Return what a run of ``plan`` (as JSON, so that all of it is the key) would take.

    Raises:
        UserError: as ``forecast``, and as ``look``.
    """
    checked = Plan.model_validate_json(plan)
    return forecast(checked, look(checked.source, checked.training.seed))


def runs() -> list[RunView]:
    """Return all runs, the newest first, as they were at most a second ago: a class that looks
    at them costs as much as one person."""
    return _runs(str(runs_root()), current_locale())


@st.cache_data(ttl=5, max_entries=2, show_spinner=False)
def disk_usage(root: str) -> tuple[list[tuple[str, int, int]], list[tuple[str, int]]]:
    """Return what is kept below ``root``, what it takes and may take, and the largest runs.

    Raises:
        UserError: if a limit in the environment is no size.
    """
    usage = [(quota.name, quota.used(), quota.limit()) for quota in QUOTAS]
    return usage, [(run.name, size) for run, size in manage.largest_runs()]


def forget_runs() -> None:
    """List the runs anew, after one was changed."""
    _runs.clear()
    disk_usage.clear()


def complete_published(id: str) -> None:
    """Measure the model that was made of a run on the mixed examples, where they fit.

    Where its card cannot be written, the pickers say that it was not measured.
    """
    with suppress(UserError):
        if name := manage.view(id).published:
            complete_card(checkpoints_root() / name)


@st.cache_resource(ttl=1, max_entries=4, show_spinner=False)
def _runs(root: str, locale: Locale) -> list[RunView]:
    return manage.runs()


@st.cache_resource(max_entries=32, show_spinner=False)
def course_figure(
    ids: tuple, marks: tuple, measure: Measure, until: float, drawing: Drawing, locale: Locale
) -> go.Figure:
    """Draw the curves of runs; ``marks`` says how far each had come, ``locale`` is the reader's."""
    views = [manage.view(id) for id in ids]
    named = zip(labels_of(views), views, strict=True)
    return curves([_history(label, run) for label, run in named], measure, until, drawing)


def _history(label: str, run: RunView) -> RunHistory:
    steps = [
        (step["epoch"] - 1 + step["done"] / max(1, step["of"]), step["loss"])
        for step in run.state.steps
    ]
    return RunHistory(label, run.history, steps)


@st.cache_resource(max_entries=8, show_spinner=False)
def frames(folder: str, stamp: tuple) -> Film:
    """Return the recorded attention of a run; ``stamp`` says how far it had come.

    Raises:
        UserError: if it is damaged.
    """
    return read_frames(Path(folder))


@st.cache_resource(max_entries=16, show_spinner=False)
def attention_film(
    folder: str,
    stamp: tuple,
    document: int,
    accuracies: tuple[tuple[int, float], ...],
    locale: Locale,
) -> AttentionFilm:
    """Return one watched document at every recorded step, ready for a browser of ``locale``."""
    return film.attention_film(frames(folder, stamp), document, dict(accuracies))
