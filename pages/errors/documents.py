"""The view Documents: figures, the documents that the filter selects, and the one to read.

Three panes stand side by side where there is room and scroll by themselves. The list draws the
documents in sight. As a table, the server sorts them and cuts them into pages. So a million
documents are as quick as a hundred.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from han_core.analysis.document_table import table_page
from han_core.analysis.filters import Marks
from han_core.analysis.query import CLASSES, NUMBERS, STANDARD_ORDERS, ByColumn, Order, sort_rows
from han_core.runtime.messages import mark, tr
from pages.errors import charts, document_list, reading, selection, sentences
from pages.errors.context import COLUMN_TITLES, ErrorsContext, document_columns, select_rows, switch
from pages.errors.selection import PAGE, Position
from pages.shared.page import restore_value
from pages.shared.wording import plain

A_PAGE = 50
NARROWEST = 380  # pixels of a pane
TABLE, ORDER, CHOSEN = "errors_table", "errors_order", "errors_chosen"
FORM = "errors_form"
FORMS = {"list": mark("List"), "table": mark("Table")}
PANES = Path(__file__).with_name("assets") / "panes.css"
FIRST = ("id", "true", "predicted", "other", "confidence", "coded", "excerpt")
"""Columns in sight; the reader scrolls to the others."""


def panel(errors: ErrorsContext) -> None:
    """Draw figures, list and document side by side; below each other on a narrow screen."""
    st.html(f"<style>{PANES.read_text(encoding='utf-8')}</style>")
    with st.container(key="errors_panes"):
        grid = st.grid(3, min_column_width=NARROWEST, gap="medium")
        with grid.cell(), st.container(key="errors_figures"):
            charts.panel(errors)
        with grid.cell(), st.container(key="errors_documents", gap="small"):
            order, now = _documents(errors)
        if now is not None:
            with grid.cell(), st.container(key="errors_reading"):
                reading.panel(errors, order, now, selects=True)


def _documents(errors: ErrorsContext) -> tuple[np.ndarray, Position | None]:
    """The list or the table; returns the rows in their order, and the one to read."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        order = _order(errors)
        form = switch(tr("Documents as"), FORMS, FORM, hidden=True)
    rows = sort_rows(errors.store, errors.rows, order)
    now = selection.position(errors.data, rows)
    if now is None:
        st.info(tr("No document fits the filter; remove a condition."))
    elif form == "table":
        _paged_table(errors, order, rows, now)
    else:
        with st.container(key=TABLE):  # one hook for the documents, in whichever form
            document_list.panel(errors, rows, now)
    return rows, now


def _paged_table(errors: ErrorsContext, order: Order, rows: np.ndarray, now: Position) -> None:
    number = _page_number(now, len(rows))
    shown = table_page(errors.store, errors.rows, order, number * A_PAGE, A_PAGE)
    _table(with_tags(shown, errors.marks), errors.data, number * A_PAGE, now)
    _pager(number, len(rows))
    st.caption(tr(sentences.TABLE))


def with_tags(rows: pd.DataFrame, marks: Marks) -> pd.DataFrame:
    """Return the rows with a column of the tags of each document, if any has one."""
    tags = [
        tr(", ").join(tag for tag, documents in marks.tagged.items() if content in documents)
        for content in rows["content"]
    ]
    if any(tags):
        rows = rows.copy()
        rows.insert(rows.columns.get_loc("excerpt"), "coded", tags)
    return rows


def clicked_order(order: Order, column: str) -> Order:
    """Return the order after a click on a column's title; numbers start with the largest."""
    if not isinstance(order, str) and order[0] == column:
        return ByColumn(column, not order[1])
    return ByColumn(column, column in NUMBERS or column == "wrong")


def order_name(order: Order) -> str:
    """Return the label of an order in its picker."""
    if isinstance(order, str):
        return tr(sentences.ORDERS[order])
    column = plain(tr(COLUMN_TITLES.get(order[0], order[0])))
    if order[1]:
        return tr("{column}, descending", column=column)
    return tr("{column}, ascending", column=column)


def _order(errors: ErrorsContext) -> Order:
    """The picker of the order; a click on a column's title sets it too."""
    orders = [*STANDARD_ORDERS, *_column_orders(errors)]
    if st.session_state.get(ORDER, STANDARD_ORDERS[0]) not in orders:
        st.session_state[ORDER] = STANDARD_ORDERS[0]  # a column of other data
    restore_value(ORDER, STANDARD_ORDERS[0])
    st.session_state["errors_orders"] = orders
    return st.selectbox(
        tr("Order"),
        orders,
        format_func=order_name,
        key=ORDER,
        on_change=_to_first_page,
        persist_state="session",
        label_visibility="collapsed",
        width=230,
    )


def _column_orders(errors: ErrorsContext) -> list[Order]:
    ours = ("id", *CLASSES, *NUMBERS)
    own = [name for name in errors.store.documents.columns if name not in ours]
    missing = {"row"} if errors.store.other is not None else {"row", "other"}
    names = [name for name in ours if name not in missing] + own
    return [ByColumn(name, descending) for name in names for descending in (True, False)]


def _to_first_page() -> None:
    st.session_state[PAGE] = 0


def _page_number(now: Position, rows: int) -> int:
    """The page that the reader turned to, else the one of the document."""
    turned = st.session_state.get(PAGE)
    return min(now.at // A_PAGE if turned is None else turned, (rows - 1) // A_PAGE)


@st.fragment  # a browser answers a selection that we set, and only the table runs again for that
def _table(shown: pd.DataFrame, data: str, first: int, now: Position) -> None:
    if st.session_state.pop(CHOSEN, False):
        st.rerun()
    rows = shown["row"].tolist()
    selected = [rows.index(now.row)] if now.within and now.row in rows else []
    table = st.session_state.get(TABLE)
    columns = list(table["selection"]["columns"]) if table else []
    select_rows(TABLE, selected, columns=columns, cells=[])

    def choose() -> None:
        clicked = st.session_state[TABLE]["selection"]
        titles, cells = clicked["columns"], [at for at, _ in clicked["cells"]]
        if titles != columns and clicked["rows"] == selected and not cells:
            _sort_by((titles or columns)[0])  # a second click removes the selection
        for at in (cells or clicked["rows"])[:1]:
            if at < len(rows) and rows[at] != now.row:
                selection.go_to(data, rows[at], first + at)
                st.session_state[CHOSEN] = True

    in_sight = [name for name in FIRST if name in shown]
    st.dataframe(
        shown.drop(columns=["row", "content"]),
        key=TABLE,
        hide_index=True,
        column_order=[*in_sight, *(name for name in shown if name not in in_sight)],
        on_select=choose,
        selection_mode=["single-row", "single-cell", "single-column"],
        height=380,
        column_config=document_columns(),
        alt=tr("Documents that the filter selects"),
    )


def _sort_by(column: str) -> None:
    """Sort by the column whose title was clicked; a few columns have no order."""
    order = clicked_order(st.session_state[ORDER], column)
    if order in st.session_state.get("errors_orders", ()):
        st.session_state[ORDER] = order
        st.session_state[CHOSEN] = True
        _to_first_page()


def _pager(number: int, rows: int) -> None:
    pages = -(-rows // A_PAGE)
    if pages == 1:
        return
    key = f"errors_page_{number}"

    def turn() -> None:
        st.session_state[PAGE] = st.session_state[key] - 1

    st.pagination(pages, default=number + 1, key=key, on_change=turn)
