"""Precision–recall and ROC curves of one class, with the chosen threshold marked.

Every dot can be clicked; its ``customdata`` is (threshold,).
"""

import numpy as np
import plotly.graph_objects as go

from han_core.analysis.thresholds import ThresholdCurve
from han_core.runtime.messages import tr
from han_core.viz.plot import (
    BLUE,
    GREY,
    ORANGE,
    FigureBuilder,
    Look,
    below,
    number_axis,
    plain_layout,
)

MOST = 400
"""Points of a curve that are drawn."""

_HEIGHT = 340  # pixels
_ENDS = (-0.02, 1.02)
_LINE = Look("", BLUE)


def precision_recall(curve: ThresholdCurve, threshold: float) -> go.Figure:
    """Draw precision by recall; the dotted line is the share of the class's documents."""
    builder = _builder(tr("recall; up: precision"))
    prior = curve.positives / (curve.positives + curve.negatives)
    builder.add_hline(prior, {"color": GREY, "dash": "dot", "width": 2})
    _add(builder, curve, curve.recall, curve.precision, threshold)
    return builder.build()


def roc(curve: ThresholdCurve, threshold: float) -> go.Figure:
    """Draw recall by the false positive rate; the dotted diagonal is guessing."""
    builder = _builder(tr("false positive rate; up: recall"))
    builder.add_shape(
        "line", x0=0, y0=0, x1=1, y1=1, line={"color": GREY, "dash": "dot", "width": 2}
    )
    _add(builder, curve, curve.false_positive_rate, curve.recall, threshold)
    return builder.build()


def _builder(title: str) -> FigureBuilder:
    builder = FigureBuilder(plain_layout(_HEIGHT))
    builder.update_xaxis(**number_axis(_ENDS, ".0%"))
    builder.update_yaxis(**number_axis(_ENDS, ".0%"))
    builder.update_layout(clickmode="event+select", hoverdistance=20)
    builder.add_annotations(below(title))
    return builder


def _add(
    builder: FigureBuilder, curve: ThresholdCurve, x: np.ndarray, y: np.ndarray, threshold: float
) -> None:
    """Add the curve and a diamond at the threshold; what has no value is left out."""
    defined = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    places = drawn_places(x, y, defined)
    builder.add_curve(
        x[places].tolist(),
        y[places].tolist(),
        _LINE,
        size=4,
        unselected={"marker": {"opacity": 1}},
        customdata=[[_chosen(curve, at)] for at in places],
        hovertext=[_hover(curve, at) for at in places],
    )
    at = curve.place(threshold)
    if np.isfinite(x[at]) and np.isfinite(y[at]):
        look = Look("threshold", ORANGE, "diamond")
        builder.add_dots([float(x[at])], [float(y[at])], look, 14, hovertext=[_hover(curve, at)])


def drawn_places(x: np.ndarray, y: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return at most ``MOST`` of ``places``, evenly along the curve, with both ends."""
    if len(places) <= MOST:
        return places
    steps = np.abs(np.diff(x[places])) + np.abs(np.diff(y[places]))
    along = np.concatenate(([0.0], steps.cumsum()))
    marks = np.linspace(0, along[-1], MOST)
    chosen = np.searchsorted(along, marks, side="left").clip(0, len(places) - 1)
    return places[np.unique(np.concatenate(([0], chosen, [len(places) - 1])))]


def _chosen(curve: ThresholdCurve, at: int) -> float:
    return min(1.0, float(curve.thresholds[at]))


def _hover(curve: ThresholdCurve, at: int) -> str:
    precision = curve.precision[at]
    shown = tr("no document")
    if np.isfinite(precision):
        shown = tr("<b>{share:.1%}</b> precision", share=precision)
    return tr(
        "{precision}, <b>{recall:.1%}</b> recall<br>false positive rate {rate:.1%}<br>"
        "threshold {threshold:.3f}",
        precision=shown,
        recall=curve.recall[at],
        rate=curve.false_positive_rate[at],
        threshold=_chosen(curve, at),
    )
