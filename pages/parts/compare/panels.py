"""The panels of Compare: prediction, heatmap and evidence of each side, on shared scales."""

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.parts import cached, card, saying, strip, wording
from pages.parts.compare import sentences
from pages.parts.compare.comparing import Compared, Side
from pages.parts.figure_export import figure_export
from pages.parts.heatmap import draw
from pages.parts.hook import hooked

if TYPE_CHECKING:
    from han_core.figures.scale import Scale

NARROWEST = 320  # pixels that a panel needs
COLUMNS = {1: 1, 2: 2, 3: 3, 4: 2}


def panels(compared: Compared) -> list[DeltaGenerator]:
    """Side by side under the legends; returns a place under each heatmap for its evidence."""
    from han_core.figures.heatmap import longest_bar

    for note in compared.notes:
        st.info(wording.plain(note))
    if not compared.sides:
        return []
    _legends(compared)
    longest = longest_bar([column.explanation for column in compared.columns])
    grid = st.grid(COLUMNS[len(compared.sides)], min_column_width=NARROWEST, gap=("small", "large"))
    places = []
    for number, side in enumerate(compared.sides):
        with grid.cell():
            places.append(_panel(number, side, longest))
    _captions(compared)
    return places


def _panel(number: int, side: Side, longest: float) -> DeltaGenerator:
    """One prediction and heatmap."""
    from han_core.figures.heatmap import heatmap
    from han_core.figures.legend import prediction, seen_line

    explanation = side.column.explanation
    with hooked("compare-panel", key=f"panel_{number}"), st.container(gap="small"):
        st.subheader(wording.plain(side.column.name), anchor=False)
        st.html(prediction(explanation))
        st.caption(seen_line(explanation))
        card.foreign(side.question.checkpoint, explanation)
        with st.container(key=f"panel_figure_{number}"):
            drawn = heatmap(explanation, side.colour, longest, added=side.added, out=side.out)
            draw(drawn, key=f"panel_words_{number}")
        figure_export(f"panel_figure_{number}", side.column.name)
        return st.container()


def fill(places: list[DeltaGenerator], compared: Compared) -> None:
    """The evidence under each heatmap, after all else: it asks the models once more."""
    from han_core.evidence.removal import sentence

    for place, side in zip(places, compared.sides, strict=True):
        with place:
            if compared.kind != "methods":
                strip.line(side.question)
                continue
            answer, labels = side.column.answer, side.column.explanation.labels
            target = labels.index(answer.target)
            if found := cached.removal(side.question, answer.method, target):
                st.caption(wording.plain(sentence(found)))


def _legends(compared: Compared) -> None:
    """A legend for each scale; where there are two, with the names of those under it."""
    from han_core.figures.legend import legend

    under: dict[Scale, list[str]] = {}
    for side in compared.sides:
        under.setdefault(side.colour.scale, []).append(side.column.name)
    if len(under) == 1:
        st.html(legend(*under))
        return
    st.caption(sentences.TWO_SCALES)
    grid = st.grid(len(under), min_column_width=NARROWEST, gap=("small", "large"))
    for scale, names in under.items():
        with grid.cell():
            st.markdown(f"**{wording.plain(', '.join(names))}**")
            st.html(legend(scale))


def _captions(compared: Compared) -> None:
    from han_core.evidence.whatif import went

    if compared.versions is not None:
        first, second = (column.explanation for column in compared.columns)
        st.markdown(wording.plain(f"From the first version to the second {went(first, second)}"))
        changes = sentences.changes_line(compared.versions, second.document)
        st.caption(wording.plain(changes))
    if any(not column.answer.signed for column in compared.columns):
        st.caption(wording.READINGS[compared.asked.reading])
        st.caption(wording.WORDS)
    for column in compared.columns:
        if said := saying.METHODS[column.answer.method]:
            gap = saying.gap_line(column.answer)
            st.caption(f"**{wording.plain(column.name)}**: {said} {gap}".strip())
