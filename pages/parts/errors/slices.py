"""Saved slices beside the whole: how good the model is on each, and how sure that is.

A slice is a filter under a name, so it is opened like one. What its filter needs and the page
lacks (a second model, a class) is said in its row.
"""

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.errors import cached, filters, picking_slices
from pages.parts.errors.slice_lines import Line, lines
from pages.parts.errors.switch import switch
from pages.parts.figure_export import figure_export
from pages.parts.hook import hooked
from pages.parts.wording import plain

if TYPE_CHECKING:
    from han_core.coding.slices import Slice
    from pages.parts.errors.bench import Bench

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


def panel(bench: "Bench") -> None:
    """The table of slices, what can be done with the chosen ones, and their intervals."""
    from han_core.coding.slices import slices

    saved = slices(cached.notes(), bench.store.scores.manifest.data_sha256)
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
    from han_core.errors.measured.slices import slice_table

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


def _buttons(bench: "Bench", chosen: "list[Slice]") -> None:
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
                on_click=picking_slices.put,
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


def _delete(bench: "Bench", names: list[str]) -> None:
    from han_core.coding.slices import delete_slice
    from han_core.wrong_input import WrongInput

    data = bench.store.scores.manifest.data_sha256
    try:
        for name in names:
            delete_slice(cached.notes(), data, name, bench.analyst)
    except WrongInput as error:
        filters.say(str(error))


def compared(bench: "Bench", one: Line, other: Line) -> str:
    """Two slices side by side in a sentence or two, as Markdown."""
    from han_core.errors.measured.slices import compare_slices

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
    from han_core.evidence.bootstrap import NOTHING
    from han_core.figures.performance import Row, interval_rows

    measure = switch("Figure", MEASURES, MEASURE)
    rows = [
        Row(line.row.name, getattr(line.row.scores, measure), line.row.scores.documents)
        for line in shown
        if line.row.scores is not None
    ]
    reference = getattr(whole.row.scores, measure) if whole.row.scores else NOTHING
    form = ".1%" if measure == "accuracy" else ".3f"
    with hooked("slices-figure", key="slices_figure"):
        st.plotly_chart(
            interval_rows(rows, MEASURES[measure].lower(), reference, form),
            key="slices_intervals",
            config={"displayModeBar": False},
            alt=f"{MEASURES[measure]} of slices with 95% intervals",
        )
    figure_export("slices_figure", "slices")
