"""Sentences and words that the data give: borders by hand, and stray marks in other texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.text.presegmented import (
    HEADER,
    is_presegmented,
    join_sentences,
    join_words,
    without_marks,
)
from han_core.text.tokenizer import Tokenizer

SPLIT = Tokenizer("en")


def sentences(document) -> list[list[str]]:
    text = document.text
    return [[text[a:b] for a, b in sentence.tokens] for sentence in document.sentences]


def test_sentences_of_the_data_stay_sentences():
    text = join_sentences(["No stop here", " ", "Two. Stops.\n"])
    document = SPLIT(text)
    assert document.text == without_marks(text) == "No stop here Two. Stops."
    assert sentences(document) == [["No", "stop", "here"], ["Two", ".", "Stops", "."]]
    assert document.seen == len(document.text)


def test_words_of_the_data_stay_words():
    document = SPLIT(join_words([["don't", "New York", ""], [], ["!"]]))
    assert document.text == "don't New York !"
    assert sentences(document) == [["don't", "New York"], ["!"]]


def test_words_of_a_script_without_spaces_are_joined_without_them():
    document = Tokenizer("zh")(join_words([["电影", "很", "好"], ["OK", "。"]]))
    assert document.text == "电影很好OK。"
    assert sentences(document) == [["电影", "很", "好"], ["OK", "。"]]


def test_a_long_text_is_cut_where_the_limit_stands():
    document = Tokenizer("en", 3)(join_words([["a", "b"], ["c", "d"], ["e"]]))
    assert document.text == "a b c d e"
    assert sentences(document) == [["a", "b"], ["c"]]
    assert document.seen == len("a b c")


@pytest.mark.parametrize("empty", [join_sentences([]), join_sentences([" "]), join_words([[""]])])
def test_nothing_to_join_is_an_empty_text(empty):
    assert empty == ""


@given(st.text(st.sampled_from("ab. \u2063\u2064"), min_size=1))
def test_a_mark_in_a_text_that_somebody_pasted_is_a_character_like_any_other(text):
    if text.startswith(HEADER):
        return
    assert not is_presegmented(text)
    assert SPLIT(text).text == without_marks(text) == text


@given(st.lists(st.lists(st.text("ab .\u2063\u2064", max_size=5), max_size=4), max_size=4))
def test_words_come_back_in_their_order(given_words):
    text = join_words(given_words)
    expected = [
        [" ".join(word.translate({0x2063: None, 0x2064: None}).split()) for word in words]
        for words in given_words
    ]
    expected = [kept for words in expected if (kept := [word for word in words if word])]
    assert (sentences(SPLIT(text)) if text else []) == expected
