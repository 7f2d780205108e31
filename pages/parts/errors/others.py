"""What other analysts said of the document that is read, on request.

Until then nothing tells whether anybody said something: who codes should not know.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts.errors import cached
from pages.parts.kept import carry
from pages.parts.wording import plain

if TYPE_CHECKING:
    from datetime import datetime

    from han_core.coding.history import Change
    from han_core.coding.said import Said

LONGEST_CHANGE = 120  # characters of a text in the history; the whole one stays in the database


def shown(said: "Sequence[Said]", content: str) -> None:
    """The switch, and behind it names, tags, notes and the history."""
    carry("coding_others", False)
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


def line(one: "Said") -> str:
    """Who, what and when in one line, without the note, as Markdown."""
    from han_core.coding.findings import FLAG_NAMES

    said = [f":gray-badge[{plain(tag.name)}]" for tag in one.tags]
    for flag in one.flags:
        meant = f": {flag.meant}" if flag.meant else ""
        said.append(f":orange-badge[{plain(FLAG_NAMES[flag.kind] + meant)}]")
    if one.read:
        said.append("read")
    when = f" :small[:gray[{moment(one.last)}]]" if one.last else ""
    return f"**{plain(one.annotator)}** {' '.join(said)}{when}"


def moment(at: "datetime") -> str:
    """ "2026-11-21 20:57 UTC": the server does not know the reader's clock."""
    return at.strftime("%Y-%m-%d %H:%M UTC").replace(":", r"\:")


def change_line(change: "Change") -> str:
    """A line of the history, as Markdown."""
    before, after = (text[:LONGEST_CHANGE] for text in (change.before, change.after))
    told = " → ".join(plain(text) or "nothing" for text in (before, after))
    what = " ".join(word for word in (change.what, change.subject.replace("_", " ")) if word)
    return f"{moment(change.at)} {plain(change.who)} {plain(what)}: {told}"


def _history(content: str) -> None:
    """Every change of what was said of the document."""
    from han_core.coding.history import history
    from han_core.wrong_input import WrongInput

    try:
        changes = history(cached.notes(), content)
    except WrongInput as error:
        st.caption(plain(str(error)))
        return
    if changes:
        with st.expander(f"History: {len(changes):,} changes"):
            st.caption("  \n".join(change_line(change) for change in changes[-100:]))
