"""Texts in another language, of unknown words or of hardly any words are named."""

from pathlib import Path

import numpy as np
import pytest

from han_core.data.corpus import read_corpus
from han_core.explanation.cautions import caution, fitting_models, is_guess, language_warning
from han_core.explanation.explanation import Explanation
from han_core.models.listing import Listing
from han_core.text.tokenizer import Tokenizer

TOKENIZER = Tokenizer("en")


WORDS = "one two three four five six seven eight nine ten"


def explained(text: str, unknown: int | set[str] = 0) -> Explanation:
    """Even attention; ``unknown`` are the first so many tokens, or these words."""
    document = TOKENIZER(text)
    tokens = document.token_texts()
    known = [
        at >= unknown if isinstance(unknown, int) else token not in unknown
        for at, token in enumerate(tokens)
    ]
    lengths = np.array(document.sentence_lengths)
    return Explanation(
        "1", document, ("n", "p"), np.array([0.5, 0.5]), np.full(len(lengths), 1 / len(lengths)),
        np.repeat(1 / lengths, lengths), np.array(known),
    )  # fmt: skip


def test_another_script_is_named():
    said = language_warning(
        explained("这部电影开头很慢，但是半小时后我完全投入了。"), "en", "han-imdb"
    )
    assert said.startswith("This text stands mostly in Chinese characters, but han-imdb learnt")
    assert "texts in English" in said
    said = language_warning(explained(WORDS), "zh", "han-zh")
    assert "mostly in Latin letters, but han-zh learnt from texts in Chinese" in said


def test_four_of_ten_unknown_words_are_named_and_three_are_not():
    assert language_warning(explained(WORDS, unknown=3), "en", "a") == ""
    assert language_warning(explained(WORDS, unknown=4), "en", "a").startswith(
        "a does not know 40% of"
    )


def test_signs_and_numbers_are_no_words():
    text = WORDS + " 1 2 3 4 5 6 7 8 9 10 ! ? , ; : ( )"
    assert (
        language_warning(explained(text, unknown=set(text.split()) - set(WORDS.split())), "en", "a")
        == ""
    )
    assert language_warning(explained("1 2 3 4 5 6 7 8 9 10 11", unknown=11), "en", "a") == ""


@pytest.mark.parametrize("text", ["Nine words are not enough to tell anything here", "Go", "?"])
def test_few_words_tell_nothing(text):
    assert language_warning(explained(text, unknown=99), "en", "a") == ""


def test_a_language_without_a_known_script_is_told_by_words_alone():
    assert language_warning(explained("这部电影"), "xx", "a") == ""
    assert "texts in xx" in language_warning(explained(WORDS, unknown=9), "xx", "a")


def test_our_own_texts_are_at_home():
    """A model that knows nine words of ten: none of the bundled texts is foreign to it."""
    for text in read_corpus("bundled:classroom@all").texts:
        rare = {word for at, word in enumerate(sorted(set(text.split()))) if at % 10 == 0}
        assert language_warning(explained(text, unknown=rare), "en", "a") == ""


def test_few_words_are_a_caution():
    assert caution(explained("So good"), "en", "a").startswith("This text has only 2 words, and")
    assert caution(explained("It was so good"), "en", "a") == ""
    assert "Chinese characters" in caution(explained("电影"), "en", "a")


def listing(name: str, language: str, accuracy: float | None, classes: int = 2) -> Listing:
    labels = tuple("abcdef"[:classes])
    return Listing(name, Path(name), "han", "additive", "d", labels, accuracy, language)


def test_the_models_that_read_the_script_are_found_the_best_first():
    english, japanese = listing("english", "en", 0.9), listing("japanese", "ja", 0.99)
    topics, hotels = listing("topics", "zh", 0.95, classes=6), listing("hotels", "zh", 0.8)
    new = listing("new", "zh", None)
    models = [english, japanese, topics, new, hotels]
    chinese = "这部电影开头很慢"
    assert fitting_models(chinese, models, english) == [hotels, new, topics, japanese]
    assert fitting_models(chinese, models, english, "topics")[0] is topics
    assert fitting_models(chinese, models, english, "japanese")[0] is hotels
    assert fitting_models(chinese, [english, topics], english) == [topics]
    assert fitting_models("Slow at first", models, hotels) == [english]
    assert fitting_models("Slow at first", models, english) == []
    assert fitting_models(chinese, [english], english) == []
    assert fitting_models("1 2 3", models, english) == []


@pytest.mark.parametrize(
    ("text", "unknown", "guess"),
    [(WORDS, 8, False), (WORDS, 9, True), (WORDS, 10, True), ("电影", 1, True), ("电影", 0, False),
     ("1 2 3", 3, False)],
)  # fmt: skip
def test_from_nine_of_ten_unknown_words_on_a_prediction_is_a_guess(text, unknown, guess):
    assert is_guess(explained(text, unknown)) is guess
