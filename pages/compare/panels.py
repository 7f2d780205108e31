"""The panels of Compare: each side on shared scales, or the difference of two sides."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, groupby
from pathlib import Path

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from han_core.explanation.comparison import (
    Column,
    Difference,
    Unit,
    largest_differences,
    sentence_starts,
)
from han_core.explanation.counterfactual import probability_change
from han_core.explanation.verdicts import removal_sentence
from han_core.runtime.errors import counted, listed
from han_core.runtime.messages import mark, paragraph, tr
from han_core.text.document import AlignedVersions, Document
from han_core.viz.charts.sentence_bars import difference_heatmap, difference_scale
from han_core.viz.colour_scale import Scale, legend, prediction, seen_line
from han_core.viz.heatmap import Heatmap, heatmap, longest_bar
from han_core.viz.markup import writable
from pages.compare.comparison import Comparison, Kind, Side
from pages.shared import cache, controls, explanation_panels, wording
from pages.shared.components import draw, figure_export, hooked
from pages.shared.page import plain, restore_value

NARROWEST = 320  # pixels that a panel needs
COLUMNS = {1: 1, 2: 2, 3: 3, 4: 2}
BARS = 3  # classes of a prediction that get a bar
TWO_SCALES = mark("There are two colour scales: compare colours under the same scale only.")
WHY_TWO = mark(
    "Attention is a share without a sign; the other methods give signed changes of a probability."
)
COLOURS: dict[Unit, str] = {
    "weight": mark(
        "Blue: more weight in this panel than in the other. Orange: more weight in the other. "
        "Faint: about the same. The bars are the weights of the sentences in each panel."
    ),
    "effect": mark(
        "Blue: a higher value in this panel than in the other. Orange: a higher value in the "
        "other. Faint: about the same. The bars are the weights of the sentences in each panel."
    ),
    "share": mark(
        "Blue: a larger share in this panel than in the other. Orange: a larger share in the "
        "other. Faint: about the same. The bars are the weights of the sentences in each panel."
    ),
}
THIS_MINUS_OTHER: dict[Unit, str] = {
    "weight": mark("Difference of the weights: this panel minus the other"),
    "effect": mark("Difference of the effects: this panel minus the other"),
    "share": mark("Difference of the shares: this panel minus the other"),
}
NOUNS = {"sentence": mark("sentence"), "word": mark("word")}
LARGEST = {
    "sentence": mark("Largest differences by sentence"),
    "word": mark("Largest differences by word"),
}
ADDED, REMOVED = mark("{words} added: {runs}."), mark("{words} removed: {runs}.")
UNITS: dict[Unit, str] = {
    "weight": "",
    "effect": mark("Values are changes of the probability in percentage points."),
    "share": mark(
        "A weight and a change of probability have no common unit, so the share of each "
        "word in the absolute values of all words is compared, without a sign."
    ),
}
LISTED = 8  # runs of words that a sentence names
ROWS = 6  # of a table of differences


def _read(name: str) -> str:
    return (Path(__file__).with_name("assets") / name).read_text(encoding="utf-8")


_ALIGNED = st.components.v2.component(
    "hanscope_aligned_rows",
    css=_read("panels.css"),
    js=_read("aligned_rows.js"),
    isolate_styles=False,
)


def align_rows(columns: Sequence[Column], container: str, panels: Sequence[str]) -> None:
    """Line up sentences of the heatmaps in ``panels`` that stand side by side.

    Args:
        container: widget key of the container around all panels.
        panels: widget keys of the panels, one for each column.
    """
    rows = [list(row) for row in zip(*sentence_starts(columns), strict=True)]
    data = {"container": container, "panels": list(panels), "rows": rows}
    _ALIGNED(key=f"{container}_rows", data=data)


Place = tuple[Side, DeltaGenerator]
"""A side, and the place under its heatmap for its evidence."""


def panels(comparison: Comparison, strip: DeltaGenerator) -> list[Place]:
    """Draw the sides under the legends in ``strip``; return a place under each heatmap."""
    for note in comparison.notes:
        st.info(plain(note))
    if not comparison.sides:
        return []
    with strip:
        _legends(comparison)
    longest = longest_bar([column.explanation for column in comparison.columns])
    drawn = [
        heatmap(side.column.explanation, side.colour, longest, added=side.added, out=side.out)
        for side in comparison.sides
    ]
    places = _grid(comparison.sides, drawn)
    if comparison.versions is not None:
        first, second = (column.explanation for column in comparison.columns)
        change = probability_change(first, second)
        st.markdown(plain(tr("From the first version to the second {change}", change=change)))
        st.caption(plain(changes_line(comparison.versions, second.document)))
    return places


def _grid(sides: Sequence[Side], drawn: Sequence[Heatmap]) -> list[Place]:
    """Draw a panel for each side, with their sentences in common rows."""
    places = []
    with st.container(key="panels"):
        grid = st.grid(COLUMNS[len(sides)], min_column_width=NARROWEST, gap=("small", "medium"))
        for number, (side, words) in enumerate(zip(sides, drawn, strict=True)):
            with grid.cell():
                places.append((side, _panel(number, side, words)))
        keys = [f"panel_{number}" for number in range(len(sides))]
        align_rows([side.column for side in sides], "panels", keys)
    return places


def _panel(number: int, side: Side, drawn: Heatmap) -> DeltaGenerator:
    """One prediction and heatmap."""
    explanation = side.column.explanation
    with hooked("compare-panel", key=f"panel_{number}"), st.container(gap="xsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute", gap="small"):
            st.header(plain(side.column.name), anchor=False, help=panel_help(side), width="content")
            figure_export(f"panel_figure_{number}", side.column.name, width="content")
        st.html(prediction(explanation, BARS))
        controls.caution(side.question.checkpoint, explanation)
        with st.container(key=f"panel_figure_{number}"):
            draw(drawn, key=f"panel_words_{number}")
        return st.container()


def panel_help(side: Side) -> str:
    """What stands behind a panel's name: how much was read, and what the method measures."""
    answer = side.column.answer
    about = tr(wording.METHODS[answer.method])
    seen = seen_line(side.column.explanation)
    return plain(paragraph(about, wording.gap_line(answer), seen))


