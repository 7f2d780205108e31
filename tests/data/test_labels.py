"""Which class of a checkpoint a label of a data set means."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from han_core.data.labels import LabelsError, align_labels, check_names, classes_of, fitting_classes
from han_core.runtime.errors import UserError

SENTIMENT = ("negative", "positive")


@pytest.mark.parametrize(
    ("labels", "names", "meant"),
    [
        (["positive", "negative"], SENTIMENT, (1, 0)),
        ([" Positive", "NEGATIVE "], SENTIMENT, (1, 0)),
        (["0", "1", "1.0"], SENTIMENT, (0, 1, 1)),
        (["pos", "neg", "pos"], SENTIMENT, (1, 0, 1)),
        (["positive", "negative"], ("neg", "pos"), (1, 0)),
        (["2", "1"], ("1", "2"), (1, 0)),  # classes called by numbers are no positions
        (["A", "a"], ("a", "A"), (1, 0)),
        (["sport"], ("sports", "sport"), (1,)),  # exact comes before a beginning
        ([], SENTIMENT, ()),
    ],
)
def test_labels_find_their_class(labels, names, meant):
    assert align_labels(labels, names) == meant


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["neutral"], SENTIMENT),
        (["2"], SENTIMENT),
        (["-1"], SENTIMENT),
        (["0.5"], SENTIMENT),
        (["0"], ("1", "2")),
        (["1"], ("10", "20")),
        (["comp"], ("comp.graphics", "comp.windows")),
        ([""], SENTIMENT),
        (["pos", "positively"], SENTIMENT),  # two classes of the data would become one
    ],
)
def test_what_is_not_clear_is_refused_with_both_sides(labels, names):
    with pytest.raises(UserError) as caught:
        align_labels(labels, names)
    assert f'"{labels[0]}"' in str(caught.value)
    assert all(f'"{name}"' in str(caught.value) for name in names)


def test_of_many_classes_a_few_are_named():
    with pytest.raises(UserError) as caught:
        align_labels(["negative"], [f"class{number}" for number in range(20)])
    assert str(caught.value).endswith('"class5" and 14 more was expected.')


@settings(deadline=None)  # a busy machine is not a failure
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), unique_by=lambda w: w.strip()))
def test_the_names_themselves_always_mean_themselves(names):
    assert align_labels(names, names) == tuple(range(len(names)))


def test_classes_are_ordered_by_value_where_all_are_whole_numbers():
    assert classes_of(["10", "9", "-1", "9"]) == ("-1", "9", "10")
    assert classes_of(["10", "9", "a"]) == ("10", "9", "a")


@pytest.mark.parametrize("names", [SENTIMENT, ("A", "a"), ("好", "sehr gut"), ("1", "2"), ["x"]])
def test_names_of_classes_may_be_any_different_words(names):
    check_names(names)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("", "x"), '"" came'),
        (("x", " \t"), "came"),
        (("x", "y", "x "), "came twice"),
        (("x", "\ud800"), "came"),
        (("x", "y" * 201), "at most 200 characters"),
        ([f"{number:0190}" for number in range(3_000)], "3,000 names came"),
    ],
    ids=["empty", "blank", "twice", "surrogate", "long", "many"],
)
def test_what_cannot_name_a_class_is_one_sentence(names, said):
    with pytest.raises(UserError, match=said) as caught:
        check_names(names)
    assert str(caught.value).encode()


def test_classes_that_fit_come_with_the_fewest_to_spare_first():
    classes = {
        "many": ["sport", "politics", "art"], "other": ["neg", "pos"], "same": ["Politics", "Sport"]
    }  # fmt: skip
    assert fitting_classes(["sport", "politics", "sport"], classes) == ["same", "many"]
    with pytest.raises(LabelsError) as raised:
        align_labels(["sport", "neg", "sport"], classes["other"])
    assert raised.value.details == {"labels": ["sport", "neg"]}
