"""Ways in: figures of all documents that the filter leaves, each of which filters on a click.

Matrix, classes, calibration, length, confidence; only the one that is looked at is drawn.
"""

import numpy as np
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
from han_core.analysis.metrics import accuracy, class_scores, confusion_counts
from han_core.viz.charts.calibration import confidences, reliability
from han_core.viz.charts.performance import class_rows, length_rows
from pages.errors import matrix
from pages.errors import matrix as linked
from pages.errors.context import ErrorsContext, switch
from pages.shared.components import figure_export, hooked
from pages.shared.page import restore_value

WAY, SORT, BINS = "ways_in", "classes_sort", "calibration_bins"
WAYS = {
    "matrix": "Matrix",
    "classes": "Classes",
    "calibration": "Calibration",
    "length": "Length",
    "confidence": "Confidence",
}
SORTS = ("F1, lowest first", "Documents, most first", "As in the model", "By name")
BINNINGS: dict[Binning, str] = {"width": "Equal width", "mass": "Equal number of documents"}
SCROLLED = 24  # classes beyond which the rows scroll

CLASSES = (
    "Click recall or F1 to see the documents of a class, precision to see those predicted as it. "
    "Lines are 95% intervals; a share of no document has no dot."
)
CALIBRATION = (
    "Under the dotted line the model is surer than it is right. Grey bars: where the documents "
    "are. Click a dot to see its documents."
)
LENGTH = "Bins hold about as many documents as one another. Click a dot to see its documents."
CONFIDENCE = "Right ones upward, wrong ones downward. Click a bar to see its documents."
OWN = "What the filter says of this itself is marked here, and left aside, so that it can be moved."


def panel(bench: ErrorsContext) -> None:
    """The switch between the figures, and the chosen one."""
    way = switch("Ways in", WAYS, WAY, hidden=True)
    _PANELS[way](bench)


def _classes(bench: ErrorsContext) -> None:
    restore_value(SORT, SORTS[0], SORTS)
    sort = st.selectbox("Order of classes", SORTS, key=SORT, persist_state="session", width=240)
    own = ("true", "predicted", "outcome")

    def draw(of: Outcomes) -> go.Figure:
        scores = class_scores(confusion_counts(of))
        chosen = bench.filter.true, bench.filter.predicted
        return class_rows(scores, of.labels, class_places(scores, of.labels, sort), chosen)

    figure = linked.drawn(bench, own, ("classes", sort), draw)
    many = len(bench.store.labels) > SCROLLED
    with st.container(height=560 if many else "content", border=False):
        _chart("class_scores", figure, linked.take_class, "Precision, recall and F1 by class")
    _below(bench, own, CLASSES)


def class_places(scores, labels: tuple[str, ...], sort: str) -> list[int]:
    """Places of the classes in the order of one of ``SORTS``; those without a value last."""
    if sort == SORTS[0]:
        return np.argsort(scores.f1, kind="stable").tolist()
    if sort == SORTS[1]:
        return np.argsort(-scores.support, kind="stable").tolist()
    if sort == SORTS[3]:
        return sorted(range(len(labels)), key=lambda at: labels[at].casefold())
    return list(range(len(labels)))


def _calibration(bench: ErrorsContext) -> None:
    by = switch("Bins of confidence", BINNINGS, BINS)
    own = ("confidence", "outcome")

    def draw(of: Outcomes) -> tuple[go.Figure, str]:
        found = calibration(of, by)
        return reliability(found, bench.filter.confidence), said(found)

    figure, sentence = linked.drawn(bench, own, ("calibration", by), draw)
    st.markdown(sentence)
    _chart("reliability", figure, _take_confidence, "Reliability diagram")
    _below(bench, own, CALIBRATION)


def said(found: Calibration) -> str:
    """The expected calibration error in a sentence or two, as Markdown."""
    error = found.error
    if error.mean is None:
        return "No document is left."
    sure = float((found.confidence * found.bins.documents).sum() / found.bins.documents.sum())
    right = float(found.bins.right.sum() / found.bins.documents.sum())
    return (
        f"Expected calibration error **{error.mean:.1%}** (95% interval {error.low:.1%} to "
        f"{error.high:.1%}); a perfectly calibrated model stays below {found.by_chance:.1%} "
        f"in 95% of draws. Mean confidence {sure:.1%}, accuracy {right:.1%}."
    )


def _length(bench: ErrorsContext) -> None:
    own = ("tokens", "outcome")

    def draw(of: Outcomes) -> go.Figure:
        return length_rows(by_length(of), accuracy(of), bench.filter.tokens)

    figure = linked.drawn(bench, own, ("length",), draw)
    _chart("by_length", figure, _take_tokens, "Accuracy by length")
    _below(bench, own, LENGTH)


def _confidence(bench: ErrorsContext) -> None:
    own = ("confidence", "outcome")

    def draw(of: Outcomes) -> go.Figure:
        return confidences(by_confidence(of), bench.filter.confidence, bench.filter.outcome)

    figure = linked.drawn(bench, own, ("confidence",), draw)
    _chart("by_confidence", figure, _take_confidence, "Confidence of right and wrong documents")
    _below(bench, own, CONFIDENCE)


def _take_confidence(key: str) -> None:
    linked.take_range(key, "confidence")


def _take_tokens(key: str) -> None:
    linked.take_range(key, "tokens")


def _chart(key: str, figure: go.Figure, take, alt: str) -> None:
    with hooked(key.replace("_", "-"), key=f"{key}_figure"):
        st.plotly_chart(
            figure,
            key=key,
            on_select=lambda: take(key),
            selection_mode="points",
            config={"displayModeBar": False},
            alt=alt,
        )
    figure_export(f"{key}_figure", key.replace("_", "-"))


def _below(bench: ErrorsContext, own: tuple[str, ...], sentences: str) -> None:
    st.caption(f"{sentences} {OWN}" if linked.marks_itself(bench, own) else sentences)


_PANELS = dict(zip(WAYS, (matrix.panel, _classes, _calibration, _length, _confidence), strict=True))
