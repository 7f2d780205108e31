"""How attention formed in a run: the film of a watched document, and how gathered it was.

Layout only; the film is drawn in the browser, which asks for nothing while it plays.

One run: how it goes while it goes, and how it went.

While a process is at work, parts of the page are drawn again by themselves: what is
cheap every second, figures less often, so that a class can watch. The rest is drawn
again when what can be done with the run has changed.
"""

from collections.abc import Callable

import streamlit as st

from han_core.analysis.film import Film, version_stamp
from han_core.runtime.errors import UserError
from han_core.training.runs.comparison import settings_of
from han_core.training.runs.manage import view
from han_core.training.runs.plan import Plan
from han_core.training.runs.view import RunView
from han_core.viz.colour_scale import legend
from han_core.viz.film import entropy_curve
from han_core.viz.markup import FILM_SCRIPT, FILM_STYLESHEET, beginning
from pages.shared.components import hooked
from pages.shared.page import plain
from pages.train import cached_runs, run_actions, sentences

CAPTION = (
    "Every moment is what the checkpoint of that moment gives, on one scale of colours. "
    "Attention that gathers does not tell that the prediction got better: read both."
)

_FILM = st.components.v2.component(
    "hanscope_film", css=FILM_STYLESHEET, js=FILM_SCRIPT, isolate_styles=False
)


def panel(run: RunView) -> None:
    """The film of the run, as far as it has come; nothing where no document was watched."""
    mark = version_stamp(run.folder)
    if mark is None:
        return
    try:
        film = cached_runs.frames(str(run.folder), mark)
    except UserError as error:
        st.warning(plain(str(error)))
        return
    if not film.frames:
        return
    st.subheader("How attention formed", anchor=False)
    document = _document(run, film)
    _shown(run, film, document, mark)


def _document(run: RunView, film: Film) -> int:
    """The picker, where there are several."""
    if len(film.documents) == 1:
        return 0
    chosen = st.selectbox(
        "Document",
        range(len(film.documents)),
        format_func=lambda number: beginning(film.documents[number].text, 70),
        key=f"film_document_{run.id}",
    )
    return chosen or 0


def _shown(run: RunView, film: Film, document: int, mark: tuple) -> None:
    reached = tuple((line["epoch"], line["validation"]["accuracy"]) for line in run.history)
    drawn = cached_runs.attention_film(str(run.folder), mark, document, reached)
    with st.container(key="film"):
        st.html(legend(drawn.scale))
        _FILM(key="attention_film", data=drawn.data)
    if drawn.left_out:
        st.caption(f"The document is long: {drawn.left_out:,} moments between these are not drawn.")
    st.plotly_chart(
        entropy_curve(film, document), key="film_entropy", config={"displayModeBar": False},
        alt="How spread out attention was at each moment",
    )  # fmt: skip
    st.caption(CAPTION)


STATUS, CURVES, FILM = 1.0, 3.0, 5.0
"""Seconds until each part is drawn again."""


def one(id: str) -> None:
    """Everything about the run ``id``.

    Raises:
        UserError: if it was deleted.
    """
    run = view(id)
    st.subheader(plain(run.name), anchor=False)
    run_actions.buttons(run)
    _again(run, _stands, STATUS)
    _again(run, _went, CURVES)
    _again(run, panel, FILM)
    if run.plan is not None:
        _configuration(run.plan)


def _again(run: RunView, draw: Callable[[RunView], None], seconds: float) -> None:
    """Draws a part of the page, again and again while the run is at work."""

    def part() -> None:
        try:
            now = view(run.id)
        except UserError:  # deleted by somebody else
            st.rerun()
        if _doable(now) != _doable(run):
            st.rerun()
        draw(now)

    if run.is_live:
        st.fragment(part, run_every=seconds)()
    else:
        draw(run)


def _doable(run: RunView) -> tuple:
    """What decides which buttons there are."""
    return run.is_live, run.can_stop, run.can_resume, run.published, run.checkpoint is not None


def _stands(run: RunView) -> None:
    """Status, progress and figures."""
    with hooked("run-status", key="run_status"):
        st.markdown(f"{sentences.badge(run.status)} {plain(run.message)}")
    share, told = sentences.progress(run)
    if share is not None:
        st.progress(share, told)
    _figures(run)


def _went(run: RunView) -> None:
    """Curves and messages."""
    if run.history or run.story.steps:
        cached_runs.of_one(run)
    _messages(run)


def _figures(run: RunView) -> None:
    tiles = sentences.tiles(run)
    if tiles:
        grid = st.grid(len(tiles), min_column_width=200, key="run_figures")
        for title, value in tiles.items():
            grid.metric(title, value, border=True)


def _messages(run: RunView) -> None:
    if run.story.said:
        with st.expander("Messages", key="run_messages"):
            for sentence in run.story.said:
                st.markdown(plain(sentence))


def _configuration(plan: Plan) -> None:
    with st.expander("Configuration", key="run_configuration"):
        st.dataframe(sentences.configuration(settings_of(plan)), hide_index=True, height=320)
        st.caption(sentences.COMMAND)
        st.code(plan.command(), language=None, wrap_lines=True)
