"""What was said travels with the table: into a file, and from it into other notes."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from han_core.analysis.annotations.codebook import codebook, retire_tag, save_tag
from han_core.analysis.annotations.database import open_database
from han_core.analysis.annotations.document_annotations import (
    annotation_cells,
    document_annotations,
)
from han_core.analysis.annotations.import_annotations import (
    ImportSummary,
    import_file_annotations,
    missing_tags,
    read_annotation_columns,
)
from han_core.analysis.annotations.schema import storable
from han_core.analysis.annotations.writing import add_tag, set_flag, set_read, write_note
from han_core.analysis.documents import content_hash
from han_core.analysis.export import export_table
from han_core.analysis.reimport import match_documents
from han_core.data.readers import read_table
from han_core.data.sandbox import read_file
from han_core.data.table import Table
from han_core.runtime.errors import UserError

TEXTS = ["good film", "bad film", "=so so"]
CONTENTS = [content_hash(text) for text in TEXTS]


@pytest.fixture
def notes(tmp_path):
    """``notes()``: a new database."""
    number = itertools.count()
    return lambda: open_database(f"sqlite:///{tmp_path / f'{next(number)}.sqlite'}")


@pytest.fixture
def store(make_store):
    return make_store(texts=TEXTS)


def exported(store, database, path):
    export_table(store, np.arange(store.rows), database, path, path.suffix[1:])
    return read_table(path.read_bytes(), path.name)


def table(**columns) -> Table:
    return Table("mine.csv", {"text": TEXTS, **columns})


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_names_times_and_words_come_back_and_only_once(store, notes, tmp_path, kind):
    here, there = notes(), notes()
    for name in ("=irony; sarcasm", "negation"):
        save_tag(here, name, "Ann")
        add_tag(here, CONTENTS[2], name, "Ann")
    add_tag(here, CONTENTS[2], "negation", "Ben")
    write_note(here, CONTENTS[0], "Ben", "=cmd()\r\n<b>\n\ufffd")
    set_flag(here, CONTENTS[1], "label_is_wrong", "Ben", True, "neg", "a; b (c)")
    set_read(here, CONTENTS[1], "Ann", True)
    export_table(store, np.arange(3), here, path := tmp_path / f"x.{kind}", kind)
    result = read_annotation_columns(match_documents(store, read_file(str(path))), "Cleo")
    assert result.own == 0
    assert result.annotators == ("Ann", "Ben")
    assert missing_tags(there, result.tags) == result.tags == ("=irony; sarcasm", "negation")
    brought = import_file_annotations(there, result, "Cleo", make=result.tags)
    assert brought == ImportSummary(tags=3, notes=1, flags=1, read=1)
    assert import_file_annotations(there, result, "Cleo", make=result.tags) == ImportSummary()
    assert annotation_cells(there, CONTENTS) == annotation_cells(here, CONTENTS)


def test_tags_that_the_codebook_lacks_are_made_on_request_only(store, notes, tmp_path):
    here, there = notes(), notes()
    for name in ("new", "old", "Known"):
        save_tag(here, name, "Ann")
        add_tag(here, CONTENTS[0], name, "Ann")
    retire_tag(there, save_tag(there, "OLD", "Ben"), "Ben")
    save_tag(there, "known", "Ben")
    result = read_annotation_columns(
        match_documents(store, exported(store, here, tmp_path / "x.csv")), "Ben"
    )
    assert missing_tags(there, result.tags) == ("new",)
    brought = import_file_annotations(there, result, "Ben")
    assert (brought.tags, brought.unknown_tags) == (2, ("new",))
    assert [tag.name for tag in codebook(there)] == ["known"]
    assert import_file_annotations(there, result, "Ben", make=["new", "known"]).tags == 1
    assert [tag.name for tag in codebook(there)] == ["known", "new"]


def test_what_was_put_in_by_hand_is_the_importers_own(store, notes):
    here = notes()
    save_tag(here, "irony", "Ann")
    columns = {
        "tags": ["irony;  mine ;irony", "", "'=cmd"],
        "flags": ["label is wrong (pos); ambiguous", "", ""],
        "notes": ["", "'-1 for the end", " "],
    }
    result = read_annotation_columns(match_documents(store, table(**columns)), "Cleo")
    assert (result.own, result.annotators) == (3, ("Cleo",))
    assert missing_tags(here, result.tags) == ("mine", "=cmd")
    brought = import_file_annotations(here, result, "Cleo", make=["=cmd"])
    assert brought == ImportSummary(tags=2, notes=1, flags=2, unknown_tags=("mine",))
    assert document_annotations(here, CONTENTS[1])[0].note.text == "-1 for the end"
    flags = document_annotations(here, CONTENTS[0])[0].flags
    assert [(flag.kind, flag.meant) for flag in flags] == [
        ("ambiguous", ""), ("label_is_wrong", "pos"),
    ]  # fmt: skip
    again = read_annotation_columns(match_documents(store, table(**columns)), "Cleo")
    assert import_file_annotations(here, again, "Cleo") == ImportSummary(unknown_tags=("mine",))


def test_a_tag_added_in_a_spreadsheet_joins_those_of_the_export(store, notes, tmp_path):
    here = notes()
    save_tag(here, "irony", "Ann")
    add_tag(here, CONTENTS[0], "irony", "Ann")
    actual = exported(store, here, tmp_path / "x.csv")
    actual.data["tags"] = ("irony; Contrast", "contrast", "")
    actual.data["notes"] = ("changed by hand", "", "")  # whose, the coding says; this is left alone
    result = read_annotation_columns(match_documents(store, actual), "Cleo")
    assert result.own == 2
    assert [[tag.name for tag in one.tags] for one in result.annotations[CONTENTS[0]]] == [
        ["irony"], ["Contrast"],
    ]  # fmt: skip
    assert missing_tags(here, result.tags) == ("Contrast",)
    assert import_file_annotations(here, result, "Cleo", make=["Contrast"]) == ImportSummary(tags=2)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"coding": ["", "[{", ""]}, "Row 2 of mine.csv: The column coding does not hold"),
        ({"coding": ["", "", '[{"annotator": "A", "evil": 1}]']}, "Row 3 of mine.csv: The col"),
        ({"coding": ["[" * 20_000, "", ""]}, "Row 1 of mine.csv: The column coding"),
        ({"flags": ["green", "", ""]}, 'Row 1 of mine.csv: a flag "label is wrong" or "ambig'),
        ({"notes": ["x" * 300_000, "", ""]}, "Row 1 of mine.csv: A note of at most"),
    ],
)
def test_a_cell_that_no_export_wrote_is_named(store, columns, sentence):
    with pytest.raises(UserError, match=sentence):
        read_annotation_columns(match_documents(store, table(**columns)), "Cleo")


def test_who_brings_it_has_a_name(store):
    with pytest.raises(UserError, match="An analyst's name"):
        read_annotation_columns(match_documents(store, table()), " ")


def test_nothing_is_said_of_documents_that_are_not_here(store, notes):
    rows = Table("x.csv", {"text": [*TEXTS, "elsewhere"], "tags": ["", "", "", "irony"]})
    assert read_annotation_columns(match_documents(store, rows), "Cleo").annotations == {}


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(CONTENTS),
            st.sampled_from(["Ann", "Ben", "'=Ömer"]),
            st.text(max_size=12),
        ),
        max_size=6,
    ),
    st.sampled_from(["csv", "parquet", "jsonl"]),
)
def test_notes_come_back_whatever_they_say(store, notes, tmp_path, written, kind):
    here, there = notes(), notes()
    for content, who, text in written:
        write_note(here, content, who, text)
    result = read_annotation_columns(
        match_documents(store, exported(store, here, tmp_path / f"x.{kind}")), "Cleo"
    )
    import_file_annotations(there, result, "Cleo")
    for content in CONTENTS:
        before, after = document_annotations(here, content), document_annotations(there, content)
        assert [(one.annotator, one.note.text) for one in before] == [
            (one.annotator, storable(one.note.text)) for one in after
        ]
