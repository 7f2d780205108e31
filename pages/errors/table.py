"""The table of the documents that the filter leaves: sorted and turned by the server.

A page of it is all that a browser gets, so a million documents are as quick as a hundred.
"""

import numpy as np
import pandas as pd
import streamlit as st

from han_core.analysis.document_table import table_page
from han_core.analysis.filters import Marks
from han_core.analysis.query import CLASSES, NUMBERS, STANDARD_ORDERS, ByColumn, Order, sort_rows
from pages.errors import context, sentences
from pages.errors.context import ErrorsContext, config
from pages.shared.page import restore_value
from pages.shared.wording import plain

A_PAGE = 50
TABLE, ORDER, CHOSEN = "errors_table", "errors_order", "errors_chosen"
FIRST = ("id", "true", "predicted", "other", "confidence", "coded", "excerpt")
"""What stands in sight; the other columns are found by scrolling."""


def panel(bench: ErrorsContext) -> tuple[np.ndarray, context.Here | None]:
    """The table and its pages; returns the rows in their order, and the one to read."""
    order = _order(bench)
    rows = sort_rows(bench.store, bench.rows, order)
    data = bench.store.scores.manifest.data_sha256
    now = context.here(data, rows)
    if now is None:
        st.info("No document is left; take one of the conditions away.")
        return rows, None
    number = _page_number(now, len(rows))
    shown = table_page(bench.store, bench.rows, order, number * A_PAGE, A_PAGE)
    _table(with_tags(shown, bench.marks), data, number * A_PAGE, now)
    _pager(number, len(rows))
    st.caption(sentences.TABLE)
    return rows, now


def with_tags(rows: pd.DataFrame, marks: Marks) -> pd.DataFrame:
    """With a column of the tags that each document was given, where any has one."""
    tags = [
        ", ".join(tag for tag, documents in marks.tagged.items() if content in documents)
        for content in rows["content"]
    ]
    if any(tags):
        rows = rows.copy()
        rows.insert(rows.columns.get_loc("excerpt"), "coded", tags)
    return rows


def clicked(order: Order, column: str) -> Order:
    """By the column whose head was clicked: numbers fall at first, and turn round after that."""
    if not isinstance(order, str) and order[0] == column:
        return ByColumn(column, not order[1])
    return ByColumn(column, column in NUMBERS or column == "wrong")


def _order(bench: ErrorsContext) -> Order:
    """The picker of the order; a click on a column's head sets it too."""
    orders = [*STANDARD_ORDERS, *_by_columns(bench)]
    if st.session_state.get(ORDER, STANDARD_ORDERS[0]) not in orders:
        st.session_state[ORDER] = STANDARD_ORDERS[0]  # a column of other data
    restore_value(ORDER, STANDARD_ORDERS[0])
    st.session_state["errors_orders"] = orders
    return st.selectbox(
        "Order",
        orders,
        format_func=order_name,
        key=ORDER,
        on_change=_first_page,
        persist_state="session",
        width=320,
    )


def order_name(order: Order) -> str:
    if isinstance(order, str):
        return order.capitalize()
    return f"{plain(order[0])}, {'falling' if order[1] else 'rising'}"


def _by_columns(bench: ErrorsContext) -> list[Order]:
    ours = ("id", *CLASSES, *NUMBERS)
    own = [name for name in bench.store.documents.columns if name not in ours]
    lacking = {"row"} if bench.store.other is not None else {"row", "other"}
    names = [name for name in ours if name not in lacking] + own
    return [ByColumn(name, falling) for name in names for falling in (True, False)]


def _first_page() -> None:
    st.session_state[context.PAGE] = 0


def _page_number(now: context.Here, rows: int) -> int:
    """The page that was turned to, else the one where the document stands."""
    turned = st.session_state.get(context.PAGE)
    return min(now.at // A_PAGE if turned is None else turned, (rows - 1) // A_PAGE)


@st.fragment  # a browser answers a mark that we set, and only the table runs again for that
def _table(shown: pd.DataFrame, data: str, first: int, now: context.Here) -> None:
    if st.session_state.pop(CHOSEN, False):
        st.rerun()
    there = shown["row"].tolist()
    rows = [there.index(now.row)] if now.within and now.row in there else []
    columns = _mark(rows)

    def choose() -> None:
        selection = st.session_state[TABLE]["selection"]
        heads, cells = selection["columns"], [at for at, _ in selection["cells"]]
        if heads != columns and selection["rows"] == rows and not cells:
            _sort_by((heads or columns)[0])  # a second click takes the mark away
        for at in (cells or selection["rows"])[:1]:
            if at < len(there) and there[at] != now.row:
                context.go_to(data, there[at], first + at)
                st.session_state[CHOSEN] = True

    first_ones = [name for name in FIRST if name in shown]
    st.dataframe(
        shown.drop(columns=["row", "content"]),
        key=TABLE,
        hide_index=True,
        column_order=[*first_ones, *(name for name in shown if name not in first_ones)],
        on_select=choose,
        selection_mode=["single-row", "single-cell", "single-column"],
        height=380,
        column_config=config(),
        alt="Documents that the filter leaves",
    )


def _sort_by(column: str) -> None:
    """The order that a column's head stands for; a few columns have none."""
    order = clicked(st.session_state[ORDER], column)
    if order in st.session_state.get("errors_orders", ()):
        st.session_state[ORDER] = order
        st.session_state[CHOSEN] = True
        _first_page()


def _mark(rows: list[int]) -> list[str]:
    """Marks the document that is being read; returns the columns that are marked."""
    held = st.session_state.get(TABLE)
    columns = list(held["selection"]["columns"]) if held else []
    marked: dict[str, list] = {"rows": rows, "columns": columns, "cells": []}
    if held is None or dict(held["selection"]) != marked:
        st.session_state[TABLE] = {"selection": marked}
    return columns


def _pager(number: int, rows: int) -> None:
    pages = -(-rows // A_PAGE)
    if pages == 1:
        return
    key = f"errors_page_{number}"

    def turn() -> None:
        st.session_state[context.PAGE] = st.session_state[key] - 1

    st.pagination(pages, default=number + 1, key=key, on_change=turn)
