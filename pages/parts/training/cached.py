"""What the page Train keeps between reruns, for everybody; bounded, and keyed by all that decides.

It knows nothing about widgets.
"""

from typing import TYPE_CHECKING

import streamlit as st

from han_core.places import runs_root

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from han_core.corpora.hub_offer import HubOffer
    from han_core.figures.curves import Measure
    from han_core.figures.film import AttentionFilm
    from han_core.planning.estimate import Estimate
    from han_core.preparation.data import Source
    from han_core.preparation.look import Look
    from han_core.runs.film import Film
    from han_core.runs.view import RunView

MINUTES = 10
"""For which an answer of the hub is kept."""


@st.cache_data(max_entries=16, ttl=MINUTES * 60, show_spinner="Asking the hub …")
def hub_offer(name: str, config: str | None, split: str | None) -> "HubOffer":
    """What the hub has under this name, and how one split of it begins.

    Raises:
        WrongInput: if it cannot be reached, or does not know the name.
    """
    from han_core.corpora.hub_preview import hub_offer

    return hub_offer(name, config, split)


@st.cache_data(max_entries=16, show_spinner="Reading the documents …")
def look(source: "Source", seed: int) -> "Look":
    """What ``source`` gives a run; what is not bundled is read in a process of its own.

    Raises:
        WrongInput: as ``read_parts``.
    """
    from han_core.preparation.look import look, look_apart

    bundled = all(spec.startswith("bundled:") for spec in source.specs)
    return look(source, seed) if bundled else look_apart(source, seed)


@st.cache_resource(max_entries=64, show_spinner=False)
def estimate(plan: str) -> "Estimate":
    """What a run of ``plan`` (as JSON, so that all of it counts) would take.

    Raises:
        WrongInput: as ``forecast``, and as ``look``.
    """
    from han_core.runs.forecast import forecast
    from han_core.runs.plan import Plan

    wanted = Plan.model_validate_json(plan)
    return forecast(wanted, look(wanted.source, wanted.training.seed))


def runs() -> "list[RunView]":
    """All runs, the newest first, as they stood a second ago at most: a class that looks at
    them costs as much as one person."""
    return _runs(str(runs_root()))


def forget_runs() -> None:
    """After something was done with a run."""
    _runs.clear()


@st.cache_resource(ttl=1, max_entries=2, show_spinner=False)
def _runs(root: str) -> "list[RunView]":
    from han_core.runs.manage import runs

    return runs()


@st.cache_resource(max_entries=32, show_spinner=False)
def course_figure(ids: tuple, marks: tuple, measure: "Measure", until: float) -> "go.Figure":
    """Curves of runs; ``marks`` says how far each had come."""
    from han_core.figures.curves import curves
    from han_core.runs.comparison import labels_of
    from han_core.runs.manage import view
    from pages.parts.training.courses import course

    there = [view(id) for id in ids]
    named = zip(labels_of(there), there, strict=True)
    return curves([course(label, run) for label, run in named], measure, until)


@st.cache_resource(max_entries=8, show_spinner=False)
def frames(folder: str, stamp: tuple) -> "Film":
    """What was kept of attention in the run of ``folder``; ``stamp`` says how far it had come.

    Raises:
        WrongInput: if it is damaged.
    """
    from pathlib import Path

    from han_core.runs.film import read_frames

    return read_frames(Path(folder))


@st.cache_resource(max_entries=16, show_spinner=False)
def attention_film(
    folder: str, stamp: tuple, document: int, accuracies: tuple[tuple[int, float], ...]
) -> "AttentionFilm":
    """One watched document at every moment, ready for the browser."""
    from han_core.figures.film import attention_film

    return attention_film(frames(folder, stamp), document, dict(accuracies))
