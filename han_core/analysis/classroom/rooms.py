"""Rooms for a class, as the teacher has them: made, moved from phase to phase, read, deleted."""

import datetime
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from han_core.analysis.classroom.database import (
    ANSWER,
    HIDDEN,
    QUESTION,
    ROOM,
    STUDENT,
    ClassDatabase,
    hash_of,
    is_secret,
    new_secret,
    utc_now,
)
from han_core.analysis.classroom.question import FOLLOWS, Phase, Question
from han_core.explanation.lesson import CONTROLS, Control
from han_core.runtime.errors import UserError, joined, listed, shown
from han_core.runtime.messages import tr

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""No letter or digit of a code is easily taken for another one."""
CODE_LENGTH = 6
MOST_ROOMS, MOST_QUESTIONS = 200, 50


@dataclass(frozen=True)
class RoomKey:
    """What a teacher needs for a room: its code, which everybody sees, and its secret."""

    code: str
    secret: str


@dataclass(frozen=True)
class Room:
    """A room at one moment.

    Attributes:
        lesson: its title.
        question: the one that the class is at, one of ``questions``.
        version: grows whenever the teacher changes anything.
        created: UTC.
        hidden: what the students' links to lessons hide.
    """

    code: str
    lesson: str
    questions: tuple[Question, ...]
    question: Question
    phase: Phase
    version: int
    created: datetime.datetime
    hidden: tuple[Control, ...] = ()

    @property
    def lesson_link(self) -> str:
        """The address of the question's lesson for students; "" of a question of one's own."""
        if (lesson := self.question.lesson) is None:
            return ""
        number, language = lesson
        hidden = ",".join(self.hidden)
        return f"Learn?lesson={number}&lang={language}" + (f"&hide={hidden}" if hidden else "")

    @property
    def place(self) -> int:
        """The place of the question among all, from 0."""
        return self.questions.index(self.question)


@dataclass(frozen=True)
class Answer:
    """One answer: the index of a choice or a number; ``at`` is UTC."""

    question: str
    round: int
    student: int
    value: float
    at: datetime.datetime


@dataclass(frozen=True)
class Results:
    """A room and its answers, in the order in which they came; nicknames by student."""

    room: Room
    nicknames: dict[int, str]
    answers: tuple[Answer, ...]

    def of(self, question: Question, round: int) -> dict[int, float]:
        """Return the answers to a question in a round, by student."""
        return {
            answer.student: answer.value
            for answer in self.answers
            if (answer.question, answer.round) == (question.id, round)
        }


def make_room(database: ClassDatabase, lesson: str, questions: Sequence[Question]) -> RoomKey:
    """Make a room that asks its first question; rooms that are too old are deleted.

    Raises:
        UserError: without a question, with too many, or where the server has too many rooms.
    """
    if not 1 <= len(questions) <= MOST_QUESTIONS:
        raise UserError(
            tr(
                "A room has 1 to {most_questions} questions; {count} came.",
                most_questions=MOST_QUESTIONS,
                count=len(questions),
            )
        )
    database.forget_old_rooms()
    key = RoomKey("".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH)), new_secret())
    with database.writing() as connection:
        if connection.execute(sa.select(sa.func.count(ROOM.c.code))).scalar_one() >= MOST_ROOMS:
            raise UserError(
                tr(
                    "This server has {most_rooms} rooms already; delete one that is not needed.",
                    most_rooms=MOST_ROOMS,
                )
            )
        connection.execute(
            sa.insert(ROOM).values(
                code=key.code, token_hash=hash_of(key.secret), lesson=lesson, version=1,
                question=questions[0].id, phase=Phase.PREDICT, created=utc_now(),
            )
        )  # fmt: skip
        for place, question in enumerate(questions):
            _insert(connection, key.code, place, question)
    return key


def open_room(database: ClassDatabase, key: RoomKey) -> Room:
    """Return the room of a key.

    Raises:
        UserError: if there is no such room, or the secret is another one.
    """
    with database.reading() as connection:
        return _opened(connection, key)


def move_to(database: ClassDatabase, key: RoomKey, before: Phase, after: Phase) -> None:
    """Bring the room from one phase to the next; a second click changes nothing.

    Raises:
        UserError: as ``open_room``, and if ``after`` does not follow ``before``.
    """
    if after not in FOLLOWS[before]:
        raise UserError(
            tr("After the phase {before} no {after} follows.", before=before, after=after)
        )
    with database.writing() as connection:
        if _opened(connection, key).phase == before:
            _change(connection, key.code, phase=after)


def ask(database: ClassDatabase, key: RoomKey, id: str) -> None:
    """Go to a question of the room, where the class begins with a prediction.

    A question that was asked before is as it was left: locked if it has an answer.

    Raises:
        UserError: as ``open_room``, and if the room has no such question.
    """
    with database.writing() as connection:
        if id not in {question.id for question in _opened(connection, key).questions}:
            raise UserError(tr('The room has no question "{id}".', id=shown(id)))
        rounds = sa.select(sa.func.max(ANSWER.c.round)).where(
            ANSWER.c.room == key.code, ANSWER.c.question == id
        )
        left = {None: Phase.PREDICT, 1: Phase.LOCKED, 2: Phase.COMPARED}
        _change(connection, key.code, question=id, phase=left[connection.scalar(rounds)])


def add_question(database: ClassDatabase, key: RoomKey, question: Question) -> None:
    """Add a question after the last one.

    Raises:
        UserError: as ``open_room``, and if the room has too many, or one of the same id.
    """
    with database.writing() as connection:
        room = _opened(connection, key)
        if len(room.questions) >= MOST_QUESTIONS:
            raise UserError(
                tr("A room has at most {most_questions} questions.", most_questions=MOST_QUESTIONS)
            )
        if question.id in {other.id for other in room.questions}:
            raise UserError(tr("The room has this question already."))
        _insert(connection, key.code, len(room.questions), question)
        _change(connection, key.code)


def hide_controls(database: ClassDatabase, key: RoomKey, controls: Sequence[Control]) -> None:
    """Let the students' links to lessons hide these controls, and no others.

    Raises:
        UserError: as ``open_room``, and if something else is to be hidden.
    """
    if unknown := set(controls) - set(CONTROLS):
        names, others = joined(CONTROLS), listed(sorted(unknown))
        raise UserError(
            tr("Only {names} can be hidden; {others} came.", names=names, others=others)
        )
    with database.writing() as connection:
        _opened(connection, key)
        connection.execute(sa.delete(HIDDEN).where(HIDDEN.c.room == key.code))
        for control in controls:
            connection.execute(sa.insert(HIDDEN).values(room=key.code, control=control))
        _change(connection, key.code)


def results(database: ClassDatabase, key: RoomKey) -> Results:
    """Return the room with all answers; for its teacher only.

    Raises:
        UserError: as ``open_room``.
    """
    with database.reading() as connection:
        room = _opened(connection, key)
        columns = sa.select(STUDENT.c.id, STUDENT.c.nickname).where(STUDENT.c.room == key.code)
        nicknames = dict(connection.execute(columns).tuples().all())
        rows = connection.execute(
            sa.select(ANSWER).where(ANSWER.c.room == key.code).order_by(ANSWER.c.at)
        )
        answers = [
            Answer(row.question, row.round, row.student, stored_value(row), row.at) for row in rows
        ]
    return Results(room, nicknames, tuple(answers))


def delete_room(database: ClassDatabase, key: RoomKey) -> None:
    """Delete a room with its students and answers.

    Raises:
        UserError: as ``open_room``.
    """
    with database.writing() as connection:
        _opened(connection, key)
        connection.execute(sa.delete(ROOM).where(ROOM.c.code == key.code))


def read_room(connection: Connection, code: str) -> tuple[Room, str] | None:
    """Return a room and the hash of its secret; None if there is none."""
    row = connection.execute(sa.select(ROOM).where(ROOM.c.code == code)).one_or_none()
    if row is None:
        return None
    contents = connection.scalars(
        sa.select(QUESTION.c.content).where(QUESTION.c.room == code).order_by(QUESTION.c.place)
    )
    questions = tuple(map(Question.from_json, contents))
    current = next(question for question in questions if question.id == row.question)
    chosen = set(connection.scalars(sa.select(HIDDEN.c.control).where(HIDDEN.c.room == code)))
    hidden = tuple(control for control in CONTROLS if control in chosen)
    room = Room(
        code, row.lesson, questions, current, Phase(row.phase), row.version, row.created, hidden
    )
    return room, row.token_hash


def stored_value(row: sa.Row) -> float:
    """Return the answer of a row of ``ANSWER``."""
    return row.number if row.choice is None else row.choice


def _opened(connection: Connection, key: RoomKey) -> Room:
    found = read_room(connection, key.code)
    if found is None:
        raise UserError(
            tr('There is no room "{code}"; rooms go after 30 days.', code=shown(key.code))
        )
    room, stored = found
    if not is_secret(key.secret, stored):
        raise UserError(tr("This is not the teacher's key of room {code}.", code=shown(key.code)))
    return room


def _insert(connection: Connection, code: str, place: int, question: Question) -> None:
    values = {"room": code, "id": question.id, "place": place, "content": question.to_json()}
    connection.execute(sa.insert(QUESTION).values(**values))


def _change(connection: Connection, code: str, **values: str) -> None:
    changed = sa.update(ROOM).where(ROOM.c.code == code)
    connection.execute(changed.values(version=ROOM.c.version + 1, **values))
