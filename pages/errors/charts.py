"""Figures of the documents that the filter selects; each sets its own condition on a click.

Confusion matrix, classes, calibration, length, confidence. Only the chosen one is drawn.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from han_core.analysis.calibration import (
    Binning,
    Calibration,
    by_confidence,
    by_length,
    calibration,
)
from han_core.analysis.dataset import Outcomes
from han_core.analysis.filters import Filter
from han_core.analysis.metrics import (
    Confusion,
    Normalised,
    Order,
    accuracy,
    class_order,
    class_scores,
    confusion_counts,
    largest_confusions,
    most_confused,
)
from han_core.runtime.messages import mark, tr
from han_core.viz.charts.calibration import confidences, reliability
from han_core.viz.charts.confusion import MOST, confusion_matrix
from han_core.viz.charts.performance import class_rows, length_rows
from pages.errors import selection, sentences
from pages.errors.context import ErrorsContext, select_rows, switch, two_sentences
from pages.shared import wording
from pages.shared.components import chart
from pages.shared.page import restore_value

CHART, SORT, BINS = "ways_in", "classes_sort", "calibration_bins"
MATRIX, LIST, CELLS, CLASS_ORDER = "matrix", "confusions_list", "matrix_by", "matrix_order"
CLASS_SORTS = (
    mark("F1, lowest first"),
    mark("Documents, most first"),
    mark("As in the model"),
    mark("By name"),
)
BINNINGS: dict[Binning, str] = {
    "width": mark("Equal width"),
    "mass": mark("Equal number of documents"),
}
CELL_VALUES: dict[Normalised, str] = {
    "counts": mark("Documents"),
    "true": mark("% of true"),
    "predicted": mark("% of predicted"),
}
CLASS_ORDERS: dict[Order, str] = {
    "model": mark("As in the model"),
    "name": mark("By name"),
    "confusions": mark("Confused classes side by side"),
}
SCROLLED = 24  # classes beyond which the rows scroll
WRITTEN = 24  # classes whose names and numbers are written, as in ``viz.charts.confusion``


def panel(errors: ErrorsContext) -> None:
    """Draw the switch between the figures, and the chosen one."""
    names = {name: label for name, (label, _) in _PANELS.items()}
    _PANELS[switch(tr("Figure"), names, CHART, hidden=True)][1](errors)


class _Matrix(NamedTuple):
    figure: go.Figure
    largest: list[Confusion]
    left_out: int


def _matrix(errors: ErrorsContext) -> None:
    """The confusion matrix with its switches, and under it the largest confusions."""
    labels = errors.store.labels
    values, order = _matrix_switches(len(labels))
    cell = _selected_cell(errors.filter)
    matrix = selection.cached_figure(
        errors,
        ("true", "predicted"),
        ("matrix", values, order),
        lambda outcomes: _draw_matrix(outcomes, values, order, cell),
    )
    chart(
        matrix.figure,
        MATRIX,
        "confusion_matrix",
        "confusion-matrix",
        tr("Confusion matrix: true classes by predicted classes"),
        testid="confusion-matrix",
        on_select=lambda: selection.click_cell(MATRIX),
        doubleClick="reset",
    )
    many = len(labels) > WRITTEN
    st.caption(
        two_sentences(wording.MATRIX, sentences.MANY_CLASSES) if many else tr(wording.MATRIX)
    )
    if matrix.left_out:
        st.caption(
            tr(
                "{left_out:,} classes with fewer errors are not in the figure.",
                left_out=matrix.left_out,
            )
        )
    if len(labels) > 2:
        _confusions(matrix.largest, cell)


def _matrix_switches(classes: int) -> tuple[Normalised, Order]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        values = switch(tr("Cells"), CELL_VALUES, CELLS)
        if classes < 3:
            return values, "model"
        restore_value(CLASS_ORDER, "model", CLASS_ORDERS)
        order: Order = st.selectbox(
            tr("Order of classes"),
            list(CLASS_ORDERS),
            format_func=lambda order: tr(CLASS_ORDERS[order]),
            key=CLASS_ORDER,
            persist_state="session",
            width=230,
        )
    return values, order


def _selected_cell(filter: Filter) -> tuple[str, str] | None:
    true, predicted = filter.true, filter.predicted
    return (true[0], predicted[0]) if len(true) == len(predicted) == 1 else None


def _draw_matrix(
    outcomes: Outcomes, values: Normalised, order: Order, cell: tuple[str, str] | None
) -> _Matrix:
    counts = confusion_counts(outcomes)
    shown = most_confused(counts, MOST)
    part = counts[shown][:, shown]
    names = [outcomes.labels[at] for at in shown]
    places = class_order(part, names, order)
    figure = confusion_matrix(
        part[places][:, places], [names[at] for at in places], selected=cell, by=values
    )
    largest = largest_confusions(counts, outcomes.labels)
    return _Matrix(figure, largest, len(counts) - len(shown))


def _confusions(largest: list[Confusion], cell: tuple[str, str] | None) -> None:
    """The largest confusions; a row selects its cell."""
    if not largest:
        return
    rows = pd.DataFrame(largest)
    rows["share"] *= 100
    selected = [at for at, one in enumerate(largest) if (one.true, one.predicted) == cell]
    select_rows(LIST, selected)

    def choose() -> None:
        if (one := selection.clicked_line(LIST, largest)) is not None:
            selection.change(true=(one.true,), predicted=(one.predicted,))

    number = st.column_config.NumberColumn
    st.dataframe(
        rows,
        key=LIST,
        hide_index=True,
        on_select=choose,
        selection_mode="single-row",
        height=min(38 + 35 * len(rows), 260),
        column_config={
            "true": st.column_config.TextColumn(tr("true")),
            "predicted": st.column_config.TextColumn(tr("predicted")),
            "documents": number("n", width=60),
            "share": number(tr("of true"), width=75, format="%.1f%%"),
            "back": number(
                tr("reverse"), width=75, help=tr("Documents confused the other way round.")
            ),
        },
        alt=tr("The largest confusions"),
    )


def _classes(errors: ErrorsContext) -> None:
    restore_value(SORT, CLASS_SORTS[0], CLASS_SORTS)
    sort = st.selectbox(
        tr("Order of classes"),
        CLASS_SORTS,
        key=SORT,
        format_func=tr,
        persist_state="session",
        width=240,
    )
    own = ("true", "predicted", "outcome")

    def draw(outcomes: Outcomes) -> go.Figure:
        scores = class_scores(confusion_counts(outcomes))
        selected = errors.filter.true, errors.filter.predicted
        return class_rows(
            scores, outcomes.labels, class_places(scores, outcomes.labels, sort), selected
        )

    figure = selection.cached_figure(errors, own, ("classes", sort), draw)
    many = len(errors.store.labels) > SCROLLED
    with st.container(height=560 if many else "content", border=False):
        _chart(
            "class_scores", figure, selection.click_class, tr("Precision, recall and F1 by class")
        )
    _caption(errors, own, sentences.CLASS_CHART)


def class_places(scores, labels: tuple[str, ...], sort: str) -> list[int]:
    """Return places of the classes in one of ``CLASS_SORTS``; those without a value last."""
    if sort == CLASS_SORTS[0]:
        return np.argsort(scores.f1, kind="stable").tolist()
    if sort == CLASS_SORTS[1]:
        return np.argsort(-scores.support, kind="stable").tolist()
    if sort == CLASS_SORTS[3]:
        return sorted(range(len(labels)), key=lambda at: labels[at].casefold())
    return list(range(len(labels)))


def _calibration(errors: ErrorsContext) -> None:
    binning = switch(tr("Bins of confidence"), BINNINGS, BINS)
    own = ("confidence", "outcome")

    def draw(outcomes: Outcomes) -> tuple[go.Figure, str]:
        result = calibration(outcomes, binning)
        return reliability(result, errors.filter.confidence), calibration_line(result)

    figure, sentence = selection.cached_figure(errors, own, ("calibration", binning), draw)
    st.markdown(sentence)
    _chart("reliability", figure, _click_confidence, tr("Reliability diagram"))
    _caption(errors, own, sentences.CALIBRATION_CHART)


def calibration_line(result: Calibration) -> str:
    """Return the expected calibration error with its interval, as Markdown."""
    error, documents = result.error, result.bins.documents
    if error.mean is None:
        return tr("The filter selects no document.")
    confidence = float((result.confidence * documents).sum() / documents.sum())
    right = float(result.bins.right.sum() / documents.sum())
    return tr(
        "Expected calibration error **{mean:.1%}** (95% interval {low:.1%} to "
        "{high:.1%}); for a perfectly calibrated model it is below {by_chance:.1%} in "
        "95% of samples. Mean confidence {confidence:.1%}, accuracy {right:.1%}.",
        mean=error.mean,
        low=error.low,
        high=error.high,
        by_chance=result.by_chance,
        confidence=confidence,
        right=right,
    )


def _length(errors: ErrorsContext) -> None:
    own = ("tokens", "outcome")

    def draw(outcomes: Outcomes) -> go.Figure:
        return length_rows(by_length(outcomes), accuracy(outcomes), errors.filter.tokens)

    figure = selection.cached_figure(errors, own, ("length",), draw)
    _chart("by_length", figure, _click_length, tr("Accuracy by length"))
    _caption(errors, own, sentences.LENGTH_CHART)


def _confidence(errors: ErrorsContext) -> None:
    own = ("confidence", "outcome")

    def draw(outcomes: Outcomes) -> go.Figure:
        filter = errors.filter
        return confidences(by_confidence(outcomes), filter.confidence, filter.outcome)

    figure = selection.cached_figure(errors, own, ("confidence",), draw)
    _chart(
        "by_confidence", figure, _click_confidence, tr("Confidence of right and wrong predictions")
    )
    _caption(errors, own, sentences.CONFIDENCE_CHART)


def _click_length(key: str) -> None:
    selection.click_range(key, "tokens")


def _click_confidence(key: str) -> None:
    selection.click_range(key, "confidence")


def _chart(key: str, figure: go.Figure, click, alt: str) -> None:
    name = key.replace("_", "-")
    chart(figure, key, f"{key}_figure", name, alt, testid=name, on_select=lambda: click(key))


def _caption(errors: ErrorsContext, own: tuple[str, ...], sentence: str) -> None:
    marked = selection.has_condition(errors.filter, own)
    st.caption(two_sentences(sentence, sentences.OWN_CONDITION) if marked else tr(sentence))


_PANELS = {
    "matrix": (mark("Confusion matrix"), _matrix),
    "classes": (mark("Classes"), _classes),
    "calibration": (mark("Calibration"), _calibration),
    "length": (mark("Length"), _length),
    "confidence": (mark("Confidence"), _confidence),
}
"""Value of the switch → its label and what draws it."""
