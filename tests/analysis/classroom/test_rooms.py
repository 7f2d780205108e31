"""Rooms for a class: phases, answers, what each side sees, and everything that is refused."""

import datetime
import json
import sqlite3
import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa

from han_core.analysis.classroom import rooms, students
from han_core.analysis.classroom.database import ANSWER, KEPT, ROOM, ClassDatabase, utc_now
from han_core.analysis.classroom.question import Phase, Question
from han_core.analysis.classroom.rooms import RoomKey
from han_core.analysis.classroom.students import NotJoined, Ticket
from han_core.runtime.errors import UserError
from tests.analysis.classroom.conftest import QUESTIONS

SECRET_PARTS = {"histograms", "right", "own_right"}


def move(database, key, *phases: Phase) -> None:
    for phase in phases:
        rooms.move_to(database, key, rooms.open_room(database, key).phase, phase)


@pytest.fixture
def seats(database, key) -> list[Ticket]:
    return [students.join(database, key.code, name) for name in ("Anna", "Ben", "Chen")]


def answer(database, seat, value, question="half", round=1) -> None:
    students.give_answer(database, seat, question, round, value)


def test_a_class_predicts_sees_the_answers_and_votes_again(database, key, seats):
    for seat, choice in zip(seats, (0, 1, 1), strict=True):
        answer(database, seat, choice)
    move(database, key, Phase.LOCKED, Phase.REVEALED)
    view = students.student_view(database, seats[0])
    assert [(bar["count"], bar["right"], bar["own"]) for bar in view["histograms"][1]] == [
        (1, False, True), (2, True, False), (0, False, False),
    ]  # fmt: skip
    assert (view["right"], view["own"]) == ("backward", {1: "forward"})
    move(database, key, Phase.EXPLAIN, Phase.AGAIN)
    for seat in seats[:2]:
        answer(database, seat, 1, round=2)
    move(database, key, Phase.COMPARED)
    view = students.student_view(database, seats[0])
    assert [bar["count"] for bar in view["histograms"][2]] == [0, 2, 0]
    assert view["own_right"] == {1: False, 2: True}
    found = rooms.results(database, key)
    assert found.of(QUESTIONS[0], 1) == {1: 0, 2: 1, 3: 1}
    assert found.of(QUESTIONS[0], 2) == {1: 1, 2: 1}
    assert found.nicknames == {1: "Anna", 2: "Ben", 3: "Chen"}


@pytest.mark.parametrize("phase", [phase for phase in Phase if not phase.shown_rounds])
def test_before_the_reveal_a_student_gets_only_their_own_answer(database, key, phase):
    """The answers are numbers that stand nowhere else in what is sent."""
    rooms.ask(database, key, "share")
    seats = [students.join(database, key.code, f"student {at}") for at in range(5)]
    for at, seat in enumerate(seats):
        answer(database, seat, 11.125 + at, "share")
    path = list(Phase)[1 : list(Phase).index(phase) + 1]
    move(database, key, *path)
    for at, seat in enumerate(seats):
        view = students.student_view(database, seat)
        sent = json.dumps(view)
        assert not SECRET_PARTS & view.keys()
        assert "64.65" not in sent
        assert [other for other in range(5) if f"{11.125 + other}" in sent] == [at]


def test_whoever_comes_late_gets_the_phase(database, key, seats):
    answer(database, seats[0], 1)
    move(database, key, Phase.LOCKED, Phase.REVEALED)
    late = students.join(database, key.code, "Dora")
    view = students.student_view(database, late)
    assert (view["phase"], view["own"]) == (Phase.REVEALED, {})
    assert [bar["count"] for bar in view["histograms"][1]] == [0, 1, 0]
    with pytest.raises(UserError, match="came too late"):
        answer(database, late, 1)


def test_the_same_answer_twice_counts_once_and_another_is_refused(database, key, seats):
    answer(database, seats[0], 1)
    answer(database, seats[0], 1.0)
    with pytest.raises(UserError, match='You have answered "backward" already'):
        answer(database, seats[0], 2)
    assert len(rooms.results(database, key).answers) == 1


