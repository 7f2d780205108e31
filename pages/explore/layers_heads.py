"""Layers and heads: the self-attention of a model, one head large, and heads pruned by a click."""

import json
import re
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import streamlit as st

from han_core.data.delimited import to_csv
from han_core.explanation.attention_map import AttentionMap
from han_core.explanation.map_readings import head_figures, without_special
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.viz.attention_heads import AttentionHeads, attention_heads, offer
from han_core.viz.charts.distributions import class_bars
from han_core.viz.colour_scale import scale_only
from han_core.viz.map_views import (
    MAP_READINGS,
    Head,
    MapReading,
    grid_names,
    map_table,
    one_head,
    pruning_sentence,
    read_map,
    within,
)
from han_core.viz.permalink import HeadsView
from pages.explore.analysis import Analysis
from pages.shared import cache, wording
from pages.shared.components import Act, draw_heads, figure_export, hooked
from pages.shared.language import in_language
from pages.shared.page import plain, restore_value

OPENED, PRUNED = "maps_open", "maps_pruned"


@dataclass(frozen=True)
class Shown:
    """What the panel shows: a reading of one window's map.

    Attributes:
        source: the map of all heads, special tokens included.
        shown: its reading, as it is drawn.
        opened: the head that is large.
    """

    source: AttentionMap
    shown: AttentionMap
    reading: MapReading
    opened: Head


@st.fragment
def panel(analysis: Analysis) -> None:
    """Draw what can be chosen, the heads, what pruning does, and the exports."""
    try:
        shown = _shown(analysis)
    except UserError as error:
        st.info(plain(str(error)))
        return
    text = analysis.now.document.text
    prunes = shown.reading == "heads"
    with st.empty():  # always there: what follows is drawn anew where its place changes
        if prunes:
            _pruning(analysis)
    heads = _heads(shown, text, pruned_heads(analysis) if prunes else None)
    st.html(scale_only(heads.scale))
    with st.container(key="attention_maps"):
        draw_heads(heads, "heads", partial(_take_act, analysis), offer(shown.shown))
    with st.popover(tr("Export"), icon=":material/download:", key="maps_export"):
        _exports(analysis, shown)


def view(analysis: Analysis) -> HeadsView:
    """Return what a link has to restore."""
    state = st.session_state
    return HeadsView(
        reading=state.get("maps_reading", "heads"),
        open=state.get(OPENED, (0, 0)),
        special=state.get("maps_special", True),
        window=state.get("maps_window", 0),
        pruned=tuple(sorted(pruned_heads(analysis))),
    )


def show(view: HeadsView, checkpoint: str) -> None:
    """Restore what a link says, before anything is drawn."""
    st.session_state["maps_reading"] = view.reading
    st.session_state["maps_special"] = view.special
    st.session_state["maps_window"] = view.window
    st.session_state[OPENED] = view.open
    set_pruned(frozenset(view.pruned), checkpoint)


def _take_act(analysis: Analysis, act: Act) -> None:
    if act["do"] == "open":
        st.session_state[OPENED] = (act["layer"], act["head"])
    else:
        heads = frozenset((layer, head) for layer, head in act["heads"])
        set_pruned(heads, analysis.question.checkpoint)


def _shown(analysis: Analysis) -> Shown:
    """Draw the choices, and return the map that they name.

    Raises:
        UserError: if the text is too long, or a reading cannot be made.
    """
    maps = cache.maps(analysis.question)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reading = _reading()
        window = _window(maps)
        special = _special(maps[window])
    if reading == "gradient":
        shown = cache.gradient_maps(analysis.question, analysis.now.target)[window]
    else:
        shown = read_map(maps[window], reading)
    if not special:
        shown = without_special(shown)
    opened = within(st.session_state.get(OPENED, (0, 0)), shown)
    return Shown(maps[window], shown, reading, opened)


def _reading() -> MapReading:
    restore_value("maps_reading", "heads", MAP_READINGS)
    return st.selectbox(
        tr("Show"),
        MAP_READINGS,
        format_func=lambda reading: tr(wording.MAP_READINGS[reading][0]),
        key="maps_reading",
        persist_state="session",
        width=230,
        help="  \n".join(f"**{tr(a)}**: {tr(b)}" for a, b in wording.MAP_READINGS.values()),
    )


