"""Previews of labelled documents, against numbers worked by hand."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.data.corpus import Corpus, corpus_from_table
from han_core.data.labels import class_counts, fractional
from han_core.data.preview import SAMPLE, Inspection, inspect, preview_data, preview_in_child
from han_core.data.splits import Source
from han_core.data.table import Table
from han_core.runtime.errors import UserError


def corpus_of(texts, labels=(), ids=None):
    numbers = tuple(str(row) for row in range(1, len(texts) + 1))
    return Corpus("toy", tuple(texts), tuple(labels), tuple(ids or numbers), {})


def test_rows_classes_and_lengths():
    table = Table(
        "x.csv",
        {
            "text": ("one two", " ", "<br>", "one", "a b c d e", "xx", "yy"),
            "label": ("10", "9", "9", "9", "", "9", "10"),
        },
    )
    inspection = inspect(corpus_from_table(table))
    assert (inspection.rows, inspection.documents) == (7, 4)
    assert (inspection.without_text, inspection.without_label) == (2, 1)
    assert list(inspection.classes.items()) == [("9", 2), ("10", 2)]  # by value
    # Characters 2 2 3 7 and words 1 1 1 2: each quantile is a length that occurs.
    assert inspection.characters == (2, 2, 2, 3, 7, 7)
    assert inspection.words == (1, 1, 1, 1, 2, 2)
    assert (inspection.repeated, inspection.contradicting, inspection.repeats) == (0, 0, ())
    assert inspection.problems == ()


def test_documents_that_stand_twice_and_contradict():
    texts = ["a  b", "c", "a b\n", "c", "d", "c ", "A b"]
    inspection = inspect(corpus_of(texts, ["x", "y", "z", "y", "x", "y", "x"]))
    assert (inspection.repeated, inspection.contradicting) == (3, 1)
    first, second = inspection.repeats
    assert (first.ids, first.times, first.labels) == (("1", "3"), 2, ("x", "z"))
    assert first.beginning == "a b"
    assert (second.ids, second.times, second.labels) == (("2", "4", "6"), 3, ("y",))


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", " a"]), st.sampled_from("xy"))))
def test_repeats_agree_with_counting(rows):
    if not rows:
        return
    texts, labels = zip(*rows, strict=True)
    inspection = inspect(corpus_of(texts, labels))
    counts = Counter(text.strip() for text in texts)
    pairs = {(text.strip(), label) for text, label in rows}
    contradicting = sum(count > 1 for count in Counter(text for text, _ in pairs).values())
    assert inspection.repeated == len(rows) - len(counts)
    assert inspection.contradicting == contradicting
    assert len(inspection.repeats) == sum(count > 1 for count in counts.values())


def test_documents_without_labels_are_inspected_too():
    inspection = inspect(corpus_of(["a", "a"]))
    assert (inspection.classes, inspection.repeated, inspection.contradicting) == ({}, 1, 0)
    assert inspection.repeats[0].labels == ()


def test_a_class_of_its_own_and_a_class_of_one():
    assert inspect(corpus_of("ab", "xx")).problems == (
        'Every row has the label "x"; training needs at least two classes.',
    )
    (problem,) = inspect(corpus_of("abc", "xxy")).problems
    assert problem.startswith('One document only has the label "y"; it stays among')
    (problem,) = inspect(corpus_of("abcd", "xxyz")).problems
    assert problem.startswith('2 classes have one document only, among them "y", "z"; these stay')


def test_two_hundred_classes_are_asked_about():
    labels = [str(number % 200) for number in range(400)]
    inspection = inspect(corpus_of([f"text {n}" for n in range(400)], labels), label_column="kind")
    assert inspection.problems == ('The column "kind" has 200 classes; is it the right one?',)
    assert len(inspection.classes) == 200
    assert inspect(corpus_of(["a", "b"] * 100, [str(n) for n in range(100)] * 2)).problems == ()


def test_measurements_are_not_classes():
    labels = [f"{n / 10}" for n in range(30)]
    problem = inspect(corpus_of([f"text {n}" for n in range(30)], labels)).problems[0]
    assert problem.startswith(
        'The column "label" holds measurements such as "0.1", "0.2", "0.3" and'
    )
    assert fractional(labels)
    assert not fractional(f"{n / 2}" for n in range(11))  # ratings by halves
    assert not fractional(str(n) for n in range(100))
    assert not fractional([*labels, "none"])


def test_a_column_of_numbers_is_no_column_of_texts():
    labels = "xyxy"
    (problem,) = inspect(corpus_of(["1", "2.5 3", "-1e3", "four"], labels), "n").problems
    assert problem.startswith('The column "n" holds nothing but numbers in 3 of 4 rows;')
    assert inspect(corpus_of(["1", "two", "three 3", "four"], labels)).problems == ()


def test_numbers_that_do_not_add_up_are_no_inspection():
    inspection = inspect(corpus_of("ab", "xy"))
    with pytest.raises(ValueError, match="lacks"):
        Inspection(**{**vars(inspection), "rows": 3})
    with pytest.raises(ValueError, match="one class"):
        Inspection(**{**vars(inspection), "classes": {"x": 1}})
    with pytest.raises(ValueError, match="quantiles"):
        Inspection(**{**vars(inspection), "words": (1,)})


def test_counts_of_a_part_are_its_own():
    table = Table("x", {"text": ("a", "", "b"), "label": ("x", "x", "y")})
    part = corpus_from_table(table).take([1])
    assert class_counts(part.labels) == {"y": 1}
    assert inspect(part).rows == 1  # what the whole left out is none of the part's


BUNDLED = Source("bundled:classroom@train", "0.2", "bundled:classroom@test")


@pytest.fixture
def many(tmp_path):
    """500 documents, two of which stand twice, one without a label."""
    rows = [{"text": f"document number {n}", "label": "ab"[n % 2]} for n in range(498)]
    rows += [dict(rows[0]), {"text": "no label", "label": ""}]
    path = tmp_path / "many.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return str(path)


def test_the_parts_are_those_of_a_run():
    preview = preview_data(BUNDLED)
    assert {name: part.documents for name, part in preview.parts.items()} == {
        "training": 106, "validation": 26, "test": 88,
    }  # fmt: skip
    assert preview.documents == 106
    assert preview.classes == ("negative", "positive")
    assert len(preview.texts) == len(preview.labels) == 106


def test_there_is_no_test_part_unless_it_is_source_for():
    assert set(preview_data(Source("bundled:classroom@train", "0.2")).parts) == {
        "training",
        "validation",
    }


def test_a_process_of_its_own_says_the_same():
    assert preview_in_child(BUNDLED, 3) == preview_data(BUNDLED, 3)
    assert preview_data(BUNDLED, 3) != preview_data(BUNDLED, 4)


def test_documents_without_labels_are_counted(tmp_path):
    (tmp_path / "more.csv").write_text("text\none\ntwo\n\n")
    source = replace(BUNDLED, unlabelled=str(tmp_path / "more.csv"))
    preview = preview_in_child(source)
    assert (preview.unlabelled, preview_data(BUNDLED).unlabelled) == (2, 0)
    assert source.specs == (*BUNDLED.specs, str(tmp_path / "more.csv"))
    assert BUNDLED.specs == ("bundled:classroom@train", "bundled:classroom@test")


def test_the_sample_is_spread_over_all_of_the_training_documents(many):
    preview = preview_data(Source(many, "0.2"))
    assert len(preview.texts) == SAMPLE
    places = [int(text.split()[-1]) for text in preview.texts]
    assert places == sorted(places)
    assert places[-1] > 400
    assert any("without a label" in note for note in preview.notes)


def test_what_is_wrong_with_the_data_comes_back_as_a_sentence(tmp_path):
    path = tmp_path / "numbers.csv"
    path.write_text("text,label\n" + "".join(f"{n},{'ab'[n % 2]}\n" for n in range(20)))
    with pytest.raises(UserError, match="numbers"):
        preview_in_child(Source(str(path)))


def test_a_look_that_takes_too_long_is_given_up(many):
    with pytest.raises(UserError, match=r"was not read within 0\.01 seconds"):
        preview_in_child(Source(many), seconds=0.01)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("a word,x\nanother,x\nthird,x\n", "at least two classes"),
        ("a word,x\nanother,y\nthird,x\nfourth,y\n", "does not say which class"),
    ],
)
def test_labels_that_cannot_be_learnt_are_refused(tmp_path, rows, says):
    path, other = tmp_path / "some.csv", tmp_path / "other.csv"
    path.write_text("text,label\n" + rows)
    other.write_text("text,label\nsomething,z\n")
    with pytest.raises(UserError, match=says):
        preview_data(Source(str(path), str(other)))
