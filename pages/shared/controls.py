"""About a model: its card, opened beside the picker, and a word where a text is foreign to it.

A card may come from a stranger, so all of it is escaped; one that does not fit is said, and
what the folder's own metrics say is shown all the same.

The pickers that pages share, and what they remember.

A value under a widget's key lives as long as the session, across pages: what
someone chose is never lost by going elsewhere.
"""

from collections.abc import Mapping, Sequence
from typing import cast

import streamlit as st

from han_core.explanation import verdicts
from han_core.explanation.explanation import Explanation, Reading
from han_core.models.registry import model_kind
from han_core.runtime.atomic_io import standing
from han_core.runtime.devices import available_devices, describe_device
from han_core.runtime.errors import UserError
from han_core.viz.model_card.content import Section, read_card
from han_core.viz.model_card.known import known
from han_core.viz.model_card.readme import section_markdown
from han_core.viz.model_card.sections import sections
from pages.shared import cache, wording
from pages.shared.page import plain, restore_value

NO_CARD = (
    "This checkpoint has no card: what follows is what its own metrics say. The command "
    "python -m han_core card --checkpoint {name} measures more."
)
OWN_WORDS = "A checkpoint's account of itself: nothing of it is measured here and now."


@st.fragment
def about_models(names: Sequence[str]) -> None:
    """A popover with the card of each checkpoint, which is read when somebody opens it."""
    title = "About this model" if len(names) == 1 else "About these models"
    popover = st.popover(title, key="about", on_change="rerun")
    if not popover.open:
        return
    with popover:
        if len(names) == 1:
            _drawn(names[0])
            return
        for place, name in zip(st.tabs([plain(name) for name in names]), names, strict=True):
            with place:
                _drawn(name)


def foreign_language_note(name: str, explanation: Explanation) -> None:
    """A sentence where the text seems to be of another language than the checkpoint."""
    listing = cache.listings().get(name)
    if listing and (said := verdicts.language_warning(explanation, listing.language, name)):
        st.info(plain(said))


def card_content(name: str) -> tuple[list[str], tuple[Section, ...]]:
    """(what is to be said first, the sections) of a checkpoint of ``checkpoints_root``.

    Raises:
        UserError: if it is no longer there.
    """
    folder = cache.checkpoints_root() / name
    own = known(folder)
    try:
        card = read_card(standing(folder), own.config)
        said = OWN_WORDS if card else NO_CARD.format(name=name)
    except UserError as error:
        card, said = None, str(error)
    return [said], sections(own, card)


def _drawn(name: str) -> None:
    try:
        notes, sections = card_content(name)
    except UserError as error:
        st.caption(plain(str(error)))
        return
    for note in notes:
        st.caption(plain(note))
    for section in sections:
        st.markdown(section_markdown(section, plain, level=5))
        if section.code:
            st.code(section.code, language=None, wrap_lines=True)


def checkpoint(more: Mapping[str, str] | None = None) -> str:
    """The name of the chosen checkpoint.

    Args:
        more: what else can be chosen, and what it is called.

    Raises:
        UserError: if there is none to choose from.
    """
    listings = _listings()
    there = {name: wording.checkpoint_name(one) for name, one in listings.items()}
    there |= more or {}
    restore_value("checkpoint", _first(listings), there)
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
        UserError: if there is none to choose from, or fewer than two are chosen.
    """
    there = _listings()
    first = _first(there)
    restore_value("checkpoints", [first, *(name for name in there if name != first)][:2], there)
    chosen = st.multiselect(
        "Checkpoints",
        list(there),
        format_func=lambda name: wording.short_name(there[name]),
        wrap=True,
        key="checkpoints",
        persist_state="session",
    )
    if len(chosen) < 2:
        raise UserError("Two checkpoints or more are needed to compare; choose another one.")
    return chosen


def device() -> str:
    """The name of the chosen device; the one that ``auto`` prefers stands first."""
    there = available_devices()
    restore_value("device", there[0], there)
    return st.selectbox(
        "Device", there, format_func=describe_device, key="device", persist_state="session"
    )


def target(labels: Sequence[str]) -> str | None:
    """The class asked about; None for the predicted one."""
    restore_value("target", None)
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


def reading() -> Reading:
    """The switch between the three readings of a weight."""
    restore_value("reading", "document")
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
    there = cache.listings()
    for sentence in cache.broken():
        st.caption(f"Left out: {wording.plain(sentence)}")
    if not there:
        folder = cache.checkpoints_root().name
        raise UserError(
            f"There is no checkpoint in the folder {folder}; "
            "train one with: python -m han_core train."
        )
    return there


def _first(there: dict) -> str:
    """A hierarchical model where there is one: it shows both levels of attention."""
    two_levels = (name for name in there if model_kind(there[name].model).hierarchical)
    return next(two_levels, next(iter(there)))
