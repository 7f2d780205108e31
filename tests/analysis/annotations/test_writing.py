import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from han_core.analysis.annotations.agreement import annotated_documents, marks
from han_core.analysis.annotations.codebook import save_tag
from han_core.analysis.annotations.document_annotations import (
    annotations_by_document,
    document_annotations,
)
from han_core.analysis.annotations.schema import HISTORY, LONGEST_NOTE, NOTE, READ, storable
from han_core.analysis.annotations.writing import (  # fmt: skip
    BETWEEN,
    add_tag,
    history,
    merge_notes,
    remove_tag,
    set_flag,
    set_read,
    write_note,
)
from han_core.runtime.errors import UserError
from tests.analysis.annotations.writers import TEXT

A, B = "a" * 32, "b" * 32


def tags_by_annotator(database, content=A) -> dict[str, list[str]]:
    return {
        one.annotator: [tag.name for tag in one.tags]
        for one in document_annotations(database, content)
    }


def test_tags_are_those_of_who_put_them(database):
    for name in ("irony", "Negation"):
        save_tag(database, name, "Anna")
    for who in ("Anna", "Ben"):
        add_tag(database, A, "negation", who)
    add_tag(database, A, "irony", "Anna")
    add_tag(database, A, "irony", "Anna")
    assert tags_by_annotator(database) == {"Anna": ["Negation", "irony"], "Ben": ["Negation"]}
    remove_tag(database, A, "NEGATION", "Anna")
    remove_tag(database, A, "never put", "Anna")
    assert tags_by_annotator(database) == {"Anna": ["irony"], "Ben": ["Negation"]}
    assert [change.what for change in history(database, A)] == ["tagged"] * 3 + ["took a tag off"]


def test_a_tag_that_the_codebook_lacks_is_refused(database):
    with pytest.raises(UserError, match='no tag "irony" in the codebook'):
        add_tag(database, A, "irony", "Anna")
    assert document_annotations(database, A) == ()


def test_times_are_now_in_utc(database):
    before = datetime.now(UTC) - timedelta(seconds=1)
    set_read(database, A, "Anna", True)
    (one,) = document_annotations(database, A)
    assert before < one.read < datetime.now(UTC) + timedelta(seconds=1)
    assert one.last == one.read


def test_a_note_is_written_changed_and_taken_away(database):
    first = write_note(database, A, "Anna", "one")
    assert (first.note.text, first.note.version, first.joined) == ("one", 1, False)
    second = write_note(database, A, "Anna", "two", version=1)
    assert (second.note.text, second.note.version) == ("two", 2)
    assert write_note(database, A, "Anna", " \n ", version=2).note is None
    assert document_annotations(database, A) == ()
    assert [(change.before, change.after) for change in history(database, A)] == [
        ("", "one"), ("one", "two"), ("two", ""),
    ]  # fmt: skip


def test_the_same_note_again_changes_nothing(database):
    first = write_note(database, A, "Anna", "one").note
    assert write_note(database, A, "Anna", "one", version=1).note == first
    assert len(history(database, A)) == 1


def test_two_windows_of_one_person_lose_nothing(database):
    write_note(database, A, "Anna", "as both windows saw it")
    write_note(database, A, "Anna", "from the first", version=1)
    written = write_note(database, A, "Anna", "from the second", version=1)
    assert written.joined
    assert written.note.text == f"from the first{BETWEEN}from the second"
    assert written.note.version == 3
    # a save that is sent twice, with the version of before
    again = write_note(database, A, "Anna", written.note.text, version=1)
    assert again.note == written.note
    assert not again.joined


def test_a_note_that_was_taken_away_meanwhile_is_written_anew(database):
    write_note(database, A, "Anna", "one")
    write_note(database, A, "Anna", "", version=1)
    assert write_note(database, A, "Anna", "two", version=1).note.text == "two"


def test_who_takes_a_note_away_that_another_window_changed_does_not(database):
    write_note(database, A, "Anna", "one")
    write_note(database, A, "Anna", "one and more", version=1)
    written = write_note(database, A, "Anna", "", version=1)
    assert (written.note.text, written.joined) == ("one and more", True)


def test_joined():
    assert merge_notes("a", "b") == f"a{BETWEEN}b"
    assert merge_notes("a and b", "a") == "a and b"
    assert merge_notes("a", "a and b") == "a and b"


@pytest.mark.parametrize(
    "text",
    [
        '<script>alert("x")</script> & <b>bold</b>',
        "=HYPERLINK(1)",
        "'; DROP TABLE hanscope_note; --",
        "很好 🙂 e\u0301 \u202e",
        "x" * 102_400,
        "ä" * LONGEST_NOTE,
        " indented\r\nlines\t\n",
    ],
    ids=["html", "formula", "sql", "unicode", "100 KB", "longest", "white"],
)
def test_a_note_is_text_character_for_character(database, text):
    assert write_note(database, A, "Anna", text).note.text == text
    assert document_annotations(database, A)[0].note.text == text
    assert history(database, A)[0].after == text


def test_what_no_database_holds_is_replaced_and_said(database):
    written = write_note(database, A, "Anna", "a\0b\ud800c")
    assert written.replaced
    assert document_annotations(database, A)[0].note.text == "a\ufffdb\ufffdc"
    assert not write_note(database, A, "Ben", "plain").replaced
    assert storable("plain") == "plain"


