"""The second version of the text: a copy to change, kept as it was typed.

A copy that nobody has touched follows the text; one that somebody changed stays.

What is to be compared: the switch and the pickers of Compare.
"""

from dataclasses import dataclass
from typing import Literal, cast

import streamlit as st

from han_core.explanation.attribution import Method
from han_core.explanation.explanation import Reading
from han_core.runtime.errors import UserError
from pages.compare import sentences
from pages.shared import cache, controls, quotas, wording
from pages.shared import controls as card
from pages.shared.document_input import TEXT_HEIGHT
from pages.shared.page import restore_value


def second(first: str) -> str:
    """The text area of the second version, and what stands in it.

    Raises:
        UserError: if it is empty.
    """
    state = st.session_state
    if state.get("version") == state.get("version_of", first):
        state["version"] = first
    state["version_of"] = first
    restore_value("version", first)
    st.text_area(
        "Second version",
        height=TEXT_HEIGHT,
        max_chars=quotas.current().characters,
        key="version",
        placeholder="The same text with other words",
        persist_state="session",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Analyse the second version", key="analyze_version")  # leaving the area is enough
        st.button("Copy the text again", key="copy_text", on_click=_copy, args=(first,))
        if state["version"] == first:
            st.caption("Both versions are the same so far. Change some words in the second one.")
    if not state["version"].strip():
        raise UserError("The second version is empty; at least one word is expected in it.")
    return state["version"]


def _copy(text: str) -> None:
    st.session_state["version"] = text


Kind = Literal["models", "methods", "versions"]

FEWEST, MOST = 2, 4
USUAL_METHODS: tuple[Method, ...] = ("attention", "gradient", "leave_one_word_out")


@dataclass(frozen=True)
class Request:
    """What somebody chose.

    Attributes:
        checkpoints: two to four, or the one whose methods or versions are compared.
        methods: two to four, or none.
        target: the class that methods are about; None for the predicted one.
        notes: a sentence for everything that keeps models from being compared in full.
    """

    kind: Kind
    checkpoints: tuple[str, ...]
    device: str
    reading: Reading
    methods: tuple[Method, ...] = ()
    target: str | None = None
    notes: tuple[str, ...] = ()


def request() -> Request:
    """Draws the pickers of what is compared.

    Raises:
        UserError: if fewer than two or more than four are chosen, or there is no checkpoint.
    """
    kind = _kind()
    if kind == "models":
        names = controls.checkpoints()
        card.about_models(names)
        device, reading = controls.device(), controls.reading()
        _check(len(names), "checkpoints")
        there = cache.listings()
        notes = sentences.model_notes([there[name] for name in names if name in there])
        return Request(kind, tuple(names), device, reading, notes=notes)
    name = controls.checkpoint()
    card.about_models([name])
    if kind == "versions":
        return Request(kind, (name,), controls.device(), controls.reading())
    methods, target = _methods(), _target(name)
    device, reading = controls.device(), controls.reading()
    _check(len(methods), "methods")
    return Request(kind, (name,), device, reading, methods, target)


def _kind() -> Kind:
    restore_value("compared", "models")
    chosen = st.segmented_control(
        "What is compared",
        list(sentences.KINDS),
        format_func=lambda kind: sentences.KINDS[kind],
        key="compared",
        required=True,
        wrap=True,
        persist_state="session",
    )
    return cast("Kind", chosen)


def _methods() -> tuple[Method, ...]:
    restore_value("methods", list(USUAL_METHODS), wording.METHOD_NAMES)
    chosen = st.multiselect(
        "Methods",
        list(wording.METHOD_NAMES),
        format_func=lambda method: wording.METHOD_NAMES[method],
        wrap=True,
        key="methods",
        persist_state="session",
    )
    return tuple(cast("list[Method]", chosen))


def _target(checkpoint: str) -> str | None:
    """The class asked about, as on Explore; None for the predicted one."""
    there = cache.listings()
    return controls.target(there[checkpoint].classes if checkpoint in there else ())


def _check(number: int, noun: str) -> None:
    if not FEWEST <= number <= MOST:
        raise UserError(
            f"Two to four {noun} can be compared; {number or 'none'} "
            f"{'is' if number < 2 else 'are'} chosen."
        )
