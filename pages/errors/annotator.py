"""The reader's name, and the passphrase that can protect it.

While a protected name is locked the page treats the reader as one without a name: everything can
be read, and nothing is written. Passphrases are given once a session.
"""

from collections.abc import Callable, Iterable

import streamlit as st

from han_core.analysis.annotations.passphrases import (
    LONGEST,
    SHORTEST,
    Protected,
    check_passphrase,
    protected_names,
    remove_passphrase,
    set_passphrase,
)
from han_core.analysis.annotations.schema import folded
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from pages.errors import annotation_sentences, cached_scores
from pages.errors.context import attempt
from pages.shared import cache
from pages.shared.page import restore_value
from pages.shared.wording import plain

NAME, CONFIRMED, UNLOCKED = "analyst", "analyst_confirmed", "analyst_unlocked"
PASSPHRASE, NEW, REPEATED = "analyst_passphrase", "analyst_new", "analyst_repeated"
PROBLEM = "analyst_problem"
LONGEST_NAME = 80


def picker() -> str:
    """Draw the field of the name and what its passphrase needs; return "" while it is locked."""
    restore_value(NAME, "")
    typed = st.text_input(
        tr("Your name"),
        key=NAME,
        max_chars=LONGEST_NAME,
        placeholder=tr("For tags and notes"),
        help=tr("Tags, flags and notes are stored under this name."),
        persist_state="session",
    )
    name = " ".join(typed.split())
    if not name:
        return ""
    try:
        protected = protected_names(cached_scores.notes()).get(folded(name))
    except UserError:  # the panels say so; who was confirmed before keeps their drafts
        return name if name == st.session_state.get(CONFIRMED) else ""
    if protected is not None and _unlocked().get(folded(name)) != protected.hash:
        _unlock_field(name)
        return ""
    st.session_state[CONFIRMED] = name
    if protected is not None or cache.quotas() is cache.IN_CLASS:
        _settings(name, protected)
    return name


def locked_names(names: Iterable[str]) -> list[str]:
    """Return those of the names whose passphrase was not given in this session.

    Raises:
        UserError: if the database cannot be read.
    """
    protected, unlocked = protected_names(cached_scores.notes()), _unlocked()
    keys = {key for key, one in protected.items() if unlocked.get(key) != one.hash}
    return [name for name in names if folded(name) in keys]


def _unlocked() -> dict[str, str]:
    """Folded name → the stored hash of the passphrase that was given."""
    return st.session_state.setdefault(UNLOCKED, {})


def _unlock_field(name: str) -> None:
    st.text_input(
        tr("Passphrase of {name}", name=plain(name)),
        key=PASSPHRASE,
        type="password",
        max_chars=LONGEST,
        autocomplete="current-password",
        on_change=_unlock,
        args=(name,),
        help=tr("This name is protected. You can read everything without its passphrase."),
    )
    _show_problem()


def _unlock(name: str) -> None:
    def check() -> None:
        passphrase = st.session_state[PASSPHRASE]
        _unlocked()[folded(name)] = check_passphrase(cached_scores.notes(), name, passphrase)

    if st.session_state[PASSPHRASE] and _attempt(check):
        st.session_state[PASSPHRASE] = ""


def _settings(name: str, protected: Protected | None) -> None:
    """The popover that sets, changes or removes the passphrase of an open name."""
    label, icon = (
        (tr("Protect this name"), "lock_open") if protected is None else (tr("Protected"), "lock")
    )
    with st.popover(label, icon=f":material/{icon}:", key="analyst_settings", type="tertiary"):
        st.caption(
            tr(annotation_sentences.PASSPHRASE)
            if protected is None
            else tr(annotation_sentences.PASSPHRASE_SET)
        )
        present = None if protected is None else protected.hash
        with st.form("analyst_form", border=False):  # both fields arrive with the click
            for field, key in ((tr("New passphrase"), NEW), (tr("The same again"), REPEATED)):
                st.text_input(
                    field, key=key, type="password", max_chars=LONGEST,
                    autocomplete="new-password",
                )  # fmt: skip
            st.form_submit_button(
                tr("Protect") if protected is None else tr("Change"), key="analyst_protect",
                type="primary", on_click=_protect, args=(name, present),
                help=tr("{shortest} characters or more.", shortest=SHORTEST),
            )  # fmt: skip
        if present is not None:
            with st.container(horizontal=True):
                st.button(tr("Remove"), key="analyst_open", on_click=_open, args=(name, present))
                st.button(tr("Lock"), key="analyst_lock", on_click=_lock, args=(name,),
                          help=tr("Asks for the passphrase again in this window."))  # fmt: skip
        _show_problem()


def _protect(name: str, present: str | None) -> None:
    def protect() -> None:
        new, repeated = st.session_state[NEW], st.session_state[REPEATED]
        if new != repeated:
            raise UserError(tr("The same passphrase was expected twice; the two fields differ."))
        _unlocked()[folded(name)] = set_passphrase(cached_scores.notes(), name, new, present)

    if _attempt(protect):
        st.session_state[NEW] = st.session_state[REPEATED] = ""


def _open(name: str, present: str) -> None:
    if _attempt(lambda: remove_passphrase(cached_scores.notes(), name, present)):
        _lock(name)


def _lock(name: str) -> None:
    _unlocked().pop(folded(name), None)


def _attempt(write: Callable[[], None]) -> bool:
    return attempt(write, lambda message: st.session_state.update({PROBLEM: message}))


def _show_problem() -> None:
    if message := st.session_state.pop(PROBLEM, None):
        st.error(plain(message))