def test_too_long_a_note_is_refused_and_the_old_one_stays(database):
    write_note(database, A, "Anna", "old")
    with pytest.raises(UserError, match=r"at most 200,000 .* 200,001 and was not saved"):
        write_note(database, A, "Anna", "x" * (LONGEST_NOTE + 1), version=1)
    assert document_annotations(database, A)[0].note.text == "old"


def test_flags_say_what_the_label_was_and_should_be(database):
    set_flag(database, A, "label_is_wrong", "Anna", True, label="negative")
    set_flag(database, A, "label_is_wrong", "Anna", True, label="negative", meant="positive")
    set_flag(database, A, "ambiguous", "Anna", True)
    set_flag(database, A, "ambiguous", "Ben", True)
    anna = document_annotations(database, A)[0]
    assert [(flag.kind, flag.label, flag.meant) for flag in anna.flags] == [
        ("ambiguous", "", ""),
        ("label_is_wrong", "negative", "positive"),
    ]
    set_flag(database, A, "ambiguous", "Anna", False)
    set_flag(database, A, "ambiguous", "Anna", False)
    assert marks(database).flagged == {
        "label_is_wrong": frozenset({A}),
        "ambiguous": frozenset({A}),
    }
    set_flag(database, A, "ambiguous", "Ben", False)
    assert "ambiguous" not in marks(database).flagged
    lines = [(change.before, change.after) for change in history(database, A)]
    assert lines[:2] == [("", "on; negative; "), ("on; negative; ", "on; negative; positive")]
    assert len(lines) == 6


def test_the_read_mark_comes_and_goes(database):
    set_read(database, A, "Anna", True)
    first = document_annotations(database, A)[0].read
    set_read(database, A, "Anna", True)
    assert document_annotations(database, A)[0].read == first
    set_read(database, A, "Anna", False)
    set_read(database, A, "Anna", False)
    assert document_annotations(database, A) == ()
    assert len(history(database, A)) == 2


@pytest.mark.parametrize("who", ["", " ", "x" * 81, "a\0", "a\nb\x07"])
def test_nobody_writes(notes, who):
    save_tag(notes, "irony", "Anna")
    for write in (
        lambda: add_tag(notes, A, "irony", who),
        lambda: remove_tag(notes, A, "irony", who),
        lambda: write_note(notes, A, who, "x"),
        lambda: set_flag(notes, A, "ambiguous", who, True),
        lambda: set_read(notes, A, who, True),
    ):
        with pytest.raises(UserError, match="analyst's name"):
            write()
    assert notes.number() == 1


def test_marks_are_those_of_everybody(database):
    save_tag(database, "irony", "Anna")
    assert (marks(database).tagged, marks(database).annotated) == ({}, frozenset())
    add_tag(database, A, "irony", "Anna")
    write_note(database, B, "Ben", "x")
    set_read(database, "c" * 32, "Ben", True)
    set_flag(database, "d" * 32, "ambiguous", "Ben", True)
    result = marks(database)
    assert result.tagged == {"irony": frozenset({A})}
    assert result.flagged == {"ambiguous": frozenset({"d" * 32})}
    assert result.annotated == {A, B, "c" * 32, "d" * 32}
    assert annotated_documents(database, "Ben") == {B, "c" * 32, "d" * 32}
    assert annotated_documents(database, "nobody") == frozenset()
    assert marks(database) is result  # nothing was written, so nothing is read


def test_many_documents_are_asked_for_at_once(database, monkeypatch):
    monkeypatch.setattr("han_core.analysis.annotations.document_annotations.AT_ONCE", 7)
    contents = [f"{number:032x}" for number in range(30)]
    for content in contents[::3]:
        set_read(database, content, "Anna", True)
    result = annotations_by_document(database, [*contents, *contents])
    assert list(result) == contents[::3]


PROGRAMS, EACH, ROUNDS = 30, 2, 4


def run(*arguments: object) -> None:
    writers = Path(__file__).with_name("writers.py")
    root = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    subprocess.run(
        [sys.executable, writers, *map(str, arguments)], check=True, timeout=120, env=root
    )


@pytest.mark.long
def test_thirty_writers_at_once_lose_nothing(database, url):
    for number in range(3):
        save_tag(database, f"tag {number}", "Anna")
    run("many", url, PROGRAMS, EACH)
    writers = {f"writer {number}" for number in range(PROGRAMS)}
    for document in range(EACH):
        content = f"{document:032x}"
        annotations = {one.annotator: one for one in document_annotations(database, content)}
        assert annotations.keys() == writers | {"all"}
        together = annotations.pop("all").note
        assert together.version == PROGRAMS
        for number in range(PROGRAMS):
            assert f"[{number}]" in together.text
            one = annotations[f"writer {number}"]
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
        annotations = annotations_by_document(database, acknowledged)
        assert annotations.keys() == set(acknowledged)
        assert all(one.note and one.read for (one,) in annotations.values())
    with database.reading() as connection:
        notes = connection.execute(sa.select(NOTE.c.content, NOTE.c.text)).all()
        assert all(note.text == f"{note.content} {TEXT}" for note in notes)
        reads = connection.execute(sa.select(sa.func.count()).select_from(READ)).scalar()
        lines = connection.execute(sa.select(sa.func.count()).select_from(HISTORY)).scalar()
        assert lines == len(notes) + reads == database.number()
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    write_note(database, "f" * 32, "Ben", "and it goes on")