def _window(maps: tuple[AttentionMap, ...]) -> int:
    """Draw the picker of a long document's windows where there are several."""
    restore_value("maps_window", 0)
    if st.session_state["maps_window"] >= len(maps):  # of a longer text
        st.session_state["maps_window"] = 0
    if len(maps) == 1:
        return 0
    return st.selectbox(
        tr("Window"), range(len(maps)), key="maps_window", persist_state="session", width=200,
        format_func=lambda at: maps[at].name.partition(", ")[2] or f"{at + 1}",
        help=tr("The model reads a long text in overlapping windows."),
    )  # fmt: skip


def _special(attention_map: AttentionMap) -> bool:
    """Draw the switch of special tokens where there are some, with their share of weight."""
    restore_value("maps_special", True)
    if not attention_map.special:
        return True
    share = float(head_figures(attention_map).special.mean())
    return st.toggle(
        tr("Special tokens"), key="maps_special", persist_state="session",
        help=wording.special_tokens(attention_map.special, share),
    )  # fmt: skip


def _heads(
    shown: Shown, text: str, pruned: frozenset[Head] | None, full: bool = False
) -> AttentionHeads:
    """Everything that is drawn; the shares of special tokens are those of the whole map."""
    special: np.ndarray | None = None
    if shown.source.special and shown.shown.weights.shape[:2] == shown.source.weights.shape[:2]:
        special = head_figures(shown.source).special
    names = grid_names(shown.reading, shown.source.layers, shown.source.heads)
    return attention_heads(shown.shown, text, shown.opened, pruned, full, names, special)


def _exports(analysis: Analysis, shown: Shown) -> None:
    """Buttons for the open head and for all of them; a file is made when it is asked for."""
    text = analysis.now.document.text
    model = re.sub(r"\W+", "-", analysis.before.checkpoint.name).strip("-")
    layer, head = shown.opened
    name = f"{model}-layer-{layer + 1}-head-{head + 1}"
    st.markdown(tr("**The open head**"))
    figure_export("attention_maps", name, "content", part=".hs-attention")
    with st.container(horizontal=True):
        _button(tr("Table (CSV)"), lambda: to_csv(map_table(shown.shown, text, shown.opened)),
                f"{name}.csv", "text/csv")  # fmt: skip
        _button(tr("Map (JSON)"), lambda: _json(shown), f"{name}.json", "application/json")
    st.markdown(tr("**All heads**"))
    figure_export("attention_maps", f"{model}-heads", "content", part=".hs-grid")
    _button(
        tr("Page (HTML)"), lambda: _page(analysis, shown, text), f"{model}-heads.html", "text/html"
    )


def _button(label: str, content, file_name: str, mime: str) -> None:
    st.download_button(
        label,
        in_language(content),
        file_name=file_name,
        mime=mime,
        on_click="ignore",
        key=f"maps_{mime}",
    )


def _json(shown: Shown) -> bytes:
    """One head as the command ``explain --maps`` writes a map."""
    content = one_head(shown.shown, shown.opened).to_json()
    content |= {"layer": shown.opened[0] + 1, "head": shown.opened[1] + 1}
    return (json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n").encode(
        "utf-8", "backslashreplace"
    )


def _page(analysis: Analysis, shown: Shown, text: str) -> bytes:
    heads = _heads(shown, text, None, full=True)
    name, about = wording.MAP_READINGS[shown.reading]
    title = tr("Layers and heads of {model}", model=analysis.before.checkpoint.name)
    note = tr(
        "Predicted: {label}. {reading}: {about}",
        label=analysis.now.explanation.label, reading=tr(name), about=tr(about),
    )  # fmt: skip
    return heads.page(title, [note]).encode()


class Pruned(NamedTuple):
    """Heads that are out of a checkpoint, after each step; the last one counts."""

    checkpoint: str
    steps: tuple[frozenset[Head], ...]


def pruned_heads(analysis: Analysis) -> frozenset[Head]:
    """Return the heads that are out; none where another model is shown by now."""
    return next(reversed(_steps(analysis.question.checkpoint)), frozenset())


def set_pruned(heads: frozenset[Head], checkpoint: str) -> None:
    """Take ``heads`` out, and no other ones."""
    st.session_state[PRUNED] = Pruned(checkpoint, (*_steps(checkpoint), heads))


def _steps(checkpoint: str) -> tuple[frozenset[Head], ...]:
    state: Pruned | None = st.session_state.get(PRUNED)
    return state.steps if state is not None and state.checkpoint == checkpoint else ()


def _undo(checkpoint: str) -> None:
    st.session_state[PRUNED] = Pruned(checkpoint, _steps(checkpoint)[:-1])


def _pruning(analysis: Analysis) -> None:
    """Draw the prediction before and now, with Undo; nothing while all heads are there."""
    heads = pruned_heads(analysis)
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
