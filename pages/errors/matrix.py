"""What links the figures of Errors: each is drawn of the documents that the filter's other
conditions leave, marks its own condition, and sets it on a click.

So a cell of the matrix can be left for another one without clearing the filter first. What
was drawn last is kept for the session: reading on does not draw it anew.

The confusion matrix: counts or shares, in the order asked for, and its largest cells.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from han_core.analysis.dataset import Outcomes
from han_core.analysis.filters import Filter, Range
from han_core.analysis.metrics import (
    Confusion,
    Normalised,
    Order,
    class_order,
    confusion_counts,
    largest_confusions,
    most_confused,
)
from han_core.analysis.query import select
from han_core.viz.charts.confusion import MOST, confusion_matrix
from pages.errors import context
from pages.errors.context import ErrorsContext, switch
from pages.shared import wording
from pages.shared.components import figure_export, hooked
from pages.shared.page import restore_value

Made = TypeVar("Made")
HELD = "errors_drawn"


def drawn(
    bench: ErrorsContext, own: tuple[str, ...], options: tuple, make: Callable[[Outcomes], Made]
) -> Made:
    """What ``make`` makes of the documents that all conditions but ``own`` leave.

    Args:
        own: fields of the filter that the figure sets itself.
        options: all else that decides what ``make`` makes.

    Raises:
        UserError: as ``select`` does.
    """
    scores, other = bench.store.scores, bench.store.other
    second = None if other is None else str(other.folder)
    marks = bench.marks if asks_marks(bench.filter) else None
    key = (str(scores.folder), scores.manifest.key, second, bench.filter, marks, own, options)
    held = st.session_state.get(HELD)
    if held is None or held[0] != key:
        held = (key, make(_outcomes(bench, own)))
        st.session_state[HELD] = held
    return held[1]


def asks_marks(filter: Filter) -> bool:
    """Whether what people marked decides what the filter leaves."""
    return bool(filter.tags or filter.flags or filter.annotated is not None)


def others(filter: Filter, own: tuple[str, ...]) -> Filter:
    """The filter without these fields."""
    usual = type(filter)()
    return filter.model_copy(update={field: getattr(usual, field) for field in own})


def marks_itself(bench: ErrorsContext, own: tuple[str, ...]) -> bool:
    """Whether one of the figure's own conditions holds."""
    return others(bench.filter, own) != bench.filter


def points(key: str) -> list[list]:
    """The ``customdata`` of what was clicked in the chart of this key."""
    state = st.session_state.get(key) or {}
    found = state.get("selection", {}).get("points", [])
    return [list(point["customdata"]) for point in found if point.get("customdata")]


def take_range(key: str, field: str) -> None:
    """Sets the range of the bin that was clicked; a second click on it takes it away."""
    for low, high, *more in points(key)[:1]:
        outcome = more[0] if more else context.current().outcome
        chosen, held = _range(low, high), context.current()
        if getattr(held, field) == chosen and held.outcome == outcome:
            context.change(**{field: None}, **({"outcome": None} if more else {}))
        else:
            context.change(**{field: chosen, "outcome": outcome})


def take_class(key: str) -> None:
    """The documents of a class, or predicted as it, alone; all again on a second click."""
    for label, field in points(key)[:1]:
        if field in ("true", "predicted"):
            alone = getattr(context.current(), field) == (label,)
            context.change(**{field: () if alone else (str(label),)})


def take_cell(key: str) -> None:
    """The cell of the matrix that was clicked."""
    for true, predicted, *_ in points(key)[:1]:
        context.cell(str(true), str(predicted))


def _range(low: Any, high: Any) -> Any:
    return Range(low=float(low), high=float(high))


def _outcomes(bench: ErrorsContext, own: tuple[str, ...]) -> Outcomes:
    filter = others(bench.filter, own)
    if filter == bench.filter:
        return bench.outcomes
    if filter == type(filter)():
        return bench.store.outcomes
    return bench.store.outcomes.take(select(bench.store, filter, bench.marks))


CHART, LIST, BY, ORDER = "matrix", "confusions_list", "matrix_by", "matrix_order"
OWN = ("true", "predicted")
BYS: dict[Normalised, str] = {
    "counts": "Documents",
    "true": "% of true",
    "predicted": "% of predicted",
}
ORDERS: dict[Order, str] = {
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
    figure: go.Figure
    largest: list[Confusion]
    left_out: int


def panel(bench: ErrorsContext) -> None:
    """The matrix with its switches, and under it the largest confusions."""
    by, order = _switches(len(bench.store.labels))
    picture = drawn(
        bench, OWN, ("matrix", by, order), lambda of: _draw(of, by, order, _cell(bench))
    )
    with hooked("confusion-matrix", key="confusion_matrix"):
        st.plotly_chart(
            picture.figure,
            key=CHART,
            on_select=lambda: take_cell(CHART),
            selection_mode="points",
            config={"displayModeBar": False, "doubleClick": "reset"},
            alt="Confusion matrix: true classes by predicted classes",
        )
    figure_export("confusion_matrix", "confusion-matrix")
    many = len(bench.store.labels) > WRITTEN
    st.caption(f"{wording.MATRIX} {MANY}" if many else wording.MATRIX)
    if picture.left_out:
        st.caption(f"{picture.left_out:,} classes with fewer errors are left out of the picture.")
    if len(bench.store.labels) > 2:
        _list(picture.largest, _cell(bench))


def _switches(classes: int) -> tuple[Normalised, Order]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = switch("Cells", BYS, BY)
        if classes < 3:
            return by, "model"
        restore_value(ORDER, "model", ORDERS)
        order: Order = st.selectbox(
            "Order of classes",
            list(ORDERS),
            format_func=lambda one: ORDERS[one],
            key=ORDER,
            persist_state="session",
            width=230,
        )
    return by, order


def _cell(bench: ErrorsContext) -> tuple[str, str] | None:
    """The cell that the filter holds, if it holds one."""
    true, predicted = bench.filter.true, bench.filter.predicted
    return (true[0], predicted[0]) if len(true) == len(predicted) == 1 else None


def _draw(outcomes: Outcomes, by: Normalised, order: Order, cell: tuple[str, str] | None) -> _Drawn:
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


def _list(largest: list[Confusion], cell: tuple[str, str] | None) -> None:
    """The largest confusions; a row is a cell."""
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
                context.cell(largest[at].true, largest[at].predicted)

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
