import pytest

from han_core.analysis.annotations.agreement import marks
from han_core.analysis.annotations.codebook import (  # fmt: skip
    STARTER_TAGS,
    StaleTagError,
    add_starter_tags,
    codebook,
    documents_by_tag,
    in_key_order,
    merge_tags,
    restore_tag,
    retire_tag,
    save_tag,
)
from han_core.analysis.annotations.database import open_database
from han_core.analysis.annotations.document_annotations import document_annotations
from han_core.analysis.annotations.schema import HISTORY
from han_core.analysis.annotations.writing import add_tag
from han_core.runtime.errors import UserError

A, B, C = "a" * 32, "b" * 32, "c" * 32


def changes(database) -> list[tuple[str, str, str]]:
    """(who, what, subject) of the whole history."""
    with database.reading() as connection:
        rows = connection.execute(HISTORY.select().order_by(HISTORY.c.id))
        return [(row.who, row.what, row.subject) for row in rows]


def test_a_tag_is_made_and_changed(database):
    made = save_tag(database, "  Nega\ttion ", "Anna", "not <b>good</b>", "#AA00bb", "N")
    assert (made.name, made.description, made.colour, made.key, made.version) == (
        "Nega tion", "not <b>good</b>", "#aa00bb", "n", 1,
    )  # fmt: skip
    changed = save_tag(database, "Negation", "Ben", tag=made)
    assert (changed.id, changed.name, changed.version) == (made.id, "Negation", 2)
    assert (changed.created_by, changed.created_at) == ("Anna", made.created_at)
    assert codebook(database) == (changed,)
    assert changes(database) == [
        ("Anna", "made a tag", "Nega tion"),
        ("Ben", "changed a tag", "Nega tion"),
    ]


def test_tags_stand_by_name_whatever_the_case(database):
    for name in ("beta", "Alpha", "gamma", "Äther"):
        save_tag(database, name, "Anna")
    assert [tag.name for tag in codebook(database)] == ["Alpha", "beta", "gamma", "Äther"]


@pytest.mark.parametrize("twin", ["sarcasm", "SARCASM", " Sarcasm "])
def test_a_name_stands_once_whatever_its_case(database, twin):
    save_tag(database, "Sarcasm", "Anna")
    with pytest.raises(UserError, match='"Sarcasm" is in the codebook already'):
        save_tag(database, twin, "Ben")


def test_a_decomposed_name_is_the_same_name(database):
    save_tag(database, "Ünsinn", "Anna")
    with pytest.raises(UserError, match="already"):
        save_tag(database, "u\u0308nsinn", "Ben")


def test_a_tag_may_change_the_case_of_its_own_name_and_keep_its_key(database):
    tag = save_tag(database, "sarcasm", "Anna", key="s")
    assert save_tag(database, "Sarcasm", "Anna", key="s", tag=tag).name == "Sarcasm"


def test_tags_stand_as_their_keys_lie(notes):
    keys = {"ten": "0", "last": "b", "Alone": "", "nine": "9", "one": "1", "first": "a", "aa": ""}
    for name, key in keys.items():
        save_tag(notes, name, "Anna", key=key)
    names = [tag.name for tag in in_key_order(codebook(notes))]
    assert names == ["one", "nine", "ten", "first", "last", "aa", "Alone"]


def test_a_key_stands_once_among_the_tags_that_are_offered(database):
    first = save_tag(database, "sarcasm", "Anna", key="s")
    with pytest.raises(UserError, match='"s" is that of the tag "sarcasm"'):
        save_tag(database, "style", "Ben", key="S")
    retire_tag(database, first, "Anna")
    assert save_tag(database, "style", "Ben", key="s").key == "s"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"name": "  "}, "at least one character"),
        ({"name": "x" * 81}, "at most 80"),
        ({"name": "a\0b"}, "visible characters"),
        ({"name": "a\ud800"}, "visible characters"),
        ({"annotator": ""}, "analyst's name"),
        ({"description": "x" * 2_001}, "at most 2,000"),
        ({"colour": "red"}, "#5b7fa6 is expected"),
        ({"colour": "#12345g"}, "is expected"),
        ({"key": "ab"}, "One letter"),
        ({"key": "é"}, "One letter"),
        ({"key": "J"}, "next or previous"),
    ],
)
def test_what_is_no_tag_is_refused(notes, arguments, says):
    with pytest.raises(UserError, match=says):
        save_tag(notes, **({"name": "x", "annotator": "Anna"} | arguments))
    assert codebook(notes) == ()


