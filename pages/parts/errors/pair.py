"""Two models on one data set: what was fixed and broken, tests of it, and where attention moved."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.parts.errors import filters, pair_attention, pair_saying
from pages.parts.figure_export import figure_export
from pages.parts.hook import hooked
from pages.parts.wording import plain

if TYPE_CHECKING:
    from han_core.errors.opened.outcomes import Outcomes
    from han_core.errors.pairs.pair import Pair
    from pages.parts.errors.bench import Bench

MATRIX, CLASSES = "pair_matrix", "pair_classes"
NARROWEST = 380  # pixels of a figure


def panel(bench: "Bench") -> None:
    """The view; says how to come to it where there is no second model."""
    from han_core.errors.pairs.pair import pairs_by_class, together

    if bench.store.other is None:
        st.info(pair_saying.NO_SECOND)
        return
    rows, outcomes = without_change(bench)
    names = bench.store.scores.manifest.checkpoint, bench.store.other.manifest.checkpoint
    pairs = pairs_by_class(outcomes)
    found = together(pairs)
    st.caption(f"First: **{plain(names[0])}** · second: **{plain(names[1])}**")
    _figures(found)
    for sentence in (pair_saying.chosen_line(bench.filter), pair_saying.another_line(found)):
        if sentence:
            st.caption(sentence)
    _ways(bench, found, pairs, names)
    _table(bench, pairs)
    pair_attention.panel(bench, rows, outcomes)


def without_change(bench: "Bench") -> "tuple[np.ndarray, Outcomes]":
    """What the filter leaves but for what became of it: a comparison needs all four cells."""
    from han_core.errors.asked.select import select

    if bench.filter.change is None:
        return bench.rows, bench.outcomes
    filter = bench.filter.model_copy(update={"change": None})
    rows = select(bench.store, filter, bench.marks)
    return rows, bench.store.outcomes.take(rows)


def _figures(found: "Pair") -> None:
    tiles = st.grid(4, min_column_width=150)
    first, second = found.accuracies or (None, None)
    tiles.metric("Documents", f"{len(found):,}", border=True)
    for name, accuracy in (("First: accuracy", first), ("Second: accuracy", second)):
        tiles.metric(name, "–" if accuracy is None else f"{accuracy:.1%}", border=True)
    tiles.metric(
        "Fixed − broken",
        f"{found.fixed - found.broken:+,}".replace("-", "−"),
        border=True,
    )
    st.markdown(pair_saying.accuracy_line(found))
    st.markdown(pair_saying.mcnemar_line(found))


def _ways(bench: "Bench", found: "Pair", pairs: "tuple[Pair, ...]", names: tuple[str, str]) -> None:
    """The matrix and the classes, whose clicks filter."""
    from han_core.figures.pair import change_matrix, class_changes

    grid = st.grid(2, min_column_width=NARROWEST, gap=("small", "large"))
    with grid.cell():
        with hooked("change-matrix", key="change_matrix"):
            st.plotly_chart(
                change_matrix(found, *names, selected=bench.filter.change),
                key=MATRIX,
                on_select=_take_cell,
                selection_mode="points",
                config={"displayModeBar": False},
                alt="Documents by whether the first and the second model are right",
            )
        figure_export("change_matrix", "two-models")
        st.caption(pair_saying.MATRIX)
    with grid.cell():
        with hooked("class-changes", key="class_changes"):
            st.plotly_chart(
                class_changes(pairs, bench.store.labels),
                key=CLASSES,
                on_select=_take_bar,
                selection_mode="points",
                config={"displayModeBar": False},
                alt="Documents fixed and broken in each true class",
            )
        figure_export("class_changes", "two-models-by-class")
        st.caption(pair_saying.CLASSES)


def _take_cell() -> None:
    data = _clicked(MATRIX, 1)
    filters.change(change=None if not data or data[0] == filters.current().change else data[0])


def _take_bar() -> None:
    data = _clicked(CLASSES, 2)
    held = filters.current()
    if not data or (held.true == (data[0],) and held.change == data[1]):
        filters.change(true=(), change=None)
    else:
        filters.change(true=(data[0],), change=data[1])


def _clicked(key: str, parts: int) -> list[str]:
    """What a figure's clicked mark says of itself; nothing where a click took it back."""
    points = st.session_state[key]["selection"]["points"]
    found = [str(part) for part in (points[0].get("customdata") or ())] if points else []
    return found if len(found) >= parts else []


def _table(bench: "Bench", pairs: "tuple[Pair, ...]") -> None:
    from han_core.errors.pairs.pair_tables import class_table

    with st.expander("Each class in numbers", key="pair_table_fold"):
        rows = class_table(pairs, bench.store.labels)
        share = st.column_config.NumberColumn(format="percent", width="small")
        number = st.column_config.NumberColumn(format="%.3f", width="small")
        st.dataframe(
            rows,
            key="pair_table",
            hide_index=True,
            column_config={
                **dict.fromkeys(["first", "second"], share),
                **dict.fromkeys(["difference", "low", "high", "p"], number),
                "low": st.column_config.NumberColumn("95% from", format="%.3f", width="small"),
                "high": st.column_config.NumberColumn("to", format="%.3f", width="small"),
                "p_holm": st.column_config.NumberColumn("p (Holm)", format="%.3f", width="small"),
            },
            alt="Two models in each true class",
        )
        st.caption(pair_saying.tests_line(int(rows["p"].notna().sum())))
