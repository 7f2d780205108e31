"""The view Documents: figures beside the table of what the filter selects, and the one to read.

The server sorts the table and cuts it into pages. A page is all that a browser receives, so a
million documents are as quick as a hundred. While reading, a document can be added to the report
of the view Export; this collection lasts as long as the session, for each data set separately.
"""

import numpy as np
import pandas as pd
import streamlit as st

from han_core.analysis.document_table import (
    ScoredDocument,
    read_document,
    stored_explanation,
    table_page,
)
from han_core.analysis.filters import Marks
from han_core.analysis.query import CLASSES, NUMBERS, STANDARD_ORDERS, ByColumn, Order, sort_rows
from han_core.explanation.explanation import Explanation
from pages.errors import annotation_editor, charts, neighbours, selection, sentences
from pages.errors.context import ErrorsContext, document_columns, key_listener, select_rows
from pages.errors.selection import PAGE, Position
from pages.shared import cache, explanation_panels
from pages.shared.page import restore_value
from pages.shared.wording import plain

A_PAGE = 50
NARROWEST = 440  # pixels of a figure, and of the table
TABLE, ORDER, CHOSEN = "errors_table", "errors_order", "errors_chosen"
COLLECTED = "errors_collected"
FORWARD, BACK = "next", "previous"
KEYS = {"j": FORWARD, "ArrowRight": FORWARD, "k": BACK, "ArrowLeft": BACK}
NARROW = 34  # columns of a sentence above its bar: all that a window of 900 pixels leaves here
FIRST = ("id", "true", "predicted", "other", "confidence", "coded", "excerpt")
"""Columns in sight; the reader scrolls to the others."""


def panel(errors: ErrorsContext) -> None:
    """Draw the figures beside the table (above it on a narrow screen), and the document."""
    grid = st.grid(2, min_column_width=NARROWEST, gap="large")
    with grid.cell():
        charts.panel(errors)
    with grid.cell():
        order, now = _documents(errors)
    if now is not None:
        document_panel(errors, order, now)


def _documents(errors: ErrorsContext) -> tuple[np.ndarray, Position | None]:
    """The table and its pages; returns the rows in their order, and the one to read."""
    order = _order(errors)
    rows = sort_rows(errors.store, errors.rows, order)
    now = selection.position(errors.data, rows)
    if now is None:
        st.info("No document fits the filter; remove a condition.")
        return rows, None
    number = _page_number(now, len(rows))
    shown = table_page(errors.store, errors.rows, order, number * A_PAGE, A_PAGE)
    _table(with_tags(shown, errors.marks), errors.data, number * A_PAGE, now)
    _pager(number, len(rows))
    st.caption(sentences.TABLE)
    return rows, now


