"""The text to explain, and the edits made to it.

What is explained is the text as it stood when "Analyse" was pressed, an example chosen or
another document opened. A new text drops the edits and the tampering of the old one.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from han_core.data.text_files import PastedTexts, split_pasted
from han_core.explanation.interventions import Intervention
from han_core.runtime.errors import UserError
from han_core.runtime.messages import paragraph, tr
from han_core.text.document import Document
from han_core.text.edits import Edit, EditedDocument, apply_edits, edits_after_click
from han_core.text.tokenizer import Tokenizer
from pages.shared import cache, data_picker, wording
from pages.shared.page import is_stale, mark_drawn, plain, restore_value, set_value
from pages.shared.upload_limits import sent_file

OPEN, FOLDED = 248, 68
"""Pixels of the text area: while somebody edits, and as a strip (the least that Streamlit has)."""

EXAMPLES = "bundled:classroom/all@all"
FIRST_EXAMPLE = "film-004"  # praise, then "but", then blame: attention has a choice
KINDS = ["txt", *data_picker.KINDS]


def document(rest: ExitStack | None = None) -> None:
    """Draw the example picker, the text area, the button, and the file picker.

    Args:
        rest: takes what is drawn there, where the browser has it already and the text is one
            that is explained at once; its place is reserved here.
    """
    names = data_picker.examples(EXAMPLES)
    on_screen = _is_on_screen()
    restore_value("example", FIRST_EXAMPLE)
    restore_value("document", names[FIRST_EXAMPLE][1])
    st.session_state.setdefault("analysed", st.session_state["document"])
    notices = st.container()
    strip = st.container(horizontal=True, key="text_strip")
    pager = st.container(horizontal=True, vertical_alignment="center")
    if rest is not None and on_screen and len(analysed_text()) <= cache.SHORT:
        rest.callback(_draw, names, notices, strip, pager)
    else:
        _draw(names, notices, strip, pager)


def _is_on_screen() -> bool:
    """Whether the browser has the text area on this page, as high as it will be."""
    carried = st.session_state["carried"]
    return "document" in carried and st.session_state.get("drawn_open") == _is_open()


def _is_open() -> bool:
    """Whether the text area is open, rather than a strip."""
    return st.session_state.get("text_open", False)


def _draw(
    names: Mapping[str, tuple[str, str]],
    notices: DeltaGenerator,
    strip: DeltaGenerator,
    pager: DeltaGenerator,
) -> None:
    with notices:
        notice("text")
    with strip:
        with st.container(width=250, gap="xxsmall"):
            _example(names)
            _fold_button()
        _text_area()
        with st.container(horizontal=True, width="content", gap="xsmall"):
            st.button(tr("Analyse"), key="analyze", type="primary", on_click=_take_text)
            with st.popover(tr("Open a file")):
                st.file_uploader(
                    tr("A text, or several in one file"), type=KINDS, key="texts_file",
                    on_change=_take_file, help=tr(wording.SEVERAL),
                )  # fmt: skip
    with pager:
        _pager()


def _example(names: Mapping[str, tuple[str, str]]) -> None:
    st.selectbox(
        tr("Example"),
        list(names),
        index=None,
        format_func=lambda id: names[id][0],
        key="example",
        placeholder=tr("Choose an example text"),
        on_change=_take_example,
        persist_state="session",
        label_visibility="collapsed",
    )
    mark_drawn("example")


def _text_area() -> None:
    st.text_area(
        tr("Text"),
        height=OPEN if _is_open() else FOLDED,
        max_chars=cache.quotas().characters,
        key="document",
        placeholder=tr("Paste a review or any other text"),
        on_change=_take_typed,
        persist_state="session",
        label_visibility="collapsed",
    )
    mark_drawn("document")
    st.session_state["drawn_open"] = _is_open()


def _fold_button() -> None:
    """Draw the length of the text, which opens or folds the text area."""
    is_open = _is_open()
    length = wording.text_length(st.session_state["document"])
    label = f"{length} · {tr('Fold') if is_open else tr('Edit')}"
    if st.button(label, key="text_fold", type="tertiary"):
        st.session_state["text_open"] = not is_open
        st.rerun()


def analysed_text() -> str:
    """Return the text to explain, whatever it is; ``analysed`` checks it."""
    return str(st.session_state["analysed"])


def analysed() -> str:
    """Return the text to explain; say so where the text area holds another one by now.

    Raises:
        UserError: if it is empty, or too long for this server.
    """
    if st.session_state["analysed"] != st.session_state["document"]:
        st.caption(tr("The text above was changed. Press *Analyse* to explain it."))
    if not st.session_state["analysed"].strip():
        raise UserError(
            tr(
                "A text with at least one word is expected, but the box is empty. "
                "Type or paste one."
            )
        )
    longest, length = cache.quotas().characters, len(st.session_state["analysed"])
    if length > longest:  # from a file; the box takes no more
        raise UserError(
            tr(
                "A text of up to {longest:,} characters is expected; this one has {length:,}. "
                "Shorten it.",
                longest=longest,
                length=length,
            )
        )
    return st.session_state["analysed"]


def show(text: str) -> None:
    """Put ``text`` into the text area and explain it."""
    set_value("document", text)
    set_value("example", None)
    st.session_state["analysed"] = text
    clear_edits()


def _pager() -> None:
    """Previous and next where there are several texts; a button to split one that holds several."""
    texts, at = st.session_state.get("texts", ()), st.session_state.get("text_at", 0)
    if len(texts) > 1:
        st.button("◀", key="previous", on_click=_go_to, args=(at - 1,), disabled=at == 0,
                  help=tr("Previous text"))  # fmt: skip
        st.button("▶", key="next", on_click=_go_to, args=(at + 1,),
                  disabled=at + 1 == len(texts), help=tr("Next text"))  # fmt: skip
        st.caption(
            tr(
                "{number:,} of {count:,}: {name}",
                number=at + 1,
                count=len(texts),
                name=plain(texts[at].name),
            )
        )
        return
    if "\n" in (text := st.session_state["analysed"]) and (number := _texts_in(text)) > 1:
        label = tr("Split into {count:,} texts", count=number)
        st.button(label, key="divide", on_click=_split)


def _texts_in(text: str) -> int:
    """How many texts the separator lines in ``text`` make."""
    try:
        return len(split_pasted(text))
    except UserError:
        return 1


def _split() -> None:
    _take_texts(split_pasted(st.session_state["analysed"]))


def _take_file() -> None:
    try:
        file = sent_file("texts_file")
        if file is not None:
            _take_texts(data_picker.texts(file.getvalue(), file.name))
    except UserError as error:
        set_notice("text", str(error))


def _take_texts(pasted: PastedTexts) -> None:
    st.session_state["texts"] = pasted.documents
    _go_to(0)
    if pasted.notes:
        set_notice("text", paragraph(*pasted.notes))


def _go_to(at: int) -> None:
    texts = st.session_state["texts"]
    st.session_state["text_at"] = max(0, min(at, len(texts) - 1))
    show(texts[st.session_state["text_at"]].text)


def _take_example() -> None:
    chosen = st.session_state["example"]
    if not is_stale("example", "analyze") and chosen is not None:
        set_value("document", data_picker.examples(EXAMPLES)[chosen][1])
        _take_text()


def _take_typed() -> None:
    if not is_stale("document"):
        set_value("example", None)


def _take_text() -> None:
    is_stale("document")
    st.session_state["text_open"] = False
    st.session_state["analysed"] = st.session_state["document"]
    st.session_state["texts"] = ()
    clear_edits()


def clear_edits() -> None:
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


def take_click(act: dict, document: Document, edited: EditedDocument, tokenizer: Tokenizer) -> None:
    """Remove the word or sentence that was clicked in the heatmap, or restore it."""
    if act["do"] == "back":
        undo(int(act["id"]))
    else:
        span = act["start"], act["end"]
        _try(lambda: edits_after_click(document, edits(), edited, *span), document, tokenizer)


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
        apply_edits(document, wanted := new_edits(), tokenizer)
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
