"""What is asked about the document on Explore, kept while its text stays.

Words taken out or replaced, attention changed by hand, a placebo. Another text begins
anew. It asks nothing itself.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import streamlit as st

from han_core.explanation.interventions import Intervention
from han_core.runtime.errors import UserError
from han_core.text.document import Document
from han_core.text.edits import Edit, Edited, edited, touched
from han_core.text.tokenizer import Tokenizer
from pages.shared.page import plain


def forget() -> None:
    """Begins anew: another text is another question."""
    for key in ("edits", "tampering"):
        st.session_state.pop(key, None)


def edits() -> tuple[Edit, ...]:
    """In the order in which they were made, as offsets into the analysed text."""
    return st.session_state.get("edits", ())


def keep_edits(edits: Sequence[Edit]) -> None:
    st.session_state["edits"] = tuple(edits)


def tampering() -> Intervention | None:
    return st.session_state.get("tampering")


def keep_tampering(tampering: Intervention | None) -> None:
    st.session_state["tampering"] = tampering


def take_back(number: int) -> None:
    """Takes one edit back; the last by -1."""
    left = list(edits())
    if -len(left) <= number < len(left):
        del left[number]
    keep_edits(left)


def touch(act: dict, document: Document, edited: Edited, tokenizer: Tokenizer) -> None:
    """What a click in the heatmap does: takes a word or a sentence out, or puts it back."""
    if act["do"] == "back":
        take_back(int(act["id"]))
    else:
        span = act["start"], act["end"]
        _try(lambda: touched(document, edits(), edited, *span), document, tokenizer)


def replace(number: int, replacement: str, document: Document, tokenizer: Tokenizer) -> None:
    """Another replacement for what an edit took out."""

    def changed() -> list[Edit]:
        all_edits = list(edits())
        all_edits[number] = Edit(all_edits[number].start, all_edits[number].end, replacement)
        return all_edits

    _try(changed, document, tokenizer)


def _try(wanted: Callable[[], Sequence[Edit]], document: Document, tokenizer: Tokenizer) -> None:
    """Keeps the edits if they can be made; else says why not, and all stays as it was."""
    try:
        edited(document, made := wanted(), tokenizer)
    except UserError as error:
        say("edits", str(error))
    else:
        keep_edits(made)


def say(about: Literal["text", "edits"], sentence: str) -> None:
    """Shown once, beside what it is about, when the page is next drawn."""
    st.session_state[f"notice_{about}"] = sentence


def notice(about: Literal["text", "edits"]) -> None:
    if sentence := st.session_state.pop(f"notice_{about}", None):
        st.warning(plain(sentence))
