"""Documents on which annotators disagree, with distances by hand."""

from datetime import UTC, datetime

import pytest

from han_core.analysis.annotations.codebook import save_tag
from han_core.analysis.annotations.disagreement import (
    answer,
    answers_line,
    disagreement_columns,
    find_disagreements,
    mean_distance,
)
from han_core.analysis.annotations.document_annotations import Annotation, FlagMark, TagMark
from han_core.analysis.annotations.writing import add_tag, set_flag, set_read, write_note
from han_core.analysis.documents import content_hash

NOW = datetime(2026, 1, 1, tzinfo=UTC)
A, B, C, D = (content_hash(letter) for letter in "abcd")


def test_the_mean_distance_of_all_pairs_by_hand():
    one, two, three = frozenset("xy"), frozenset("yz"), frozenset()
    assert mean_distance([one, two]) == pytest.approx(2 / 3)
    assert mean_distance([one, two, three]) == pytest.approx((2 / 3 + 1 + 1) / 3)
    assert mean_distance([three, three]) == mean_distance([one, one]) == mean_distance([one]) == 0


def test_an_answer_is_tags_and_flags_with_the_class_that_was_meant():
    flag = FlagMark("label_is_wrong", "neg", "pos", NOW)
    given = answer(Annotation("Ann", (TagMark("irony", NOW),), None, (flag,)))
    assert given == {"irony", "label is wrong (pos)"}


@pytest.fixture
def annotated(notes):
    for tag in ("irony", "long"):
        save_tag(notes, tag, "Ann")
    for content, who, tag in (
        (A, "Ann", "irony"), (A, "Ben", "long"),  # nothing in common
        (B, "Ann", "irony"), (B, "Ann", "long"), (B, "Ben", "irony"),  # one of two
        (C, "Ann", "irony"), (C, "Ben", "irony"),  # the same
        (D, "Ann", "irony"),  # alone
    ):  # fmt: skip
        add_tag(notes, content, tag, who)
    return notes


def test_the_largest_disagreement_comes_first_and_agreement_not_at_all(annotated):
    found = find_disagreements(annotated)
    assert [(one.content, one.distance) for one in found] == [(A, 1), (B, 0.5)]
    assert answers_line(found[1]) == "Ann: irony, long · Ben: irony"
    assert [one.content for one in find_disagreements(annotated, [B, C])] == [B]
    assert disagreement_columns(found)["disagreement"].tolist() == [100, 50]
    assert disagreement_columns([]).columns.tolist()[0] == "content"


def test_who_read_or_noted_without_a_tag_has_answered_too(annotated):
    set_read(annotated, D, "Ben", True)
    write_note(annotated, C, "Cem", "Why irony?")
    found = {one.content: one for one in find_disagreements(annotated)}
    assert found[D].distance == 1
    assert found[C].distance == pytest.approx(2 / 3)
    assert answers_line(found[D]) == "Ann: irony · Ben: no tag"


def test_other_labels_are_a_disagreement(notes):
    for who, meant in (("Ann", "pos"), ("Ben", "neutral")):
        set_flag(notes, A, "label_is_wrong", who, True, "neg", meant)
    (found,) = find_disagreements(notes)
    assert found.distance == 1
    assert answers_line(found) == "Ann: label is wrong (pos) · Ben: label is wrong (neutral)"
