"""Small changes of texts, by hand."""

import random
from itertools import pairwise

import pytest

from han_core.text.perturbations import (
    Replacement,
    differences,
    final_punctuation,
    negations,
    other_names,
    replaced,
    typos,
    upper_case,
    without_commas,
)


def negated(text: str, language: str = "en") -> str:
    return replaced(text, negations(text, language))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The plot is thin.", "The plot is not thin."),
        ("It was not good.", "It was good."),
        ("They weren't late and we ARE here", "They were late and we ARE not here"),
        ("This island has history.", "This island has history."),
    ],
)
def test_an_english_copula_is_negated_or_loses_its_negation(text, expected):
    assert negated(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("房间很干净", "房间不干净"),
        ("这是一家好酒店", "这不是一家好酒店"),
        ("服务不是很好", "服务是很好"),
        ("早餐是很好的", "早餐不是很好的"),
        ("没有早餐", "有早餐"),
        ("但是还有空调", "但是还有空调"),
        ("非常满意", "不满意"),
    ],
)
def test_chinese_verbs_and_degrees_are_negated(text, expected):
    assert negated(text, "zh") == expected


def test_no_other_language_has_a_negation():
    assert negations("Es is so, das war nicht", "de") == []


def test_negations_do_not_overlap():
    text = "It is not, was, isn't and is not."
    found = negations(text, "en")
    assert all(a.end <= b.start for a, b in pairwise(found))


@pytest.mark.parametrize("seed", range(5))
def test_a_typo_swaps_two_letters_inside_one_word_of_ten(seed):
    text = "wonderful " * 25
    changed = replaced(text, typos(text, random.Random(seed)))
    different = [word for word in changed.split() if word != "wonderful"]
    assert len(different) == 2
    for word in different:
        assert word[0] == "w"
        assert sorted(word) == sorted("wonderful")


def test_typos_are_drawn_by_their_seed_alone():
    text = "The quick brown fox jumps over something lazy"
    drawn = {replaced(text, typos(text, random.Random(7))) for _ in range(3)}
    assert len(drawn) == 1
    assert drawn != {text}


def test_words_without_letters_of_an_alphabet_have_no_typo():
    assert typos("1234 酒店房间很好 aaaa a an", random.Random(0)) == []


def test_a_name_becomes_the_same_other_name_everywhere():
    text = "John met Emma. John left; Johnson stayed."
    changed = replaced(text, other_names(text, "en", random.Random(1)))
    first, second = changed.split()[0], changed.split(". ")[1].split()[0]
    assert first == second != "John"
    assert "Johnson" in changed
    assert "Emma" not in changed


def test_a_chinese_family_name_changes_before_a_title_alone():
    changed = replaced("王经理和小王", other_names("王经理和小王", "zh", random.Random(1)))
    assert changed[0] != "王"
    assert changed[1:] == "经理和小王"


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Good film!! ", "en", "Good film "),
        ("Good film", "en", "Good film."),
        ("很好。", "zh", "很好"),
        ("很好", "zh", "很好。"),
        ("!!!", "en", "!!!"),
    ],
)
def test_final_marks_go_or_come(text, language, expected):
    assert replaced(text, final_punctuation(text, language)) == expected


def test_commas_between_words_go_and_those_in_numbers_stay():
    text = "Well, 1,000 rooms; at 9:30，好"
    assert replaced(text, without_commas(text)) == "Well 1,000 rooms at 9:30 好"


def test_upper_case_changes_scripts_that_have_it():
    assert replaced("Straße", upper_case("Straße")) == "STRASSE"
    assert upper_case("很好。") == []


def test_differences_name_the_words_that_changed():
    before, after = "It is a good part, 很好", "It is not a good patr, 不好"
    assert differences(before, after, 5) == [("is", "is not"), ("part", "patr"), ("很", "不")]
    assert len(differences(before, after, 2)) == 2


def test_a_comma_that_went_is_named_by_the_word_before():
    assert differences("Well, yes", "Well yes", 5) == [("Well,", "Well")]
    assert differences("Yes", "Oh Yes", 5) == [("", "Oh")]


def test_replacements_are_made_whatever_their_order():
    pieces = [Replacement(2, 3, "CC"), Replacement(0, 1, "")]
    assert replaced("abcd", pieces) == replaced("abcd", pieces[::-1]) == "bCCd"