def with_tags(rows: pd.DataFrame, marks: Marks) -> pd.DataFrame:
    """Return the rows with a column of the tags of each document, if any has one."""
    tags = [
        ", ".join(tag for tag, documents in marks.tagged.items() if content in documents)
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
        return sentences.ORDERS.get(order, order.capitalize())
    return f"{plain(order[0])}, {'descending' if order[1] else 'ascending'}"


def _order(errors: ErrorsContext) -> Order:
    """The picker of the order; a click on a column's title sets it too."""
    orders = [*STANDARD_ORDERS, *_column_orders(errors)]
    if st.session_state.get(ORDER, STANDARD_ORDERS[0]) not in orders:
        st.session_state[ORDER] = STANDARD_ORDERS[0]  # a column of other data
    restore_value(ORDER, STANDARD_ORDERS[0])
    st.session_state["errors_orders"] = orders
    return st.selectbox(
        "Order",
        orders,
        format_func=order_name,
        key=ORDER,
        on_change=_to_first_page,
        persist_state="session",
        width=320,
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
        alt="Documents that the filter selects",
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


def document_panel(errors: ErrorsContext, order: np.ndarray, now: Position) -> None:
    """Draw the document at ``now``, its annotations, and the training documents nearest to it."""
    document = read_document(errors.store, now.row)
    with st.container(horizontal=True, vertical_alignment="center"):
        _steps(errors, order, now)
        collect_button(errors, document)
    st.subheader(f"Document {plain(document.id)}", anchor=False)
    st.markdown(heading(document))
    st.caption(figures_line(document))
    left, right = st.columns([3, 2], gap="large")
    with right:  # before the figures, which take longer: nobody waits for them to write
        annotation_editor.panel(errors, document)
    explanation = _explanation(errors, document)
    with left:
        explanation_panels.prediction(explanation)
        st.subheader("Words", anchor=False)
        explanation_panels.words(explanation, explanation_panels.attention_colour(explanation))
    with right:
        explanation_panels.sentences([("", explanation)], NARROW)
    if errors.checkpoint is not None:
        explanation_panels.evidence(cache.Question(errors.checkpoint, errors.device, document.text))
    neighbours.panel(errors, document)


def heading(document: ScoredDocument) -> str:
    """Return the true class and the second model's prediction as Markdown.

    The first model's prediction stands under it, with its probabilities.
    """
    line = f"True class **{plain(document.true)}**"
    if document.other is None:
        return line
    return f"{line}, by the second model {_coloured(document.other, document.true)}"


def figures_line(document: ScoredDocument) -> str:
    """Return confidence, loss and the data's own columns in one line, as Markdown."""
    numbers = f"Confidence {document.confidence:.3f} · loss {document.loss:.3f}"
    own = [f"{plain(name)}: {plain(str(cell))}" for name, cell in document.columns.items()]
    return " · ".join([numbers, *own])


def place_line(now: Position, of: int) -> str:
    """Return "3 of 88", or that the document no longer fits the filter."""
    if now.within:
        return f"{now.at + 1:,} of {of:,}"
    return f"This document no longer fits the filter ({of:,} do). It stays until you go on."


def _coloured(predicted: str, true: str) -> str:
    return f":{'green' if predicted == true else 'red'}[**{plain(predicted)}**]"


def _steps(errors: ErrorsContext, order: np.ndarray, now: Position) -> None:
    """Previous and next, by button and key, and the place in the order."""
    filter = selection.current()

    def go(action: str) -> None:
        if selection.current() == filter:  # else a key came before the new list was drawn
            selection.step(errors.data, order, now, action == FORWARD)

    following = now.at + (1 if now.within else 0)
    st.button("◀ Previous", key="previous_error", on_click=go, args=(BACK,),
              disabled=now.at < 1, help="Key k or ←")  # fmt: skip
    st.button("Next ▶", key="next_error", on_click=go, args=(FORWARD,),
              disabled=following >= len(order), help="Key j or →")  # fmt: skip
    st.caption(place_line(now, len(order)), width="stretch")
    key_listener(KEYS, key="reading_keys", on_press=go)


def _explanation(errors: ErrorsContext, document: ScoredDocument) -> Explanation:
    """By the model as it is now; as it was stored if the checkpoint was deleted."""
    if errors.checkpoint is not None:
        question = cache.Question(errors.checkpoint, errors.device, document.text)
        return cache.probe(question).explanation
    st.caption(sentences.CHECKPOINT_DELETED)
    return stored_explanation(document, errors.store.labels)


def collect_button(errors: ErrorsContext, document: ScoredDocument) -> None:
    """Draw the button that puts the document into the report, or removes it."""
    collected = document.row in collected_rows(errors)
    st.button(
        "Remove from the report" if collected else "Add to the report",
        key="collect",
        icon=":material/bookmark_remove:" if collected else ":material/bookmark_add:",
        on_click=_toggle,
        args=(errors.data, document.row),
        help="The view Export makes a report of these documents.",
    )


def collected_rows(errors: ErrorsContext) -> list[int]:
    """Return rows of the store, in the order in which they were collected."""
    return st.session_state.get(COLLECTED, {}).get(errors.data, [])


def clear_collected(errors: ErrorsContext) -> None:
    """Empty the collection; made to be a callback."""
    st.session_state.get(COLLECTED, {}).pop(errors.data, None)


def _toggle(data: str, row: int) -> None:
    collections = st.session_state.setdefault(COLLECTED, {})
    rows = collections.get(data, [])
    collections[data] = [one for one in rows if one != row] if row in rows else [*rows, row]
