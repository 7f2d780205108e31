"""Tagging many documents at once, against tagging them one by one."""

import pytest

from han_core.analysis.annotations import bulk
from han_core.analysis.annotations.agreement import marks
from han_core.analysis.annotations.bulk import BulkChange, tag_documents, undo
from han_core.analysis.annotations.codebook import save_tag
from han_core.analysis.annotations.writing import add_tag, history, remove_tag
from han_core.runtime.errors import UserError

A, B, C, D = ("a" * 32, "b" * 32, "c" * 32, "d" * 32)


def lines(database, content) -> list[tuple[str, ...]]:
    return [change[1:] for change in history(database, content)]


def test_many_are_tagged_as_one_by_one(database):
    for name in ("irony", "one by one"):
        save_tag(database, name, "Anna")
    add_tag(database, B, "irony", "Anna")
    add_tag(database, C, "irony", "Ben")
    changed = tag_documents(database, [A, B, C, A], "Irony", "Anna")
    assert changed == BulkChange("irony", True, (A, C))
    assert marks(database).tagged["irony"] == {A, B, C}
    assert lines(database, A) == [("Anna", "tagged", "irony", "", "irony")]
    assert len(lines(database, B)) == 1
    add_tag(database, D, "one by one", "Anna")
    remove_tag(database, D, "one by one", "Anna")
    tag_documents(database, [A], "one by one", "Anna")
    tag_documents(database, [A], "one by one", "Anna", on=False)
    assert lines(database, A)[1:] == lines(database, D)


def test_undo_touches_only_what_was_changed(database):
    save_tag(database, "irony", "Anna")
    add_tag(database, B, "irony", "Anna")
    add_tag(database, A, "irony", "Ben")
    changed = tag_documents(database, [A, B], "irony", "Anna")
    assert undo(database, changed, "Anna") == BulkChange("irony", False, (A,))
    assert marks(database).tagged["irony"] == {A, B}  # A by Ben
    removed = tag_documents(database, [A, B, C], "irony", "Anna", on=False)
    assert removed.contents == (B,)
    assert marks(database).tagged["irony"] == {A}
    undo(database, removed, "Anna")
    assert marks(database).tagged["irony"] == {A, B}


def test_more_than_one_query_can_ask_for(notes, monkeypatch):
    save_tag(notes, "irony", "Anna")
    monkeypatch.setattr("han_core.analysis.annotations.document_annotations.AT_ONCE", 7)
    contents = [f"{number:032x}" for number in range(50)]
    assert tag_documents(notes, contents, "irony", "Anna").contents == tuple(contents)
    assert marks(notes).tagged["irony"] == set(contents)
    assert tag_documents(notes, contents, "irony", "Anna").contents == ()
    assert tag_documents(notes, [], "irony", "Anna").contents == ()


def test_all_or_none(notes, monkeypatch):
    save_tag(notes, "irony", "Anna")
    with pytest.raises(UserError, match="no tag"):
        tag_documents(notes, [A], "gone", "Anna")
    with pytest.raises(UserError, match="At most 20,000"):
        tag_documents(notes, [A] * 20_001, "irony", "Anna")
    with pytest.raises(UserError, match="name"):
        tag_documents(notes, [A], "irony", " ")

    def broken(*_):
        raise UserError("The disk is full.")

    monkeypatch.setattr(bulk, "_record", broken)
    with pytest.raises(UserError, match="disk"):
        tag_documents(notes, [A, B], "irony", "Anna")
    assert not marks(notes).tagged
