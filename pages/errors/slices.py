"""Slices: filters saved under a name, and how good the model is on the documents of each.

If the page has not what a slice's filter needs (a second model, a class), its row says so.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import streamlit as st
from pydantic import ValidationError

from han_core.analysis.dataset import Outcomes, Store
from han_core.analysis.filters import Filter, chips
from han_core.analysis.metrics import accuracy, confusion_counts
from han_core.analysis.query import select
from han_core.analysis.slices import (
    Slice,
    SliceRow,
    compare_slices,
    delete_slice,
    save_slice,
    saved_slices,
    slice_table,
)
from han_core.explanation.statistics import NO_INTERVAL, Interval
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr
from han_core.viz.charts.performance import Row, interval_rows
from pages.errors import cached_scores, selection, sentences, weak_slices
from pages.errors.context import ErrorsContext, attempt, switch, warn_later
from pages.shared.components import chart, hooked
from pages.shared.wording import plain

WHOLE, PRESENT = mark("All documents"), mark("Present filter")
NAME, MESSAGE = "slice_name", "slice_notice"
TABLE, MEASURE = "slices_table", "slices_measure"
MEASURES = {"accuracy": mark("Accuracy"), "macro_f1": mark("Macro F1")}
AXES = {"accuracy": mark("accuracy"), "macro_f1": mark("macro f1")}
OTHER_VERSION = mark("Its filter was saved by another version, which this one cannot read.")


class Line(NamedTuple):
    """A row of the table; its documents, None if its filter cannot be used; the saved slice."""

    row: SliceRow
    rows: np.ndarray | None
    saved: Slice | None = None


def lines(errors: ErrorsContext, saved: tuple[Slice, ...]) -> list[Line]:
    """Return all documents, the present filter if there is one, and each slice."""
    first = [Line(*_scored(errors, tr(WHOLE), Filter()))]
    if errors.filter != Filter():
        first.append(Line(*_scored(errors, tr(PRESENT), errors.filter)))
    return [*first, *(Line(*_of_saved(errors, slice), slice) for slice in saved)]


def _of_saved(errors: ErrorsContext, slice: Slice) -> tuple[SliceRow, np.ndarray | None]:
    try:
        return _scored(errors, slice.name, Filter.model_validate_json(slice.filter))
    except ValidationError:
        return SliceRow(slice.name, trouble=tr(OTHER_VERSION)), None


def _scored(errors: ErrorsContext, name: str, filter: Filter) -> tuple[SliceRow, np.ndarray | None]:
    try:
        rows = select(errors.store, filter, errors.marks)
    except UserError as error:
        return SliceRow(name, trouble=str(error)), None
    whole = errors.store.outcomes
    outcomes = whole.take(rows)
    scores = cached_scores.slice_scores(confusion_counts(outcomes), confusion_counts(whole))
    holds = tr(", ").join(chip.words for chip in chips(filter))
    return SliceRow(name, holds, scores, _second(outcomes)), rows


def _second(outcomes: Outcomes) -> Interval | None:
    """The second model's accuracy on these documents, if there is one."""
    if outcomes.other is None:
        return None
    return accuracy(replace(outcomes, predicted=outcomes.other))


def popover(store: Store, analyst: str) -> None:
    """Draw the popover of the saved slices of these documents, and of the field to save one."""
    data = store.scores.manifest.data_sha256
    with st.popover(tr("Slices"), icon=":material/bookmarks:", key="slices_popover"):
        if sentence := st.session_state.pop(MESSAGE, None):
            st.warning(plain(sentence))
        saved = _saved(data)
        for number, slice in enumerate(saved):
            st.button(
                plain(slice.name),
                key=f"open_slice_{number}",
                on_click=open_slice,
                args=(slice,),
                type="tertiary",
                help=tr("Saved by {analyst}", analyst=plain(slice.analyst)),
            )
        if not saved:
            st.caption(tr("No slice of these documents is saved yet."))
        st.text_input(tr("Save the present filter as"), key=NAME, max_chars=80)
        st.button(tr("Save as slice"), key="save_slice", on_click=_save, args=(data, analyst),
                  disabled=not analyst)  # fmt: skip
        if not analyst:
            st.caption(tr("Enter your name above, so that others know who saved it."))


def open_slice(slice: Slice) -> None:
    """Replace the filter by that of a slice."""
    try:
        selection.put(Filter.model_validate_json(slice.filter))
    except ValidationError:
        warn_later(
            tr(
                "The slice {name} was not opened. Its filter was saved by another version, which "
                "this one cannot read.",
                name=slice.name,
            )
        )


def _saved(data: str) -> tuple[Slice, ...]:
    try:
        return saved_slices(cached_scores.notes(), data)
    except UserError as error:
        st.warning(plain(str(error)))
        return ()


def _save(data: str, analyst: str) -> None:
    filter = selection.current().model_dump_json(exclude_defaults=True)
    try:
        save_slice(cached_scores.notes(), data, st.session_state[NAME], filter, analyst)
    except UserError as error:  # the name stays in its field
        st.session_state[MESSAGE] = str(error)
    else:
        st.session_state[NAME] = ""


