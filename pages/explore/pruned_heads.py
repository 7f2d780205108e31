"""The heads that a visitor has pruned, what the model answers without them, and undo."""

from typing import NamedTuple

import streamlit as st

from han_core.runtime.messages import tr
from han_core.viz.charts.distributions import class_bars
from han_core.viz.map_views import Head, pruning_sentence
from pages.explore.analysis import Analysis
from pages.shared import cache, wording
from pages.shared.components import hooked
from pages.shared.page import plain

STATE = "maps_pruned"


class Pruned(NamedTuple):
    """Heads that are out of a checkpoint, after each step; the last one counts."""

    checkpoint: str
    steps: tuple[frozenset[Head], ...]


def pruned(analysis: Analysis) -> frozenset[Head]:
    """Return the heads that are out; none where another model is shown by now."""
    return next(reversed(_steps(analysis.question.checkpoint)), frozenset())


def set_pruned(heads: frozenset[Head], checkpoint: str) -> None:
    """Take ``heads`` out, and no other ones."""
    st.session_state[STATE] = Pruned(checkpoint, (*_steps(checkpoint), heads))


def _steps(checkpoint: str) -> tuple[frozenset[Head], ...]:
    state: Pruned | None = st.session_state.get(STATE)
    return state.steps if state is not None and state.checkpoint == checkpoint else ()


def _undo(checkpoint: str) -> None:
    st.session_state[STATE] = Pruned(checkpoint, _steps(checkpoint)[:-1])


def outcome(analysis: Analysis) -> None:
    """Draw the prediction before and now, with Undo; nothing while all heads are there."""
    heads = pruned(analysis)
    if not heads:
        return
    pruning = cache.pruning(analysis.question, heads)
    with hooked("pruning", key="pruning"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(plain(pruning_sentence(pruning)), help=tr(wording.PRUNING), width="content")
            st.button(tr("Undo"), key="undo_pruning", on_click=_undo,
                      args=(analysis.question.checkpoint,))  # fmt: skip
            st.button(tr("Restore all"), key="restore_heads", on_click=set_pruned,
                      args=(frozenset(), analysis.question.checkpoint))  # fmt: skip
        st.plotly_chart(
            class_bars([
                (tr("all heads"), pruning.before.chances), (tr("pruned"), pruning.now.chances),
            ]),
            key="pruning_figure", config={"displayModeBar": False},
            alt=tr("Probabilities with all heads and without the pruned ones"),
        )  # fmt: skip
