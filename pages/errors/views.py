"""The views of Errors: all are of the same documents, those that the filter leaves.

Only the one that is looked at runs, and only then is it imported.
"""

from collections.abc import Callable

import streamlit as st

from pages.errors import (
    charts,
    codebook,
    export,
    labels,
    model_pairs,
    reading,
    slices,
    table,
    word_attention,
)
from pages.errors.context import ErrorsContext, switch

VIEW = "errors_view"
NARROWEST = 440  # pixels of a figure with its numbers


def show(bench: ErrorsContext) -> None:
    """The switch, and the chosen view."""
    _PANELS[switch("View", {name: name for name in _PANELS}, VIEW, hidden=True)](bench)


def _documents(bench: ErrorsContext) -> None:
    """Figures that lead in beside the table, and the document underneath."""
    beside = st.grid(2, min_column_width=NARROWEST, gap="large")  # on a narrow screen, below
    with beside.cell():
        charts.panel(bench)
    with beside.cell():
        order, now = table.panel(bench)
    if now is not None:
        reading.panel(bench, order, now)


def _slices(bench: ErrorsContext) -> None:
    slices.panel(bench)


def _attention(bench: ErrorsContext) -> None:
    word_attention.panel(bench)


def _labels(bench: ErrorsContext) -> None:
    labels.panel(bench)


def _pair(bench: ErrorsContext) -> None:
    model_pairs.panel(bench)


def _codebook(bench: ErrorsContext) -> None:
    codebook.panel(bench)


def _take_away(bench: ErrorsContext) -> None:
    export.panel(bench)


_PANELS: dict[str, Callable[[ErrorsContext], None]] = {
    "Documents": _documents,
    "Slices": _slices,
    "Attention": _attention,
    "Labels": _labels,
    "Two models": _pair,
    "Codebook": _codebook,
    "Take away": _take_away,
}
