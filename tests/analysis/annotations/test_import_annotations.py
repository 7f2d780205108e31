"""Findings taken away and brought back."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from han_core.analysis.annotations.codebook import save_tag
from han_core.analysis.annotations.document_annotations import (
    Annotation,
    AnnotationCells,
    FlagMark,
    Note,
    TagMark,
    annotation_cells,
    annotations_by_document,
    annotations_from_json,
)
from han_core.analysis.annotations.import_annotations import ImportSummary, import_annotations
from han_core.analysis.annotations.schema import CLOCK, METADATA
from han_core.analysis.annotations.writing import BETWEEN, add_tag, set_flag, set_read, write_note
from han_core.runtime.errors import UserError

A, B, C = "a" * 32, "b" * 32, "c" * 32
AT = datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC)


def fill(database) -> None:
    for name in ("irony", "negation"):
        save_tag(database, name, "Anna")
    add_tag(database, A, "negation", "Anna")
    add_tag(database, A, "negation", "Ben")
    add_tag(database, A, "irony", "Ben")
    write_note(database, A, "Ben", "<b>\n=1")
    set_flag(database, B, "label_is_wrong", "Anna", True, "negative", "positive")
    set_flag(database, B, "ambiguous", "Ben", True)
    set_read(database, B, "Ben", True)


def all_annotations(database) -> dict:
    return annotations_by_document(database, [A, B, C])


def test_findings_are_columns_in_the_order_asked(database):
    fill(database)
    result = annotation_cells(database, [C, B, A, B])
    assert result.tags == ("", "", "irony; negation", "")
    flags = "label is wrong (positive); ambiguous"
    assert result.flags == ("", flags, "", flags)
    assert result.notes == ("", "", "Ben: <b>\n=1", "")
    assert result.annotators == ("", "Anna; Ben", "Anna; Ben", "Anna; Ben")
    assert result.coding[0] == ""
    assert [one["annotator"] for one in json.loads(result.coding[1])] == ["Anna", "Ben"]
    assert annotation_cells(database, []) == AnnotationCells((), (), (), (), ())


def test_what_is_taken_away_can_be_brought_elsewhere(database, notes):
    fill(database)
    for name in ("irony", "negation"):
        save_tag(notes, name, "Anna")
    annotations = {
        content: annotations_from_json(cell)
        for content, cell in zip(
            [A, B, C], annotation_cells(database, [A, B, C]).coding, strict=True
        )
    }
    assert import_annotations(notes, annotations, "Cem") == ImportSummary(
        tags=3, notes=1, flags=2, read=1
    )
    assert all_annotations(notes) == all_annotations(database)
    number = notes.number()
    assert import_annotations(notes, annotations, "Cem") == ImportSummary()
    assert all_annotations(notes) == all_annotations(database)
    assert notes.number() == number + 1  # it asked, and found nothing to write


def test_nothing_that_is_there_is_taken_away(database):
    fill(database)
    before = all_annotations(database)
    other = Annotation("Ben", (TagMark("IRONY", AT),), Note("my own", AT, 0), (), AT)
    assert import_annotations(database, {A: (other,)}, "Cem") == ImportSummary(
        notes=1, joined=1, read=1
    )
    (anna, ben), was = all_annotations(database)[A], before[A][1]
    assert anna == before[A][0]
    assert ben.tags == was.tags  # with the time of before
    assert ben.note.text == f"<b>\n=1{BETWEEN}my own"
    assert import_annotations(database, {A: (other,)}, "Cem") == ImportSummary()


def test_tags_that_the_codebook_lacks_are_named(database):
    save_tag(database, "irony", "Anna")
    tags = tuple(TagMark(name, AT) for name in ("irony", "zeal", "Doubt"))
    brought = import_annotations(
        database, {A: (Annotation("Anna", tags),), B: (Annotation("Ben", tags),)}, "Cem"
    )
    assert brought == ImportSummary(tags=2, unknown_tags=("Doubt", "zeal"))


def test_a_document_that_stands_twice_in_a_cell_is_brought_once(database):
    twice = Annotation("Anna", flags=(FlagMark("ambiguous", "", "", AT),), read=AT)
    assert import_annotations(database, {A: (twice, twice)}, "Cem") == ImportSummary(
        flags=1, read=1
    )


def test_all_of_it_or_nothing(database):
    good, bad = Annotation("Anna", read=AT), Annotation("\0", read=AT)
    with pytest.raises(UserError, match="visible"):
        import_annotations(database, {A: (good,), B: (bad,)}, "Cem")
    assert all_annotations(database) == {}


def test_many_are_brought_in_parts(database, monkeypatch):
    monkeypatch.setattr("han_core.analysis.annotations.document_annotations.AT_ONCE", 7)
    annotations = {f"{number:032x}": (Annotation("Anna", read=AT),) for number in range(30)}
    assert import_annotations(database, annotations, "Cem") == ImportSummary(read=30)
    assert annotations_by_document(database, list(annotations)) == annotations


@pytest.mark.parametrize(
    "cell",
    [
        "negation",
        "{}",
        "[1]",
        '[{"annotator": ""}]',
        '[{"annotator": "Anna", "extra": 1}]',
        '[{"annotator": "Anna", "read": "2026-01-01"}]',
        '[{"annotator": "Anna", "flags": [{"kind": "mine", "at": "2026-01-01T00:00:00Z"}]}]',
        "[" * 100_000,
        '[{"annotator": "' + "x" * 81 + '"}]',
    ],
    ids=range(9),
)
def test_a_cell_that_was_not_exported_is_refused(cell):
    with pytest.raises(UserError, match="does not hold what was exported"):
        annotations_from_json(cell)


def test_an_empty_cell_says_nothing():
    assert annotations_from_json("") == annotations_from_json(" ") == ()


MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(
    lambda at: at.replace(tzinfo=UTC)
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
TAGS = ("irony", "negation", "too little to tell")
SAID = st.builds(
    Annotation,
    annotator=st.sampled_from(["Anna", "Ben", "Ünal; =1"]),
    tags=st.lists(st.builds(TagMark, st.sampled_from(TAGS), MOMENTS), unique_by=lambda x: x.name)
    .map(lambda tags: tuple(sorted(tags, key=lambda one: one.name))),
    note=st.none() | st.builds(Note, TEXTS.filter(str.strip), MOMENTS, st.just(1)),
    flags=st.lists(
        st.builds(FlagMark, st.sampled_from(["ambiguous", "label_is_wrong"]), st.just("a"),
                  st.sampled_from(["", "b"]), MOMENTS),
        unique_by=lambda x: x.kind,
    ).map(lambda flags: tuple(sorted(flags, key=lambda one: one.kind))),
    read=MOMENTS,
)  # fmt: skip
BY_DOCUMENT = st.dictionaries(
    st.sampled_from([A, B, C]),
    st.lists(SAID, min_size=1, max_size=3, unique_by=lambda x: x.annotator).map(
        lambda annotations: tuple(sorted(annotations, key=lambda one: one.annotator))
    ),
)


@pytest.mark.long
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(annotations=BY_DOCUMENT)
def test_round_trip(annotations, notes):
    with notes.writing() as connection:
        for table in reversed(METADATA.sorted_tables):
            if table is not CLOCK:
                connection.execute(table.delete())
    for name in TAGS:
        save_tag(notes, name, "Anna")
    import_annotations(notes, annotations, "Cem")
    assert all_annotations(notes) == annotations
    cells = annotation_cells(notes, list(annotations)).coding
    read = {
        content: annotations_from_json(cell)
        for content, cell in zip(annotations, cells, strict=True)
    }
    assert [[one.last for one in of_it] for of_it in read.values()] == [
        [one.last for one in of_it] for of_it in annotations.values()
    ]
    assert import_annotations(notes, read, "Cem") == ImportSummary()


def test_times_from_other_zones_are_the_same_moment(database):
    local = AT.astimezone(datetime.now().astimezone().tzinfo) + timedelta(0)
    import_annotations(database, {A: (Annotation("Anna", read=local),)}, "Cem")
    assert all_annotations(database)[A][0].read == AT
