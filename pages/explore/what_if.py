"""What if: words taken out or replaced, and attention changed by hand.

Layout only; what comes of it is computed in ``han_core.evidence``.
"""

from dataclasses import replace

import streamlit as st

from han_core.explanation import counterfactual, interventions
from han_core.explanation.interventions import Intervention, InterventionKind
from han_core.viz.charts.distributions import class_bars
from pages.explore.scene import Scene
from pages.shared import edit_state, wording
from pages.shared.components import hooked
from pages.shared.page import plain

LISTED = 12
"""Edits with a field of their own, the latest ones; all are made."""

MOVED = 5
KINDS: dict[InterventionKind | None, str] = {
    None: "As it is",
    "flatten": "Flatten",
    "shuffle": "Shuffle",
    "sharpen": "Sharpen",
}


def panel(scene: Scene) -> None:
    """What can be changed, both answers side by side, and the list of edits."""
    st.subheader("What if", anchor=False)
    with st.container():  # a place of its own, or the tabs below would begin anew
        edit_state.notice("edits")
    words, attention = st.tabs(["Other words", "Other attention"])
    with words:
        _way_back()
    with attention:
        _tampering(scene)
    if scene.changed:
        _comparison(scene)
    _edits(scene)


def _way_back() -> None:
    if not edit_state.edits():
        st.caption(wording.UNTOUCHED)
        return
    with st.container(horizontal=True):
        st.button("Undo", key="undo", on_click=edit_state.take_back, args=(-1,))
        st.button("Reset", key="reset", on_click=edit_state.keep_edits, args=((),))


def _edits(scene: Scene) -> None:
    """The list of edits, the latest first, each with a field for what stands there instead."""
    edits = edit_state.edits()
    for number in range(len(edits) - 1, max(-1, len(edits) - 1 - LISTED), -1):
        _edit(scene, number)
    if len(edits) > LISTED:
        st.caption(f"The last {LISTED} of {len(edits):,} edits.")


def _edit(scene: Scene, number: int) -> None:
    edit, document = edit_state.edits()[number], scene.before.document
    key = f"replacement_{edit.start}_{edit.end}_{number}"
    st.session_state[key] = edit.replacement
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text_input(
            wording.edit_name(document.text[edit.start : edit.end]),
            key=key,
            placeholder="nothing; type here to replace it",
            on_change=lambda: edit_state.replace(
                number, st.session_state[key], document, scene.before.checkpoint.tokenizer
            ),
        )
        st.button("✕", key=f"back_{key}", on_click=edit_state.take_back, args=(number,),
                  help="Put it back")  # fmt: skip


def _tampering(scene: Scene) -> None:
    """Attention flattened, shuffled or sharpened, in one sentence or everywhere."""
    now = edit_state.tampering()
    st.session_state["tamper_kind"] = now.kind if now else None
    st.segmented_control(
        "Attention", list(KINDS), format_func=lambda kind: KINDS[kind], key="tamper_kind",
        on_change=_take_tampering, wrap=True,
    )  # fmt: skip
    if now is None:
        st.caption(wording.TAMPERING)
        return
    number = now.sentence if now.sentence is None or now.sentence < scene.now.sentences else None
    st.session_state["tamper_where"] = number
    st.selectbox(
        "Where",
        [None, *range(scene.now.sentences)],
        format_func=lambda i: "Everywhere" if i is None else wording.sentence_name(scene.now, i),
        key="tamper_where",
        on_change=_take_tampering,
    )
    if now.kind == "sharpen":
        st.session_state["temperature"] = now.temperature
        st.select_slider(
            "Temperature", wording.TEMPERATURES, key="temperature", on_change=_take_tampering,
            help="Below 1 attention gathers on fewer words, above 1 it spreads.",
        )  # fmt: skip
    if now.kind == "shuffle":
        st.button("Shuffle again", key="reshuffle", on_click=_reshuffle)


def _take_tampering() -> None:
    """What the widgets say, kept; widgets that were not drawn keep what was."""
    before, kind = edit_state.tampering(), st.session_state["tamper_kind"]
    if kind is None:
        edit_state.keep_tampering(None)
        return
    temperature = 0.5 if before is None or before.kind != "sharpen" else before.temperature
    edit_state.keep_tampering(
        Intervention(
            kind,
            st.session_state.get("tamper_where") if before else None,
            st.session_state.get("temperature", temperature) if kind == "sharpen" else 1.0,
            before.seed if before else 0,
        )
    )


def _reshuffle() -> None:
    if (before := edit_state.tampering()) is not None:
        edit_state.keep_tampering(replace(before, seed=before.seed + 1))


def _comparison(scene: Scene) -> None:
    """Both answers side by side, in a figure and in a sentence, and how attention moved."""
    named = [("before", scene.before.explanation), ("now", scene.explanation)]
    with hooked("what-if", key="what_if"):
        if edit_state.edits():
            st.markdown(plain(counterfactual.what_if_sentence(scene.whatif)))
        if scene.tampered is not None:
            st.markdown(plain(interventions.intervention_sentence(scene.tampered)))
        st.plotly_chart(
            class_bars([(name, e.chances) for name, e in named]),
            key="what_if_figure", config={"displayModeBar": False},
            alt="Probabilities before and now",
        )  # fmt: skip
        if scene.tampered is not None:
            st.caption(wording.furthest_line(interventions.measure_shuffling(scene.now)))
        if edit_state.edits():
            st.caption(wording.moved_line(counterfactual.divergence(scene.whatif)))
            st.space("small")
            with st.expander("Where attention moved"):
                _moved(counterfactual.largest_weight_changes(scene.whatif, MOVED))


def _moved(rows) -> None:
    numbers = st.column_config.NumberColumn(format="%.4f")
    shown = rows.drop(columns=["start", "end"])
    st.dataframe(
        shown, hide_index=True, column_config=dict.fromkeys(shown.columns[1:], numbers)
    )  # fmt: skip
    st.caption(wording.EXPECTED)
