"""Several explanations of one text, in panels and tables.

The functions that make HTML and tables are pure; ``panels`` and ``differences``
lay them out.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import wording

if TYPE_CHECKING:
    import pandas as pd

    from han_core.explanation.explanation import Explanation, Reading

    Named = Sequence[tuple[str, Explanation]]

NARROWEST = 320  # pixels that a panel needs
TOP_WORDS = 10
ROWS = 6


def panel(
    name: str, explanation: "Explanation", reading: "Reading", top: float, longest: float
) -> str:
    """One model's prediction and heatmap as HTML in one element, on the scale given."""
    from han_core.figures.escape import html_text
    from han_core.figures.heatmap import prediction, seen_line, word_heatmap

    return (
        '<section data-testid="compare-panel">'
        f'<h3 style="font-size:1.125rem;padding:0 0 .5rem">{html_text(name)}</h3>'
        f"{prediction(explanation)}"
        f'<p style="font-size:.875rem;opacity:.75">{html_text(seen_line(explanation))}</p>'
        f"{word_heatmap(explanation, reading, top, longest)}"
        "</section>"
    )


def agreement_table(named: "Named") -> "pd.DataFrame":
    """A row for each pair of models: how far their attention agrees."""
    import pandas as pd

    from han_core.explanation.agreement import agreement

    rows = []
    for (one, first), (other, second) in combinations(named, 2):
        found = agreement(first, second, top=TOP_WORDS)
        rows.append((f"{one} and {other}", found.tau, found.sentence_tau, found.overlap,
                     found.divergence))  # fmt: skip
    columns = ["models", "tau of words", "tau of sentences", "top words shared", "divergence"]
    return pd.DataFrame(rows, columns=columns)


def panels(named: "Named", reading: "Reading") -> None:
    """Side by side on one scale, under one legend."""
    from han_core.figures.colour import scale_top
    from han_core.figures.heatmap import legend, longest_bar

    explanations = [explanation for _, explanation in named]
    top, longest = scale_top(explanations, reading), longest_bar(explanations)
    st.html(legend(reading, top))
    grid = st.grid(min(len(named), 3), min_column_width=NARROWEST, gap=("small", "large"))
    for name, explanation in named:
        grid.html(panel(name, explanation, reading, top, longest))
    st.caption(wording.READINGS[reading])
    st.caption(wording.WORDS)


def agreements(named: "Named") -> None:
    """How far the models' attention agrees, a row for each pair."""
    st.subheader("Agreement", anchor=False)
    rows = agreement_table(named)
    numbers = st.column_config.NumberColumn(format="%.2f")
    st.dataframe(
        rows,
        hide_index=True,
        placeholder="–",
        column_config=dict.fromkeys(rows.columns[1:], numbers),
    )
    st.caption(wording.AGREEMENT)


def differences(named: "Named") -> None:
    """Where the weights of two models lie furthest apart, by sentence and by word."""
    from han_core.explanation.agreement import (
        largest_differences_by_sentence,
        largest_differences_by_word,
    )

    st.subheader("Where they differ most", anchor=False)
    (one, first), (other, second) = _pair(named)
    for noun, found in [
        ("sentence", largest_differences_by_sentence(first, second, ROWS)),
        ("word", largest_differences_by_word(first, second, ROWS)),
    ]:
        rows = named_columns(found, noun, one, other)
        numbers = st.column_config.NumberColumn(format="%.4f")
        st.dataframe(
            rows,
            hide_index=True,
            column_config=dict.fromkeys(rows.columns[1:], numbers)
            | {noun: st.column_config.TextColumn(width="medium")},
        )
    st.caption(wording.DIFFERENCES)


def named_columns(differences: "pd.DataFrame", noun: str, one: str, other: str) -> "pd.DataFrame":
    """The table with the models' names above their weights, without the offsets."""
    shown = differences.drop(columns=["start", "end"])
    shown.columns = [noun, f"in {one}", f"in {other}", "difference"]
    return shown


def _pair(named: "Named") -> "Named":
    """The two models to set against each other; a picker where there are more."""
    pairs = list(combinations(named, 2))
    if len(pairs) == 1:
        return pairs[0]
    names = [f"{one} and {other}" for (one, _), (other, _) in pairs]
    chosen = st.selectbox("Models", names, key="pair", width=480)
    return pairs[names.index(chosen)]
