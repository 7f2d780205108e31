"""Behavioural tests on a model that has learnt one rule: "dreadful" is bad, "splendid" good."""

import pytest

from han_core.analysis.behavioural_tests import (
    TESTS,
    BehaviouralTest,
    behaviour,
    outcome_table,
)
from han_core.explanation.statistics import share
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from han_core.text.perturbations import Replacement

TEXTS = [
    "The river walk was splendid. A train under the window.",
    "The bread was dreadful. Seven chair of the garden.",
    "The quiet road and the morning. A letter with paper.",
]


def swap(old: str, new: str):
    def change(text, language, chance):
        at = text.find(old)
        return [] if at < 0 else [Replacement(at, at + len(old), new)]

    return change


def by_hand(change, expected="same", languages=()) -> BehaviouralTest:
    return BehaviouralTest("By hand", "", expected, languages, change)


@pytest.fixture(scope="module")
def checkpoint(planted_checkpoint):
    return load_checkpoint(planted_checkpoint)


def test_a_change_that_decides_fails_where_the_answer_should_stay(checkpoint):
    (outcome,) = behaviour(checkpoint, TEXTS, [by_hand(swap("splendid", "dreadful"))])
    assert outcome.documents == 1
    assert outcome.held == share(0, 1)
    (failure,) = outcome.failures
    assert (failure.document, failure.before, failure.after) == (0, "good", "bad")
    assert "dreadful" in failure.text
    assert failure.probability_before > 0.5 > failure.probability_after
    assert outcome.shift == failure.probability_after - failure.probability_before


def test_the_same_change_holds_where_another_answer_is_expected(checkpoint):
    (outcome,) = behaviour(checkpoint, TEXTS, [by_hand(swap("splendid", "dreadful"), "other")])
    assert outcome.held == share(1, 1)
    assert outcome.failures == ()


def test_words_that_decide_nothing_leave_the_answer(checkpoint):
    (outcome,) = behaviour(checkpoint, TEXTS, [by_hand(swap("The ", "A "))])
    assert outcome.documents == 3
    assert outcome.held.mean == 1


def test_a_test_of_another_language_changes_nothing(checkpoint):
    (outcome,) = behaviour(checkpoint, TEXTS, [by_hand(swap("The", "A"), languages=("zh",))])
    assert not outcome.applies
    assert outcome.documents == 0
    assert outcome.held.mean is outcome.shift is None


def test_all_tests_run_are_drawn_by_the_seed_and_report_progress(checkpoint):
    seen = []
    first = behaviour(checkpoint, TEXTS, progress=lambda done, of: seen.append((done, of)))
    assert first == behaviour(checkpoint, TEXTS)
    assert [each.test for each in first] == list(TESTS)
    assert seen[-1][0] == seen[-1][1] > len(TEXTS)


def test_the_table_has_a_row_for_each_test(checkpoint):
    table = outcome_table(behaviour(checkpoint, TEXTS)).set_index("test")
    assert table.loc["Negation", "expected"] == "another class"
    assert table.loc["Negation", "documents"] == 2
    assert table.loc["Names", "documents"] == 0
    assert table.loc["Names"].isna().sum() == 4
    assert table.loc["Upper case", "held"] == 1
    assert table.loc["Typos", "languages"] == "any language"


def test_a_text_without_a_word_is_refused(checkpoint):
    with pytest.raises(UserError, match="at least one word"):
        behaviour(checkpoint, ["", "The river."])
