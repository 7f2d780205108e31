"""The view Thresholds: precision and recall of one class at a threshold that the reader sets."""

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from han_core.analysis.query import select
from han_core.analysis.score_cache import version_stamp
from han_core.analysis.sources import Scores
from han_core.analysis.thresholds import (
    STEP,
    ThresholdCurve,
    ThresholdScores,
    at_threshold,
    best_threshold,
    class_probabilities,
    threshold_curve,
)
from han_core.explanation.statistics import Interval
from han_core.runtime.messages import mark, tr
from han_core.viz.charts.thresholds import precision_recall, roc
from pages.errors import selection
from pages.errors.context import ErrorsContext
from pages.shared.components import chart
from pages.shared.language import Late
from pages.shared.page import restore_value
from pages.shared.wording import plain

CLASS, THRESHOLD = "threshold_class", "threshold_at"
OWN = ("predicted", "outcome", "confidence", "loss")
"""Conditions that would hide one side of the threshold, so the view leaves them out."""

NARROWEST = 380  # pixels of a figure
HELP = mark(
    "Documents whose probability of the class is at least the threshold count as the "
    "class. A high threshold makes few false alarms and misses more; a low one the "
    "other way round."
)
BEST_HELP = mark(
    "The threshold with the highest F1 on these documents. It was chosen on them, so "
    "on new documents its F1 will be a little lower."
)
LEFT_OUT = mark(
    "Conditions on the prediction, its confidence or its loss are left out here: "
    "they would hide documents on one side of the threshold."
)


def panel(errors: ErrorsContext) -> None:
    """Draw the class, the threshold, its figures, and both curves."""
    st.header(tr("Thresholds"), anchor=False, help=tr(HELP))
    if selection.has_condition(errors.filter, OWN):
        st.info(tr(LEFT_OUT))
    label = _class_picker(errors)
    curve = _curve(errors, label)
    threshold = _slider(curve)
    scores = at_threshold(curve, threshold)
    _measures(scores)
    _cells(scores, label)
    _curves(curve, threshold)


def _class_picker(errors: ErrorsContext) -> str:
    labels = errors.store.labels
    restore_value(CLASS, labels[-1], labels)
    return st.selectbox(
        tr("Class"), labels, key=CLASS, format_func=plain, persist_state="session", width=300,
        help=tr("The class that is told from all others together."),
    )  # fmt: skip


def _curve(errors: ErrorsContext, label: str) -> ThresholdCurve:
    filter = selection.without_fields(errors.filter, OWN)
    marks = errors.marks if selection.depends_on_marks(filter) else None
    key = (errors.store.scores.folder.name, errors.store.scores.manifest.key, filter, marks, label)
    kept = st.session_state.get("threshold_curve")
    if kept is None or kept[0] != key:
        rows = select(errors.store, filter, errors.marks)
        kept = key, _count(errors, rows, label)
        st.session_state["threshold_curve"] = kept
    return kept[1]


def _count(errors: ErrorsContext, rows: np.ndarray, label: str) -> ThresholdCurve:
    scores = errors.store.scores
    probabilities = _probabilities(scores, label, version_stamp(scores.folder.name))
    positive = errors.store.outcomes.true[rows] == errors.store.labels.index(label)
    return threshold_curve(label, positive, probabilities[rows])


@st.cache_resource(
    max_entries=8,
    show_spinner=Late(mark("Reading the probabilities …")),
    hash_funcs={Scores: lambda scores: (str(scores.folder), scores.manifest.key)},
)
def _probabilities(scores: Scores, label: str, stamp: object) -> np.ndarray:
    return class_probabilities(scores, label)


def _slider(curve: ThresholdCurve) -> float:
    restore_value(THRESHOLD, 0.5)
    best = best_threshold(curve)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        threshold = st.slider(
            tr("Threshold"), 0.0, 1.0, step=STEP, format="%.3f", key=THRESHOLD, help=tr(HELP),
            persist_state="session",
        )  # fmt: skip
        st.button(tr("Best F1: {best:.3f}", best=best), key="threshold_best", help=tr(BEST_HELP),
                  on_click=_set, args=(best,))  # fmt: skip
        st.button("0.5", key="threshold_half", on_click=_set, args=(0.5,))
    return threshold


def _set(threshold: float) -> None:
    st.session_state[THRESHOLD] = threshold


def _measures(scores: ThresholdScores) -> None:
    measures = {
        tr("Precision"): (
            scores.precision,
            tr("Of the documents taken for the class, the share of it."),
        ),
        tr("Recall"): (
            scores.recall,
            tr("Of the documents of the class, the share that is found."),
        ),
        "F1": (scores.f1, tr("The harmonic mean of precision and recall.")),
        tr("False positive rate"): (
            scores.false_positive_rate,
            tr("Of the documents of other classes, the share that is taken for the class."),
        ),
    }
    grid = st.grid(len(measures), min_column_width=160)
    for name, (interval, about) in measures.items():
        value, ends = interval_words(interval)
        grid.metric(
            name, value, ends, delta_color="off", delta_arrow="off", border=True,
            help=tr("{first} {second}", first=about, second=tr("Below: the 95% interval.")),
        )  # fmt: skip


def interval_words(interval: Interval) -> tuple[str, str]:
    """Return a share and its interval as text: ("84.2%", "81.0 to 87.1%")."""
    if interval.mean is None or interval.low is None or interval.high is None:
        return "–", tr("no document")
    ends = tr("{low:.1f} to {high:.1%}", low=100 * interval.low, high=interval.high)
    return f"{interval.mean:.1%}", ends


def cell_table(scores: ThresholdScores, label: str) -> pd.DataFrame:
    """Return the four cells: true class by what the threshold says."""
    return pd.DataFrame(
        {
            tr("true class"): [label, tr("any other")],
            tr("at or above the threshold"): [scores.hits, scores.false_alarms],
            tr("below it"): [scores.misses, scores.rejections],
        }
    )


def _cells(scores: ThresholdScores, label: str) -> None:
    st.dataframe(
        cell_table(scores, label), hide_index=True, width=480,
        alt=tr("Documents by true class and side of the threshold"),
    )  # fmt: skip


def _curves(curve: ThresholdCurve, threshold: float) -> None:
    figures = (
        (
            "precision_recall",
            tr("Precision and recall"),
            tr("Average precision"),
            curve.average_precision,
        ),
        ("roc", "ROC", tr("Area under the curve"), curve.area),
    )
    draw = {"precision_recall": precision_recall, "roc": roc}
    grid = st.grid(2, min_column_width=NARROWEST, gap=("small", "medium"))
    for key, title, measure, interval in figures:
        with grid.cell():
            st.markdown(
                tr(
                    "**{title}** · {measure} {mean:.3f} ({low:.3f} to {high:.3f})",
                    title=title,
                    measure=measure.lower(),
                    mean=interval.mean,
                    low=interval.low,
                    high=interval.high,
                ),
                help=tr(
                    "{measure}, with its 95% interval. Click a point to set the threshold there.",
                    measure=measure,
                ),
            )
            name = key.replace("_", "-")
            chart(
                draw[key](curve, threshold), f"threshold_{key}", f"{key}_figure", name, title,
                testid=name, on_select=partial(_click, f"threshold_{key}"),
            )  # fmt: skip


def _click(key: str) -> None:
    """Set the threshold of the point that was clicked, rounded down so that it stays in."""
    for threshold, *_ in selection.clicked(key)[:1]:
        _set(round(float(np.floor(float(threshold) / STEP + 1e-6)) * STEP, 3))
