"""A room is made, or gone back to; the teacher's key stays in the browser for the next visit."""

import secrets
from collections.abc import Sequence

import streamlit as st

from han_core.analysis.classroom import rooms
from han_core.analysis.classroom.database import class_database
from han_core.analysis.classroom.question import (
    CHOICES,
    LONGEST_TEXT,
    Question,
    lesson_questions,
)
from han_core.analysis.classroom.rooms import RoomKey
from han_core.analysis.classroom.students import normal_code
from han_core.explanation.lesson import CONTROLS, LANGUAGES, Control, Lesson, interface, lessons
from han_core.runtime.errors import UserError
from han_core.runtime.messages import current_locale, mark, tr
from pages.shared import lesson_material
from pages.shared.page import user_errors_shown

SOURCES = {"lessons": mark("From lessons"), "own": mark("My own")}
"""Where a room's questions come from."""

_BROWSER = st.components.v2.component(
    "hanscope_room_key",
    js="""
const PLACE = "hanscope_teacher";
export default function ({ data, setTriggerValue }) {
  if (data.keep) return localStorage.setItem(PLACE, JSON.stringify(data.keep));
  if (data.forget) return localStorage.removeItem(PLACE);
  const kept = localStorage.getItem(PLACE);
  if (kept) setTriggerValue("found", JSON.parse(kept));
}
""",
)


def room_key() -> RoomKey | None:
    """Return the key of the room that this session teaches, which the browser keeps."""
    key = st.session_state.get("room_key")
    keep = None if key is None else {"code": key.code, "secret": key.secret}
    forget = key is None and st.session_state.get("room_left", False)
    _BROWSER(key="room_browser", data={"keep": keep, "forget": forget}, on_found_change=_take_found)
    return key


def _take_found() -> None:
    found = st.session_state["room_browser"].get("found")
    if isinstance(found, dict) and all(
        isinstance(found.get(name), str) for name in ("code", "secret")
    ):
        _enter(RoomKey(found["code"], found["secret"]), from_browser=True)


def _enter(key: RoomKey, from_browser: bool = False) -> None:
    """Teach the room of a key; one that the browser kept may be gone, which is no mistake."""
    try:
        rooms.open_room(class_database(), key)
    except UserError:
        leave()
        if not from_browser:
            raise
    else:
        st.session_state["room_key"] = key


def leave() -> None:
    """Teach no room any more, in this browser."""
    st.session_state["room_key"], st.session_state["room_left"] = None, True


def form() -> None:
    """Draw the forms that make a room or go back to one."""
    with st.container(width=720, key="room_forms"):
        _new_room()
        _earlier_room()


def _new_room() -> None:
    st.header(tr("Make a room"), anchor=False)
    offered = {(one.number, one.language): one for one in _lessons()}
    source = st.segmented_control(
        tr("Questions"), list(SOURCES), default="lessons" if offered else "own", required=True,
        key="room_source", format_func=lambda source: tr(SOURCES[source]),
    )  # fmt: skip
    chosen, fields, hidden = [], {}, []
    if source == "own":
        fields = question_fields("room_first")
    else:
        chosen = st.multiselect(
            tr("Lessons"), list(offered), key="room_lessons",
            format_func=lambda key: f"{offered[key].number}. {offered[key].title}",
            help=tr("Each brings its prediction and its check."),
            placeholder=tr("Choose lessons"),
        )  # fmt: skip
        hidden = hidden_controls("room_first_hide", ("notes",))
    if st.button(tr("Make the room"), type="primary", key="room_make"):
        with user_errors_shown():
            if fields:
                name, asked = tr("Own questions"), [question_of(fields)]
            else:
                name = ", ".join(offered[key].title for key in chosen)
                asked = [question for key in chosen for question in _questions(offered[key])]
            if not asked:
                raise UserError(tr("Choose at least one lesson, or write a question of your own."))
            key = rooms.make_room(class_database(), name, asked)
            rooms.hide_controls(class_database(), key, hidden)
            _enter(key)
            st.rerun()


def hidden_controls(key: str, default: Sequence[Control]) -> list[Control]:
    """Draw the choice of controls that the students' links to lessons hide, and return it."""
    return st.pills(
        tr("Hide in the students' lessons"), CONTROLS, key=key, default=default,
        selection_mode="multi", format_func=interface()[current_locale()].__getitem__,
        help=tr("After the reveal, students can open the lesson; these are not on their page."),
    )  # fmt: skip


def _lessons() -> list[Lesson]:
    """Return the lessons whose models are there, in both languages."""
    every = (one for language in LANGUAGES for one in lessons(language))
    return [one for one in every if not lesson_material.missing(one)]


def _questions(lesson: Lesson) -> list[Question]:
    return lesson_questions(lesson, lesson_material.live_of(lesson, lesson.text))


def _earlier_room() -> None:
    with st.expander(tr("Go back to a room"), key="room_back"):
        code = st.text_input(tr("Code"), max_chars=20, key="room_code")
        secret = st.text_input(
            tr("Teacher's key"), type="password", max_chars=100, key="room_secret"
        )
        if st.button(tr("Open the room"), key="room_open"):
            with user_errors_shown():
                _enter(RoomKey(normal_code(code), secret.strip()))
                st.rerun()


def question_fields(prefix: str) -> dict:
    """Draw the fields of a question; ``question_of`` makes a question of what they hold.

    Args:
        prefix: begins the keys of the widgets.
    """
    text = st.text_area(tr("Question"), max_chars=LONGEST_TEXT, height=80, key=f"{prefix}_text")
    kinds = {"choice": tr("Choices"), "number": tr("A number")}
    kind = st.segmented_control(
        tr("Answers"), list(kinds), default="choice", format_func=kinds.__getitem__, required=True,
        key=f"{prefix}_kind",
    )  # fmt: skip
    fields = _choice_fields(prefix) if kind == "choice" else _number_fields(prefix)
    return {"text": text.strip(), "kind": kind, **fields}


def _choice_fields(prefix: str) -> dict:
    few, many = CHOICES
    lines = st.text_area(
        tr("Choices, one a line ({few} to {many})", few=few, many=many),
        height=110,
        key=f"{prefix}_choices",
    )  # fmt: skip
    choices = tuple(line.strip() for line in lines.splitlines() if line.strip())
    if not choices:
        return {"choices": (), "right": -1}
    right = st.selectbox(
        tr("Right answer"), range(len(choices)), index=None, format_func=choices.__getitem__,
        key=f"{prefix}_right",
    )  # fmt: skip
    return {"choices": choices, "right": -1 if right is None else right}


def _number_fields(prefix: str) -> dict:
    columns = st.columns(5)
    low = columns[0].number_input(tr("Smallest"), value=0.0, key=f"{prefix}_low")
    high = columns[1].number_input(tr("Largest"), value=100.0, key=f"{prefix}_high")
    right = columns[2].number_input(tr("Right answer"), value=50.0, key=f"{prefix}_number")
    tolerance = columns[3].number_input(
        tr("Tolerance"), value=1.0, min_value=0.0, key=f"{prefix}_tolerance",
        help=tr("How far from the right answer a number still counts as right."),
    )  # fmt: skip
    unit = columns[4].text_input(tr("Unit"), "%", max_chars=10, key=f"{prefix}_unit")
    return {"low": low, "high": high, "right": right, "tolerance": tolerance, "unit": unit.strip()}


def question_of(fields: dict) -> Question:
    """Return a new question.

    Raises:
        UserError: as ``Question``.
    """
    return Question(id=secrets.token_hex(4), **fields)
