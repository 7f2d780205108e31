"""Words laid back onto the text that they were read from."""

from hypothesis import given
from hypothesis import strategies as st

from han_core.analysis.document_table import locate_words
from han_core.text.tokenizer import Tokenizer

TOKENIZER = Tokenizer("en")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_spans_are_those_of_the_tokenizer(text):
    read = TOKENIZER(text)
    found = locate_words(text, read.token_texts(), read.sentence_lengths)
    assert found.sentences == read.sentences
    assert found.text == text


def test_lower_case_words_stand_where_the_capitals_are():
    text = "The Film. THE END"
    found = locate_words(text, ["the", "film", ".", "the", "end"], [3, 2])
    assert found.token_texts() == ("The", "Film", ".", "THE", "END")
    assert found.seen == len(text)


def test_a_capital_that_becomes_two_letters_shifts_nothing():
    found = locate_words("\u0130x Good", ["\u0130x", "good"], [2])
    assert found.token_texts() == ("\u0130x", "Good")


def test_text_that_was_cut_is_not_seen():
    found = locate_words("one two three", ["one", "two"], [2])
    assert (found.seen, found.text) == (7, "one two three")


def test_words_of_another_text_stand_by_themselves():
    found = locate_words("nothing alike", ["one", "two", "three"], [2, 1])
    assert found.text == "one two three"
    assert found.token_texts() == ("one", "two", "three")
    assert found.sentence_lengths == (2, 1)


def test_no_words():
    assert locate_words("  ", [], []).sentences == ()
