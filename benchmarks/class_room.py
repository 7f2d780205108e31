"""A class room: how soon a reveal reaches thirty students who explore, and what a restart loses.

    python -m benchmarks.class_room [--students 30] [--questions 6]

Starts the app as ``make class`` does. Each student listens to the room, answers with a number of
their own, and all the while pastes and compares on the pages as in ``a_class``. The teacher
clicks on the page Classroom. After the questions the server is killed and started again, and the
class votes a second time. Prints one JSON line: seconds from the teacher's click until the reveal
has reached each student, seconds of an answer, answers lost, and how many messages held another
student's answer, the histogram or the right answer before the reveal.
"""

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.a_class import Record, student, summary_of
from benchmarks.server_session import Session, served_class
from han_core.analysis.classroom import rooms
from han_core.analysis.classroom.database import ClassDatabase
from han_core.analysis.classroom.question import Phase, Question
from han_core.analysis.classroom.rooms import RoomKey

PATIENCE = 120.0  # seconds until a phase has reached everybody
WITHIN = 2.0  # seconds in which the class answers
SECRETS = {"histograms", "right", "own_right"}
"""What a student's view has in the phases that reveal, and in no other."""


@dataclass
class Figures:
    """What a class measured: seconds of reveals and answers, leaks, answers that arrived."""

    reveals: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    leaks: int = 0
    accepted: set[tuple[str, int, int]] = field(default_factory=set)


@dataclass
class Voter:
    """A student without a browser, who keeps what the room said, as a phone does.

    Attributes:
        arrived: when each phase of each question arrived first, on the clock of seconds.
    """

    number: int
    figures: Figures
    client: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)
    arrived: dict[tuple[str, str], float] = field(default_factory=dict)
    view: dict = field(default_factory=dict)

    async def join(self, code: str) -> None:
        """Take a seat in the room."""
        await self._post("seat", code=code, nickname=f"student {self.number}")

    async def listen(self) -> None:
        """Follow the room's events for ever."""
        async with self.client.stream("GET", "/join/events", timeout=None) as stream:
            stream.raise_for_status()
            async for line in stream.aiter_lines():
                if line.startswith("data: "):
                    self._note(json.loads(line[6:]))

    async def answer(self, pause: float) -> None:
        """Answer the question with a number that no other student gives."""
        await asyncio.sleep(pause)
        id, round = self.view["question"]["id"], self.view["round"]
        started = time.perf_counter()
        await self._post("answer", question=id, round=round, answer=self.number + 0.5)
        self.figures.answers.append(time.perf_counter() - started)
        self.figures.accepted.add((id, round, self.number))

    async def _post(self, path: str, **content: object) -> None:
        reply = await self.client.post(f"/join/{path}", json=content, timeout=PATIENCE)
        reply.raise_for_status()
        self._note(reply.json())

    def _note(self, view: dict) -> None:
        now, shown = time.perf_counter(), Phase(view["phase"]).shown_rounds
        own = f"{self.number + 0.5:g}"
        leaked = not shown and bool(SECRETS & view.keys())
        self.figures.leaks += leaked or any(value != own for value in view["own"].values())
        self.view = view
        self.arrived.setdefault((view["question"]["id"], view["phase"]), now)


@asynccontextmanager
async def seated(
    address: str, voters: Sequence[Voter], code: str | None = None
) -> AsyncIterator[None]:
    """Connect the voters to a server, and let them listen; with a code they join its room."""
    for voter in voters:
        voter.client = httpx.AsyncClient(base_url=address, cookies=voter.client.cookies)
    if code is not None:
        await asyncio.gather(*(voter.join(code) for voter in voters))
    listening = [asyncio.create_task(voter.listen()) for voter in voters]
    try:
        yield
    finally:
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
        for voter in voters:
            await voter.client.aclose()


@asynccontextmanager
async def taught(address: str, key: RoomKey) -> AsyncIterator[Session]:
    """Open the room on the page Classroom."""
    async with Session(address) as teacher:
        await teacher.visit("Classroom")
        teacher.type("room_code", key.code)
        teacher.type("room_secret", key.secret)
        await teacher.click("room_open")
        yield teacher


