"""The pickers that pages share, and the card of a model beside its picker.

A card may come from a stranger, so all of it is escaped; one that cannot be read is reported,
and what the metrics of the checkpoint say is shown all the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from han_core.explanation import cautions
from han_core.explanation.explanation import Explanation, Reading
from han_core.models.listing import Listing, default_checkpoint, default_pair, system_of
from han_core.runtime.atomic_io import current_folder
from han_core.runtime.devices import available_devices, describe_device
from han_core.runtime.errors import MissingPackageError, UserError, joined
from han_core.runtime.messages import mark, tr
from han_core.text.languages import language_name
from han_core.viz.model_card.content import Section, read_card
from han_core.viz.model_card.known import checkpoint_facts
from han_core.viz.model_card.readme import section_markdown
from han_core.viz.model_card.sections import sections
from han_core.viz.model_card.system import system_facts, system_sections
from pages.shared import cache, system_pages, wording
from pages.shared.page import plain, restore_value, set_value

NO_CARD = mark(
    "This model has no card, so only its own metrics are shown. To measure more, "
    "run: python -m han_core card --checkpoint {name}"
)
FEWEST = 2  # models of a comparison
FROM_CARD = mark("These figures come with the model; they were not measured here.")


@st.fragment
def about_models(names: Sequence[str]) -> None:
    """Draw a popover with the card of each checkpoint, which is read when it is opened."""
    title = tr("About this model") if len(names) == 1 else tr("About these models")
    popover = st.popover(title, key="about", on_change="rerun")
    if not popover.open:
        return
    with popover:
        if set(names) <= set(cache.listings()):
            system_pages.links()
        if len(names) == 1:
            model_card(names[0])
        else:
            for tab, name in zip(st.tabs([plain(name) for name in names]), names, strict=True):
                with tab:
                    model_card(name)


@dataclass(frozen=True)
class Switch:
    """Another model was chosen for a text, because ``before`` does not read its language."""

    text: str
    before: str
    now: str


def follow_language(text: str) -> None:
    """Choose a model that reads ``text`` where the chosen one does not, once for each text.

    So a model that somebody chooses while this text is open stays. The one that gave way for
    another text comes back for its own language.
    """
    state, listings = st.session_state, cache.listings()
    kept = not listings or state.get("followed", "") in (text, None)
    keep_model(text)
    if kept:
        return
    first, switch = default_checkpoint(listings), state.get("switch")
    current = listings.get(state.get("checkpoint", first))
    preferred = switch.before if switch else first
    fitting = current and cautions.fitting_models(text, listings.values(), current, preferred)
    if current and fitting:
        set_value("checkpoint", fitting[0].name)
        state["switch"] = Switch(text, current.name, fitting[0].name)


def keep_model(text: str | None = None) -> None:
    """Keep the chosen model for ``text``, or for the next one, whatever its language."""
    st.session_state["followed"] = text


def switch_notice(text: str, checkpoint: str) -> None:
    """Say that the model was changed to follow the language of ``text``, and offer the way back."""
    switch, listings = st.session_state.get("switch"), cache.listings()
    if switch is None or (switch.text, switch.now) != (text, checkpoint):
        return
    if {switch.before, switch.now} <= set(listings):
        language = language_name(listings[switch.now].language)
        sentence = tr(
            "This text is in {language}; the model is now {name}.",
            language=language, name=switch.now,
        )  # fmt: skip
        with _notice("switch"):
            st.info(plain(sentence))
            st.button(tr("Keep {name}", name=plain(switch.before)), key="keep_model",
                      on_click=set_value, args=("checkpoint", switch.before))  # fmt: skip


def _notice(key: str | None) -> DeltaGenerator:
    return st.container(horizontal=True, vertical_alignment="center", key=key)


def suggest_readers(text: str, names: Sequence[str]) -> None:
    """Offer to compare models that read ``text`` where some of the chosen ones do not."""
    listings = cache.listings()
    chosen = [listings[name] for name in names if name in listings]
    others = [cautions.fitting_models(text, listings.values(), one) for one in chosen]
    strangers = [one.name for one, found in zip(chosen, others, strict=True) if found]
    best = [one.name for one in max(others, key=len, default=[])]
    reading = [one.name for one in chosen if one.name not in strangers]
    readers = list(dict.fromkeys([*reading, *best]))[: max(FEWEST, len(reading))]
    if not strangers or len(readers) < FEWEST:
        return
    sentence = tr(
        "{names} cannot read {language}, the language of this text.",
        names=joined(strangers), language=language_name(listings[best[0]].language),
    )  # fmt: skip
    with _notice("suggestion"):
        st.info(plain(sentence))
        st.button(tr("Compare {names}", names=plain(joined(readers))), key="use_readers",
                  on_click=set_value, args=("checkpoints", readers))  # fmt: skip


def caution(name: str, explanation: Explanation, key: str | None = None) -> None:
    """Say where a model can say little about a text, and offer the model that fits.

    Args:
        key: of the picker that the offer changes; without one there is no offer.
    """
    listings = cache.listings()
    listing = listings.get(name)
    if not listing or not (sentence := cautions.caution(explanation, listing.language, name)):
        return
    with _notice(key and f"caution_{key}"):
        st.info(plain(sentence))
        fitting = cautions.fitting_models(explanation.document.text, listings.values(), listing)
        if fitting and key:
            st.button(tr("Use {name}", name=plain(fitting[0].name)), key="use_fitting",
                      on_click=set_value, args=(key, fitting[0].name))  # fmt: skip


def card_content(name: str) -> tuple[list[str], tuple[Section, ...]]:
    """Return notes to show first, and the sections, of a checkpoint of ``checkpoints_root``.

    Raises:
        UserError: if it is no longer there.
    """
    folder = cache.checkpoints_root() / name
    if system := system_of(None, str(folder)):
        return [tr(FROM_CARD)], system_sections(system_facts(folder, system))
    facts = checkpoint_facts(folder)
    try:
        card = read_card(current_folder(folder), facts.config)
        note = tr(FROM_CARD) if card else tr(NO_CARD, name=name)
    except UserError as error:
        card, note = None, str(error)
    return [note], sections(facts, card)


def model_card(name: str) -> None:
    """Draw the card of a checkpoint."""
    try:
        notes, sections = card_content(name)
    except UserError as error:
        st.caption(plain(str(error)))
        return
    for note in notes:
        st.caption(plain(note))
    for section in sections:
        st.markdown(section_markdown(section, plain, level=2))
        if section.code:
            st.code(section.code, language=None, wrap_lines=True)


def checkpoint(more: Mapping[str, str] | None = None, in_row: bool = False) -> str:
    """Draw the picker of one checkpoint, and return its name.

    Args:
        more: further choices, by key, with their labels.
        in_row: whether it stands beside the title, without a label of its own.

    Raises:
        UserError: if there is none to choose from.
    """
    listings, help = _listings()
    options = {name: wording.checkpoint_name(one) for name, one in listings.items()}
    options |= more or {}
    restore_value("checkpoint", default_checkpoint(listings), options)
    return st.selectbox(
        tr("Model"),
        list(options),
        help=help,
        format_func=lambda name: options.get(name, name),
        key="checkpoint",
        persist_state="session",
        label_visibility="collapsed" if in_row else "visible",
    )


def checkpoints() -> list[str]:
    """Draw the picker of several checkpoints; return their names in the order chosen.

    Raises:
        UserError: if there is none to choose from, or fewer than two are chosen.
    """
    listings, help = _listings()
    restore_value("checkpoints", default_pair(listings), listings)
    chosen = st.multiselect(
        tr("Models"),
        list(listings),
        help=help,
        format_func=lambda name: wording.short_name(listings[name]),
        wrap=True,
        key="checkpoints",
        persist_state="session",
        placeholder=tr("Choose options"),
    )
    if len(chosen) < FEWEST:
        raise UserError(tr("Two models or more are needed for a comparison. Choose another one."))
    return chosen


def device_menu() -> str:
    """Draw the picker of the device behind a gear."""
    with st.popover(tr("Device"), icon=":material/settings:", key="settings"):
        return device()


def device() -> str:
    """Draw the picker of the device; the one that ``auto`` prefers comes first."""
    devices = available_devices()
    restore_value("device", devices[0], devices)
    return st.selectbox(
        tr("Device"), devices, format_func=describe_device, key="device", persist_state="session"
    )


def target(labels: Sequence[str]) -> str | None:
    """Draw the picker of the class to explain; None for the predicted one."""
    restore_value("target", None)
    if st.session_state["target"] not in (None, *labels):  # another model's classes
        st.session_state["target"] = None
    return st.selectbox(
        tr("Explain the class"),
        labels,
        index=None,
        placeholder=tr("The predicted class"),
        key="target",
        persist_state="session",
    )


def reading() -> Reading:
    """Draw the switch between the three readings of a weight."""
    restore_value("reading", "document")
    chosen = st.segmented_control(
        tr("Word weights"),
        list(wording.READING_NAMES),
        help="  \n".join(
            f"**{tr(wording.READING_NAMES[name])}**: {tr(text)}"
            for name, text in wording.READINGS.items()
        ),
        required=True,
        format_func=lambda name: tr(wording.READING_NAMES[name]),
        wrap=True,
        key="reading",
        persist_state="session",
    )
    return cast("Reading", chosen)


def _listings() -> tuple[dict[str, Listing], str]:
    """The models to choose from, and the help of their picker.

    What a default install leaves out stands in the help; of what is broken everyone is told.
    """
    listings = cache.listings()
    notes = [tr(wording.ACCURACIES), system_pages.sentence()]
    for reason in cache.unlisted():
        note = tr("Left out: {sentence}", sentence=plain(str(reason)))
        if isinstance(reason, MissingPackageError):
            notes.append(note)
        else:
            st.caption(note)
    if not listings:
        folder = cache.checkpoints_root().name
        raise UserError(
            tr(
                "There is no model for texts in the folder {folder}. "
                "Train one on the page Train, or with: python -m han_core train",
                folder=folder,
            )
        )
    return listings, "\n\n".join(filter(None, notes))
