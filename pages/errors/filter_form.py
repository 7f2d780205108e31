"""The conditions that can be set by hand, one at a time: each widget follows the filter.

A widget shows what the filter says, whoever set it, and what is chosen in it goes into the
filter before the page runs again.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from han_core.analysis.dataset import Store
from han_core.analysis.filters import Marks
from pages.errors import context, sentences
from pages.shared.page import restore_value

RANGES = {"confidence": 1.0, "loss": None, "tokens": None, "unknown": 1.0, "entropy": 1.0}
"""Numbers, and the most that each can be."""


def search() -> None:
    """The box for words that stand in the text."""
    _follow("filter_contains", context.current().contains)
    st.text_input(
        "Text contains",
        key="filter_contains",
        max_chars=200,
        on_change=lambda: context.change(contains=st.session_state["filter_contains"]),
        placeholder="Any case",
    )


def adder(store: Store, marks: Marks) -> None:
    """The picker of a condition, and its widgets."""
    with st.popover("Add a filter", icon=":material/filter_alt:", key="add_filter"):
        fields = _there(store)
        if st.session_state.get("filter_field", fields[0]) not in fields:
            st.session_state["filter_field"] = fields[0]
        restore_value("filter_field", fields[0])
        field = st.selectbox(
            "What",
            fields,
            format_func=lambda name: sentences.FIELDS[name],
            key="filter_field",
            persist_state="session",
        )
        _widget(field, store, marks)
        if field in sentences.HELP:
            st.caption(sentences.HELP[field])


def _there(store: Store) -> list[str]:
    """The conditions that these data can be asked for."""
    lacking = set()
    if store.other is None:
        lacking.add("change")
    if "split" not in store.scores.columns:
        lacking.add("split")
    if not set(store.scores.columns) - {"split"}:
        lacking.add("columns")
    return [field for field in sentences.FIELDS if field not in lacking]


def _widget(field: str, store: Store, marks: Marks) -> None:
    if field in ("true", "predicted"):
        _several(field, store.labels)
    elif field in RANGES:
        _range(field, RANGES[field])
    elif field in ("outcome", "change", "annotated"):
        _one(field, sentences.ONE_OF[field])
    elif field == "flags":
        _several(field, list(sentences.FLAGS), lambda flag: sentences.FLAGS[flag])
    elif field == "tags":
        _several(field, sorted(marks.tagged, key=str.casefold))
    elif field == "attended":
        _several(field, (), typed=True)
    elif field == "split":
        _several(field, _values(store, "split"))
    elif field == "columns":
        _column(store)
    elif field == "pattern":
        _pattern()
    else:
        _suspect()


def _several(
    field: str, there: Sequence[str], named: Callable[[str], str] = str, typed: bool = False
) -> None:
    key, held = f"filter_{field}", list(getattr(context.current(), field))
    _follow(key, held)
    st.multiselect(
        sentences.FIELDS[field],
        list(dict.fromkeys([*there, *held])),
        format_func=named,
        key=key,
        accept_new_options=typed,
        on_change=lambda: context.change(**{field: tuple(st.session_state[key])}),
        placeholder="Type a word, and Enter" if typed else "Choose",
    )


def _one(field: str, names: Mapping) -> None:
    key = f"filter_{field}"
    _follow(key, getattr(context.current(), field))
    st.segmented_control(
        sentences.FIELDS[field],
        list(names),
        format_func=lambda value: names[value],
        key=key,
        wrap=True,
        on_change=lambda: context.change(**{field: st.session_state[key]}),
    )


def _range(field: str, most: float | None) -> None:
    """From and to; an empty one leaves that side open."""
    held = getattr(context.current(), field)
    ends = {"low": "From", "high": "To"}

    def take() -> None:
        values = {end: st.session_state[f"filter_{field}_{end}"] for end in ends}
        some = any(value is not None for value in values.values())
        context.change(**{field: values if some else None})

    for column, (end, name) in zip(st.columns(2), ends.items(), strict=True):
        with column:
            _follow(f"filter_{field}_{end}", None if held is None else getattr(held, end))
            st.number_input(
                f"{sentences.FIELDS[field]}: {name.lower()}",
                min_value=0.0,
                max_value=most,
                value=None,
                step=1.0 if field == "tokens" else 0.05,
                key=f"filter_{field}_{end}",
                on_change=take,
            )


def _pattern() -> None:
    _follow("filter_pattern", context.current().pattern)
    st.text_input(
        sentences.FIELDS["pattern"],
        key="filter_pattern",
        max_chars=200,
        on_change=lambda: context.change(pattern=st.session_state["filter_pattern"]),
    )


def _suspect() -> None:
    _follow("filter_suspect", context.current().suspect)
    st.toggle(
        sentences.FIELDS["suspect"],
        key="filter_suspect",
        on_change=lambda: context.change(suspect=st.session_state["filter_suspect"]),
    )


def _column(store: Store) -> None:
    """A column of the data, and the values of it that stay."""
    names = [name for name in store.scores.columns if name != "split"]
    name = st.selectbox("Column", names, key="filter_column")
    columns = context.current().columns
    held, key = [value for column, value in columns if column == name], "filter_values"
    _follow(key, held)

    def take() -> None:
        others = tuple(pair for pair in columns if pair[0] != name)
        context.change(columns=(*others, *((name, value) for value in st.session_state[key])))

    there = list(dict.fromkeys([*_values(store, name), *held]))
    st.multiselect("Values", there, key=key, accept_new_options=True, on_change=take)


def _values(store: Store, column: str) -> list[str]:
    """The commonest values of a column, asked for once a session."""
    held = st.session_state.setdefault("filter_found", {})
    key = (str(store.scores.documents), column)
    if key not in held:
        held.clear()  # one column at a time, so that nothing piles up
        held[key] = [value for value, _ in store.search.values(column)]
    return held[key]


def _follow(key: str, value: Any) -> None:
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
