"""What is found about labelled documents, against numbers worked by hand."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.data.corpus import Corpus, corpus_from_table
from han_core.data.inspection import Inspection, class_counts, fractional, inspect
from han_core.data.table import Table


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
    found = inspect(corpus_from_table(table))
    assert (found.rows, found.documents) == (7, 4)
    assert (found.without_text, found.without_label) == (2, 1)
    assert list(found.classes.items()) == [("9", 2), ("10", 2)]  # by value
    # Characters 2 2 3 7 and words 1 1 1 2: each quantile is a length that occurs.
    assert found.characters == (2, 2, 2, 3, 7, 7)
    assert found.words == (1, 1, 1, 1, 2, 2)
    assert (found.repeated, found.contradicting, found.repeats) == (0, 0, ())
    assert found.problems == ()


def test_documents_that_stand_twice_and_contradict():
    texts = ["a  b", "c", "a b\n", "c", "d", "c ", "A b"]
    found = inspect(corpus_of(texts, ["x", "y", "z", "y", "x", "y", "x"]))
    assert (found.repeated, found.contradicting) == (3, 1)
    first, second = found.repeats
    assert (first.ids, first.times, first.labels) == (("1", "3"), 2, ("x", "z"))
    assert first.beginning == "a b"
    assert (second.ids, second.times, second.labels) == (("2", "4", "6"), 3, ("y",))


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", " a"]), st.sampled_from("xy"))))
def test_repeats_agree_with_counting(rows):
    if not rows:
        return
    texts, labels = zip(*rows, strict=True)
    found = inspect(corpus_of(texts, labels))
    counts = Counter(text.strip() for text in texts)
    pairs = {(text.strip(), label) for text, label in rows}
    contradicting = sum(count > 1 for count in Counter(text for text, _ in pairs).values())
    assert found.repeated == len(rows) - len(counts)
    assert found.contradicting == contradicting
    assert len(found.repeats) == sum(count > 1 for count in counts.values())


def test_documents_without_labels_are_inspected_too():
    found = inspect(corpus_of(["a", "a"]))
    assert (found.classes, found.repeated, found.contradicting) == ({}, 1, 0)
    assert found.repeats[0].labels == ()


def test_a_class_of_its_own_and_a_class_of_one():
    assert inspect(corpus_of("ab", "xx")).problems == (
        'Every row has the label "x"; training needs at least two classes.',
    )
    (said,) = inspect(corpus_of("abc", "xxy")).problems
    assert said.startswith('One document only has the label "y"; it stays among')
    (said,) = inspect(corpus_of("abcd", "xxyz")).problems
    assert said.startswith('2 classes have one document only, among them "y", "z"; these stay')


def test_two_hundred_classes_are_asked_about():
    labels = [str(number % 200) for number in range(400)]
    found = inspect(corpus_of([f"text {n}" for n in range(400)], labels), label_column="kind")
    assert found.problems == ('The column "kind" has 200 classes; is it the right one?',)
    assert len(found.classes) == 200
    assert inspect(corpus_of(["a", "b"] * 100, [str(n) for n in range(100)] * 2)).problems == ()


def test_measurements_are_not_classes():
    labels = [f"{n / 10}" for n in range(30)]
    said = inspect(corpus_of([f"text {n}" for n in range(30)], labels)).problems[0]
    assert said.startswith('The column "label" holds measurements such as "0.1", "0.2", "0.3" and')
    assert fractional(labels)
    assert not fractional(f"{n / 2}" for n in range(11))  # ratings by halves
    assert not fractional(str(n) for n in range(100))
    assert not fractional([*labels, "none"])


def test_a_column_of_numbers_is_no_column_of_texts():
    labels = "xyxy"
    (said,) = inspect(corpus_of(["1", "2.5 3", "-1e3", "four"], labels), "n").problems
    assert said.startswith('The column "n" holds nothing but numbers in 3 of 4 rows;')
    assert inspect(corpus_of(["1", "two", "three 3", "four"], labels)).problems == ()


def test_numbers_that_do_not_add_up_are_no_inspection():
    found = inspect(corpus_of("ab", "xy"))
    with pytest.raises(ValueError, match="lacks"):
        Inspection(**{**vars(found), "rows": 3})
    with pytest.raises(ValueError, match="one class"):
        Inspection(**{**vars(found), "classes": {"x": 1}})
    with pytest.raises(ValueError, match="quantiles"):
        Inspection(**{**vars(found), "words": (1,)})


def test_counts_of_a_part_are_its_own():
    table = Table("x", {"text": ("a", "", "b"), "label": ("x", "x", "y")})
    part = corpus_from_table(table).take([1])
    assert class_counts(part) == {"y": 1}
    assert inspect(part).rows == 1  # what the whole left out is none of the part's
