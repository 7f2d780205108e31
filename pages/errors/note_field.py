"""The note of one analyst on the document that is read.

It is saved when the field is left. A note that could not be saved is kept as a draft, with the
version that it changes, and stands in the field again whenever its document and analyst meet.
"""

from typing import NamedTuple

import streamlit as st

from han_core.analysis.annotations.document_annotations import Note
from han_core.analysis.annotations.writing import write_note
from han_core.runtime.messages import tr
from pages.errors import annotation_sentences, cached_scores
from pages.errors.context import attempt
from pages.shared.wording import plain

NOTE, SHOWN, DRAFTS = "coding_note", "coding_note_of", "coding_drafts"
MESSAGES = "coding_note_said"
MOST_DRAFTS = 50  # the oldest goes first
LONGEST = 1_000_000  # more than is stored, so that a message can say that it is too long


class Reader(NamedTuple):
    """A document and the analyst who reads it."""

    content: str
    analyst: str


class Draft(NamedTuple):
    """A text that is not saved yet, and the version of the note that it changes."""

    text: str
    version: int


class Shown(NamedTuple):
    """What the field of the note was last filled for."""

    content: str
    analyst: str
    version: int


def panel(reader: Reader, saved: Note | None) -> None:
    """Draw the field with the saved note, or with the draft."""
    draft = _drafts().get(reader)
    version = draft.version if draft else saved.version if saved else 0
    shown = Shown(*reader, version)
    if st.session_state.get(SHOWN) != shown or NOTE not in st.session_state:
        st.session_state[NOTE] = draft.text if draft else saved.text if saved else ""
        st.session_state[SHOWN] = shown
    _field(shown)
    if draft:
        st.warning(tr("This note is not saved yet. It stays in this field until it is."))
    elif saved:
        st.caption(tr("Saved {moment}", moment=annotation_sentences.moment(saved.at)))
    for sentence in st.session_state.pop(MESSAGES, ()):
        st.caption(plain(tr(sentence)))


def without_database(reader: Reader) -> None:
    """Draw the field while the database does not answer: what was typed stays."""
    draft, shown = _drafts().get(reader), st.session_state.get(SHOWN)
    if not shown or shown[:2] != reader or NOTE not in st.session_state:
        shown = Shown(*reader, draft.version if draft else 0)
        st.session_state[NOTE] = draft.text if draft else ""
        st.session_state[SHOWN] = shown
    _field(shown)


def _field(shown: Shown) -> None:
    st.text_area(
        tr("Note"),
        key=NOTE,
        height=140,
        max_chars=LONGEST,
        placeholder=tr("What do you see here? The note is saved when you leave the field."),
        on_change=_save,
        args=(shown,),
    )
    st.button(tr("Save the note"), key="coding_save_note", on_click=_save, args=(shown,))


def _save(shown: Shown) -> None:
    """Save what is in the field. Leaving it saves as well, so the button may find nothing to do.

    A second save may come before the page was drawn again; then ``shown`` is old, and what the
    field was last filled with counts.
    """
    reader, last = Reader(*shown[:2]), st.session_state[SHOWN]
    text, version = st.session_state[NOTE], (last if last[:2] == reader else shown).version

    def write() -> None:
        written = write_note(cached_scores.notes(), *reader, text, version)
        messages = {
            annotation_sentences.JOINED: written.joined,
            annotation_sentences.REPLACED: written.replaced,
        }
        st.session_state[MESSAGES] = [each for each, holds in messages.items() if holds]
        st.session_state[NOTE] = written.note.text if written.note else ""
        st.session_state[SHOWN] = Shown(*reader, written.note.version if written.note else 0)

    if attempt(write):
        _drafts().pop(reader, None)
    else:
        _drafts()[reader] = Draft(text, version)
        while len(_drafts()) > MOST_DRAFTS:
            _drafts().pop(next(iter(_drafts())))


def _drafts() -> dict[Reader, Draft]:
    return st.session_state.setdefault(DRAFTS, {})
