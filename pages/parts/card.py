"""About a model: its card, opened beside the picker, and a word where a text is foreign to it.

A card may come from a stranger, so all of it is escaped; one that does not fit is said, and
what the folder's own metrics say is shown all the same.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import cached
from pages.parts.wording import plain

if TYPE_CHECKING:
    from han_core.explanation.explanation import Explanation
    from han_core.sharing.card.section import Section

NO_CARD = (
    "This checkpoint has no card: what follows is what its own metrics say. The command "
    "python -m han_core card --checkpoint {name} measures more."
)
OWN_WORDS = "A checkpoint's account of itself: nothing of it is measured here and now."


@st.fragment
def about(names: Sequence[str]) -> None:
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


def foreign(name: str, explanation: "Explanation") -> None:
    """A sentence where the text seems to be of another language than the checkpoint."""
    from han_core.explanation.foreign import foreign

    listing = cached.listings().get(name)
    if listing and (said := foreign(explanation, listing.language, name)):
        st.info(plain(said))


def content(name: str) -> "tuple[list[str], tuple[Section, ...]]":
    """(what is to be said first, the sections) of a checkpoint of ``checkpoints_root``.

    Raises:
        WrongInput: if it is no longer there.
    """
    from han_core.models.folder import standing
    from han_core.sharing.card.content import read_card
    from han_core.sharing.card.known import known
    from han_core.sharing.card.sections import sections
    from han_core.wrong_input import WrongInput

    folder = cached.checkpoints_root() / name
    own = known(folder)
    try:
        card = read_card(standing(folder), own.config)
        said = OWN_WORDS if card else NO_CARD.format(name=name)
    except WrongInput as error:
        card, said = None, str(error)
    return [said], sections(own, card)


def _drawn(name: str) -> None:
    from han_core.sharing.card.readme import section_markdown
    from han_core.wrong_input import WrongInput

    try:
        notes, sections = content(name)
    except WrongInput as error:
        st.caption(plain(str(error)))
        return
    for note in notes:
        st.caption(plain(note))
    for section in sections:
        st.markdown(section_markdown(section, plain, level=5))
        if section.code:
            st.code(section.code, language=None, wrap_lines=True)
