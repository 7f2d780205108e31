"""The panels of Compare: prediction, heatmap and evidence of each side, on shared scales.

Two sides against each other on Compare: in the text, by sentence and by word.
"""

from itertools import combinations

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from han_core.explanation.comparison import Difference, largest_differences
from han_core.explanation.counterfactual import probability_change
from han_core.explanation.verdicts import removal_sentence
from han_core.viz.charts.sentence_bars import difference_heatmap, difference_scale
from han_core.viz.colour_scale import Scale, legend, prediction, seen_line
from han_core.viz.heatmap import heatmap, longest_bar
from han_core.viz.markup import writable
from pages.compare import sentences
from pages.compare.comparison import Compared, Side
from pages.shared import cache, controls, explanation_panels, quotas, wording
from pages.shared import wording as saying
from pages.shared.components import draw, figure_export, hooked
from pages.shared.page import plain

NARROWEST = 320  # pixels that a panel needs
COLUMNS = {1: 1, 2: 2, 3: 3, 4: 2}


def panels(compared: Compared) -> list[DeltaGenerator]:
    """Side by side under the legends; returns a place under each heatmap for its evidence."""
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
    explanation = side.column.explanation
    with hooked("compare-panel", key=f"panel_{number}"), st.container(gap="small"):
        st.subheader(wording.plain(side.column.name), anchor=False)
        st.html(prediction(explanation))
        st.caption(seen_line(explanation))
        controls.foreign_language_note(side.question.checkpoint, explanation)
        with st.container(key=f"panel_figure_{number}"):
            drawn = heatmap(explanation, side.colour, longest, added=side.added, out=side.out)
            draw(drawn, key=f"panel_words_{number}")
        figure_export(f"panel_figure_{number}", side.column.name)
        return st.container()


def fill(places: list[DeltaGenerator], compared: Compared) -> None:
    """The evidence under each heatmap, after all else: it asks the models once more."""
    for place, side in zip(places, compared.sides, strict=True):
        with place:
            if compared.kind != "methods":
                explanation_panels.evidence_line(side.question)
                continue
            answer, labels = side.column.answer, side.column.explanation.labels
            target = labels.index(answer.target)
            if found := cache.removal(side.question, answer.method, target):
                st.caption(wording.plain(removal_sentence(found)))


def _legends(compared: Compared) -> None:
    """A legend for each scale; where there are two, with the names of those under it."""
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
    if compared.versions is not None:
        first, second = (column.explanation for column in compared.columns)
        st.markdown(
            wording.plain(
                f"From the first version to the second {probability_change(first, second)}"
            )
        )
        changes = sentences.changes_line(compared.versions, second.document)
        st.caption(wording.plain(changes))
    if any(not column.answer.signed for column in compared.columns):
        st.caption(wording.READINGS[compared.asked.reading])
        st.caption(wording.WORDS)
    for column in compared.columns:
        if said := saying.METHODS[column.answer.method]:
            gap = saying.gap_line(column.answer)
            st.caption(f"**{wording.plain(column.name)}**: {said} {gap}".strip())


ROWS = 6


def difference(compared: Compared) -> None:
    """The heatmap of the difference, and where it is largest."""
    st.subheader("Where they differ", anchor=False)
    if place := quotas.place("difference_figures"):
        with place:
            _difference(compared)


def _difference(compared: Compared) -> None:
    one, other = _pair(compared)
    found = Difference(one.column, other.column)
    _in_the_text(found, one, compared)
    grid = explanation_panels.side_by_side()
    for noun, lined in [("sentence", found.sentences), ("word", found.words)]:
        with grid.cell():
            _table(noun, found, lined)
    st.caption(sentences.DIFFERENT[compared.kind])


def _pair(compared: Compared) -> tuple[Side, Side]:
    """The two to set against each other; a picker where there are more."""
    if compared.versions is not None:  # what the change brought is on the blue side
        first, second = compared.sides
        return second, first
    pairs = list(combinations(compared.sides, 2))
    if len(pairs) == 1:
        return pairs[0]
    names = [f"{one.column.name} and {other.column.name}" for one, other in pairs]
    if st.session_state.get("pair") not in names:  # others are compared by now
        st.session_state["pair"] = names[0]
    chosen = st.selectbox("Which two", names, key="pair", width=480)
    return pairs[names.index(chosen)]


def _in_the_text(found: Difference, one: Side, compared: Compared) -> None:
    with hooked("difference", key="difference"):
        st.html(legend(difference_scale(found)))
        with st.container(key="difference_figure"):
            draw(difference_heatmap(found, one.added, one.out), key="difference_words")
        figure_export("difference_figure", "difference")
    st.caption(plain(sentences.difference_line(found)))
    if compared.versions is not None:
        st.caption(sentences.VERSIONS)


def _table(noun: str, found: Difference, lined) -> None:
    rows = named_columns(largest_differences(lined, ROWS), noun, found)
    numbers = st.column_config.NumberColumn(format="%.4f")
    st.dataframe(
        rows, hide_index=True, key=f"differences_by_{noun}",
        column_config=dict.fromkeys(rows.columns[1:], numbers)
        | {noun: st.column_config.TextColumn(width="medium")},
    )  # fmt: skip


def named_columns(differences: pd.DataFrame, noun: str, found: Difference) -> pd.DataFrame:
    """The table with the sides' names above their values, and text that can be shown."""
    shown = differences.assign(text=differences["text"].map(writable))
    shown.columns = [noun, f"in {found.one.name}", f"in {found.other.name}", "difference"]
    return shown
