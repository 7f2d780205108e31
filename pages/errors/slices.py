"""What stands in the table of slices: all documents, the filter that holds, and each slice.

It draws nothing.

Saved slices beside the whole: how good the model is on each, and how sure that is.

A slice is a filter under a name, so it is opened like one. What its filter needs and the page
lacks (a second model, a class) is said in its row.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import streamlit as st
from pydantic import ValidationError

from han_core.analysis.dataset import Outcomes
from han_core.analysis.filters import Filter, chips
from han_core.analysis.metrics import accuracy, confusion_counts
from han_core.analysis.query import select
from han_core.analysis.slices import (
    Slice,
    SliceRow,
    compare_slices,
    delete_slice,
    saved_slices,
    slice_table,
)
from han_core.explanation.statistics import NO_INTERVAL, Interval
from han_core.runtime.errors import UserError
from han_core.viz.charts.performance import Row, interval_rows
from pages.errors import cached_scores, context, filter_bar
from pages.errors.context import ErrorsContext, switch
from pages.shared.components import figure_export, hooked
from pages.shared.wording import plain

WHOLE, PRESENT = "All documents", "The filter that holds now"


class Line(NamedTuple):
    """A row of the table; its documents, None if its filter cannot be used here; what is saved."""

    row: SliceRow
    rows: np.ndarray | None
    saved: Slice | None = None


def lines(bench: ErrorsContext, saved: tuple[Slice, ...]) -> list[Line]:
    """All documents first, then the filter that holds, if any, then each slice."""
    first = [Line(*_scored(bench, WHOLE, Filter()))]
    if bench.filter != Filter():
        first.append(Line(*_scored(bench, PRESENT, bench.filter)))
    return [*first, *(Line(*_of_saved(bench, slice), slice) for slice in saved)]


def _of_saved(bench: ErrorsContext, slice: Slice) -> tuple[SliceRow, np.ndarray | None]:
    try:
        return _scored(bench, slice.name, Filter.model_validate_json(slice.filter))
    except ValidationError:
        return SliceRow(slice.name, trouble="A filter that this version does not know."), None


def _scored(bench: ErrorsContext, name: str, filter: Filter) -> tuple[SliceRow, np.ndarray | None]:
    try:
        rows = select(bench.store, filter, bench.marks)
    except UserError as error:
        return SliceRow(name, trouble=str(error)), None
    whole = bench.store.outcomes
    outcomes = whole.take(rows)
    scores = cached_scores.slice_scores(confusion_counts(outcomes), confusion_counts(whole))
    holds = ", ".join(chip.words for chip in chips(filter))
    return SliceRow(name, holds, scores, _second(outcomes)), rows


def _second(outcomes: Outcomes) -> Interval | None:
    """The second model's accuracy there, if there is one."""
    if outcomes.other is None:
        return None
    return accuracy(replace(outcomes, predicted=outcomes.other))


TABLE, MEASURE = "slices_table", "slices_measure"
MEASURES = {"accuracy": "Accuracy", "macro_f1": "Macro F1"}
NONE = (
    "No slice of these documents is saved yet. Set a filter and save it under Slices above; its "
    "scores stand here beside those of all documents."
)
SAYS = (
    "“Apart” is the slice minus all other documents, accuracy in points. Intervals are of 95%: "
    "Wilson's for accuracy, Newcombe's for its difference, the bootstrap for macro F1. Of many "
    "slices some stand apart by chance, and one by predicted class, outcome, loss or change has "
    "its scores by its own making. Choose rows to compare, open or delete them."
)


def panel(bench: ErrorsContext) -> None:
    """The table of slices, what can be done with the chosen ones, and their intervals."""
    saved = saved_slices(cached_scores.notes(), bench.store.scores.manifest.data_sha256)
    if not saved:
        st.info(NONE)
    there = lines(bench, saved)
    chosen = _table(there)
    _buttons(bench, [line.saved for line in chosen if line.saved is not None])
    if len(chosen) == 2:
        st.markdown(compared(bench, *chosen))
    _figure(chosen or there, there[0])


