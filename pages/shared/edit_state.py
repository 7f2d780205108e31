"""Edits and tampering of the analysed text, kept in the session until another text comes."""

from collections.abc import Callable, Sequence
from typing import Literal

import streamlit as st

from han_core.explanation.interventions import Intervention
from han_core.runtime.errors import UserError
from han_core.text.document import Document
from han_core.text.edits import Edit, Edited, edited, touched
from han_core.text.tokenizer import Tokenizer
from pages.shared.page import plain


def clear() -> None:
    """Drop all edits and tampering: they belong to another text."""
    for key in ("edits", "tampering"):
        st.session_state.pop(key, None)


def edits() -> tuple[Edit, ...]:
    """Return the edits in the order in which they were made, as offsets into the text."""
    return st.session_state.get("edits", ())


def set_edits(edits: Sequence[Edit]) -> None:
    st.session_state["edits"] = tuple(edits)


def tampering() -> Intervention | None:
    return st.session_state.get("tampering")


def set_tampering(tampering: Intervention | None) -> None:
    st.session_state["tampering"] = tampering


def undo(number: int) -> None:
    """Undo one edit; the last one by -1."""
    left = list(edits())
    if -len(left) <= number < len(left):
        del left[number]
    set_edits(left)


def take_click(act: dict, document: Document, edited: Edited, tokenizer: Tokenizer) -> None:
    """Remove the word or sentence that was clicked in the heatmap, or restore it."""
    if act["do"] == "back":
        undo(int(act["id"]))
    else:
        span = act["start"], act["end"]
        _try(lambda: touched(document, edits(), edited, *span), document, tokenizer)


def replace(number: int, replacement: str, document: Document, tokenizer: Tokenizer) -> None:
    """Set what stands in place of the words that an edit removed."""

    def changed() -> list[Edit]:
        all_edits = list(edits())
        all_edits[number] = Edit(all_edits[number].start, all_edits[number].end, replacement)
        return all_edits

    _try(changed, document, tokenizer)


def _try(new_edits: Callable[[], Sequence[Edit]], document: Document, tokenizer: Tokenizer) -> None:
    """Store edits that can be made; otherwise say why not, and change nothing."""
    try:
        edited(document, wanted := new_edits(), tokenizer)
    except UserError as error:
        set_notice("edits", str(error))
    else:
        set_edits(wanted)


def set_notice(about: Literal["text", "edits"], sentence: str) -> None:
    """Show a sentence once, when the page is next drawn."""
    st.session_state[f"notice_{about}"] = sentence


def notice(about: Literal["text", "edits"]) -> None:
    if sentence := st.session_state.pop(f"notice_{about}", None):
        st.warning(plain(sentence))
