"""The pickers that pages share, and what they remember.

A value under a widget's key lives as long as the session, across pages: text
that someone typed is never lost by going elsewhere. What is explained is the
text as it stood when "Analyse" was pressed or an example chosen.
"""

from typing import TYPE_CHECKING, cast

import streamlit as st

from pages.parts import cached, wording
from pages.parts.kept import carry

if TYPE_CHECKING:
    from han_core.explanation.explanation import Reading

LONGEST_TEXT = 1_000_000  # characters; far more would stop the browser
TEXT_HEIGHT = 248  # pixels: about as tall as what stands beside it
EXAMPLES = "bundled:classroom/all@all"
FIRST_EXAMPLE = "film-004"  # praise, then "but", then blame: attention has a choice


def document() -> None:
    """The example picker, the text area and the button."""
    names = _examples()
    carry("example", FIRST_EXAMPLE)
    carry("document", names[FIRST_EXAMPLE][1])
    st.session_state.setdefault("analysed", st.session_state["document"])
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
    st.text_area(
        "Text",
        height=TEXT_HEIGHT,
        max_chars=LONGEST_TEXT,
        key="document",
        placeholder="Paste a review or any other text",
        on_change=_forget_example,
        persist_state="session",
    )
    st.button("Analyse", key="analyze", type="primary", on_click=_take_text)


def analysed() -> str:
    """The text to explain; says so where the text area holds another by now.

    Raises:
        WrongInput: if it is empty.
    """
    from han_core.wrong_input import WrongInput

    if st.session_state["analysed"] != st.session_state["document"]:
        st.caption("The text above has changed since. Press *Analyse* to see it.")
    if not st.session_state["analysed"].strip():
        raise WrongInput("A text with at least one word is expected; the box was empty.")
    return st.session_state["analysed"]


def checkpoint() -> str:
    """The name of the chosen checkpoint.

    Raises:
        WrongInput: if there is none to choose from.
    """
    there = _listings()
    carry("checkpoint", _first(there), there)
    return st.selectbox(
        "Checkpoint",
        list(there),
        format_func=lambda name: wording.checkpoint_name(there[name]),
        key="checkpoint",
        persist_state="session",
    )


def checkpoints() -> list[str]:
    """The names of the checkpoints to compare, in the order chosen.

    Raises:
        WrongInput: if there is none to choose from, or fewer than two are chosen.
    """
    from han_core.wrong_input import WrongInput

    there = _listings()
    first = _first(there)
    carry("checkpoints", [first, *(name for name in there if name != first)][:2], there)
    chosen = st.multiselect(
        "Checkpoints",
        list(there),
        format_func=lambda name: wording.short_name(there[name]),
        wrap=True,
        key="checkpoints",
        persist_state="session",
    )
    if len(chosen) < 2:
        raise WrongInput("Two checkpoints or more are needed to compare; choose another one.")
    return chosen


def device() -> str:
    """The name of the chosen device; the one that ``auto`` prefers stands first."""
    from han_core.device import available_devices, describe_device

    there = available_devices()
    carry("device", there[0], there)
    return st.selectbox(
        "Device", there, format_func=describe_device, key="device", persist_state="session"
    )


def reading() -> "Reading":
    """The switch between the three readings of a weight."""
    carry("reading", "document")
    chosen = st.segmented_control(
        "Weight of a word",
        list(wording.READING_NAMES),
        required=True,
        format_func=lambda name: wording.READING_NAMES[name],
        wrap=True,
        key="reading",
        persist_state="session",
    )
    return cast("Reading", chosen)


def _listings() -> dict:
    from han_core.wrong_input import WrongInput

    there = cached.listings()
    for sentence in cached.broken():
        st.caption(f"Left out: {wording.plain(sentence)}")
    if not there:
        folder = cached.checkpoints_root().name
        raise WrongInput(
            f"There is no checkpoint in the folder {folder}; "
            "train one with: python -m han_core train."
        )
    return there


def _first(there: dict) -> str:
    """A HAN where there is one: it shows both levels of attention."""
    return next((name for name in there if there[name].model == "han"), next(iter(there)))


def _examples() -> dict[str, tuple[str, str]]:
    """id → (name for the picker, text)."""
    corpus = cached.bundled(EXAMPLES)
    rows = zip(corpus.ids, corpus.extra["topic"], corpus.extra["tags"], corpus.texts, strict=True)
    return {id: (wording.example_name(topic, tags, text), text) for id, topic, tags, text in rows}


def _take_example() -> None:
    if st.session_state["example"] is not None:
        st.session_state["document"] = _examples()[st.session_state["example"]][1]
        _take_text()


def _take_text() -> None:
    st.session_state["analysed"] = st.session_state["document"]


def _forget_example() -> None:
    st.session_state["example"] = None
