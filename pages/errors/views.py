"""The views of Errors: all are of the same documents, those that the filter leaves.

Only the one that is looked at runs, and only then is it imported.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from pages.errors.context import switch

if TYPE_CHECKING:
    from pages.errors.context import Bench

VIEW = "errors_view"
NARROWEST = 440  # pixels of a figure with its numbers


def show(bench: "Bench") -> None:
    """The switch, and the chosen view."""
    _PANELS[switch("View", {name: name for name in _PANELS}, VIEW, hidden=True)](bench)


def _documents(bench: "Bench") -> None:
    """Figures that lead in beside the table, and the document underneath."""
    from pages.errors import charts, reading, table

    beside = st.grid(2, min_column_width=NARROWEST, gap="large")  # on a narrow screen, below
    with beside.cell():
        charts.panel(bench)
    with beside.cell():
        order, now = table.panel(bench)
    if now is not None:
        reading.panel(bench, order, now)


def _slices(bench: "Bench") -> None:
    from pages.errors import slices

    slices.panel(bench)


def _attention(bench: "Bench") -> None:
    from pages.errors import word_attention

    word_attention.panel(bench)


def _labels(bench: "Bench") -> None:
    from pages.errors import labels

    labels.panel(bench)


def _pair(bench: "Bench") -> None:
    from pages.errors import model_pairs

    model_pairs.panel(bench)


def _codebook(bench: "Bench") -> None:
    from pages.errors import codebook

    codebook.panel(bench)


def _take_away(bench: "Bench") -> None:
    from pages.errors import export

    export.panel(bench)


_PANELS: dict[str, Callable[["Bench"], None]] = {
    "Documents": _documents,
    "Slices": _slices,
    "Attention": _attention,
    "Labels": _labels,
    "Two models": _pair,
    "Codebook": _codebook,
    "Take away": _take_away,
}
