"""A widget's value that the server sets, and a browser that has not heard of it yet.

With every click a browser tells the values of all widgets. One that was not told of a change
tells the old value, which must neither count as a choice nor undo the change: whoever
types and presses the button at once would lose the text to the example that stood before.
It knows nothing about what the widgets are for.

The text in question: one of ours, typed, pasted, or one of several from a file.

What is explained is the text as it stood when "Analyse" was pressed, an example
chosen or another document gone to. A new text begins anew what was asked of the old.
"""

import time
from dataclasses import dataclass, replace

import streamlit as st

from han_core.data.text_files import texts_of
from han_core.runtime.errors import UserError
from pages.shared import edit_state, files, quotas, wording
from pages.shared.page import plain, restore_value

HEARD = 0.3  # seconds until a browser that was sent a value has it; nobody chooses so soon


@dataclass(frozen=True)
class _Put:
    before: object
    value: object
    sent: float | None = None  # None until the widget has been drawn with it


def set_value(key: str, value: object) -> None:
    """Gives the widget ``key`` a value, from a callback or before it is drawn."""
    held = st.session_state.get(key)
    if key in st.session_state and held == value:
        return  # what the browser may still have to hear of stays as it is
    st.session_state[f"put_{key}"] = _Put(held, value)
    st.session_state[key] = value


def mark_drawn(key: str) -> None:
    """Says that the widget was drawn; from now on the browser hears of its value."""
    made = st.session_state.get(f"put_{key}")
    if made is not None and made.sent is None:
        st.session_state[f"put_{key}"] = replace(made, sent=time.monotonic())


def is_stale(key: str, pressed: str | None = None) -> bool:
    """Whether the widget's value is what stood there before; if so, puts back what was put.

    Args:
        pressed: the key of a button whose press says that nothing was chosen here just now.
    """
    made = st.session_state.get(f"put_{key}")
    if made is None or st.session_state.get(key) != made.before:
        return False
    heard = made.sent is not None and time.monotonic() - made.sent > HEARD
    if heard and not (pressed and st.session_state.get(pressed)):
        del st.session_state[f"put_{key}"]
        return False
    st.session_state[f"put_{key}"] = replace(made, sent=None)
    st.session_state[key] = made.value
    return True


TEXT_HEIGHT = 248  # pixels: about as tall as what stands beside it
EXAMPLES = "bundled:classroom/all@all"
FIRST_EXAMPLE = "film-004"  # praise, then "but", then blame: attention has a choice
KINDS = ["txt", "csv", "tsv", "jsonl", "parquet"]


def document() -> None:
    """The example picker, the text area, the button, and the way to several texts."""
    names = files.examples(EXAMPLES)
    restore_value("example", FIRST_EXAMPLE)
    restore_value("document", names[FIRST_EXAMPLE][1])
    st.session_state.setdefault("analysed", st.session_state["document"])
    with st.container():
        edit_state.notice("text")
    st.selectbox(
        "Example",
        list(names),
        index=None,
        format_func=lambda id: names[id][0],
        key="example",
        placeholder="Choose one of our own texts",
        on_change=_take_example,
        persist_state="session",
    )
    mark_drawn("example")
    st.text_area(
        "Text",
        height=TEXT_HEIGHT,
        max_chars=quotas.current().characters,
        key="document",
        placeholder="Paste a review or any other text",
        on_change=_take_typed,
        persist_state="session",
    )
    mark_drawn("document")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Analyse", key="analyze", type="primary", on_click=_take_text)
        with st.popover("Open a file"):
            st.file_uploader(
                "A text, or several in one file", type=KINDS, key="texts_file", on_change=_take_file
            )
            st.caption(wording.SEVERAL)
        _pager()


def analysed() -> str:
    """The text to explain; says so where the text area holds another by now.

    Raises:
        UserError: if it is empty, or too long for this server.
    """
    if st.session_state["analysed"] != st.session_state["document"]:
        st.caption("The text above has changed since. Press *Analyse* to see it.")
    if not st.session_state["analysed"].strip():
        raise UserError("A text with at least one word is expected; the box was empty.")
    longest, length = quotas.current().characters, len(st.session_state["analysed"])
    if length > longest:  # from a file; the box takes no more
        raise UserError(
            f"Texts of up to {longest:,} characters are read here; this one has {length:,}."
        )
    return st.session_state["analysed"]


def show(text: str) -> None:
    """Puts ``text`` into the area and asks about it."""
    set_value("document", text)
    set_value("example", None)
    st.session_state["analysed"] = text
    edit_state.forget()


def _pager() -> None:
    """Previous and next where several texts came; the offer to divide one that holds several."""
    texts, at = st.session_state.get("texts", ()), st.session_state.get("text_at", 0)
    if len(texts) > 1:
        before, behind = at > 0, at + 1 < len(texts)
        st.button("◀", key="previous", on_click=_go_to, args=(at - 1,), disabled=not before,
                  help="The text before this one")  # fmt: skip
        st.button("▶", key="next", on_click=_go_to, args=(at + 1,), disabled=not behind,
                  help="The text after this one")  # fmt: skip
        st.caption(f"{at + 1:,} of {len(texts):,}: {plain(texts[at].name)}")
        return
    if "\n" in (text := st.session_state["analysed"]) and (found := _divided(text)):
        st.button(f"Read as {found:,} texts", key="divide", on_click=_divide)


def _divided(text: str) -> int:
    """How many texts the separator lines in ``text`` make; 0 where it is one."""
    try:
        found = len(texts_of(text))
    except UserError:
        return 0
    return found if found > 1 else 0


def _divide() -> None:
    _take_texts(texts_of(st.session_state["analysed"]))


def _take_file() -> None:
    file = st.session_state["texts_file"]
    if file is None:
        return
    try:
        _take_texts(files.texts(file.getvalue(), file.name))
    except UserError as error:
        edit_state.say("text", str(error))


def _take_texts(found) -> None:
    st.session_state["texts"] = found.documents
    _go_to(0)
    if found.notes:
        edit_state.say("text", " ".join(found.notes))


def _go_to(at: int) -> None:
    texts = st.session_state["texts"]
    st.session_state["text_at"] = max(0, min(at, len(texts) - 1))
    show(texts[st.session_state["text_at"]].text)


def _take_example() -> None:
    chosen = st.session_state["example"]
    if not is_stale("example", "analyze") and chosen is not None:
        set_value("document", files.examples(EXAMPLES)[chosen][1])
        _take_text()


def _take_typed() -> None:
    if not is_stale("document"):
        set_value("example", None)


def _take_text() -> None:
    is_stale("document")
    st.session_state["analysed"] = st.session_state["document"]
    st.session_state["texts"] = ()
    edit_state.forget()
