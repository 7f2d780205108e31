"""The pickers that pages share, and what they remember.

A value under a widget's key lives as long as the session, across pages: what
someone chose is never lost by going elsewhere.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import streamlit as st

from pages.parts import cached, wording
from pages.parts.kept import carry

if TYPE_CHECKING:
    from han_core.explanation.explanation import Reading


def checkpoint(more: Mapping[str, str] | None = None) -> str:
    """The name of the chosen checkpoint.

    Args:
        more: what else can be chosen, and what it is called.

    Raises:
        WrongInput: if there is none to choose from.
    """
    listings = _listings()
    there = {name: wording.checkpoint_name(one) for name, one in listings.items()}
    there |= more or {}
    carry("checkpoint", _first(listings), there)
    return st.selectbox(
        "Checkpoint",
        list(there),
        format_func=lambda name: there.get(name, name),
        key="checkpoint",
        persist_state="session",
    )


def checkpoints() -> list[str]:
    """The names of the checkpoints to compare, in the order chosen.

    Raises:
        WrongInput: if there is none to choose from, or fewer than two are chosen.
    """
    from han_core.wrong_input import WrongInput

    there = _listings()
    first = _first(there)
    carry("checkpoints", [first, *(name for name in there if name != first)][:2], there)
    chosen = st.multiselect(
        "Checkpoints",
        list(there),
        format_func=lambda name: wording.short_name(there[name]),
        wrap=True,
        key="checkpoints",
        persist_state="session",
    )
    if len(chosen) < 2:
        raise WrongInput("Two checkpoints or more are needed to compare; choose another one.")
    return chosen


def device() -> str:
    """The name of the chosen device; the one that ``auto`` prefers stands first."""
    from han_core.device import available_devices, describe_device

    there = available_devices()
    carry("device", there[0], there)
    return st.selectbox(
        "Device", there, format_func=describe_device, key="device", persist_state="session"
    )


def target(labels: Sequence[str]) -> str | None:
    """The class asked about; None for the predicted one."""
    carry("target", None)
    if st.session_state["target"] not in (None, *labels):  # another model's classes
        st.session_state["target"] = None
    return st.selectbox(
        "For the class",
        labels,
        index=None,
        placeholder="The predicted class",
        key="target",
        persist_state="session",
    )


def reading() -> "Reading":
    """The switch between the three readings of a weight."""
    carry("reading", "document")
    chosen = st.segmented_control(
        "Weight of a word",
        list(wording.READING_NAMES),
        required=True,
        format_func=lambda name: wording.READING_NAMES[name],
        wrap=True,
        key="reading",
        persist_state="session",
    )
    return cast("Reading", chosen)


def _listings() -> dict:
    from han_core.wrong_input import WrongInput

    there = cached.listings()
    for sentence in cached.broken():
        st.caption(f"Left out: {wording.plain(sentence)}")
    if not there:
        folder = cached.checkpoints_root().name
        raise WrongInput(
            f"There is no checkpoint in the folder {folder}; "
            "train one with: python -m han_core train."
        )
    return there


def _first(there: dict) -> str:
    """A HAN where there is one: it shows both levels of attention."""
    return next((name for name in there if there[name].model == "han"), next(iter(there)))