def _table(there: list[Line]) -> list[Line]:
    """The table; returns the chosen lines."""
    column = st.column_config
    with hooked("slices", key="slices_frame"):
        event = st.dataframe(
            slice_table([line.row for line in there]),
            key=TABLE,
            hide_index=True,
            on_select="rerun",
            selection_mode="multi-row",
            height=min(38 + 35 * len(there), 420),
            column_config={
                "slice": column.TextColumn(pinned=True),
                "share": column.NumberColumn("of all", format="%.1f%%"),
                "accuracy": column.NumberColumn(format="%.1f%%"),
                "accuracy interval": column.TextColumn("95% interval"),
                "macro F1": column.NumberColumn(format="%.3f"),
                "macro F1 interval": column.TextColumn("95% interval of F1"),
                "apart": column.NumberColumn("accuracy apart", format="%+.1f"),
                "apart interval": column.TextColumn("its 95% interval"),
                "F1 apart": column.NumberColumn(format="%+.3f"),
                "F1 apart interval": column.TextColumn("F1 apart, 95%"),
                "second": column.NumberColumn("second model's accuracy", format="%.1f%%"),
                "filter": column.TextColumn(width="large"),
            },
            placeholder="–",
            alt="Slices and their scores",
        )
    st.caption(SAYS)
    return [there[at] for at in event["selection"]["rows"] if at < len(there)]


def _buttons(bench: ErrorsContext, chosen: list[Slice]) -> None:
    """Open the one that is chosen, delete all that are."""
    if not chosen:
        return
    told = plain(chosen[0].name) if len(chosen) == 1 else f"{len(chosen)} slices"
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(chosen) == 1:
            st.button(
                f"Open {told}",
                key="slices_open",
                icon=":material/filter_alt:",
                on_click=filter_bar.put,
                args=(chosen[0],),
            )
        st.button(
            f"Delete {told}",
            key="slices_delete",
            icon=":material/delete:",
            on_click=_delete,
            args=(bench, [slice.name for slice in chosen]),
            disabled=not bench.analyst,
            help=None if bench.analyst else "Say your name above first; the history keeps it.",
        )


def _delete(bench: ErrorsContext, names: list[str]) -> None:
    data = bench.store.scores.manifest.data_sha256
    try:
        for name in names:
            delete_slice(cached_scores.notes(), data, name, bench.analyst)
    except UserError as error:
        context.say(str(error))


def compared(bench: ErrorsContext, one: Line, other: Line) -> str:
    """Two slices side by side in a sentence or two, as Markdown."""
    if one.rows is None or other.rows is None:
        return ""
    found = compare_slices(bench.store.outcomes.right, one.rows, other.rows)
    apart = found.apart
    names = f"**{plain(one.row.name)}** and **{plain(other.row.name)}**"
    both = f"{names} have {found.both:,} documents in common."
    if apart.mean is None or apart.low is None or apart.high is None:
        return both
    mean, low, high = (f"{100 * part:+.1f}" for part in (apart.mean, apart.low, apart.high))
    return (
        f"{both} Accuracy of the first minus that of the second: **{mean}** points "
        f"(95% interval {low} to {high})."
    )


def _figure(shown: list[Line], whole: Line) -> None:
    """Intervals of these lines, and all documents as a line across."""
    measure = switch("Figure", MEASURES, MEASURE)
    rows = [
        Row(line.row.name, getattr(line.row.scores, measure), line.row.scores.documents)
        for line in shown
        if line.row.scores is not None
    ]
    reference = getattr(whole.row.scores, measure) if whole.row.scores else NO_INTERVAL
    form = ".1%" if measure == "accuracy" else ".3f"
    with hooked("slices-figure", key="slices_figure"):
        st.plotly_chart(
            interval_rows(rows, MEASURES[measure].lower(), reference, form),
            key="slices_intervals",
            config={"displayModeBar": False},
            alt=f"{MEASURES[measure]} of slices with 95% intervals",
        )
    figure_export("slices_figure", "slices")
