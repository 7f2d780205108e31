"""The panels of Compare: each side on shared scales, and the difference of two sides."""

from itertools import combinations, groupby

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from han_core.explanation.comparison import Difference, Unit, largest_differences
from han_core.explanation.counterfactual import probability_change
from han_core.explanation.verdicts import removal_sentence
from han_core.runtime.errors import counted, listed
from han_core.text.document import AlignedVersions, Document
from han_core.viz.charts.sentence_bars import difference_heatmap, difference_scale
from han_core.viz.colour_scale import Scale, legend, prediction, seen_line
from han_core.viz.heatmap import heatmap, longest_bar
from han_core.viz.markup import writable
from pages.compare.comparison import Comparison, Side
from pages.shared import cache, controls, explanation_panels, wording
from pages.shared.components import draw, figure_export, hooked
from pages.shared.page import plain

NARROWEST = 320  # pixels that a panel needs
COLUMNS = {1: 1, 2: 2, 3: 3, 4: 2}
TWO_SCALES = (
    "Attention is a share without a sign; the other methods give signed changes of a probability. "
    "So there are two colour scales: compare colours under the same scale only."
)
DIFFERENT = {
    "models": "A difference shows that attention moved, not that the prediction changed.",
    "methods": "Methods that differ answer different questions; none of them is the right one.",
    "versions": "A difference shows that attention moved, not that the prediction changed.",
}
GIVEN: dict[Unit, str] = {
    "weight": "more weight",
    "effect": "a higher value",
    "share": "a larger share",
}
UNITS: dict[Unit, str] = {
    "weight": "",
    "effect": "Values are changes of the probability in percentage points.",
    "share": (
        "A weight and a change of probability have no common unit, so the share of each word in "
        "the absolute values of all words is compared, without a sign."
    ),
}
VERSIONS = (
    "Only words that both versions have are compared, with their weights normalised to sum to 1: "
    "added words always take weight from the others and removed words always free some."
)
LISTED = 8  # runs of words that a sentence names


def panels(comparison: Comparison) -> list[DeltaGenerator]:
    """Draw the sides under the legends; return a place under each heatmap for its evidence."""
    for note in comparison.notes:
        st.info(plain(note))
    if not comparison.sides:
        return []
    _legends(comparison)
    longest = longest_bar([column.explanation for column in comparison.columns])
    grid = st.grid(
        COLUMNS[len(comparison.sides)], min_column_width=NARROWEST, gap=("small", "large")
    )
    places = []
    for number, side in enumerate(comparison.sides):
        with grid.cell():
            places.append(_panel(number, side, longest))
    _captions(comparison)
    return places


def _panel(number: int, side: Side, longest: float) -> DeltaGenerator:
    """One prediction and heatmap."""
    explanation = side.column.explanation
    with hooked("compare-panel", key=f"panel_{number}"), st.container(gap="small"):
        st.subheader(plain(side.column.name), anchor=False)
        st.html(prediction(explanation))
        st.caption(seen_line(explanation))
        controls.caution(side.question.checkpoint, explanation)
        with st.container(key=f"panel_figure_{number}"):
            drawn = heatmap(explanation, side.colour, longest, added=side.added, out=side.out)
            draw(drawn, key=f"panel_words_{number}")
        figure_export(f"panel_figure_{number}", side.column.name)
        return st.container()


def fill(places: list[DeltaGenerator], comparison: Comparison) -> None:
    """Draw the evidence under each heatmap, last because it runs the models once more."""
    for place, side in zip(places, comparison.sides, strict=True):
        with place:
            if comparison.kind != "methods":
                explanation_panels.evidence_line(side.question)
                continue
            answer, labels = side.column.answer, side.column.explanation.labels
            target = labels.index(answer.target)
            if removal := cache.removal(side.question, answer.method, target):
                st.caption(plain(removal_sentence(removal)))


def _legends(comparison: Comparison) -> None:
    """A legend for each scale; where there are two, with the names of those under it."""
    under: dict[Scale, list[str]] = {}
    for side in comparison.sides:
        under.setdefault(side.colour.scale, []).append(side.column.name)
    if len(under) == 1:
        st.html(legend(*under))
        return
    st.caption(TWO_SCALES)
    grid = st.grid(len(under), min_column_width=NARROWEST, gap=("small", "large"))
    for scale, names in under.items():
        with grid.cell():
            st.markdown(f"**{plain(', '.join(names))}**")
            st.html(legend(scale))


