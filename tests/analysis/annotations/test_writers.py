"""Thirty writers at once lose nothing, and a killed one leaves nothing torn."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from han_core.analysis.annotations.agreement import marks
from han_core.analysis.annotations.codebook import save_tag
from han_core.analysis.annotations.document_annotations import (
    annotations_by_document,
    document_annotations,
)
from han_core.analysis.annotations.schema import HISTORY, NOTE, READ
from han_core.analysis.annotations.writing import history, write_note
from tests.analysis.annotations.writers import TEXT

PROGRAMS, EACH, ROUNDS = 30, 2, 4


def run(*given: object) -> None:
    writers = Path(__file__).with_name("writers.py")
    root = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    subprocess.run([sys.executable, writers, *map(str, given)], check=True, timeout=120, env=root)


@pytest.mark.long
def test_thirty_writers_at_once_lose_nothing(database, url):
    for number in range(3):
        save_tag(database, f"tag {number}", "Anna")
    run("many", url, PROGRAMS, EACH)
    writers = {f"writer {number}" for number in range(PROGRAMS)}
    for document in range(EACH):
        content = f"{document:032x}"
        said = {one.annotator: one for one in document_annotations(database, content)}
        assert said.keys() == writers | {"all"}
        together = said.pop("all").note
        assert together.version == PROGRAMS
        for number in range(PROGRAMS):
            assert f"[{number}]" in together.text
            one = said[f"writer {number}"]
            assert [tag.name for tag in one.tags] == [f"tag {(number + document) % 3}"]
            assert one.note.text == f"{number} on {document}"
            assert [flag.kind for flag in one.flags] == ["ambiguous"]
        assert len(history(database, content)) == PROGRAMS * 4
    assert database.number() == 3 + PROGRAMS * EACH * 4
    everywhere = frozenset(f"{document:032x}" for document in range(EACH))
    assert marks(database).annotated == everywhere


@pytest.mark.long
def test_kill_9_while_writing_tears_nothing(database, url, tmp_path):
    run("killed", url, tmp_path, ROUNDS)
    for number in range(ROUNDS):
        acknowledged = (tmp_path / str(number)).read_text().split()
        assert acknowledged
        said = annotations_by_document(database, acknowledged)
        assert said.keys() == set(acknowledged)
        assert all(one.note and one.read for (one,) in said.values())
    with database.reading() as connection:
        notes = connection.execute(sa.select(NOTE.c.content, NOTE.c.text)).all()
        assert all(note.text == f"{note.content} {TEXT}" for note in notes)
        reads = connection.execute(sa.select(sa.func.count()).select_from(READ)).scalar()
        lines = connection.execute(sa.select(sa.func.count()).select_from(HISTORY)).scalar()
        assert lines == len(notes) + reads == database.number()
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    write_note(database, "f" * 32, "Ben", "and it goes on")
