"""Two sides against each other on Compare: in the text, by sentence and by word."""

from itertools import combinations
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import drawing, quotas
from pages.parts.compare import sentences
from pages.parts.compare.comparing import Compared, Side
from pages.parts.figure_export import figure_export
from pages.parts.heatmap import draw
from pages.parts.hook import hooked
from pages.parts.wording import plain

if TYPE_CHECKING:
    import pandas as pd

    from han_core.evidence.comparison import Difference

ROWS = 6


def difference(compared: Compared) -> None:
    """The heatmap of the difference, and where it is largest."""
    st.subheader("Where they differ", anchor=False)
    if place := quotas.place("difference_figures"):
        with place:
            _difference(compared)


def _difference(compared: Compared) -> None:
    from han_core.evidence.comparison import Difference

    one, other = _pair(compared)
    found = Difference(one.column, other.column)
    _in_the_text(found, one, compared)
    grid = drawing.side_by_side()
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


def _in_the_text(found: "Difference", one: Side, compared: Compared) -> None:
    from han_core.figures.comparison import difference_heatmap, difference_scale
    from han_core.figures.legend import legend

    with hooked("difference", key="difference"):
        st.html(legend(difference_scale(found)))
        with st.container(key="difference_figure"):
            draw(difference_heatmap(found, one.added, one.out), key="difference_words")
        figure_export("difference_figure", "difference")
    st.caption(plain(sentences.difference_line(found)))
    if compared.versions is not None:
        st.caption(sentences.VERSIONS)


def _table(noun: str, found: "Difference", lined) -> None:
    from han_core.evidence.comparison import largest_differences

    rows = named_columns(largest_differences(lined, ROWS), noun, found)
    numbers = st.column_config.NumberColumn(format="%.4f")
    st.dataframe(
        rows, hide_index=True, key=f"differences_by_{noun}",
        column_config=dict.fromkeys(rows.columns[1:], numbers)
        | {noun: st.column_config.TextColumn(width="medium")},
    )  # fmt: skip


def named_columns(differences: "pd.DataFrame", noun: str, found: "Difference") -> "pd.DataFrame":
    """The table with the sides' names above their values, and text that can be shown."""
    from han_core.figures.escape import writable

    shown = differences.assign(text=differences["text"].map(writable))
    shown.columns = [noun, f"in {found.one.name}", f"in {found.other.name}", "difference"]
    return shown
