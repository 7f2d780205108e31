"""One field of the form: its widget and the line that explains it.

Kinds, limits and lines come from ``han_core.planning.fields``. It knows nothing about
what a field is for.
"""

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.parts.kept import carry
from pages.parts.training import saying
from pages.parts.wording import plain

if TYPE_CHECKING:
    from han_core.planning.fields import Field

LEAST = 1e-6
"""The distance that a field of numbers keeps from a limit that is out of range itself."""

LONGEST = 500  # characters


def key_of(name: str) -> str:
    """The key of the widget of the field ``name``."""
    return f"set_{name}"


def draw(field: "Field") -> Any:
    """The widget with the field's line under it, and its value; None where it is left empty."""
    key = key_of(field.name)
    carry(key, held(field, field.default))
    with st.container(gap=None):
        value = _widget(field, saying.title(field.name), key)
        st.caption(plain(field.line))
    # An empty box of a field that must have a value stands for the default.
    return field.default if value is None and not field.optional else value


def put(field: "Field", value: Any) -> None:
    """Sets the widget of ``field``, before it is drawn."""
    st.session_state[key_of(field.name)] = held(field, value)


def value_of(field: "Field") -> Any:
    """What the widget of ``field`` holds, as it holds it."""
    value = st.session_state.get(key_of(field.name))
    return held(field, field.default) if value is None else value


def held(field: "Field", value: Any) -> Any:
    """``value`` as the widget of ``field`` holds it."""
    if field.kind in ("text", "names"):
        return ", ".join(value) if isinstance(value, tuple | list) else (value or "")
    if field.kind == "number" and value is not None:
        return float(value)
    return value


def _widget(field: "Field", title: str, key: str) -> Any:
    if field.kind == "switch":
        return st.toggle(title, key=key, persist_state="session")
    if field.kind == "choice":
        return st.selectbox(title, field.choices, key=key, persist_state="session")
    if field.kind in ("text", "names"):
        text = st.text_input(title, key=key, max_chars=LONGEST, persist_state="session").strip()
        if field.kind == "names":
            return [name.strip() for name in text.split(",")] if text else None
        return text or None
    number = int if field.kind == "whole number" else float
    least, most = _limits(field)
    return st.number_input(
        title,
        min_value=None if least is None else number(least),
        max_value=None if most is None else number(most),
        value=None,
        step=number(_step(field)),
        format=None if number is int else "%.6g",
        placeholder="chosen for you" if field.optional else None,
        key=key,
        persist_state="session",
    )


def _limits(field: "Field") -> tuple[float | None, float | None]:
    """Limits that are allowed themselves."""
    least, most = field.least, field.most
    if least is not None and field.open_least:
        least += LEAST
    if most is not None and field.open_most:
        most -= LEAST
    return least, most


def _step(field: "Field") -> float:
    """One of whole numbers, a twentieth of shares, else half of the default."""
    if field.kind == "whole number":
        return 1
    if field.most is not None and field.most <= 1:
        return 0.05
    return float(field.default or 1.0) / 2  # type: ignore[arg-type]
