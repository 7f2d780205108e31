"""What can be changed of a document: words out, patches white, a part left out, another picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import streamlit as st

from han_core.data.pictures import Picture
from han_core.explanation.pictures import without_patches
from han_core.models.picture_predict import (
    PictureDocument,
    config_of,
    picture_document,
    picture_tokenizer,
)
from han_core.models.system_folder import SystemCheckpoint
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr
from han_core.text.document import Document
from han_core.text.edits import Edit, EditedDocument, apply_edits, edits_after_click
from han_core.text.tokenizer import Tokenizer
from pages.pictures.choose import Chosen
from pages.shared.page import plain, restore_value

Part = Literal["both", "text", "image"]
PARTS: dict[Part, str] = {
    "both": mark("Both"),
    "text": mark("Text alone"),
    "image": mark("Picture alone"),
}
EDITS, WHITE, OF = "pictures_edits", "pictures_white", "pictures_changes_of"


@dataclass(frozen=True)
class Changed:
    """A document before and after what was changed of it.

    Attributes:
        edited: the text after its edits.
        white: (rows, columns) bool patches that are white now.
        now: the document after all changes.
    """

    before: PictureDocument
    edited: EditedDocument
    white: np.ndarray
    now: PictureDocument

    @property
    def is_changed(self) -> bool:
        return self.now is not self.before


def changed(checkpoint: SystemCheckpoint, chosen: Chosen) -> Changed:
    """Draw what can be changed, and return the document with it."""
    config = config_of(checkpoint)
    tokenizer = picture_tokenizer(config.text)
    before = picture_document(tokenizer(chosen.text), chosen.picture, config)
    _forget_of_another(before)
    with st.container(horizontal=True, vertical_alignment="bottom", key="pictures_what_if"):
        part = _part(before)
        other = _other_picture(chosen)
        is_changed = st.session_state[EDITS] or st.session_state[WHITE] or other or part != "both"
        st.button(tr("Undo all"), key="pictures_undo", on_click=_undo_all, disabled=not is_changed)
    picture = other or before.picture
    edited = apply_edits(before.text, st.session_state[EDITS], tokenizer)
    white = np.zeros((config.patches, config.patches), bool)
    white.flat[sorted(st.session_state[WHITE])] = True
    if picture is not None and white.any():
        picture = without_patches(picture, white)
    now = before
    if edited.document is not before.text or picture is not before.picture:
        now = picture_document(edited.document, picture, config)
    if part == "text" and now.words is not None:
        now = now.without_picture()
    elif part == "image" and now.picture is not None:
        now = now.without_text()
    return Changed(before, edited, white, now)


def _forget_of_another(before: PictureDocument) -> None:
    """Changes belong to one text and one picture."""
    picture = None if before.picture is None else before.picture.pixels.tobytes()
    key = (before.text.text, picture)
    if st.session_state.get(OF) != key:
        st.session_state[OF] = key
        _undo_all()


def _undo_all() -> None:
    st.session_state[EDITS], st.session_state[WHITE] = (), frozenset()
    st.session_state["pictures_other"] = None
    st.session_state["pictures_part"] = "both"


def _part(before: PictureDocument) -> Part:
    """Draw what the model reads; without a choice where there is only one part."""
    if before.words is None or before.picture is None:
        return "both"
    restore_value("pictures_part", "both")
    part: Part | None = st.segmented_control(
        tr("The model reads"), list(PARTS), format_func=lambda part: tr(PARTS[part]), required=True,
        key="pictures_part",
    )  # fmt: skip
    return part or "both"


def _other_picture(chosen: Chosen) -> Picture | None:
    """Draw the picker of another document's picture; None for its own."""
    others = chosen.others
    if others is None or chosen.picture is None:
        return None
    row = st.selectbox(
        tr("Another picture"), range(len(others)), index=None, key="pictures_other", width=240,
        format_func=lambda row: plain(others.ids[row]), placeholder=tr("Its own"),
        help=tr("The text stays, and another document's picture stands beside it."),
    )  # fmt: skip
    return None if row is None else others.pictures[row]


def take_word(act: dict, before: Document, edited: EditedDocument, tokenizer: Tokenizer) -> None:
    """Take out the word or sentence that was clicked, or bring it back; the last word stays."""
    edits: Sequence[Edit] = st.session_state[EDITS]
    try:
        if act["do"] == "back":
            wanted = tuple(edit for n, edit in enumerate(edits) if n != int(act["id"]))
        else:
            wanted = edits_after_click(before, edits, edited, act["start"], act["end"])
        apply_edits(before, wanted, tokenizer)
    except UserError as error:
        st.toast(plain(str(error)))
    else:
        st.session_state[EDITS] = wanted


def take_patch(patch: int) -> None:
    """Make a patch white, or bring it back."""
    st.session_state[WHITE] = st.session_state[WHITE] ^ {patch}
