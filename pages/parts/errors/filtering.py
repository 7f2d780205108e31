"""Which part of the errors is shown: a cell of the confusion matrix, a row of the table.

A new filter draws a new matrix, which forgets its own selection; so the cell is
remembered here.
"""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import wording
from pages.parts.figure_export import figure_export
from pages.parts.hook import hooked
from pages.parts.kept import carry
from pages.parts.wording import plain

if TYPE_CHECKING:
    import pandas as pd

    from han_core.errors.predictions import Predictions

Cell = tuple[str, str]
"""(true class, predicted class)"""

FIRST = ("id", "true", "predicted", "wrong", "confidence", "p(true)", "tags", "text")
MOST_ROWS = 1_000
LONGEST_CELL = 240  # characters of a text in the table; the document is shown whole underneath


def matrix(predictions: "Predictions") -> Cell | None:
    """The confusion matrix; returns the cell that was clicked, None for all."""
    from han_core.figures.evaluation import confusion_matrix

    cell = _cell(predictions.labels)
    with hooked("confusion-matrix", key="confusion_matrix"):
        st.plotly_chart(
            confusion_matrix(predictions.counts(), predictions.labels, selected=cell),
            key="matrix",
            on_select=_take_cell,
            selection_mode="points",
            config={"displayModeBar": False},
            alt="Confusion matrix: true classes by predicted classes",
        )
    figure_export("confusion_matrix", "confusion-matrix")
    st.caption(wording.MATRIX)
    return cell


def only_wrong(cell: Cell | None) -> bool:
    """The filter in words with the way out of it, or the switch to errors alone."""
    if cell is None:
        carry("only_wrong", False)
        return st.toggle("Errors only", key="only_wrong", persist_state="session")
    st.button(
        f"✕ True {plain(cell[0])}, predicted {plain(cell[1])}",
        key="clear_filter",
        on_click=_forget_cell,
    )
    return False


def errors_table(rows: "pd.DataFrame") -> int | None:
    """The table; returns the position of the chosen row, the first unless one is."""
    event = st.dataframe(
        for_display(rows),
        key="errors_table",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height=380,
        column_config={
            "wrong": st.column_config.CheckboxColumn(width="small"),
            "confidence": st.column_config.NumberColumn(format="%.3f"),
            "p(true)": st.column_config.NumberColumn(format="%.3f", width="small"),
            "text": st.column_config.TextColumn(width="large"),
        },
    )
    return chosen_row(event["selection"]["rows"], min(len(rows), MOST_ROWS))


def chosen_row(selected: list[int], shown: int) -> int | None:
    """The row to show: the selected one if the table still has it, else the first."""
    if not shown:
        return None
    return selected[0] if selected and 0 <= selected[0] < shown else 0


def for_display(rows: "pd.DataFrame") -> "pd.DataFrame":
    """The first rows with their texts cut short: a browser cannot hold everything."""
    shown = rows.head(MOST_ROWS).copy()
    shown["text"] = shown["text"].str.slice(0, LONGEST_CELL)
    first = [name for name in FIRST if name in shown]
    return shown[[*first, *(name for name in shown if name not in first)]]


def selected_cell(points: list[dict]) -> Cell | None:
    """The cell in a Plotly selection, as (true, predicted)."""
    if not points or len(points[0].get("customdata") or ()) < 2:
        return None
    true, predicted = points[0]["customdata"][:2]
    return str(true), str(predicted)


def _cell(labels: tuple[str, ...]) -> Cell | None:
    cell = st.session_state.get("cell")
    return cell if cell and cell[0] in labels and cell[1] in labels else None


def _take_cell() -> None:
    cell = selected_cell(st.session_state["matrix"]["selection"]["points"])
    st.session_state["cell"] = None if cell == st.session_state.get("cell") else cell


def _forget_cell() -> None:
    st.session_state["cell"] = None
