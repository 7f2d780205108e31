"""One run: how it goes while it goes, and how it went.

While a process is at work, parts of the page are drawn again by themselves: what is
cheap every second, figures less often, so that a class can watch. The rest is drawn
again when what can be done with the run has changed.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.hook import hooked
from pages.parts.training import acting, courses, film, saying
from pages.parts.wording import plain

if TYPE_CHECKING:
    from han_core.runs.plan import Plan
    from han_core.runs.view import RunView

STATUS, CURVES, FILM = 1.0, 3.0, 5.0
"""Seconds until each part is drawn again."""


def one(id: str) -> None:
    """Everything about the run ``id``.

    Raises:
        WrongInput: if it was deleted.
    """
    from han_core.runs.manage import view

    run = view(id)
    st.subheader(plain(run.name), anchor=False)
    acting.buttons(run)
    _again(run, _stands, STATUS)
    _again(run, _went, CURVES)
    _again(run, film.panel, FILM)
    if run.plan is not None:
        _configuration(run.plan)


def _again(run: "RunView", draw: "Callable[[RunView], None]", seconds: float) -> None:
    """Draws a part of the page, again and again while the run is at work."""
    from han_core.runs.manage import view
    from han_core.wrong_input import WrongInput

    def part() -> None:
        try:
            now = view(run.id)
        except WrongInput:  # deleted by somebody else
            st.rerun()
        if _doable(now) != _doable(run):
            st.rerun()
        draw(now)

    if run.is_live:
        st.fragment(part, run_every=seconds)()
    else:
        draw(run)


def _doable(run: "RunView") -> tuple:
    """What decides which buttons there are."""
    return run.is_live, run.can_stop, run.can_resume, run.published, run.checkpoint is not None


def _stands(run: "RunView") -> None:
    """Status, progress and figures."""
    with hooked("run-status", key="run_status"):
        st.markdown(f"{saying.badge(run.status)} {plain(run.message)}")
    share, told = saying.progress(run)
    if share is not None:
        st.progress(share, told)
    _figures(run)


def _went(run: "RunView") -> None:
    """Curves and messages."""
    if run.history or run.story.steps:
        courses.of_one(run)
    _messages(run)


def _figures(run: "RunView") -> None:
    tiles = saying.tiles(run)
    if tiles:
        grid = st.grid(len(tiles), min_column_width=200, key="run_figures")
        for title, value in tiles.items():
            grid.metric(title, value, border=True)


def _messages(run: "RunView") -> None:
    if run.story.said:
        with st.expander("Messages", key="run_messages"):
            for sentence in run.story.said:
                st.markdown(plain(sentence))


def _configuration(plan: "Plan") -> None:
    from han_core.runs.comparison import settings_of

    with st.expander("Configuration", key="run_configuration"):
        st.dataframe(saying.configuration(settings_of(plan)), hide_index=True, height=320)
        st.caption(saying.COMMAND)
        st.code(plan.command(), language=None, wrap_lines=True)
