"""A short soak: a small class writes and reads while every attack is made."""

import asyncio
import os
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from benchmarks.attacks import ATTACKS, Attack, NotSurvived, Target, attack_again
from benchmarks.soak import Notes, family_memory, measure, table
from han_core.analysis.annotations.database import open_database
from han_core.analysis.annotations.schema import NOTE
from han_core.analysis.annotations.writing import write_note

GROWTH = 400
"""Megabytes that the server and its processes may grow by: their caches fill meanwhile."""


@pytest.fixture
def data(tmp_path, monkeypatch):
    """The folder of ``HANSCOPE_DATA``."""
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path))
    return tmp_path


@pytest.mark.long
def test_a_class_bears_every_attack(checkpoint_root, random_checkpoint, data):
    random_checkpoint("han", "additive")
    random_checkpoint("bilstm", "additive")
    environment = {
        "HANSCOPE_CHECKPOINTS": str(checkpoint_root),
        "OMP_NUM_THREADS": os.environ["OMP_NUM_THREADS"],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HANSCOPE_CHECKPOINTS", str(checkpoint_root))
        figures = measure(3, 30, disk_full=3, rest=3, environment=environment)
    assert figures["tracebacks"] == 0, figures["first_traceback"]
    attacks = figures["attacks"]
    assert set(attacks) == {attack.name for attack in ATTACKS}
    assert {name: one["faults"] for name, one in attacks.items() if one["faults"]} == {}
    assert all(one["survived"] == one["tries"] >= 1 for one in attacks.values())
    assert figures["first_error"] is None
    assert figures["replies_of_another_session"] == figures["replies_without_own_text"] == 0
    assert figures["notes_lost"] == 0
    assert figures["notes_confirmed"] >= 10
    assert figures["memory_mb_after"] - figures["memory_mb_before"] < GROWTH
    assert "| confirmed notes lost | 0 |" in table(figures)


def test_a_confirmed_note_that_was_deleted_from_the_database_is_lost(data):
    database = open_database()
    write_note(database, "0" * 64, "Ann", "one", 0)
    write_note(database, "0" * 64, "Ann", "two", 1)
    notes = Notes({"one", "two"})
    assert notes.lost() == set()  # the first is in the history
    notes.confirmed.add("three")
    with database.writing() as connection:
        row = {"content": "1" * 64, "annotator": "Ann", "text": "three", "version": 1}
        connection.execute(sa.insert(NOTE).values(**row, at=datetime.now(UTC)))
    assert notes.lost() == set()
    with database.writing() as connection:
        connection.execute(sa.delete(NOTE).where(NOTE.c.text == "three"))
    database.close()
    assert notes.lost() == {"three"}


@pytest.mark.parametrize(("fault", "survived"), [("", 1), ("the server fell", 0)])
def test_an_attack_is_made_once_even_where_no_time_is_left(tmp_path, fault, survived):
    async def attack(target: Target) -> None:
        if fault:
            raise NotSurvived(fault)

    target = Target("http://127.0.0.1:1", os.getpid(), tmp_path, disk_full=0)
    asyncio.run(attack_again(Attack("mine", 1, attack, alone=True), target, until=0))
    outcome = target.outcomes["mine"]
    assert (outcome.tries, outcome.survived) == (1, survived)
    assert outcome.faults == ([f"NotSurvived: {fault}"] if fault else [])


def test_the_memory_of_a_family_is_at_least_that_of_its_parent():
    assert family_memory(os.getpid()) > 1