def panel(errors: ErrorsContext) -> None:
    """Draw the table of slices, buttons for the selected ones, their intervals, and weak slices."""
    saved = saved_slices(cached_scores.notes(), errors.data)
    if not saved:
        st.info(tr(sentences.NO_SLICE))
    every = lines(errors, saved)
    chosen = _table(every)
    _buttons(errors, [line.saved for line in chosen if line.saved is not None])
    if len(chosen) == 2:
        st.markdown(compared(errors, *chosen))
    _figure(chosen or every, every[0])
    weak_slices.panel(errors)


def _table(every: list[Line]) -> list[Line]:
    """The table; returns the selected lines."""
    column = st.column_config
    with hooked("slices", key="slices_frame"):
        event = st.dataframe(
            slice_table([line.row for line in every]),
            key=TABLE,
            hide_index=True,
            on_select="rerun",
            selection_mode="multi-row",
            height=min(38 + 35 * len(every), 420),
            column_config={
                "slice": column.TextColumn(tr("slice"), pinned=True),
                "documents": tr("documents"),
                "share": column.NumberColumn(tr("of all"), format="%.1f%%"),
                "accuracy": column.NumberColumn(tr("accuracy"), format="%.1f%%"),
                "accuracy interval": column.TextColumn(tr("95% interval")),  # not shown
                "macro F1": column.NumberColumn(tr("macro F1"), format="%.3f"),  # not shown
                "macro F1 interval": column.TextColumn(tr("95% interval of F1")),  # not shown
                "apart": column.NumberColumn(tr("accuracy difference"), format="%+.1f"),
                "apart interval": column.TextColumn(tr("95% interval of difference")),  # not shown
                "F1 apart": column.NumberColumn(tr("F1 difference"), format="%+.3f"),
                "F1 apart interval": column.TextColumn(  # not shown
                    tr("95% interval of F1 difference")
                ),
                "second": column.NumberColumn(tr("second model's accuracy"), format="%.1f%%"),
                "filter": column.TextColumn(tr("filter"), width="large"),
            },
            placeholder="–",
            alt=tr("Slices and their scores"),
        )
    st.caption(tr(sentences.SLICES))
    return [every[at] for at in event["selection"]["rows"] if at < len(every)]


def _buttons(errors: ErrorsContext, chosen: list[Slice]) -> None:
    """Open the selected one, delete all selected ones."""
    if not chosen:
        return
    name = plain(chosen[0].name) if len(chosen) == 1 else tr("{count} slices", count=len(chosen))
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(chosen) == 1:
            st.button(
                tr("Open {name}", name=name),
                key="slices_open",
                icon=":material/filter_alt:",
                on_click=open_slice,
                args=(chosen[0],),
            )
        st.button(
            tr("Delete {name}", name=name),
            key="slices_delete",
            icon=":material/delete:",
            on_click=_delete,
            args=(errors, [slice.name for slice in chosen]),
            disabled=not errors.analyst,
            help=None
            if errors.analyst
            else tr("Enter your name above first; the history keeps it."),
        )


def _delete(errors: ErrorsContext, names: list[str]) -> None:
    def delete() -> None:
        for name in names:
            delete_slice(cached_scores.notes(), errors.data, name, errors.analyst)

    attempt(delete, warn_later)


def compared(errors: ErrorsContext, one: Line, other: Line) -> str:
    """Return documents in common and the difference in accuracy of two lines, as Markdown."""
    if one.rows is None or other.rows is None:
        return ""
    comparison = compare_slices(errors.store.outcomes.right, one.rows, other.rows)
    apart = comparison.apart
    both = tr(
        "**{first}** and **{second}** have {number:,} documents in common.",
        first=plain(one.row.name), second=plain(other.row.name), number=comparison.both,
    )  # fmt: skip
    if apart.mean is None or apart.low is None or apart.high is None:
        return both
    mean, low, high = (f"{100 * part:+.1f}" for part in (apart.mean, apart.low, apart.high))
    difference = tr(
        "Accuracy of the first minus that of the second: **{mean}** points (95% interval {low} "
        "to {high}).",
        mean=mean, low=low, high=high,
    )  # fmt: skip
    return tr("{first} {second}", first=both, second=difference)


def _figure(shown: list[Line], whole: Line) -> None:
    """Intervals of these lines, with that of all documents as a reference."""
    measure = switch(tr("Figure"), {key: tr(name) for key, name in MEASURES.items()}, MEASURE)
    rows = [
        Row(line.row.name, getattr(line.row.scores, measure), line.row.scores.documents)
        for line in shown
        if line.row.scores is not None
    ]
    reference = getattr(whole.row.scores, measure) if whole.row.scores else NO_INTERVAL
    form = ".1%" if measure == "accuracy" else ".3f"
    chart(
        interval_rows(rows, tr(AXES[measure]), reference, form),
        "slices_intervals",
        "slices_figure",
        "slices",
        tr("{measure} of slices with 95% intervals", measure=tr(MEASURES[measure])),
        testid="slices-figure",
    )