def _captions(comparison: Comparison) -> None:
    if comparison.versions is not None:
        first, second = (column.explanation for column in comparison.columns)
        st.markdown(
            plain(f"From the first version to the second {probability_change(first, second)}")
        )
        changes = changes_line(comparison.versions, second.document)
        st.caption(plain(changes))
    if any(not column.answer.signed for column in comparison.columns):
        st.caption(wording.READINGS[comparison.request.reading])
        st.caption(wording.WORDS)
    for column in comparison.columns:
        if text := wording.METHODS[column.answer.method]:
            gap = wording.gap_line(column.answer)
            st.caption(f"**{plain(column.name)}**: {text} {gap}".strip())


ROWS = 6


def differences(comparison: Comparison) -> None:
    """Draw the heatmap of the difference, and tables of the largest differences."""
    st.subheader("Difference", anchor=False)
    if place := cache.figures_place("difference_figures"):
        with place:
            _difference(comparison)


def _difference(comparison: Comparison) -> None:
    one, other = _pair(comparison)
    difference = Difference(one.column, other.column)
    _in_the_text(difference, one, comparison)
    grid = explanation_panels.side_by_side()
    for noun, lined in [("sentence", difference.sentences), ("word", difference.words)]:
        with grid.cell():
            _table(noun, difference, lined)
    st.caption(DIFFERENT[comparison.kind])


def _pair(comparison: Comparison) -> tuple[Side, Side]:
    """The two sides to subtract; a picker where there are more."""
    if comparison.versions is not None:  # words that were added are on the blue side
        first, second = comparison.sides
        return second, first
    pairs = list(combinations(comparison.sides, 2))
    if len(pairs) == 1:
        return pairs[0]
    names = [f"{one.column.name} and {other.column.name}" for one, other in pairs]
    if st.session_state.get("pair") not in names:  # other sides are compared now
        st.session_state["pair"] = names[0]
    chosen = st.selectbox("Pair", names, key="pair", width=480)
    return pairs[names.index(chosen)]


def _in_the_text(difference: Difference, one: Side, comparison: Comparison) -> None:
    with hooked("difference", key="difference"):
        st.html(legend(difference_scale(difference)))
        with st.container(key="difference_figure"):
            draw(difference_heatmap(difference, one.added, one.out), key="difference_words")
        figure_export("difference_figure", "difference")
    st.caption(plain(difference_line(difference)))
    if comparison.versions is not None:
        st.caption(VERSIONS)


def _table(noun: str, difference: Difference, lined) -> None:
    rows = named_columns(largest_differences(lined, ROWS), noun, difference)
    numbers = st.column_config.NumberColumn(format="%.4f")
    st.dataframe(
        rows, hide_index=True, key=f"differences_by_{noun}",
        column_config=dict.fromkeys(rows.columns[1:], numbers)
        | {noun: st.column_config.TextColumn(width="medium")},
    )  # fmt: skip


def named_columns(rows: pd.DataFrame, noun: str, difference: Difference) -> pd.DataFrame:
    """Return the table with the names of the sides above their values."""
    shown = rows.assign(text=rows["text"].map(writable))
    shown.columns = [noun, f"in {difference.one.name}", f"in {difference.other.name}", "difference"]
    return shown


def changes_line(versions: AlignedVersions, second: Document) -> str:
    """Name the words that were added and removed, run by run; ``second`` as it was written."""
    tokens, added = second.tokens, list[str]()
    for _, run in groupby(enumerate(versions.added), lambda pair: pair[1] - pair[0]):
        numbers = [token for _, token in run]
        added.append(second.text[tokens[numbers[0]].start : tokens[numbers[-1]].end])
    removed = [run.text for run in versions.removed]
    n_added = len(versions.added)
    n_removed = len(versions.first.tokens) - (len(tokens) - n_added)
    changes = [
        f"{counted(number, 'word')} {verb}: {listed(runs, LISTED)}."
        for number, verb, runs in [(n_added, "added", added), (n_removed, "removed", removed)]
        if number
    ]
    return " ".join(changes) or "Both versions have the same words."


def difference_line(difference: Difference) -> str:
    """Explain the colours of a difference."""
    one, other, more = difference.one.name, difference.other.name, GIVEN[difference.unit]
    whose = f" in {one}" if difference.unit == "weight" else ""
    legend = (
        f"Blue: {more} in {one}. Orange: {more} in {other}. Pale: about the same. The "
        f"bars are the attention weights of the sentences{whose}."
    )
    return f"{legend} {UNITS[difference.unit]}".strip()
