"""Model, preset and every setting: what somebody changed, and what that makes.

A preset fills the fields in; whoever never opens an expander trains with it as it is.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import streamlit as st

from pages.parts.kept import carry
from pages.parts.training import fields, saying
from pages.parts.wording import plain

if TYPE_CHECKING:
    from han_core.models.listing import Listing
    from han_core.planning.fields import Field
    from han_core.planning.presets import Preset

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


def basics(origin: "Listing | None") -> tuple[str, str]:
    """Model, attention form and preset; a checkpoint to start from has decided the first."""
    carry("train_model", "han")
    carry("train_attention", "additive")
    if origin is None:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            model = st.segmented_control(
                "Model", list(saying.MODELS), required=True, key="train_model",
                format_func=lambda name: saying.MODELS[name], persist_state="session",
            )  # fmt: skip
            attention = _attention("train_attention")
    else:
        model, attention = origin.model, origin.attention
        st.caption(f"{saying.MODELS[model]}, as {plain(origin.name)} is.")
        if not st.session_state.get("set_freeze_words", False):
            carry(key := f"train_attention_{origin.name}", attention)
            attention = _attention(key)
    _preset()
    return cast(str, model), cast(str, attention)


def _attention(key: str) -> str:
    return st.selectbox(
        "Attention", list(saying.ATTENTION), key=key, width=170,
        format_func=lambda name: saying.ATTENTION[name], persist_state="session",
    )  # fmt: skip


def _preset() -> None:
    presets = _presets()
    if "train_preset" not in st.session_state:
        st.session_state["train_preset"] = FIRST
        _fill(presets[FIRST])
    carry("train_preset", FIRST)
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
            st.caption(plain(f"Changed: {', '.join(saying.title(field) for field in changed)}."))
            st.button("As in the preset", key="train_preset_again", on_click=_take_preset,
                      type="tertiary")  # fmt: skip


def _take_preset() -> None:
    _fill(_presets()[st.session_state["train_preset"]])


def _fill(preset: "Preset") -> None:
    for name, field in known().items():
        if name not in OF_THE_DATA:
            fields.put(field, _value(field, preset))


def _differs(field: "Field", preset: "Preset") -> bool:
    return fields.value_of(field) != fields.held(field, _value(field, preset))


def _value(field: "Field", preset: "Preset") -> Any:
    return {**preset.settings, **preset.sizes}.get(field.name, field.default)


def _presets() -> "dict[str, Preset]":
    from han_core.planning.presets import PRESETS

    return {preset.name: preset for preset in PRESETS}


def known() -> "dict[str, Field]":
    """The fields that this form draws, by name."""
    from han_core.planning.fields import explained

    return {name: explained()[name] for names in saying.GROUPS.values() for name in names}


def settings(model: str, attention: str, origin: "Listing | None", size: int | None) -> Choices:
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
    for title, names in saying.GROUPS.items():
        with st.expander(title, key=f"train_group_{names[0]}"):
            grid = st.grid(4, min_column_width=NARROWEST, gap=("small", "medium"))
            for field in (there[name] for name in names if name not in without):
                with grid.cell():
                    value = fields.draw(field)
                if value != field.default:
                    parts[field.group][field.name] = value
    return Choices(model, attention, **parts)


def _without(model: str, attention: str, origin: "Listing | None") -> set[str]:
    """Fields that have no effect on such a model, or that the origin has decided."""
    without = set()
    if model == "bilstm":
        without |= {"dropout_sentences", "rate_sentences"}
    if attention != "additive":
        without |= {"attention_size"}
    if origin is not None:
        without |= {"embedding", "hidden", "attention_size"}
        without |= {"language", "segmentation", "lowercase"}
    return without
