"""The filter bar: a widget for each condition, chips that remove one, and what is selected.

A widget shows the condition that the filter has, whoever set it. What is chosen in it goes into
the filter before the page runs again. A browser also sends values that nobody chose: the old one
of a widget that a closed popover hides, or of one whose new value is still on its way. So the
widgets of a popover are drawn while it is open, and ``is_stale`` finds the others.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import streamlit as st

from han_core.analysis.dataset import Outcomes, Store
from han_core.analysis.filters import Chip, Filter, Marks, chips, without
from han_core.analysis.metrics import accuracy
from han_core.analysis.query import select
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr
from pages.errors import context, selection, sentences, slices
from pages.shared.page import is_stale, mark_drawn, restore_value, set_value
from pages.shared.wording import plain

LAST_VALID, OPENED = "errors_answered", "filters_opened"
RANGES = {"confidence": 1.0, "loss": None, "tokens": None, "unknown": 1.0, "entropy": 1.0}
"""Numeric conditions, and the largest value of each."""


def warning() -> None:
    """Show what has gone wrong since the page was last drawn."""
    if sentence := context.pending_warning():
        st.warning(plain(sentence))


def widgets(store: Store, marks: Marks, analyst: str) -> None:
    """Draw the search box, the popover of conditions and that of slices."""
    _text("contains", tr("Text contains"), tr("Any case"))
    _conditions(store, marks)
    slices.popover(store, analyst)


def selected(store: Store, marks: Marks) -> tuple[Filter, np.ndarray, Outcomes]:
    """Draw the chips and the accuracy; return the filter, its rows and their outcomes."""
    _chips()
    filter, rows = _select(store, marks)
    outcomes = store.outcomes.take(rows)
    st.markdown(selection_line(outcomes, store.rows))
    return filter, rows, outcomes


def _select(store: Store, marks: Marks) -> tuple[Filter, np.ndarray]:
    """The selected rows; if the filter is not valid, those of the last one that was.

    So a regular expression with a mistake leaves the page, and what was typed there, as it was.
    """
    for filter in (selection.current(), st.session_state.get(LAST_VALID, Filter())):
        try:
            rows = select(store, filter, marks)
        except UserError as error:
            before = mark("You see the documents of the filter before it.")
            st.error(plain(context.two_sentences(str(error), before)))
        else:
            st.session_state[LAST_VALID] = filter
            return filter, rows
    return Filter(), np.arange(store.rows)


def selection_line(outcomes: Outcomes, of: int) -> str:
    """Return how many documents are selected, and the accuracy on them, as Markdown."""
    n = len(outcomes)
    if n == of:
        count = tr("**{of:,} documents**", of=of)
    else:
        count = tr("**{n:,} of {of:,} documents**", n=n, of=of)
    if not n:
        return count
    share = accuracy(outcomes)
    right = tr(
        "accuracy **{mean:.1%}** (95% interval {low:.1%} to {high:.1%})",
        mean=share.mean, low=share.low, high=share.high,
    )  # fmt: skip
    return f"{count} · {right}"


def _chips() -> None:
    active = chips(selection.current())
    if not active:
        return
    with st.container(horizontal=True, gap="small", key="chips"):
        for number, chip in enumerate(active):
            st.button(
                f"✕ {plain(chip.words)}", key=f"chip_{number}", on_click=_remove, args=(chip,)
            )
        st.button(tr("Clear all"), key="clear_filter", type="tertiary", on_click=selection.clear)


def _remove(chip: Chip) -> None:
    selection.put(without(selection.current(), chip))


def _conditions(store: Store, marks: Marks) -> None:
    """The popover: a picker of the condition, and its widget; empty once it was closed."""
    popover = st.popover(
        tr("Add a filter"), icon=":material/filter_alt:", key="add_filter", on_change="rerun"
    )
    if not popover.open and OPENED in st.session_state:
        return
    if popover.open and OPENED not in st.session_state:
        st.session_state[OPENED] = True
        _empty_widgets()
    with popover:
        field = _condition(_available(store))
        _widget(field, store, marks)
        if field in sentences.FIELD_HELP:
            st.caption(tr(sentences.FIELD_HELP[field]))


def _empty_widgets() -> None:
    """Empty the widgets of the popover, as a browser has them that shows them for the first time.

    So ``_shown`` sends it the conditions that were set before it could show any.
    """
    always_in_sight = {"filter_contains"}
    own = [f"filter_{field}" for field in sentences.FIELDS]
    ends = [f"filter_{field}_{end}" for field in RANGES for end in ("low", "high")]
    for key in {*own, *ends, "filter_values"} - always_in_sight:
        if key in st.session_state:
            held = st.session_state[key]
            st.session_state[key] = type(held)() if isinstance(held, list | str | bool) else None


def _condition(fields: list[str]) -> str:
    if st.session_state.get("filter_field", fields[0]) not in fields:
        st.session_state["filter_field"] = fields[0]
    restore_value("filter_field", fields[0])
    return st.selectbox(
        tr("Condition"),
        fields,
        format_func=lambda name: tr(sentences.FIELDS[name]),
        key="filter_field",
        persist_state="session",
    )


def _available(store: Store) -> list[str]:
    """The conditions that make sense for this data set."""
    missing = set()
    if store.other is None:
        missing.add("change")
    if "split" not in store.scores.columns:
        missing.add("split")
    if not set(store.scores.columns) - {"split"}:
        missing.add("columns")
    return [field for field in sentences.FIELDS if field not in missing]


def _widget(field: str, store: Store, marks: Marks) -> None:
    if field in ("true", "predicted"):
        _several(field, store.labels)
    elif field in RANGES:
        _range(field, RANGES[field])
    elif field in sentences.ONE_OF:
        _one_of(field, sentences.ONE_OF[field])
    elif field == "flags":
        _several(field, list(sentences.FLAGS), lambda flag: tr(sentences.FLAGS[flag]))
    elif field == "tags":
        _several(field, sorted(marks.tagged, key=str.casefold))
    elif field == "attended":
        _several(field, (), typed=True)
    elif field == "split":
        _several(field, _values(store, "split"))
    elif field == "columns":
        _column(store)
    elif field == "pattern":
        _text(field, tr(sentences.FIELDS[field]))
    else:
        with _shown(key := f"filter_{field}", getattr(selection.current(), field)):
            st.toggle(tr(sentences.FIELDS[field]), key=key, on_change=_take, args=(field,))


def _take(field: str) -> None:
    key = f"filter_{field}"
    if not is_stale(key):
        selection.change(**{field: st.session_state[key]})


def _text(field: str, label: str, placeholder: str | None = None) -> None:
    key = f"filter_{field}"
    with _shown(key, getattr(selection.current(), field)):
        st.text_input(
            label, key=key, max_chars=200, placeholder=placeholder, on_change=_take, args=(field,)
        )


def _several(
    field: str, options: Sequence[str], name: Callable[[str], str] = str, typed: bool = False
) -> None:
    key, chosen = f"filter_{field}", list(getattr(selection.current(), field))
    with _shown(key, chosen):
        st.multiselect(
            tr(sentences.FIELDS[field]),
            list(dict.fromkeys([*options, *chosen])),
            format_func=name,
            key=key,
            accept_new_options=typed,
            on_change=_take,
            args=(field,),
            placeholder=tr("Type a word and press Enter") if typed else tr("Choose"),
        )


def _one_of(field: str, names: Mapping) -> None:
    key = f"filter_{field}"
    with _shown(key, getattr(selection.current(), field)):
        st.segmented_control(
            tr(sentences.FIELDS[field]),
            list(names),
            format_func=lambda value: tr(names[value]),
            key=key,
            wrap=True,
            on_change=_take,
            args=(field,),
        )


def _range(field: str, most: float | None) -> None:
    """From and to; an empty one leaves that side open."""
    bounds = getattr(selection.current(), field)
    ends = {"low": mark("{field}: from"), "high": mark("{field}: to")}

    def take(changed: str) -> None:
        if is_stale(f"filter_{field}_{changed}"):
            return
        values = {end: st.session_state[f"filter_{field}_{end}"] for end in ends}
        some = any(value is not None for value in values.values())
        selection.change(**{field: values if some else None})

    for column, (end, name) in zip(st.columns(2), ends.items(), strict=True):
        key = f"filter_{field}_{end}"
        with column, _shown(key, None if bounds is None else getattr(bounds, end)):
            st.number_input(
                tr(name, field=tr(sentences.FIELDS[field])),
                min_value=0.0,
                max_value=most,
                value=None,
                step=1.0 if field == "tokens" else 0.05,
                key=key,
                on_change=take,
                args=(end,),
            )


def _column(store: Store) -> None:
    """A column of the data, and those of its values that are selected."""
    names = [name for name in store.scores.columns if name != "split"]
    name = st.selectbox(tr("Column"), names, key="filter_column")
    chosen = [value for column, value in selection.current().columns if column == name]
    key = "filter_values"

    def take() -> None:
        if is_stale(key):
            return
        others = tuple(pair for pair in selection.current().columns if pair[0] != name)
        values = st.session_state[key]
        selection.change(columns=(*others, *((name, value) for value in values)))

    options = list(dict.fromkeys([*_values(store, name), *chosen]))
    with _shown(key, chosen):
        st.multiselect(
            tr("Values"),
            options,
            key=key,
            accept_new_options=True,
            on_change=take,
            placeholder=tr("Choose or add options"),
        )


def _values(store: Store, column: str) -> list[str]:
    """The most frequent values of a column, looked up once a session."""
    cached = st.session_state.setdefault("filter_found", {})
    key = (str(store.scores.documents), column)
    if key not in cached:
        cached.clear()  # one column at a time, so that nothing piles up
        cached[key] = [value for value, _ in store.search.values(column)]
    return cached[key]


@contextmanager
def _shown(key: str, value: Any) -> Iterator[None]:
    """Make the widget of this key, drawn in the block, show ``value``."""
    if key in st.session_state:
        set_value(key, value)
    else:
        st.session_state[key] = value  # a new widget: its browser has no value yet
    yield
    mark_drawn(key)
