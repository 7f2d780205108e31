"""The text in question: one of ours, typed, pasted, or one of several from a file.

What is explained is the text as it stood when "Analyse" was pressed, an example
chosen or another document gone to. A new text begins anew what was asked of the old.
"""

import streamlit as st

from pages.parts import asking, echo, files, quotas, wording
from pages.parts.kept import carry
from pages.parts.wording import plain

TEXT_HEIGHT = 248  # pixels: about as tall as what stands beside it
EXAMPLES = "bundled:classroom/all@all"
FIRST_EXAMPLE = "film-004"  # praise, then "but", then blame: attention has a choice
KINDS = ["txt", "csv", "tsv", "jsonl", "parquet"]


def document() -> None:
    """The example picker, the text area, the button, and the way to several texts."""
    names = files.examples(EXAMPLES)
    carry("example", FIRST_EXAMPLE)
    carry("document", names[FIRST_EXAMPLE][1])
    st.session_state.setdefault("analysed", st.session_state["document"])
    with st.container():
        asking.notice("text")
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
    echo.drawn("example")
    st.text_area(
        "Text",
        height=TEXT_HEIGHT,
        max_chars=quotas.current().characters,
        key="document",
        placeholder="Paste a review or any other text",
        on_change=_take_typed,
        persist_state="session",
    )
    echo.drawn("document")
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
        WrongInput: if it is empty, or too long for this server.
    """
    from han_core.wrong_input import WrongInput

    if st.session_state["analysed"] != st.session_state["document"]:
        st.caption("The text above has changed since. Press *Analyse* to see it.")
    if not st.session_state["analysed"].strip():
        raise WrongInput("A text with at least one word is expected; the box was empty.")
    longest, length = quotas.current().characters, len(st.session_state["analysed"])
    if length > longest:  # from a file; the box takes no more
        raise WrongInput(
            f"Texts of up to {longest:,} characters are read here; this one has {length:,}."
        )
    return st.session_state["analysed"]


def show(text: str) -> None:
    """Puts ``text`` into the area and asks about it."""
    echo.put("document", text)
    echo.put("example", None)
    st.session_state["analysed"] = text
    asking.forget()


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
    from han_core.corpora.pasted import texts_of
    from han_core.wrong_input import WrongInput

    try:
        found = len(texts_of(text))
    except WrongInput:
        return 0
    return found if found > 1 else 0


def _divide() -> None:
    from han_core.corpora.pasted import texts_of

    _take_texts(texts_of(st.session_state["analysed"]))


def _take_file() -> None:
    from han_core.wrong_input import WrongInput

    file = st.session_state["texts_file"]
    if file is None:
        return
    try:
        _take_texts(files.texts(file.getvalue(), file.name))
    except WrongInput as error:
        asking.say("text", str(error))


def _take_texts(found) -> None:
    st.session_state["texts"] = found.documents
    _go_to(0)
    if found.notes:
        asking.say("text", " ".join(found.notes))


def _go_to(at: int) -> None:
    texts = st.session_state["texts"]
    st.session_state["text_at"] = max(0, min(at, len(texts) - 1))
    show(texts[st.session_state["text_at"]].text)


def _take_example() -> None:
    chosen = st.session_state["example"]
    if not echo.is_echo("example", "analyze") and chosen is not None:
        echo.put("document", files.examples(EXAMPLES)[chosen][1])
        _take_text()


def _take_typed() -> None:
    if not echo.is_echo("document"):
        echo.put("example", None)


def _take_text() -> None:
    echo.is_echo("document")
    st.session_state["analysed"] = st.session_state["document"]
    st.session_state["texts"] = ()
    asking.forget()
