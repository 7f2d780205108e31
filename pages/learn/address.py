"""What the address of Learn says: lesson, a text of one's own, hidden controls."""

from collections.abc import Mapping, Sequence

import streamlit as st

from han_core.explanation.lesson import CONTROLS, LONGEST_TEXT, Control, Lesson
from han_core.runtime.errors import UserError
from pages.shared.page import plain, restore_value


def take() -> None:
    """Take over what the address says, once a visit of the page."""
    state, asked = st.session_state, st.query_params
    if state.get("learn_visit") == state["visit"]:
        return
    state["learn_visit"] = state["visit"]
    if asked.get("lesson", "").isdecimal():
        state["lesson"] = int(asked["lesson"])
    if "text" in asked:
        state["learn_text"] = asked["text"]
    if "hide" in asked:
        state["learn_hide"] = [name for name in asked["hide"].split(",") if name in CONTROLS]


def lesson_picker(lessons: Sequence[Lesson], words: Mapping[str, str]) -> Lesson:
    """Draw the list of lessons, and return the chosen one."""
    by_number = {lesson.number: lesson for lesson in lessons}
    first = next(iter(by_number))
    restore_value("lesson", first)
    if st.session_state["lesson"] not in by_number:  # of an address
        st.session_state["lesson"] = first
    number = st.segmented_control(
        words["lesson"], list(by_number), key="lesson", required=True, wrap=True,
        format_func=lambda at: f"{at} · {by_number[at].title}", persist_state="session",
        label_visibility="collapsed",
    )  # fmt: skip
    return by_number[number or first]


def text_and_controls(lesson: Lesson, words: Mapping[str, str]) -> tuple[str, tuple[Control, ...]]:
    """Draw the field of a text of one's own and the choice of hidden controls.

    Raises:
        UserError: if a text of an address is too long.
    """
    restore_value("learn_text", "")
    restore_value("learn_hide", [])
    if len(text := st.session_state["learn_text"]) > LONGEST_TEXT:
        st.session_state["learn_text"] = ""
        raise UserError(words["too_long"].format(most=f"{LONGEST_TEXT:,}", length=f"{len(text):,}"))
    st.caption(plain(words["minutes"].format(minutes=lesson.minutes)), width="content")
    with st.popover(words["another"], key="learn_own"):
        st.text_area(
            words["text"], key="learn_text", max_chars=LONGEST_TEXT, placeholder=lesson.text,
            persist_state="session",
        )  # fmt: skip
        st.button(words["own"], key="learn_back", on_click=_back)
    with st.popover(words["hide"], key="learn_controls", help=words["hide_help"]):
        st.pills(
            words["hide"], CONTROLS, key="learn_hide", selection_mode="multi",
            format_func=words.__getitem__, persist_state="session",
        )  # fmt: skip
    own = st.session_state["learn_text"]
    hidden = {*lesson.hide, *st.session_state["learn_hide"]}
    return own or lesson.text, tuple(one for one in CONTROLS if one in hidden)


def _back() -> None:
    st.session_state["learn_text"] = ""


def write(lesson: Lesson, text: str, hidden: Sequence[Control]) -> None:
    """Keep the address up to date, so that it can be copied."""
    said = {"lesson": str(lesson.number), "lang": lesson.language}
    if text != lesson.text:
        said["text"] = text
    if chosen := [one for one in hidden if one in st.session_state["learn_hide"]]:
        said["hide"] = ",".join(chosen)
    if st.query_params.to_dict() != said:
        st.query_params.from_dict(said)