def test_a_change_of_somebody_else_is_not_lost(database):
    seen = save_tag(database, "sarcasm", "Anna")
    save_tag(database, "sarcasm", "Ben", "Ben's words", tag=seen)
    for change in (
        lambda: save_tag(database, "sarcasm", "Anna", "Anna's words", tag=seen),
        lambda: retire_tag(database, seen, "Anna"),
        lambda: merge_tags(database, seen, save_tag(database, "irony", "Anna"), "Anna"),
    ):
        with pytest.raises(StaleTagError, match="Somebody else has changed or merged"):
            change()
    assert [tag.description for tag in codebook(database)] == ["", "Ben's words"]


def test_a_retired_tag_keeps_its_documents_and_its_name(database):
    tag = save_tag(database, "sarcasm", "Anna", key="s")
    add_tag(database, A, "sarcasm", "Anna")
    gone = retire_tag(database, tag, "Ben")
    assert codebook(database) == ()
    assert codebook(database, retired=True) == (gone,)
    assert marks(database).tagged == {"sarcasm": frozenset({A})}
    with pytest.raises(UserError, match="among the retired tags already"):
        save_tag(database, "Sarcasm", "Anna")
    assert [one.name for one in codebook(database, retired=True)] == ["sarcasm"]
    assert restore_tag(database, gone, "Ben").retired is False


def test_documents_follow_a_new_name(database):
    tag = save_tag(database, "sarcasm", "Anna")
    add_tag(database, A, "sarcasm", "Anna")
    save_tag(database, "irony", "Ben", tag=tag)
    assert marks(database).tagged == {"irony": frozenset({A})}


def test_merging_keeps_every_document_and_who_tagged_it(database):
    irony, sarcasm = (save_tag(database, name, "Anna") for name in ("irony", "sarcasm"))
    for content, name, who in [
        (A, "irony", "Anna"), (A, "sarcasm", "Anna"), (A, "irony", "Ben"), (B, "irony", "Anna"),
        (C, "sarcasm", "Ben"),
    ]:  # fmt: skip
        add_tag(database, content, name, who)
    before = document_annotations(database, B)[0].tags[0].at
    assert merge_tags(database, irony, sarcasm, "Cem") == 2
    assert documents_by_tag(database) == {"sarcasm": 3}
    assert [
        (one.annotator, [tag.name for tag in one.tags]) for one in document_annotations(database, A)
    ] == [
        ("Anna", ["sarcasm"]),
        ("Ben", ["sarcasm"]),
    ]
    assert document_annotations(database, B)[0].tags[0].at == before
    with pytest.raises(StaleTagError):
        merge_tags(database, irony, sarcasm, "Cem")
    with pytest.raises(UserError, match="the same"):
        merge_tags(database, sarcasm, sarcasm, "Cem")
    # The name is free again, and who still sees the old tag does not change the new one.
    new = save_tag(database, "irony", "Anna")
    assert new.id != irony.id


def test_uses_count_documents_not_people(database):
    for name in ("one", "two"):
        save_tag(database, name, "Anna")
    for who in ("Anna", "Ben"):
        add_tag(database, A, "one", who)
    add_tag(database, B, "one", "Ben")
    assert documents_by_tag(database) == {"one": 2, "two": 0}


def test_starters_are_added_once_and_take_no_key_away(database):
    save_tag(database, "Sarcasm", "Anna", "mine")
    save_tag(database, "own", "Anna", key=STARTER_TAGS[0].key)
    assert add_starter_tags(database, "Anna") == len(STARTER_TAGS) - 1
    assert add_starter_tags(database, "Anna") == 0
    tags = {tag.name: tag for tag in codebook(database)}
    assert len(tags) == len(STARTER_TAGS) + 1
    assert tags["Sarcasm"].description == "mine"
    assert tags[STARTER_TAGS[0].name].key == ""
    keys = [tag.key for tag in tags.values() if tag.key]
    assert len(keys) == len(set(keys))


def test_the_starters_are_tags_as_people_could_make_them(notes):
    assert add_starter_tags(notes, "Anna") == len(STARTER_TAGS)
    for tag in codebook(notes):
        save_tag(notes, tag.name, "Anna", tag.description, tag.colour, tag.key, tag)


def test_two_programs_see_one_codebook(url):
    first, second = open_database(url), open_database(url)
    save_tag(first, "sarcasm", "Anna")
    assert [tag.name for tag in codebook(second)] == ["sarcasm"]
    first.close()
    second.close()
