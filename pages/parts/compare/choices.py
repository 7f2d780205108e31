"""What is to be compared: the switch and the pickers of Compare."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

import streamlit as st

from pages.parts import cached, card, controls, saying
from pages.parts.compare import sentences
from pages.parts.kept import carry

if TYPE_CHECKING:
    from han_core.evidence.methods import Method
    from han_core.explanation.explanation import Reading

Kind = Literal["models", "methods", "versions"]

FEWEST, MOST = 2, 4
USUAL_METHODS: "tuple[Method, ...]" = ("attention", "gradient", "leave_one_word_out")


@dataclass(frozen=True)
class Asked:
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
    reading: "Reading"
    methods: "tuple[Method, ...]" = ()
    target: str | None = None
    notes: tuple[str, ...] = ()


def asked() -> Asked:
    """Draws the pickers of what is compared.

    Raises:
        WrongInput: if fewer than two or more than four are chosen, or there is no checkpoint.
    """
    kind = _kind()
    if kind == "models":
        names = controls.checkpoints()
        card.about(names)
        device, reading = controls.device(), controls.reading()
        _check(len(names), "checkpoints")
        there = cached.listings()
        notes = sentences.model_notes([there[name] for name in names if name in there])
        return Asked(kind, tuple(names), device, reading, notes=notes)
    name = controls.checkpoint()
    card.about([name])
    if kind == "versions":
        return Asked(kind, (name,), controls.device(), controls.reading())
    methods, target = _methods(), _target(name)
    device, reading = controls.device(), controls.reading()
    _check(len(methods), "methods")
    return Asked(kind, (name,), device, reading, methods, target)


def _kind() -> Kind:
    carry("compared", "models")
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


def _methods() -> "tuple[Method, ...]":
    carry("methods", list(USUAL_METHODS), saying.METHOD_NAMES)
    chosen = st.multiselect(
        "Methods",
        list(saying.METHOD_NAMES),
        format_func=lambda method: saying.METHOD_NAMES[method],
        wrap=True,
        key="methods",
        persist_state="session",
    )
    return tuple(cast("list[Method]", chosen))


def _target(checkpoint: str) -> str | None:
    """The class asked about, as on Explore; None for the predicted one."""
    there = cached.listings()
    return controls.target(there[checkpoint].classes if checkpoint in there else ())


def _check(number: int, noun: str) -> None:
    from han_core.wrong_input import WrongInput

    if not FEWEST <= number <= MOST:
        raise WrongInput(
            f"Two to four {noun} can be compared; {number or 'none'} "
            f"{'is' if number < 2 else 'are'} chosen."
        )
