"""Sentences and words that the data give, against lists worked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.text.presegmented import (
    is_presegmented,
    join_sentences,
    join_words,
    without_marks,
)
from han_core.text.tokenizer import Tokenizer
from han_core.text.tokenizer_pool import tokenise_texts

ENGLISH = Tokenizer("en")
WORDS = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=5)


def words_of(document):
    texts = iter(document.token_texts())
    return [[next(texts) for _ in sentence.tokens] for sentence in document.sentences]


def test_sentences_end_where_the_data_say_and_nowhere_else():
    document = ENGLISH(join_sentences(["It rained. A lot", " ", "then it stopped"]))
    assert document.text == "It rained. A lot then it stopped"
    assert words_of(document) == [
        ["It", "rained", ".", "A", "lot"],
        ["then", "it", "stopped"],
    ]
    assert document.seen == len(document.text)


def test_words_are_those_of_the_data():
    document = ENGLISH(join_words([["don't", "New  York", ""], [], ["so."]]))
    assert document.text == "don't New York so."
    assert words_of(document) == [["don't", "New York"], ["so."]]
    assert [(span.start, span.end) for span in document.tokens] == [(0, 5), (6, 14), (15, 18)]


def test_scripts_without_spaces_are_joined_without():
    chinese = join_words([["这家", "café", "很", "好", "。"], ["再", "来"]])
    assert Tokenizer("zh")(chinese).text == "这家café很好。再来"
    assert words_of(Tokenizer("zh")(chinese)) == [["这家", "café", "很", "好", "。"], ["再", "来"]]


def test_a_model_of_characters_keeps_the_sentences_and_splits_the_words():
    document = Tokenizer("zh", segmentation="characters")(join_words([["很好"], ["来"]]))
    assert words_of(document) == [["很", "好"], ["来"]]


def test_a_limit_cuts_and_says_where():
    document = Tokenizer("en", maximum_tokens=3)(join_words([["a", "b"], ["c", "d"]]))
    assert (words_of(document), document.text) == ([["a", "b"], ["c"]], "a b c d")
    assert document.seen == len("a b c")


def test_text_typed_behind_the_last_sentence_is_one_more():
    text = join_sentences(["One.", "Two."]) + " Three, four."
    assert words_of(ENGLISH(text)) == [["One", "."], ["Two", "."], ["Three", ",", "four", "."]]


def test_a_text_that_is_whole_counts_as_whole_in_many():
    chunk = tokenise_texts([join_words([["a", "b"]]), "c"], ENGLISH)
    assert chunk.documents.column("cut").to_pylist() == [False, False]
    assert chunk.lexicon == [b"a", b"b", b"c"]


@given(st.lists(st.lists(WORDS, min_size=1, max_size=4), min_size=1, max_size=4))
def test_any_words_come_back(sentences):
    document = ENGLISH(join_words(sentences))
    assert words_of(document) == sentences
    assert document.text == without_marks(join_words(sentences))


@given(st.text(st.sampled_from("ab. \u2063\u2064"), min_size=1))
def test_a_mark_in_a_text_that_somebody_pasted_is_a_character_like_any_other(text):
    if not is_presegmented(text):
        assert ENGLISH(text).text == without_marks(text) == text


@pytest.mark.parametrize("empty", [join_sentences([]), join_sentences([" "]), join_words([[""]])])
def test_nothing_to_join_is_an_empty_text(empty):
    assert empty == ""


@pytest.mark.parametrize("text", ["", "plain", "a\u2063b"])
def test_other_texts_have_no_marks(text):
    assert without_marks(text) == text
