"""What other analysts said of the document that is read, on request.

Until then nothing tells whether anybody said something: who codes should not know.

The note on the document that is read, saved when its field is left; never lost.

A note that could not be saved is kept with the version that it was written over, for its document
and analyst, and stands in the field again whenever they meet.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import streamlit as st

from han_core.analysis.annotations.document_annotations import FLAG_NAMES, Annotation, Note
from han_core.analysis.annotations.writing import Change, history, write_note
from han_core.runtime.errors import UserError
from pages.errors import cached_scores
from pages.errors.context import attempt
from pages.shared.page import restore_value
from pages.shared.wording import plain

LONGEST_CHANGE = 120  # characters of a text in the history; the whole one stays in the database


def shown(said: Sequence[Annotation], content: str) -> None:
    """The switch, and behind it names, tags, notes and the history."""
    restore_value("coding_others", False)
    on = st.toggle(
        "Show what others said",
        key="coding_others",
        persist_state="session",
        help="Leave it off while you code, so that you are not led; agreement means little then.",
    )
    if not on:
        return
    if not said:
        st.caption("Nobody else has said anything of this document.")
    for one in said:
        st.markdown(line(one))
        if one.note:
            st.text(one.note.text)
    _history(content)


def line(one: Annotation) -> str:
    """Who, what and when in one line, without the note, as Markdown."""
    said = [f":gray-badge[{plain(tag.name)}]" for tag in one.tags]
    for flag in one.flags:
        meant = f": {flag.meant}" if flag.meant else ""
        said.append(f":orange-badge[{plain(FLAG_NAMES[flag.kind] + meant)}]")
    if one.read:
        said.append("read")
    when = f" :small[:gray[{moment(one.last)}]]" if one.last else ""
    return f"**{plain(one.annotator)}** {' '.join(said)}{when}"


def moment(at: datetime) -> str:
    """ "2026-11-21 20:57 UTC": the server does not know the reader's clock."""
    return at.strftime("%Y-%m-%d %H:%M UTC").replace(":", r"\:")


def change_line(change: Change) -> str:
    """A line of the history, as Markdown."""
    before, after = (text[:LONGEST_CHANGE] for text in (change.before, change.after))
    told = " → ".join(plain(text) or "nothing" for text in (before, after))
    what = " ".join(word for word in (change.what, change.subject.replace("_", " ")) if word)
    return f"{moment(change.at)} {plain(change.who)} {plain(what)}: {told}"


def _history(content: str) -> None:
    """Every change of what was said of the document."""
    try:
        changes = history(cached_scores.notes(), content)
    except UserError as error:
        st.caption(plain(str(error)))
        return
    if changes:
        with st.expander(f"History: {len(changes):,} changes"):
            st.caption("  \n".join(change_line(change) for change in changes[-100:]))


NOTE, SHOWN, DRAFTS, SAID = "coding_note", "coding_note_of", "coding_drafts", "coding_note_said"
MOST_DRAFTS = 50  # the oldest goes first
LONGEST = 1_000_000  # characters; more than is kept, so that too long a note can be said to be
JOINED = (
    "The note was changed in another window meanwhile. Both texts are kept, one under the other."
)
REPLACED = "Characters that no database holds (NUL, half characters) now stand as �."


class Draft(NamedTuple):
    """A text that is not saved yet, and the version of the note that it changes."""

    text: str
    version: int


class Shown(NamedTuple):
    """What the field was last filled for."""

    content: str
    analyst: str
    version: int


def note(content: str, analyst: str, there: Note | None) -> None:
    """The field with the note that is ``there``, or with what could not be saved."""

    draft = _drafts().get((content, analyst))
    version = draft.version if draft else there.version if there else 0
    shown = Shown(content, analyst, version)
    if st.session_state.get(SHOWN) != shown or NOTE not in st.session_state:
        st.session_state[NOTE] = draft.text if draft else there.text if there else ""
        st.session_state[SHOWN] = shown
    _field(shown)
    if draft:
        st.warning("This note is not saved yet; it stays here until it is.")
    elif there:
        st.caption(f"Saved {moment(there.at)}")
    for sentence in st.session_state.pop(SAID, ()):
        st.caption(plain(sentence))


def unreachable(content: str, analyst: str) -> None:
    """The field while the database does not answer: whatever was typed stays, and can be typed."""
    draft, shown = _drafts().get((content, analyst)), st.session_state.get(SHOWN)
    if not shown or shown[:2] != (content, analyst) or NOTE not in st.session_state:
        shown = Shown(content, analyst, draft.version if draft else 0)
        st.session_state[NOTE] = draft.text if draft else ""
        st.session_state[SHOWN] = shown
    _field(shown)


def _field(shown: Shown) -> None:
    st.text_area(
        "Note",
        key=NOTE,
        height=140,
        max_chars=LONGEST,
        placeholder="What do you see here? Leaving the field saves it.",
        on_change=_save,
        args=(shown,),
    )
    st.button("Save the note", key="coding_save_note", on_click=_save, args=(shown,))


def _save(shown: Shown) -> None:
    """Leaving the field saves as well, so the button may find that nothing is left to do.

    A save may come before the page was drawn anew after the last one; then ``shown`` is old,
    and what the field was last filled with counts.
    """
    text, owner, last = st.session_state[NOTE], shown[:2], st.session_state[SHOWN]
    version = last.version if last[:2] == owner else shown.version

    def write() -> None:
        written = write_note(cached_scores.notes(), *owner, text, version)
        notes = [*([JOINED] if written.joined else []), *([REPLACED] if written.replaced else [])]
        st.session_state[SAID] = notes
        st.session_state[NOTE] = written.note.text if written.note else ""
        st.session_state[SHOWN] = Shown(*owner, written.note.version if written.note else 0)

    if attempt(write):
        _drafts().pop(owner, None)
    else:
        _drafts()[owner] = Draft(text, version)
        while len(_drafts()) > MOST_DRAFTS:
            _drafts().pop(next(iter(_drafts())))


def _drafts() -> dict[tuple[str, str], Draft]:
    return st.session_state.setdefault(DRAFTS, {})
