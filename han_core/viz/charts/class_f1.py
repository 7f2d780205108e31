"""F1 of each class at each epoch, from the confusion matrices of the validation documents."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from han_core.runtime.messages import tr
from han_core.viz.charts.confusion import MOST as MOST_CLASSES
from han_core.viz.charts.curves import HEIGHT, MOST, series_look
from han_core.viz.markup import beginning, inked, plotly_text
from han_core.viz.plot import FigureBuilder, below, number_axis, plain_layout


def confusions(lines: Sequence[Mapping], classes: int) -> dict[int, np.ndarray]:
    """Return epoch → (classes, classes) documents by true and predicted class.

    Lines of older versions have none; one that does not fit, which only a stranger's file
    can have, is left out.
    """
    found: dict[int, np.ndarray] = {}
    if classes > MOST_CLASSES:
        return found
    for line in lines:
        rows = line.get("confusion")
        if _is_matrix(rows, classes):
            found[int(line["epoch"])] = np.array(rows, dtype=np.int64)
    return found


def _is_matrix(rows: object, classes: int) -> bool:
    if not isinstance(rows, list) or len(rows) != classes:
        return False
    return all(
        isinstance(row, list)
        and len(row) == classes
        and all(type(count) is int and 0 <= count < 2**53 for count in row)
        for row in rows
    )


def f1_by_class(counts: np.ndarray) -> np.ndarray:
    """Return (classes,) F1 of each class: 2 TP / (documents of it + predictions of it).

    Args:
        counts: (classes, classes) documents by true and predicted class.

    NaN where a class has neither documents nor predictions.
    """
    both = counts.sum(0) + counts.sum(1)
    return np.divide(
        2.0 * counts.diagonal(), both, out=np.full(len(counts), np.nan), where=both > 0
    )


def class_f1(matrices: Mapping[int, np.ndarray], labels: Sequence[str]) -> go.Figure:
    """Draw F1 by epoch, a line for each class; of many classes, those that are worst at the end.

    Args:
        matrices: epoch → confusion matrix, at least one.
    """
    epochs = sorted(matrices)
    values = np.stack([f1_by_class(matrices[epoch]) for epoch in epochs])  # (epochs, classes)
    drawn = sorted(np.argsort(np.nan_to_num(values[-1], nan=2.0), kind="stable")[:MOST].tolist())
    builder = FigureBuilder(plain_layout(HEIGHT))
    for place, row in enumerate(drawn):
        name = plotly_text(beginning(labels[row], 60))
        f1 = [None if np.isnan(value) else float(value) for value in values[:, row]]
        builder.add_curve(
            epochs, f1, series_look(place, labels[row]),
            name=inked(beginning(labels[row], 28)), showlegend=True,
            hovertext=[
                ""
                if value is None
                else tr(
                    "<b>{value:.3f}</b> F1 of {name}<br>after epoch {epoch}",
                    value=value, name=name, epoch=epoch,
                )
                for epoch, value in zip(epochs, f1, strict=True)
            ],
        )  # fmt: skip
    builder.update_xaxis(**number_axis((0, max(epochs) * 1.02)), griddash="dot")
    builder.update_yaxis(**number_axis((0, 1.03)))
    builder.show_legend()
    builder.update_layout(uirevision="class_f1")
    builder.add_annotations(below(tr("epochs")))
    return builder.build()
