"""From text to numbers and back: spelling, case, white space, offsets."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from han_core.data.dates import date_pairs
from han_core.models.beam_search import SearchSettings, align_numbers, translate_numbers
from han_core.models.system_folder import SystemCheckpoint, load_system
from han_core.models.target_words import attached_sides, target_vocabulary, words_of, written
from han_core.models.translate import (
    continued,
    letters,
    source_document,
    target_document,
    target_numbers,
    translate_texts,
)
from han_core.models.translator import TRANSLATOR, TranslatorConfig, TranslatorNetwork
from han_core.runtime.errors import UserError
from han_core.text.tokenizer import Tokenizer
from han_core.text.vocabulary import RESERVED, UNKNOWN

SHIPPED = Path(__file__).parents[2] / "checkpoints"
FRENCH = ["Il est l'ami de Tom.", "Tom aime l'eau, il dort.", "Où est Tom ?", "Est-il là ?"]


@pytest.fixture(scope="module")
def config():
    documents = [Tokenizer("fr")(text) for text in FRENCH]
    words = target_vocabulary([words_of(document) for document in documents], 1, 100)
    return TranslatorConfig(
        source_words=(*RESERVED, "he", "is", "tom"),
        target_words=words,
        attached=attached_sides(documents, words),
        embedding=8,
        encoder=6,
        decoder=12,
        attention_size=6,
    )


def test_the_first_word_is_written_as_it_is_within_sentences(config):
    assert "il" in config.target_words
    assert "Il" not in config.target_words
    assert "Tom" in config.target_words
    assert "tom" not in config.target_words
    for text, first in (("Il dort", "il"), ("Tom dort", "Tom")):
        numbers = target_numbers(words_of(target_document(text, config)), config)
        assert config.target_words[numbers[0]] == first


def test_unknown_words_are_unknown(config):
    assert target_numbers(["il", "xyz"], config)[1] == UNKNOWN
    assert target_numbers([], config) == []


def test_white_space_comes_back(config):
    for text in ("Il est l'ami de Tom.", "Tom aime l'eau, il dort."):
        numbers = target_numbers(words_of(target_document(text, config)), config)
        assert written(numbers, config)[0] == text


def test_a_word_that_ends_sentences_is_not_attached_to_the_next():
    """ "hier" stands most often before a full stop; "eau" after "l'"; neither is the reason."""
    texts = [
        "Il dort hier.", "Tom dort hier.", "Il dort hier.", "Hier il dort.", "L'eau dort.",
        "Tom aime l'eau.", "Tom aime l'ami.", "Il aime l'or.", "Tom dort.", "Une eau dort.",
    ]  # fmt: skip
    documents = [Tokenizer("fr")(text) for text in texts]
    words = ["hier", "eau", "l'", ".", "dort"]
    assert attached_sides(documents, words) == (0, 0, 2, 1, 0)


@given(step=st.integers(0, 3), number=st.integers(2, 9), beams=st.integers(1, 4))
def test_a_translation_goes_on_with_another_word(config, step, number, beams):
    torch.manual_seed(1)
    checkpoint = SystemCheckpoint("c", config, TranslatorNetwork(config).eval(), {})
    (own,) = translate_texts(checkpoint, ["he is tom"], ["Tom est Tom."])
    word = config.target_words[number]
    text = continued(checkpoint, own, step, word, SearchSettings(beams))
    (found,) = translate_numbers(
        checkpoint.model, [own.source_numbers], SearchSettings(beams),
        [(*own.target_numbers[:step], number)],
    )  # fmt: skip
    assert found.words[: step + 1] == (*own.target_numbers[:step], number)
    assert text == written(found.words, config)[0]


def test_what_follows_is_the_likeliest_word_each_time(config):
    torch.manual_seed(1)
    checkpoint = SystemCheckpoint("c", config, TranslatorNetwork(config).eval(), {})
    (own,) = translate_texts(checkpoint, ["he is tom"], ["Tom est Tom."])
    source, greedy = own.source_numbers, SearchSettings(1)
    (found,) = translate_numbers(checkpoint.model, [source], greedy, [(4, 5)])
    said = [number for number in range(len(config.target_words)) if number not in (0, UNKNOWN)]
    assert len(found.words) > 3
    for at in range(2, len(found.words)):
        tried = [(*found.words[:at], number) for number in said]
        aligned = align_numbers(checkpoint.model, [source] * len(said), tried)
        likeliest = max(range(len(said)), key=lambda row: aligned[row].log_probabilities[at])
        assert said[likeliest] == found.words[at]


def test_a_translation_that_ends_early(config):
    torch.manual_seed(1)
    checkpoint = SystemCheckpoint("c", config, TranslatorNetwork(config).eval(), {})
    (own,) = translate_texts(checkpoint, ["he is tom"], ["Tom est Tom."])
    assert continued(checkpoint, own, 2, "") == "Tom est"
    assert continued(checkpoint, own, 0, "") == ""


@given(st.lists(st.integers(2, 12), min_size=1, max_size=12))
def test_offsets_are_exact(config, numbers):
    text, spans = written(numbers, config)
    assert [text[span.start : span.end].lower() for span in spans] == [
        config.target_words[number].lower() for number in numbers
    ]
    assert text == text.strip()
    assert "  " not in text


def test_curly_apostrophes_are_the_same_word(config):
    assert words_of(target_document("l\N{RIGHT SINGLE QUOTATION MARK}eau", config))[0] == "l'"


@pytest.mark.parametrize(
    ("text", "fragment"),
    [("", "no word"), (" \n", "no word"), ("word " * 5_000, "more than 200 words")],
)
def test_what_is_no_sentence_is_refused(config, text, fragment):
    with pytest.raises(UserError, match=fragment):
        source_document(text, config)


def test_translations_are_found_or_taken_as_given(config):
    torch.manual_seed(0)
    checkpoint = SystemCheckpoint("c", config, TranslatorNetwork(config).eval(), {})
    texts, targets = ["He is  Tom!", "tom", "he"], [None, "  Il est Tom.", None]
    free, forced, last = translate_texts(checkpoint, texts, targets)
    assert forced.translation == "  Il est Tom."
    assert [forced.translation[s.start : s.end] for s in forced.target] == ["Il", "est", "Tom", "."]
    assert [free.text[s.start : s.end] for s in free.source] == ["He", "is", "Tom", "!"]
    for one in (free, forced, last):
        assert one.alignment.shape == (len(one.target), len(one.source))
        assert one.alignment.sum(1) == pytest.approx(1, abs=1e-5)
    assert free.to_json() == translate_texts(checkpoint, texts[:1])[0].to_json()


@given(st.text(max_size=40))
def test_letters_are_all_characters_but_white_space(text):
    document = letters(text)
    assert "".join("".join(document.token_texts()).split()) == "".join(text.split())
    assert document.text == text


def test_letters_by_hand():
    assert letters("May 2, 二年 e\u0301").token_texts() == (*"May2,二年", "e\u0301")
    assert letters(" \n").tokens == ()
    assert len(letters("a" * 5_000).tokens) == 201


def test_the_dates_that_come_along_are_exact_and_aligned():
    """On days that no training pair has; the last digit of a year stands once in such a form."""
    checkpoint = load_system(SHIPPED / "dates", TRANSLATOR)
    pairs = date_pairs(120, held_out=True, seed=7)
    translations = translate_texts(checkpoint, [words for words, _ in pairs])
    assert [one.translation for one in translations] == [iso for _, iso in pairs]
    in_numerals = [one for one in translations if one.translation[:4] in one.text]
    found = [
        one.text[one.source[int(one.alignment[3].argmax())].start] for one in in_numerals
    ]  # fmt: skip
    assert found == [one.translation[3] for one in in_numerals]


def test_digits_of_dates_are_written_together():
    documents = [letters(iso) for _, iso in date_pairs(50, held_out=False)]
    words = (*RESERVED, *"0123456789-")
    config = TranslatorConfig(
        source_words=words, target_words=words, attached=attached_sides(documents, words)
    )
    assert written([words.index(digit) for digit in "2026-05-20"], config)[0] == "2026-05-20"


@pytest.mark.parametrize(
    ("name", "translations"),
    [("en-fr", ["Je suis fatigué.", "Où est la gare ?"]), ("en-zh", ["我累了。", "车站在哪里？"])],
)
def test_the_translators_that_come_along_know_easy_sentences(name, translations):
    checkpoint = load_system(SHIPPED / name, TRANSLATOR)
    found = translate_texts(checkpoint, ["I am tired.", "Where is the station?"])
    assert [one.translation for one in found] == translations