@pytest.mark.parametrize(
    ("question", "round", "value", "sentence"),
    [
        ("half", 1, 3, "A choice from 0 to 2 is expected; 3 came"),
        ("half", 1, "<b>", "A choice from 0 to 2 is expected"),
        ("half", 2, 1, "came too late"),
        ("share", 1, 50, "came too late"),
        ("no", 1, 1, "came too late"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(database, key, seats, question, round, value, sentence):  # fmt: skip # noqa: E501
    with pytest.raises(UserError, match=sentence):
        answer(database, seats[0], value, question, round)
    assert rooms.results(database, key).answers == ()


def test_closed_answers_take_nothing(database, key, seats):
    for phase in list(Phase)[1:]:
        move(database, key, phase)
        if phase.round is None:
            with pytest.raises(UserError, match="came too late"):
                answer(database, seats[0], 1, round=2)


def test_nobody_answers_as_another_student(database, key, seats):
    for ticket in (
        replace(seats[0], student=2),
        replace(seats[0], student=99),
        replace(seats[0], secret=key.secret),
    ):
        with pytest.raises(NotJoined, match="has not joined"):
            answer(database, ticket, 1)
        with pytest.raises(NotJoined, match="has not joined"):
            students.student_view(database, ticket)


def test_a_seat_of_one_room_is_none_of_another(database, key, seats):
    other = rooms.make_room(database, "Other", QUESTIONS)
    with pytest.raises(NotJoined):
        students.student_view(database, replace(seats[0], code=other.code))


@pytest.mark.parametrize(
    "act",
    [
        lambda database, key: rooms.results(database, key),
        lambda database, key: rooms.move_to(database, key, Phase.PREDICT, Phase.LOCKED),
        lambda database, key: rooms.ask(database, key, "share"),
        lambda database, key: rooms.add_question(database, key, replace(QUESTIONS[0], id="new")),
        lambda database, key: rooms.delete_room(database, key),
    ],
)
def test_only_the_teachers_key_opens_the_room(database, key, seats, act):
    before = rooms.open_room(database, key)
    for secret in ("", "wrong", seats[0].secret, key.secret + "x"):
        with pytest.raises(UserError, match="not the teacher's key"):
            act(database, RoomKey(key.code, secret))
    assert rooms.open_room(database, key) == before


def test_secrets_are_not_stored(database, key, seats, tmp_path):
    database.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert key.code.encode() in stored
    for secret in (key.secret, *(seat.secret for seat in seats)):
        assert secret.encode() not in stored


def test_a_room_that_does_not_exist_is_named_in_one_sentence(database):
    with pytest.raises(UserError, match='no room "NOROOM"'):
        students.join(database, "no-room", "Anna")
    with pytest.raises(UserError, match='no room "NOROOM"'):
        rooms.open_room(database, RoomKey("NOROOM", "x"))


def test_a_code_may_be_typed_loosely(database, key):
    typed = f" {key.code[:3].lower()}-{key.code[3:]} "
    assert students.join(database, typed, "Anna").code == key.code


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("<img src=x onerror=alert(1)>"[:24], "<img src=x onerror=alert"),
        ("  Anna \t Ben ", "Anna Ben"),
        ("An\0na\u202e\ud800", "Anna"),
        ("好学生", "好学生"),
    ],
)
def test_a_nickname_is_text_on_one_line(database, key, typed, stored):
    seat = students.join(database, key.code, typed)
    assert students.student_view(database, seat)["nickname"] == stored


@pytest.mark.parametrize("nickname", ["", "  ", "\u200b", "x" * 25])
def test_a_nickname_that_cannot_be_shown_is_refused(database, key, nickname):
    with pytest.raises(UserError, match="1 to 24 characters"):
        students.join(database, key.code, nickname)


def test_two_students_are_not_called_the_same(database, key, seats):
    with pytest.raises(UserError, match="choose another nickname"):
        students.join(database, key.code, "ANNA")


def test_a_full_room_takes_nobody(database, key, monkeypatch):
    monkeypatch.setattr(students, "MOST_STUDENTS", 1)
    students.join(database, key.code, "Anna")
    with pytest.raises(UserError, match="The room is full"):
        students.join(database, key.code, "Ben")


def test_phases_follow_each_other_and_a_second_click_changes_nothing(database, key):
    with pytest.raises(UserError, match="After the phase predict no revealed follows"):
        rooms.move_to(database, key, Phase.PREDICT, Phase.REVEALED)
    rooms.move_to(database, key, Phase.PREDICT, Phase.LOCKED)
    before = rooms.open_room(database, key)
    rooms.move_to(database, key, Phase.PREDICT, Phase.LOCKED)
    assert rooms.open_room(database, key) == before
    assert before.version == 2


def test_a_question_that_is_gone_back_to_is_as_it_was_left(database, key, seats):
    answer(database, seats[0], 1)
    rooms.ask(database, key, "share")
    assert rooms.open_room(database, key).phase is Phase.PREDICT
    rooms.ask(database, key, "half")
    assert rooms.open_room(database, key).phase is Phase.LOCKED
    move(database, key, Phase.REVEALED, Phase.EXPLAIN, Phase.AGAIN)
    answer(database, seats[0], 1, round=2)
    rooms.ask(database, key, "half")
    assert rooms.open_room(database, key).phase is Phase.COMPARED
    with pytest.raises(UserError, match='no question "other"'):
        rooms.ask(database, key, "other")


def test_questions_are_added_up_to_the_limit(database, key):
    for at in range(rooms.MOST_QUESTIONS - len(QUESTIONS)):
        rooms.add_question(database, key, replace(QUESTIONS[0], id=str(at)))
    assert len(rooms.open_room(database, key).questions) == rooms.MOST_QUESTIONS
    with pytest.raises(UserError, match="at most 50 questions"):
        rooms.add_question(database, key, replace(QUESTIONS[0], id="more"))


def test_a_server_has_so_many_rooms(database, key, monkeypatch):
    monkeypatch.setattr(rooms, "MOST_ROOMS", 1)
    with pytest.raises(UserError, match="1 rooms already"):
        rooms.make_room(database, "More", QUESTIONS)
    rooms.delete_room(database, key)
    rooms.make_room(database, "More", QUESTIONS)


def test_a_deleted_room_leaves_nothing(database, key, seats):
    answer(database, seats[0], 1)
    rooms.delete_room(database, key)
    with pytest.raises(NotJoined, match="no longer there"):
        students.student_view(database, seats[0])
    with database.reading() as connection:
        assert connection.execute(sa.select(ANSWER)).all() == []


def test_a_room_is_forgotten_after_thirty_days(database, key, seats):
    answer(database, seats[0], 1)
    other = rooms.make_room(database, "Younger", QUESTIONS)
    for code, days in ((key.code, 30.01), (other.code, 29.9)):
        old = utc_now() - datetime.timedelta(days=days)
        with database.writing() as connection:
            connection.execute(sa.update(ROOM).where(ROOM.c.code == code).values(created=old))
    assert KEPT.days == 30
    rooms.make_room(database, "Newest", QUESTIONS)
    assert key.code not in database.versions()
    assert other.code in database.versions()


def test_all_is_there_after_a_restart(database, key, seats, tmp_path):
    answer(database, seats[0], 1)
    move(database, key, Phase.LOCKED)
    again = ClassDatabase(tmp_path / "classrooms.sqlite")  # the first one is still open, as killed
    assert rooms.open_room(again, key) == rooms.open_room(database, key)
    assert students.student_view(again, seats[0])["own"] == {1: "backward"}
    again.close()


def test_thirty_answers_at_once_are_all_stored(database, key):
    seats = [students.join(database, key.code, f"student {at}") for at in range(30)]
    threads = [
        threading.Thread(target=answer, args=(database, seat, at % 3))
        for at, seat in enumerate(seats)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [bar.count for bar in QUESTIONS[0].bars(
        list(rooms.results(database, key).of(QUESTIONS[0], 1).values())
    )] == [10, 10, 10]  # fmt: skip


def test_a_locked_database_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("han_core.analysis.classroom.database.PATIENCE", 0.05)
    database = ClassDatabase(tmp_path / "classrooms.sqlite")
    other = sqlite3.connect(tmp_path / "classrooms.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UserError, match="cannot be read or written now"):
        rooms.make_room(database, "Locked", QUESTIONS)
    other.close()
    database.close()


@pytest.mark.parametrize("text", ["", "A.1", "A.x.s", "A.-1.s", "A.1.s\n", "A.1234567.s", "A.1.é"])
def test_what_is_no_ticket_is_none(text):
    assert Ticket.parse(text) is None


def test_a_ticket_comes_back_from_its_text(seats):
    assert Ticket.parse(str(seats[0])) == seats[0]


def of_lesson(database):
    """A room with a question of lesson 5 in Chinese, and one of its teacher's own."""
    asked = Question("5-zh-check", "?", "choice", 0, ("a", "b"))
    own = Question("half", "?", "choice", 0, ("a", "b"))
    return rooms.make_room(database, "Masks", [asked, own])


def test_a_link_to_the_lesson_hides_what_the_teacher_chose(database):
    key = of_lesson(database)
    assert rooms.open_room(database, key).lesson_link == "Learn?lesson=5&lang=zh"
    rooms.hide_controls(database, key, ["notes", "mask"])
    assert rooms.open_room(database, key).lesson_link == "Learn?lesson=5&lang=zh&hide=mask,notes"
    rooms.hide_controls(database, key, [])
    assert rooms.open_room(database, key).hidden == ()
    rooms.hide_controls(database, key, ["padding"])
    rooms.ask(database, key, "half")
    assert rooms.open_room(database, key).lesson_link == ""


def test_students_get_the_lesson_with_the_reveal(database):
    key = of_lesson(database)
    seat = students.join(database, key.code, "Anna")
    rooms.hide_controls(database, key, ["notes"])
    for phase in (Phase.LOCKED, Phase.REVEALED):
        assert students.student_view(database, seat)["lesson"] == ""
        move(database, key, phase)
    assert students.student_view(database, seat)["lesson"] == "Learn?lesson=5&lang=zh&hide=notes"


def test_what_cannot_be_hidden_is_refused(database, key):
    with pytest.raises(UserError, match="can be hidden"):
        rooms.hide_controls(database, key, ["mask", "answers"])
    assert rooms.open_room(database, key).hidden == ()
    with pytest.raises(UserError, match="teacher's key"):
        rooms.hide_controls(database, RoomKey(key.code, "x"), ["mask"])
