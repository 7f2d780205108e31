"""The settings of a new run: one widget a field, filled in by a preset.

Kinds, limits and explanations of the fields come from ``han_core.training.fields``. Whoever
opens no expander trains with the preset as it is.
"""

from dataclasses import dataclass, replace
from typing import Any, cast

import streamlit as st

from han_core.models.listing import Listing
from han_core.models.registry import DEFAULT_MODEL, MODELS
from han_core.runtime.messages import tr
from han_core.training.fields import Field, setting_fields
from han_core.training.initial_weights import SIZES
from han_core.training.settings import Preset, presets_of
from pages.shared import system_pages
from pages.shared.page import plain, restore_value
from pages.train import sentences

LEAST = 1e-6
"""Distance from an open limit, which a number field can only show as a closed one."""

LONGEST = 500  # characters


def key_of(name: str) -> str:
    """Return the key of the widget of the field ``name``."""
    return f"set_{name}"


def draw(field: Field) -> Any:
    """Draw the widget and its explanation; return its value, or None where it is left empty."""
    key = key_of(field.name)
    restore_value(key, widget_value(field, field.default))
    with st.container(gap=None):
        value = _widget(field, sentences.title(field.name), key)
        st.caption(plain(tr(field.line)))
    # An empty box of a field that must have a value stands for the default.
    return field.default if value is None and not field.optional else value


def set_field(field: Field, value: Any) -> None:
    """Set the widget of ``field``, before it is drawn."""
    st.session_state[key_of(field.name)] = widget_value(field, value)


def value_of(field: Field) -> Any:
    """Return the value of the widget of ``field``, in the widget's form."""
    value = st.session_state.get(key_of(field.name))
    return widget_value(field, field.default) if value is None else value


def widget_value(field: Field, value: Any) -> Any:
    """Return ``value`` in the form that the widget of ``field`` takes."""
    if field.kind in ("text", "names"):
        return ", ".join(value) if isinstance(value, tuple | list) else (value or "")
    if field.kind == "number" and value is not None:
        return float(value)
    return value


def _widget(field: Field, title: str, key: str) -> Any:
    if field.kind == "switch":
        return st.toggle(title, key=key, persist_state="session")
    if field.kind == "choice":
        return st.selectbox(title, field.choices, key=key, format_func=sentences.choice,
                            persist_state="session")  # fmt: skip
    if field.kind in ("text", "names"):
        text = st.text_input(title, key=key, max_chars=LONGEST, persist_state="session").strip()
        if field.kind == "names":
            return [name.strip() for name in text.split(",")] if text else None
        return text or None
    number = int if field.kind == "whole number" else float  # not shown
    least, most = _limits(field)
    return st.number_input(
        title,
        min_value=None if least is None else number(least),
        max_value=None if most is None else number(most),
        value=None,
        step=number(_step(field)),
        format=None if number is int else "%.6g",
        placeholder=tr("automatic") if field.optional else None,
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
    if field.kind == "whole number":  # not shown
        return 1
    if field.most is not None and field.most <= 1:
        return 0.05
    return float(field.default or 1.0) / 2  # type: ignore[arg-type]


NARROWEST = 210  # pixels of a field
FIRST = "quick look"  # not shown
DATA_FIELDS = {"language"}
"""Fields that a preset leaves alone."""

FILLED = "train_filled_for"
"""Where the session keeps the kind of model that the fields were filled in for."""


@dataclass(frozen=True)
class Choices:
    """Settings that differ from the defaults, as a plan takes them."""

    model: str
    attention: str
    settings: dict[str, Any]
    sizes: dict[str, Any]
    text: dict[str, Any]


def basics(origin: Listing | None) -> tuple[str, str]:
    """Draw model, attention form and preset; a checkpoint to start from decides the model."""
    restore_value("train_model", DEFAULT_MODEL)
    restore_value("train_attention", "additive")
    if origin is None:
        with st.container(horizontal=True, vertical_alignment="top"):  # labels in line
            model = st.segmented_control(
                tr("Model"), list(MODELS), required=True, wrap=True, key="train_model",
                format_func=lambda name: MODELS[name].title, persist_state="session",
                on_change=_change_model, help=system_pages.sentence() or None,
            )  # fmt: skip
            attention = _attention("train_attention")
    else:
        model, attention = origin.model, origin.attention
        st.caption(tr("{title}, as {name} is.", title=MODELS[model].title, name=plain(origin.name)))
        if not st.session_state.get("set_freeze_words", False):
            restore_value(key := f"train_attention_{origin.name}", attention)
            attention = _attention(key)
    _preset(cast(str, model))
    return cast(str, model), cast(str, attention)


def _attention(key: str) -> str:
    return st.selectbox(
        tr("Attention"), list(sentences.ATTENTION), key=key, width=170,
        format_func=lambda name: tr(sentences.ATTENTION[name]), persist_state="session",
    )  # fmt: skip


def _preset(model: str) -> None:
    presets = _presets(model)
    if "train_preset" not in st.session_state:
        st.session_state["train_preset"] = FIRST
        _fill(model, presets[FIRST])
    st.session_state.setdefault(FILLED, model)
    restore_value("train_preset", FIRST)
    name = st.segmented_control(
        tr("Preset"), list(presets), required=True, wrap=True, key="train_preset",
        on_change=_take_preset, format_func=sentences.preset, persist_state="session",
    )  # fmt: skip
    preset = presets[cast(str, name)]
    changed = [
        name
        for name, field in known(model).items()
        if name not in DATA_FIELDS and _differs(field, preset)
    ]
    st.caption(tr(preset.line))
    if changed:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                plain(tr("Changed: {fields}.", fields=tr(", ").join(map(sentences.title, changed))))
            )
            st.button(tr("Reset to the preset"), key="train_preset_again", on_click=_take_preset,
                      type="tertiary")  # fmt: skip


