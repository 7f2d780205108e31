"""A database of class rooms, and a room with two questions."""

import pytest

from han_core.analysis.classroom.database import ClassDatabase
from han_core.analysis.classroom.question import Question
from han_core.analysis.classroom.rooms import RoomKey, make_room

QUESTIONS = (
    Question("half", "Which half changes?", "choice", 1, ("forward", "backward", "both")),
    Question("share", "How much?", "number", 64.65, tolerance=0.5, unit="%"),
)


@pytest.fixture
def database(tmp_path):
    database = ClassDatabase(tmp_path / "classrooms.sqlite")
    yield database
    database.close()


@pytest.fixture
def key(database) -> RoomKey:
    return make_room(database, "States", QUESTIONS)
