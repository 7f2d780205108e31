"""Tags and notes of runs, and runs found by them."""

import pytest

from han_core.runtime.errors import UserError
from han_core.training.runs import manage
from han_core.training.runs.manage import matching
from han_core.training.runs.notes import LONGEST_NOTE, NOTES, RunNotes, parse_tags, read_notes
from han_core.training.runs.plan import new_folder


@pytest.fixture
def folder(plan):
    return new_folder(plan(name="Mine"))


def test_tags_are_split_at_commas_and_each_stands_once():
    assert parse_tags(" a b ,c,, a  b,\n") == ("a b", "c")
    assert parse_tags("") == ()
    with pytest.raises(UserError, match="at most 20 tags; 21 came"):
        parse_tags(",".join(map(str, range(21))))
    with pytest.raises(UserError, match="at most 40 characters; one of 41 came"):
        parse_tags("x" * 41)


def test_what_was_written_is_read_and_seen(folder):
    manage.annotate(folder.name, "good, <b>bold</b>", " why \n")
    assert manage.view(folder.name).notes == RunNotes(tags=("good", "<b>bold</b>"), note="why")
    assert list(folder.glob(".*.new")) == []


def test_a_refused_note_leaves_the_old_one(folder):
    manage.annotate(folder.name, "good", "why")
    with pytest.raises(UserError, match="2,001 came"):
        manage.annotate(folder.name, "bad", "x" * (LONGEST_NOTE + 1))
    assert read_notes(folder).tags == ("good",)


@pytest.mark.parametrize("content", ["", "[]", '{"tags": 3}', '{"tags": ["' + "x" * 99 + '"]}'])
def test_damaged_notes_are_empty_and_hide_no_run(folder, content):
    (folder / NOTES).write_text(content)
    assert manage.view(folder.name).notes == RunNotes()


def test_runs_are_found_by_words_and_status(folder, plan):
    manage.annotate(folder.name, "keeper", "low loss")
    other = new_folder(plan(name="other"))
    views = manage.runs()

    def found(words, *statuses):
        return {view.name for view in matching(views, words, statuses)}

    assert found("") == {"Mine", "other"}
    assert found("KEEPER mine") == {"Mine"}
    assert found("loss bilstm") == {"Mine"}
    assert found("keeper other") == set()
    assert found("", "interrupted") == {"Mine", "other"}
    assert found("", "done") == set()
    assert other.is_dir()
