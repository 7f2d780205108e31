"""Questions, their answers, bars and shifts, by hand and beside a plain count."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.analysis.classroom.question import FOLLOWS, Phase, Question, Shift, shift
from han_core.runtime.errors import UserError

CHOICES = Question("1", "Which half changes?", "choice", 1, ("forward", "backward", "both"))
NUMBER = Question("2", "How much?", "number", 64.65, high=100, tolerance=0.5, unit="%")


def test_each_phase_leads_on_to_the_last_one():
    phase, seen = Phase.PREDICT, []
    while FOLLOWS[phase]:
        phase = FOLLOWS[phase][0]
        seen.append(phase)
    assert seen == list(Phase)[1:]


def test_a_round_is_shown_only_after_it_was_closed():
    for phase in Phase:
        if phase.round is not None:
            assert phase.shown_rounds == ()
    assert Phase.LOCKED.shown_rounds == ()
    assert Phase.REVEALED.shown_rounds == Phase.EXPLAIN.shown_rounds == (1,)
    assert Phase.COMPARED.shown_rounds == (1, 2)


def test_choices_are_counted_with_the_right_one_marked():
    bars = CHOICES.bars([1, 1, 0])
    assert [(bar.label, bar.count, bar.right) for bar in bars] == [
        ("forward", 1, False), ("backward", 2, True), ("both", 0, False),
    ]  # fmt: skip


def test_numbers_are_counted_in_ten_bars():
    bars = NUMBER.bars([0, 9.99, 10, 64, 100])
    assert [bar.count for bar in bars] == [2, 1, 0, 0, 0, 0, 1, 0, 0, 1]
    assert [bar.label for bar in bars if bar.right] == ["60–70%"]


@given(st.lists(st.floats(-3, 7)), st.floats(-3, 7))
def test_every_number_stands_in_one_bar(answers, right):
    bars = Question("3", "?", "number", right, low=-3, high=7).bars(answers)
    assert sum(bar.count for bar in bars) == len(answers)
    assert sum(bar.right for bar in bars) == 1


@pytest.mark.parametrize("answer", [3, -1, 1.5, True, "1", None, [1], math.nan, 10**400])
def test_what_is_no_choice_is_refused_in_one_sentence(answer):
    with pytest.raises(UserError, match="A choice from 0 to 2 is expected"):
        CHOICES.checked(answer)


@pytest.mark.parametrize("answer", [100.5, -0.1, math.inf, math.nan, False, "64", {}])
def test_what_is_no_number_of_the_range_is_refused_in_one_sentence(answer):
    with pytest.raises(UserError, match="A number from 0 to 100 is expected"):
        NUMBER.checked(answer)


def test_answers_are_read_and_judged():
    assert CHOICES.checked(1.0) == 1
    assert CHOICES.named(1) == "backward"
    assert [CHOICES.is_right(at) for at in range(3)] == [False, True, False]
    assert NUMBER.checked(64) == 64.0
    assert NUMBER.named(64.5) == "64.5%"
    assert [NUMBER.is_right(value) for value in (64.15, 65.15, 64.1, 65.2)] == [
        True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"text": " "}, "1 to 3000 characters"),
        ({"choices": ("a",), "right": 0}, "2 to 8 choices are expected; 1 came"),
        ({"choices": ("a", "a")}, "Two choices are the same"),
        ({"choices": ("a", "b" * 501)}, "1 to 500 characters"),
        ({"right": -1}, "one of the choices"),
        ({"kind": "number", "right": 101}, "the right one and the largest"),
        ({"kind": "number", "right": math.nan}, "the right one and the largest"),
        ({"kind": "number", "low": 1, "high": 1, "right": 1}, "above the smallest"),
    ],
)
def test_a_question_whose_parts_do_not_fit_is_refused(change, sentence):
    with pytest.raises(UserError, match=sentence):
        Question(**{**CHOICES.to_json(), **change})


@pytest.mark.parametrize("question", [CHOICES, NUMBER])
def test_a_question_comes_back_from_json(question):
    assert Question.from_json(question.to_json()) == question


def test_students_who_answered_twice_are_compared():
    first = {1: 1, 2: 0, 3: 1, 4: 2, 5: 1}
    second = {1: 1, 2: 1, 3: 0, 4: 0, 6: 1}
    assert shift(CHOICES, first, second) == Shift(1, 1, 1, 1)


@given(*[st.dictionaries(st.integers(1, 20), st.integers(0, 2))] * 2)
def test_a_shift_counts_as_a_loop_does(first, second):
    counts = {(before, after): 0 for before in (True, False) for after in (True, False)}
    for student in range(1, 21):
        if student in first and student in second:
            counts[first[student] == 1, second[student] == 1] += 1
    found = shift(CHOICES, first, second)
    assert (found.stayed_right, found.became_wrong) == (counts[True, True], counts[True, False])
    assert (found.became_right, found.stayed_wrong) == (counts[False, True], counts[False, False])
