"""A class as its students have it: they join, answer, and see what the phase lets them see.

Nobody gets the answer of another student, and the histogram only in the phases that show it.
"""

import re
import unicodedata
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from han_core.analysis.classroom.database import (
    ANSWER,
    STUDENT,
    ClassDatabase,
    hash_of,
    is_secret,
    new_secret,
    utc_now,
)
from han_core.analysis.classroom.question import Question
from han_core.analysis.classroom.rooms import CODE_LENGTH, Room, read_room, stored_value
from han_core.runtime.errors import UserError, shown
from han_core.runtime.messages import mark, tr

MOST_STUDENTS = 300  # of a room
LONGEST_NICKNAME = 24  # characters


@dataclass(frozen=True)
class Ticket:
    """What a student's browser keeps: room, number in the room, secret."""

    code: str
    student: int
    secret: str

    def __str__(self) -> str:
        return f"{self.code}.{self.student}.{self.secret}"

    @staticmethod
    def parse(text: str) -> "Ticket | None":
        """Return the ticket that was written as text; None if it is none."""
        parts = re.fullmatch(r"(\w{1,20})\.(\d{1,6})\.([\w-]{1,60})", text, re.ASCII)
        return parts and Ticket(parts[1], int(parts[2]), parts[3])


GONE = mark("This room is no longer there; ask your teacher for a new code.")


class NotJoined(UserError):
    """There is no such room any more, or the ticket is not one of its students'."""


def normal_code(text: str) -> str:
    """Return a code as it is stored, of what somebody typed: "k7q-m3p" is "K7QM3P"."""
    return "".join(sign for sign in text.upper()[:40] if sign.isalnum())


def join(database: ClassDatabase, code: str, nickname: str) -> Ticket:
    """Take a seat in a room.

    Raises:
        UserError: if there is no such room, the room is full, the nickname is empty, too long,
            or another student's.
    """
    code, nickname = normal_code(code), _checked_nickname(nickname)
    folded = unicodedata.normalize("NFKC", nickname).casefold()
    secret = new_secret()
    with database.writing() as connection:
        if read_room(connection, code) is None:
            raise UserError(
                tr(
                    'There is no room "{code}"; a code of {code_length} letters and digits is '
                    "expected, as your teacher shows it.",
                    code=shown(code, 20),
                    code_length=CODE_LENGTH,
                )
            )
        seats = sa.select(STUDENT.c.folded).where(STUDENT.c.room == code)
        taken = connection.scalars(seats).all()
        if folded in taken:
            raise UserError(
                tr(
                    "Somebody here is called {nickname} already; choose another nickname.",
                    nickname=nickname,
                )
            )
        if len(taken) >= MOST_STUDENTS:
            raise UserError(
                tr(
                    "The room is full: it has {most_students} students.",
                    most_students=MOST_STUDENTS,
                )
            )
        ticket = Ticket(code, len(taken) + 1, secret)
        connection.execute(
            sa.insert(STUDENT).values(
                room=code, id=ticket.student, nickname=nickname, folded=folded,
                token_hash=hash_of(secret),
            )
        )  # fmt: skip
    return ticket


def give_answer(
    database: ClassDatabase, ticket: Ticket, question: str, round: int, answer: object
) -> None:
    """Store an answer; the same one again changes nothing.

    Raises:
        NotJoined: if the ticket is none of the room's.
        UserError: if the answer is out of range, comes too late or too early, or is a second one.
    """
    with database.writing() as connection:
        room = _seated(connection, ticket)
        if question != room.question.id or round != room.phase.round:
            raise UserError(tr("Answers to this question are closed now; yours came too late."))
        value = room.question.checked(answer)
        given = _answers(connection, ticket, room.question).get(round)
        if given is not None and given != value:
            raise UserError(
                tr(
                    'You have answered "{named}" already; one answer counts in each round.',
                    named=shown(room.question.named(given)),
                )
            )
        if given is None:
            column = "choice" if room.question.kind == "choice" else "number"
            connection.execute(
                sa.insert(ANSWER).values(
                    room=ticket.code, question=question, round=round, student=ticket.student,
                    at=utc_now(), **{column: value},
                )
            )  # fmt: skip


