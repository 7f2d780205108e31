"""A room while it is taught: code, answers as they come, the next phase, questions, export."""

import socket
from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

import psutil
import streamlit as st

from han_core.analysis.classroom import rooms
from han_core.analysis.classroom.database import class_database
from han_core.analysis.classroom.question import FOLLOWS, Phase
from han_core.analysis.classroom.rooms import Results, RoomKey
from han_core.runtime.errors import counted
from han_core.runtime.messages import mark, tr
from han_core.viz import classroom
from pages.classroom import make
from pages.shared.page import user_errors_shown

REFRESH = 1.0  # seconds
NEXT = {
    Phase.LOCKED: mark("Close the answers"),
    Phase.REVEALED: mark("Reveal"),
    Phase.EXPLAIN: mark("Discuss"),
    Phase.AGAIN: mark("Vote again"),
    Phase.COMPARED: mark("Close and compare"),
    Phase.PREDICT: mark("Open again"),
}
"""What the button says that leads to a phase."""
EXPORTS: dict[str, tuple[str, Callable[[Results], bytes]]] = {
    "CSV": ("text/csv", classroom.results_csv),
    "JSON": ("application/json", classroom.results_json),
    "HTML": ("text/html", classroom.results_html),
}


def show(key: RoomKey) -> None:
    """Draw the room; what changes by itself is drawn anew every second."""
    st.fragment(_draw, run_every=REFRESH)(key)
    with st.expander(tr("Add a question"), key="room_add", width=720):
        fields = make.question_fields("room_next")
        if st.button(tr("Add the question"), key="room_add_question"):
            with user_errors_shown():
                rooms.add_question(class_database(), key, make.question_of(fields))
                st.success(tr("The question stands after the others."))
    _links(key)
    _export(key)
    _leave(key)


def _links(key: RoomKey) -> None:
    """Draw which controls the students' links to lessons hide, and the link of this question."""
    with st.expander(tr("Links to lessons"), key="room_links", width=720), user_errors_shown():
        room = rooms.open_room(class_database(), key)
        hidden = make.hidden_controls("room_hide", room.hidden)
        if set(hidden) != set(room.hidden):
            rooms.hide_controls(class_database(), key, hidden)
            room = rooms.open_room(class_database(), key)
        if room.lesson_link:
            address = join_address(st.context.url or "").removesuffix("join")
            st.code(address + room.lesson_link, language=None, wrap_lines=True)


def _draw(key: RoomKey) -> None:
    with user_errors_shown():
        results = rooms.results(class_database(), key)
        st.html(
            classroom.heading(
                results.room, join_address(st.context.url or ""), len(results.nicknames)
            )
        )
        st.html(classroom.question_line(results.room))
        _answers(results)
        _buttons(key, results)


def _answers(results: Results) -> None:
    room = results.room
    rounds = classroom.shown_rounds(results)
    reveal = bool(room.phase.shown_rounds)
    students = counted(len(results.nicknames), "student")
    answered = tr("{count} of {students} answered", count=len(rounds[-1]), students=students)
    st.html(f'<div class="hs"><p class="hs-count" data-testid="room-count">{answered}</p></div>')
    if reveal or st.toggle(
        tr("Show the answers as they come"), True, key="room_histogram",
        help=tr(
            "Turn this off while the class sees your screen, so that nobody follows the others."
        ),
    ):  # fmt: skip
        st.html(classroom.histogram(room.question, rounds, reveal))
    if reveal:
        st.markdown(classroom.summary(results, room.question))


def _buttons(key: RoomKey, results: Results) -> None:
    room = results.room
    with st.container(horizontal=True, key="room_buttons"):
        for place, phase in enumerate(FOLLOWS[room.phase]):
            st.button(
                tr(NEXT[phase]), key=f"room_to_{phase}", type="secondary" if place else "primary",
                on_click=_do, args=(rooms.move_to, key, room.phase, phase),
            )  # fmt: skip
        for key_end, label, place in (
            ("previous", tr("Previous question"), room.place - 1),
            ("next", tr("Next question"), room.place + 1),
        ):
            if 0 <= place < len(room.questions):
                st.button(
                    label, key=f"room_{key_end}",
                    on_click=_do, args=(rooms.ask, key, room.questions[place].id),
                )  # fmt: skip


def _do(change: Callable[..., None], key: RoomKey, *values: str) -> None:
    with user_errors_shown():
        change(class_database(), key, *values)


def _export(key: RoomKey) -> None:
    with st.container(horizontal=True, key="room_export"):
        for name, (kind, write) in EXPORTS.items():
            st.download_button(
                tr("Answers as {name}", name=name),
                partial(_written, write, key),
                file_name=f"room-{key.code}.{name.lower()}", mime=kind, on_click="ignore",
                key=f"room_{name.lower()}",
            )  # fmt: skip


def _written(write: Callable[[Results], bytes], key: RoomKey) -> bytes:
    return write(rooms.results(class_database(), key))


def _leave(key: RoomKey) -> None:
    with st.container(horizontal=True, key="room_leave_buttons"):
        st.button(tr("Leave the room"), key="room_leave", on_click=make.leave,
                  help=tr("Students stay; you come back with code and teacher's key."))  # fmt: skip
        with st.popover(tr("Teacher's key")):
            st.caption(
                tr("With the code, this opens the room on another computer. Keep it to yourself.")
            )
            st.code(key.secret, language=None)
        with st.popover(tr("Delete the room")):
            st.caption(tr("Nicknames and answers are deleted for good."))
            if st.button(tr("Delete"), key="room_delete"):
                _do(rooms.delete_room, key)
                make.leave()
                st.rerun()


def join_address(page: str) -> str:
    """Return where students join; this machine's own address where the teacher sits at it.

    Args:
        page: the address of this page in the teacher's browser.
    """
    parts = urlsplit(page)
    host = parts.hostname or ""
    if host == "localhost" or host.startswith("127."):
        host = network_address() or host
    port = f":{parts.port}" if parts.port else ""
    folder = parts.path.rpartition("/")[0]
    return f"{parts.scheme}://{host}{port}{folder}/join"


def network_address() -> str | None:
    """Return the first address of this machine that others on the network can reach."""
    addresses = [
        address.address
        for interface in psutil.net_if_addrs().values()
        for address in interface
        if address.family == socket.AF_INET
    ]
    return next((one for one in addresses if not one.startswith(("127.", "169.254."))), None)