async def reached(voters: Iterable[Voter], question: str, phase: Phase) -> list[float]:
    """Wait until a phase has reached all voters; return when it did."""
    voters, end = list(voters), time.monotonic() + PATIENCE
    while not all((question, phase) in voter.arrived for voter in voters):
        if time.monotonic() > end:
            raise TimeoutError(f"{phase} has not reached everybody")
        await asyncio.sleep(0.01)
    return [voter.arrived[question, phase] for voter in voters]


async def vote(voters: Sequence[Voter], question: str, phase: Phase) -> None:
    """Let everybody answer within ``WITHIN`` seconds."""
    await reached(voters, question, phase)
    draw = random.Random(question)
    await asyncio.gather(*(voter.answer(draw.uniform(0, WITHIN)) for voter in voters))


async def ask(teacher: Session, voters: Sequence[Voter], question: str, figures: Figures) -> None:
    """Predict, lock and reveal one question; measure how soon the reveal is there."""
    await vote(voters, question, Phase.PREDICT)
    await teacher.click("room_to_locked")
    await reached(voters, question, Phase.LOCKED)
    started = time.perf_counter()
    click = asyncio.create_task(teacher.click("room_to_revealed"))
    figures.reveals += [at - started for at in await reached(voters, question, Phase.REVEALED)]
    await click


async def first_half(
    address: str, key: RoomKey, questions: Sequence[Question], voters: Sequence[Voter],
    figures: Figures, explore: bool,
) -> Record:  # fmt: skip
    """Ask all questions while the class explores; return what exploring took."""
    record, names = Record(), [f"zq{voter.number:02d}x" for voter in voters]
    until = time.monotonic() + 3600
    exploring = [
        asyncio.create_task(student(address, at, names, until, record))
        for at in range(len(names) if explore else 0)
    ]
    async with seated(address, voters, key.code), taught(address, key) as teacher:
        for place, question in enumerate(questions):
            if place:
                await teacher.click("room_next")
            await ask(teacher, voters, question.id, figures)
    for task in exploring:
        task.cancel()
    await asyncio.gather(*exploring, return_exceptions=True)
    return record


async def second_half(address: str, key: RoomKey, question: str, voters: Sequence[Voter]) -> None:
    """Go on in the same room after the restart: the second vote on the last question."""
    async with seated(address, voters), taught(address, key) as teacher:
        for phase in (Phase.EXPLAIN, Phase.AGAIN):
            await teacher.click(f"room_to_{phase}")
        await vote(voters, question, Phase.AGAIN)
        await teacher.click(f"room_to_{Phase.COMPARED}")
        await reached(voters, question, Phase.COMPARED)


def measure(
    students: int, questions: int, explore: bool = True, environment: Mapping[str, str] = {}
) -> dict[str, object]:
    """Return the figures; the room is in a temporary folder.

    Args:
        explore: whether the class uses the pages meanwhile.
        environment: of the server, beside that of a class.
    """
    figures = Figures()
    voters = [Voter(number, figures) for number in range(1, students + 1)]
    asked = [
        Question(str(at), f"Question {at}", "number", right=2, high=students + 1)
        for at in range(questions)
    ]
    with tempfile.TemporaryDirectory() as folder:
        server = {**environment, "HANSCOPE_DATA": folder}
        with served_class(server) as (address, pid):
            database = ClassDatabase(Path(folder) / "classrooms.sqlite")
            key = rooms.make_room(database, "Benchmark", asked)
            record = asyncio.run(first_half(address, key, asked, voters, figures, explore))
            os.kill(pid, 9)  # the server has no time to save anything
        with served_class(server) as (address, _):
            asyncio.run(second_half(address, key, asked[-1].id, voters))
        results = rooms.results(database, key)
        database.close()
    stored = {(one.question, one.round, int(one.value)) for one in results.answers}
    return {
        "students": students,
        "reveal": summary_of(figures.reveals),
        "answer": summary_of(figures.answers),
        "answers_accepted": len(figures.accepted),
        "answers_lost": len(figures.accepted - stored),
        "seen_before_the_reveal": figures.leaks,
        "exploring": summary_of(record.student_seconds),
        "errors_of_exploring": len(record.errors),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--questions", type=int, default=6)
    options = parser.parse_args()
    print(json.dumps(measure(options.students, options.questions)))


if __name__ == "__main__":
    main()