def fill(places: Sequence[Place], kind: Kind) -> None:
    """Draw the evidence under each heatmap, last because it runs the models once more."""
    for side, place in places:
        with place:
            if kind != "methods" and side.column.answer.method == "attention":
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
    with st.container(key="legends"):
        if len(under) == 1:
            st.html(legend(*under))
            return
        for scale, names in under.items():
            title = tr("{scale}: {names}", scale=scale.title, names=tr(", ").join(names))
            st.html(legend(replace(scale, title=title)))
        st.caption(tr(TWO_SCALES), help=tr(WHY_TWO))


def differences(comparison: Comparison, strip: DeltaGenerator) -> list[Place]:
    """Colour the panels of two sides by how they differ; list the largest differences below."""
    with strip:
        one, other = _pair(comparison)
        here, there = Difference(one.column, other.column), Difference(other.column, one.column)
        with st.container(key="legends"):
            st.html(legend(_this_minus_other(here)))
    longest = longest_bar([one.column.explanation, other.column.explanation])
    with hooked("difference", key="difference"):
        st.caption(plain(difference_line(here)))
        drawn = [
            difference_heatmap(difference, side.added, side.out, longest)
            for difference, side in ((here, one), (there, other))
        ]
        places = _grid([one, other], drawn)
    grid = explanation_panels.side_by_side()
    for noun, lined in [("sentence", here.sentences), ("word", here.words)]:
        with grid.cell():
            st.header(tr(LARGEST[noun]), anchor=False)
            _table(noun, here, lined)
    return places


def _this_minus_other(difference: Difference) -> Scale:
    """The scale of both panels, each of which has its own values first."""
    return replace(difference_scale(difference), title=tr(THIS_MINUS_OTHER[difference.unit]))


def _pair(comparison: Comparison) -> tuple[Side, Side]:
    """The two sides to subtract; a picker where there are more."""
    pairs = list(combinations(comparison.sides, 2))
    if len(pairs) == 1:
        return pairs[0]
    by_name = {f"{one.name} and {other.name}": (one, other) for one, other in pairs}  # not shown
    if st.session_state.get("pair") not in by_name:  # other sides are compared now
        st.session_state["pair"] = next(iter(by_name))
    restore_value("pair", next(iter(by_name)))
    chosen = st.selectbox(
        tr("Pair"), list(by_name), key="pair", width=320,
        format_func=lambda name: _pair_name(*by_name[name]),
    )  # fmt: skip
    return by_name[chosen]


def _pair_name(one: Side, other: Side) -> str:
    return tr("{one} and {other}", one=one.column.name, other=other.column.name)


def _table(noun: str, difference: Difference, lined) -> None:
    rows = named_columns(largest_differences(lined, ROWS), noun, difference)
    numbers = st.column_config.NumberColumn(format="%.4f")
    st.dataframe(
        rows, hide_index=True, key=f"differences_by_{noun}",
        column_config=dict.fromkeys(rows.columns[1:], numbers)
        | {rows.columns[0]: st.column_config.TextColumn(width="medium")},
    )  # fmt: skip


def named_columns(rows: pd.DataFrame, noun: str, difference: Difference) -> pd.DataFrame:
    """Return the table with the names of the sides above their values."""
    shown = rows.assign(text=rows["text"].map(writable))
    sides = [tr("in {name}", name=one.name) for one in (difference.one, difference.other)]
    shown.columns = [tr(NOUNS[noun]), *sides, tr("difference")]
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
        tr(template, words=counted(number, "word"), runs=listed(runs, LISTED))
        for number, template, runs in [(n_added, ADDED, added), (n_removed, REMOVED, removed)]
        if number
    ]
    return paragraph(*changes) or tr("Both versions have the same words.")


def difference_line(difference: Difference) -> str:
    """Explain the colours of a difference, which both panels share."""
    return paragraph(tr(COLOURS[difference.unit]), tr(UNITS[difference.unit]))
