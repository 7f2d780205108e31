"""One field of the form: its widget and the line that explains it.

Kinds, limits and lines come from ``han_core.training.fields``. It knows nothing about
what a field is for.

Model, preset and every setting: what somebody changed, and what that makes.

A preset fills the fields in; whoever never opens an expander trains with it as it is.
"""

from dataclasses import dataclass
from typing import Any, cast

import streamlit as st

from han_core.models.listing import Listing
from han_core.models.registry import DEFAULT_MODEL, MODELS
from han_core.training.fields import Field, explained
from han_core.training.settings import PRESETS, Preset
from pages.shared.page import plain, restore_value
from pages.train import sentences

LEAST = 1e-6
"""The distance that a field of numbers keeps from a limit that is out of range itself."""

LONGEST = 500  # characters


def key_of(name: str) -> str:
    """The key of the widget of the field ``name``."""
    return f"set_{name}"


def draw(field: Field) -> Any:
    """The widget with the field's line under it, and its value; None where it is left empty."""
    key = key_of(field.name)
    restore_value(key, held(field, field.default))
    with st.container(gap=None):
        value = _widget(field, sentences.title(field.name), key)
        st.caption(plain(field.line))
    # An empty box of a field that must have a value stands for the default.
    return field.default if value is None and not field.optional else value


def put(field: Field, value: Any) -> None:
    """Sets the widget of ``field``, before it is drawn."""
    st.session_state[key_of(field.name)] = held(field, value)


def value_of(field: Field) -> Any:
    """What the widget of ``field`` holds, as it holds it."""
    value = st.session_state.get(key_of(field.name))
    return held(field, field.default) if value is None else value


def held(field: Field, value: Any) -> Any:
    """``value`` as the widget of ``field`` holds it."""
    if field.kind in ("text", "names"):
        return ", ".join(value) if isinstance(value, tuple | list) else (value or "")
    if field.kind == "number" and value is not None:
        return float(value)
    return value


def _widget(field: Field, title: str, key: str) -> Any:
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


def _limits(field: Field) -> tuple[float | None, float | None]:
    """Limits that are allowed themselves."""
    least, most = field.least, field.most
    if least is not None and field.open_least:
        least += LEAST
    if most is not None and field.open_most:
        most -= LEAST
    return least, most


def _step(field: Field) -> float:
    """One of whole numbers, a twentieth of shares, else half of the default."""
    if field.kind == "whole number":
        return 1
    if field.most is not None and field.most <= 1:
        return 0.05
    return float(field.default or 1.0) / 2  # type: ignore[arg-type]


NARROWEST = 210  # pixels of a field
FIRST = "quick look"
OF_THE_DATA = {"language"}
"""Fields that a preset leaves alone."""


@dataclass(frozen=True)
class Choices:
    """What differs from the defaults, as a plan takes it."""

    model: str
    attention: str
    settings: dict[str, Any]
    sizes: dict[str, Any]
    text: dict[str, Any]


def basics(origin: Listing | None) -> tuple[str, str]:
    """Model, attention form and preset; a checkpoint to start from has decided the first."""
    restore_value("train_model", DEFAULT_MODEL)
    restore_value("train_attention", "additive")
    if origin is None:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            model = st.segmented_control(
                "Model", list(MODELS), required=True, key="train_model",
                format_func=lambda name: MODELS[name].title, persist_state="session",
            )  # fmt: skip
            attention = _attention("train_attention")
    else:
        model, attention = origin.model, origin.attention
        st.caption(f"{MODELS[model].title}, as {plain(origin.name)} is.")
        if not st.session_state.get("set_freeze_words", False):
            restore_value(key := f"train_attention_{origin.name}", attention)
            attention = _attention(key)
    _preset()
    return cast(str, model), cast(str, attention)


def _attention(key: str) -> str:
    return st.selectbox(
        "Attention", list(sentences.ATTENTION), key=key, width=170,
        format_func=lambda name: sentences.ATTENTION[name], persist_state="session",
    )  # fmt: skip


def _preset() -> None:
    presets = _presets()
    if "train_preset" not in st.session_state:
        st.session_state["train_preset"] = FIRST
        _fill(presets[FIRST])
    restore_value("train_preset", FIRST)
    name = st.segmented_control(
        "Preset", list(presets), required=True, wrap=True, key="train_preset",
        on_change=_take_preset, format_func=str.capitalize, persist_state="session",
    )  # fmt: skip
    preset = presets[cast(str, name)]
    changed = [
        name
        for name, field in known().items()
        if name not in OF_THE_DATA and _differs(field, preset)
    ]
    st.caption(preset.line)
    if changed:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(plain(f"Changed: {', '.join(sentences.title(field) for field in changed)}."))
            st.button("As in the preset", key="train_preset_again", on_click=_take_preset,
                      type="tertiary")  # fmt: skip


def _take_preset() -> None:
    _fill(_presets()[st.session_state["train_preset"]])


def _fill(preset: Preset) -> None:
    for name, field in known().items():
        if name not in OF_THE_DATA:
            put(field, _value(field, preset))


def _differs(field: Field, preset: Preset) -> bool:
    return value_of(field) != held(field, _value(field, preset))


def _value(field: Field, preset: Preset) -> Any:
    return {**preset.settings, **preset.sizes}.get(field.name, field.default)


def _presets() -> dict[str, Preset]:
    return {preset.name: preset for preset in PRESETS}


def known() -> dict[str, Field]:
    """The fields that this form draws, by name."""
    return {name: explained()[name] for names in sentences.GROUPS.values() for name in names}


def settings(model: str, attention: str, origin: Listing | None, size: int | None) -> Choices:
    """The groups of fields in expanders, and all that differs from the defaults.

    Args:
        origin: the checkpoint to start from.
        size: of the word vectors that were brought.
    """
    there, without = known(), _without(model, attention, origin)
    parts: dict[str, dict[str, Any]] = {"settings": {}, "sizes": {}, "text": {}}
    if size is not None:
        without |= {"embedding"}
        parts["sizes"]["embedding"] = size
    for title, names in sentences.GROUPS.items():
        with st.expander(title, key=f"train_group_{names[0]}"):
            grid = st.grid(4, min_column_width=NARROWEST, gap=("small", "medium"))
            for field in (there[name] for name in names if name not in without):
                with grid.cell():
                    value = draw(field)
                if value != field.default:
                    parts[field.group][field.name] = value
    return Choices(model, attention, **parts)


def _without(model: str, attention: str, origin: Listing | None) -> set[str]:
    """Fields that have no effect on such a model, or that the origin has decided."""
    without = set(MODELS[model].unused_settings)
    if attention != "additive":
        without |= {"attention_size"}
    if origin is not None:
        without |= {"embedding", "hidden", "attention_size"}
        without |= {"language", "segmentation", "lowercase"}
    return without