def student_view(database: ClassDatabase, ticket: Ticket) -> dict[str, Any]:
    """Return what a student sees now, as JSON holds it.

    Raises:
        NotJoined: if the ticket is none of the room's.
    """
    with database.reading() as connection:
        _seated(connection, ticket)
        return _class_view(connection, ticket.code).of(ticket.student)


@dataclass(frozen=True)
class ClassView:
    """A room at one moment, for all its students.

    Attributes:
        nicknames: by student.
        answers: to the present question, by round and student.
    """

    room: Room
    nicknames: dict[int, str]
    answers: dict[int, dict[int, float]]

    def of(self, student: int) -> dict[str, Any]:
        """Return what one student may see: nobody else's answer, and histograms when revealed."""
        room, question = self.room, self.room.question
        given = {round: of[student] for round, of in self.answers.items() if student in of}
        return {
            "code": room.code,
            "nickname": self.nicknames[student],
            "version": room.version,
            "phase": room.phase,
            "round": room.phase.round,
            "place": room.place + 1,
            "of": len(room.questions),
            "question": {
                name: getattr(question, name)
                for name in ("id", "text", "kind", "choices", "low", "high", "unit")
            },
            "own": {round: question.named(value) for round, value in given.items()},
            **self._revealed(given),
            "lesson": room.lesson_link if room.phase.shown_rounds else "",
        }

    def _revealed(self, given: dict[int, float]) -> dict[str, Any]:
        """Return the histograms with the student's own bars, and the right answer; else nothing."""
        question, histograms = self.room.question, {}
        if not self.room.phase.shown_rounds:
            return {}
        for round in self.room.phase.shown_rounds:
            bars = question.bars(list(self.answers.get(round, {}).values()))
            own = question.bars([given[round]] if round in given else [])
            histograms[round] = [
                {**asdict(bar), "own": bool(mine.count)}
                for bar, mine in zip(bars, own, strict=True)
            ]
        return {
            "histograms": histograms,
            "right": question.named(question.right),
            "own_right": {round: question.is_right(value) for round, value in given.items()},
        }


def class_view(database: ClassDatabase, code: str) -> ClassView:
    """Return what there is to see in a room, at once for all who listen.

    Raises:
        NotJoined: if the room is gone.
    """
    with database.reading() as connection:
        return _class_view(connection, code)


def _class_view(connection: Connection, code: str) -> ClassView:
    found = read_room(connection, code)
    if found is None:
        raise NotJoined(tr(GONE))
    room = found[0]
    names = sa.select(STUDENT.c.id, STUDENT.c.nickname).where(STUDENT.c.room == code)
    given = sa.select(ANSWER).where(ANSWER.c.room == code, ANSWER.c.question == room.question.id)
    answers: dict[int, dict[int, float]] = {}
    for row in connection.execute(given):
        answers.setdefault(row.round, {})[row.student] = stored_value(row)
    return ClassView(room, dict(connection.execute(names).tuples().all()), answers)


def _checked_nickname(text: str) -> str:
    """Return a nickname on one line, without characters that are not seen."""
    visible = "".join(sign for sign in text[:1_000] if sign == " " or sign.isprintable())
    nickname = " ".join(visible.split())
    if not 1 <= len(nickname) <= LONGEST_NICKNAME:
        raise UserError(
            tr(
                "A nickname of 1 to {longest_nickname} characters is expected.",
                longest_nickname=LONGEST_NICKNAME,
            )
        )
    return nickname


def _seated(connection: Connection, ticket: Ticket) -> Room:
    """Return the room of a ticket, if it is one of a student's there."""
    found = read_room(connection, ticket.code)
    if found is None:
        raise NotJoined(tr(GONE))
    seat = connection.execute(
        sa.select(STUDENT.c.token_hash).where(
            STUDENT.c.room == ticket.code, STUDENT.c.id == ticket.student
        )
    ).scalar_one_or_none()
    if seat is None or not is_secret(ticket.secret, seat):
        raise NotJoined(tr("This browser has not joined the room; join with its code."))
    return found[0]


def _answers(connection: Connection, ticket: Ticket, question: Question) -> dict[int, float]:
    """Return a student's own answers to a question, by round."""
    rows = connection.execute(
        sa.select(ANSWER).where(
            ANSWER.c.room == ticket.code,
            ANSWER.c.question == question.id,
            ANSWER.c.student == ticket.student,
        )
    )
    return {row.round: stored_value(row) for row in rows}
