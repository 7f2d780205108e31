"""The word heatmap of Explore with its legend and switches, and the heatmap to compare it with."""

from collections.abc import Callable
from typing import Any, cast

import streamlit as st

from han_core.explanation.attribution import Method, methods_of
from han_core.explanation.explanation import Explanation, reweighted
from han_core.models.architecture import ModelKind
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, paragraph, tr
from han_core.text.edits import removed_runs
from han_core.viz import colour_scale
from han_core.viz.colour_scale import attribution_scale, named_scale, reading_scale
from han_core.viz.heatmap import Colour, heatmap
from pages.explore import anatomy
from pages.explore.analysis import Analysis
from pages.shared import cache, controls, document_input, wording
from pages.shared.components import draw, figure_export
from pages.shared.page import plain, restore_value

PLACEBOS = {
    "none": mark("Nothing"),
    "untrained": mark("The same model, untrained"),
    "uniform": mark("Uniform attention"),
}


def panel(analysis: Analysis, on_first_click: Callable[[], None]) -> None:
    """Draw legend, reading and colouring in one strip, and the heatmap that can be clicked.

    Args:
        on_first_click: called when a word is removed and none was before.
    """
    restore_value("placebo", "none")
    kind = st.session_state["placebo"]
    placebo = None if kind == "none" else cache.placebo(analysis.question, kind)
    with st.container(key="words", gap="xsmall"):
        colour, line = _strip(analysis, placebo)
        _heatmap(analysis, colour, on_first_click)
        st.html(colour_scale.marks_only(colour.scale))
        if placebo is not None:
            _draw_placebo(placebo, colour, tr(PLACEBOS[kind]))
    with st.container(horizontal=True, vertical_alignment="center"):
        figure_export("words", "words", width="content")
        anatomy.offer(analysis)
        seen = colour_scale.seen_line(analysis.explanation)
        about = wording.words_help(_kind(analysis).maps)
        st.caption(paragraph(seen, line), help=about, width="content")


def _strip(analysis: Analysis, placebo: Explanation | None) -> tuple[Colour, str]:
    """Draw the legend beside the switches; return the colours, and how concentrated they are."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="strip"):
        legend = st.container().empty()
        with st.container(horizontal=True, width="content", gap="small"):
            colour, line = _colour(analysis, _method(analysis), placebo)
    legend.html(colour_scale.scale_only(colour.scale))
    return colour, line


def _heatmap(analysis: Analysis, colour: Colour, on_first_click: Callable[[], None]) -> None:
    document, new = analysis.before.document, analysis.edited

    def take_act(act: dict[str, Any]) -> None:
        if act["do"] == "ask":
            anatomy.ask(act["start"])
            return
        is_first = not document_input.edits()
        tokenizer = analysis.before.checkpoint.tokenizer
        document_input.take_click(act, document, new, tokenizer)
        if is_first and document_input.edits():
            on_first_click()

    drawn = heatmap(
        analysis.explanation,
        colour,
        added=frozenset(i for i, by in enumerate(new.made_by) if by is not None),
        out=[(run.before, run.text, str(run.edit)) for run in removed_runs(document, new)],
        overview=True,
        hierarchical=analysis.hierarchical,
    )
    draw(drawn, "heatmap", take_act, asks=True)


def _kind(analysis: Analysis) -> ModelKind:
    return analysis.now.checkpoint.kind


def _method(analysis: Analysis) -> Method:
    offered = methods_of(_kind(analysis))
    if st.session_state.get("method") not in offered:  # of another model
        st.session_state["method"] = "attention"
    restore_value("method", "attention")
    chosen = st.selectbox(
        tr("Colour words by"),
        offered,
        format_func=lambda method: tr(wording.METHOD_NAMES[method]),
        key="method",
        persist_state="session",
        width=150,
        help=tr(wording.METHODS[st.session_state["method"]]),
    )
    return cast("Method", chosen)


def _colour(analysis: Analysis, method: Method, placebo: Explanation | None) -> tuple[Colour, str]:
    """Colour words by a reading of attention, or by another method's values."""
    shown = analysis.explanation
    if method != "attention":
        try:
            attribution = cache.attribution(analysis.question, method, _target(analysis))
        except UserError as error:  # a single word, for example: attention can still be drawn
            st.warning(plain(str(error)))
        else:
            if not attribution.signed:
                return _weights(
                    reweighted(shown, attribution.words), tr(wording.METHOD_NAMES[method])
                )
            colour = Colour(attribution.words, attribution_scale([attribution]))
            concentration = wording.word_concentration(shown, colour)
            return colour, paragraph(concentration, wording.gap_line(attribution))
    reading = controls.reading()
    scale = reading_scale([shown, *([placebo] if placebo else [])], reading)
    colour = Colour(shown.weights(reading), scale)
    return colour, wording.word_concentration(shown, colour)


def _weights(shown: Explanation, name: str) -> tuple[Colour, str]:
    """Colour words by weights of another method, in the reading that is chosen."""
    reading = controls.reading()
    colour = Colour(shown.weights(reading), named_scale([shown], reading, name))
    named = tr("this {method}", method=name.lower())
    return colour, wording.concentration(shown.document_weights, "word", 10, named)


def _target(analysis: Analysis) -> int:
    """The class to explain: the predicted one unless another is chosen."""
    labels = analysis.now.checkpoint.labels
    chosen = controls.target(labels)
    return analysis.now.target if chosen is None else labels.index(chosen)


def placebo_panel(analysis: Analysis) -> None:
    """Draw the choice of a second heatmap, and what each method of colouring measures."""
    restore_value("placebo", "none")
    st.segmented_control(
        tr("Compare with"),
        list(PLACEBOS),
        format_func=lambda kind: tr(PLACEBOS[kind]),
        key="placebo",
        required=True,
        wrap=True,
        persist_state="session",
        help=tr(wording.PLACEBO),
    )
    for method in methods_of(_kind(analysis)):
        st.markdown(f"**{tr(wording.METHOD_NAMES[method])}**  \n{tr(wording.METHODS[method])}")
    st.markdown(f"**{tr('Probabilities')}**  \n{tr(wording.PREDICTION)}")


def _draw_placebo(placebo: Explanation, colour: Colour, name: str) -> None:
    title = tr("**Compare with: {other}**", other=name.lower())
    st.markdown(title, help=tr(wording.PLACEBO))
    values = placebo.weights(st.session_state.get("reading", "document"))
    with st.container(key="placebo_words"):
        draw(heatmap(placebo, Colour(values, colour.scale)), "placebo_heatmap")