def _take_preset() -> None:
    model = st.session_state["train_model"]
    _fill(model, _presets(model)[st.session_state["train_preset"]])


def _fill(model: str, preset: Preset) -> None:
    st.session_state[FILLED] = model
    for name, field in known(model).items():
        if name not in DATA_FIELDS:
            set_field(field, _value(field, preset))


def _change_model() -> None:
    """Give what is as the preset has it the values that the preset has for the new model."""
    new, name = st.session_state["train_model"], st.session_state["train_preset"]
    old, st.session_state[FILLED] = st.session_state[FILLED], new
    before, fields = known(old), known(new)
    for field in fields.values():
        if field.name not in DATA_FIELDS and not _differs(before[field.name], _presets(old)[name]):
            set_field(field, _value(field, _presets(new)[name]))


def _differs(field: Field, preset: Preset) -> bool:
    return value_of(field) != widget_value(field, _value(field, preset))


def _value(field: Field, preset: Preset) -> Any:
    return {**preset.settings, **preset.sizes}.get(field.name, field.default)


def _presets(model: str) -> dict[str, Preset]:
    return {preset.name: preset for preset in presets_of(model)}


def known(model: str = DEFAULT_MODEL) -> dict[str, Field]:
    """Return the fields that this form draws, by name, with the defaults of a kind of model."""
    fields, own = setting_fields(), MODELS[model].defaults
    return {
        name: replace(fields[name], default=own.get(name, fields[name].default))
        for names in sentences.GROUPS.values()
        for name in names
    }


def settings(model: str, attention: str, origin: Listing | None, size: int | None) -> Choices:
    """Draw the groups of fields in expanders; return what differs from the defaults.

    Args:
        origin: the checkpoint to start from.
        size: dimensions of the uploaded word vectors.
    """
    fields, without = known(model), _without(model, attention, origin)
    parts: dict[str, dict[str, Any]] = {"settings": {}, "sizes": {}, "text": {}}
    if size is not None:
        without |= {"embedding"}
        parts["sizes"]["embedding"] = size
    for title, names in sentences.GROUPS.items():
        with st.expander(tr(title), key=f"train_group_{names[0]}"):
            grid = st.grid(4, min_column_width=NARROWEST, gap=("small", "medium"))
            for field in (fields[name] for name in names if name not in without):
                with grid.cell():
                    value = draw(field)
                if value != field.default:
                    parts[field.group][field.name] = value
    return Choices(model, attention, **parts)


def _without(model: str, attention: str, origin: Listing | None) -> set[str]:
    """Fields that have no effect on such a model, or that the checkpoint decides."""
    without = {*MODELS[model].unused_settings, *MODELS[model].refused_settings}
    if attention != "additive":
        without |= {"attention_size"}
    if origin is not None:
        without |= SIZES
        without |= {"language", "segmentation", "lowercase"}
    return without
