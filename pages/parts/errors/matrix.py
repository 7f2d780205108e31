"""The confusion matrix: counts or shares, in the order asked for, and its largest cells."""

from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from pages.parts import wording
from pages.parts.errors import filters, linked
from pages.parts.errors.switch import switch
from pages.parts.figure_export import figure_export
from pages.parts.hook import hooked
from pages.parts.kept import carry

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from han_core.errors.measured.performance import Confusion, Normalised, Order
    from han_core.errors.opened.outcomes import Outcomes
    from pages.parts.errors.bench import Bench

CHART, LIST, BY, ORDER = "matrix", "confusions_list", "matrix_by", "matrix_order"
OWN = ("true", "predicted")
BYS: "dict[Normalised, str]" = {
    "counts": "Documents",
    "true": "% of true",
    "predicted": "% of predicted",
}
ORDERS: "dict[Order, str]" = {
    "model": "As in the model",
    "name": "By name",
    "confusions": "Confused ones side by side",
}
WRITTEN = 24  # classes whose names and numbers are written, as in ``figures.evaluation``
MANY = (
    "Of many classes, names show on hover. Drag over a part to zoom in, double-click to zoom "
    "out; the list below holds the largest confusions."
)


class _Drawn(NamedTuple):
    figure: "go.Figure"
    largest: "list[Confusion]"
    left_out: int


def panel(bench: "Bench") -> None:
    """The matrix with its switches, and under it the largest confusions."""
    by, order = _switches(len(bench.store.labels))
    drawn = linked.drawn(
        bench, OWN, ("matrix", by, order), lambda of: _draw(of, by, order, _cell(bench))
    )
    with hooked("confusion-matrix", key="confusion_matrix"):
        st.plotly_chart(
            drawn.figure,
            key=CHART,
            on_select=lambda: linked.take_cell(CHART),
            selection_mode="points",
            config={"displayModeBar": False, "doubleClick": "reset"},
            alt="Confusion matrix: true classes by predicted classes",
        )
    figure_export("confusion_matrix", "confusion-matrix")
    many = len(bench.store.labels) > WRITTEN
    st.caption(f"{wording.MATRIX} {MANY}" if many else wording.MATRIX)
    if drawn.left_out:
        st.caption(f"{drawn.left_out:,} classes with fewer errors are left out of the picture.")
    if len(bench.store.labels) > 2:
        _list(drawn.largest, _cell(bench))


def _switches(classes: int) -> "tuple[Normalised, Order]":
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = switch("Cells", BYS, BY)
        if classes < 3:
            return by, "model"
        carry(ORDER, "model", ORDERS)
        order: Order = st.selectbox(
            "Order of classes",
            list(ORDERS),
            format_func=lambda one: ORDERS[one],
            key=ORDER,
            persist_state="session",
            width=230,
        )
    return by, order


def _cell(bench: "Bench") -> tuple[str, str] | None:
    """The cell that the filter holds, if it holds one."""
    true, predicted = bench.filter.true, bench.filter.predicted
    return (true[0], predicted[0]) if len(true) == len(predicted) == 1 else None


def _draw(
    outcomes: "Outcomes", by: "Normalised", order: "Order", cell: tuple[str, str] | None
) -> _Drawn:
    from han_core.errors.measured.performance import (
        class_order,
        confusion_counts,
        largest_confusions,
        most_confused,
    )
    from han_core.figures.evaluation import MOST, confusion_matrix

    counts = confusion_counts(outcomes)
    shown = most_confused(counts, MOST)
    part = counts[shown][:, shown]
    names = [outcomes.labels[at] for at in shown]
    places = class_order(part, names, order)
    figure = confusion_matrix(
        part[places][:, places], [names[at] for at in places], selected=cell, by=by
    )
    largest = largest_confusions(counts, outcomes.labels)
    return _Drawn(figure, largest, len(counts) - len(shown))


def _list(largest: "list[Confusion]", cell: tuple[str, str] | None) -> None:
    """The largest confusions; a row is a cell."""
    import pandas as pd

    if not largest:
        return
    rows = pd.DataFrame(largest)
    rows["share"] *= 100
    chosen = [at for at, one in enumerate(largest) if (one.true, one.predicted) == cell]
    held = st.session_state.get(LIST)
    if held is None or held["selection"]["rows"] != chosen:
        st.session_state[LIST] = {"selection": {"rows": chosen}}

    def choose() -> None:
        for at in st.session_state[LIST]["selection"]["rows"] or chosen:
            if at < len(largest):
                filters.cell(largest[at].true, largest[at].predicted)

    st.dataframe(
        rows,
        key=LIST,
        hide_index=True,
        on_select=choose,
        selection_mode="single-row",
        height=min(38 + 35 * len(rows), 260),
        column_config={
            "true": st.column_config.TextColumn("true"),
            "documents": st.column_config.NumberColumn("n", width=60),
            "share": st.column_config.NumberColumn("of true", width=75, format="%.1f%%"),
            "back": st.column_config.NumberColumn(
                "reverse", width=75, help="Documents that are confused the other way round."
            ),
        },
        alt="The largest confusions",
    )
