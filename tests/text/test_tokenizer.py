"""Spans rebuild every text, and sentences stand where a reader sees them."""

import random
import time

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from han_core.runtime.errors import UserError
from han_core.text.tokenizer import LONGEST_RUN, PIECE, Tokenizer
from tests.text.spans import check_spans, odd_text, sentences, tokenizer

ENGLAND = "🏴" + "".join(chr(0xE0000 + ord(letter)) for letter in "gbeng") + "\U000e007f"


def joined(text: str, language: str = "en") -> list[str]:
    return [" ".join(tokens) for tokens in sentences(text, language)]


@pytest.mark.parametrize("segmentation", ["words", "characters"])
@pytest.mark.parametrize("language", ["en", "zh", "xx"])
@given(odd_text)
def test_any_text_can_be_drawn_again_from_its_spans(language, segmentation, text):
    document = tokenizer(language, segmentation=segmentation)(text)
    assert document.text == text
    assert document.seen == len(text)
    check_spans(document)


@given(odd_text, st.sampled_from([1, 2, 5]))
def test_a_limit_keeps_the_first_tokens_and_says_where_it_cut(text, limit):
    whole, cut = tokenizer("en")(text), tokenizer("en", limit)(text)
    assert cut.tokens == whole.tokens[:limit]
    check_spans(cut)
    if len(whole.tokens) <= limit:
        assert cut == whole
    else:
        assert cut.seen <= whole.tokens[limit].start
        assert text[cut.seen :].strip() != ""


def test_a_limit_cuts_within_a_sentence():
    document = tokenizer("en", 3)("One two three four. Five.")
    assert (document.tokens, document.seen) == (((0, 3), (4, 7), (8, 13)), 13)


def test_white_space_after_the_last_token_is_no_cut():
    assert tokenizer("en", 2)("One two \n").seen == 9


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_token_is_refused(limit):
    with pytest.raises(UserError, match="at least 1"):
        Tokenizer("en", limit)


def test_words_are_split_by_the_rules_of_the_language():
    assert sentences("I don't like it, it's $5.") == [
        ["I", "do", "n't", "like", "it", ",", "it", "'s", "$", "5", "."]
    ]


@pytest.mark.parametrize("blank", ["\n\n", "\r\n\r\n", "\n \n", "  \n\n  ", "\n\t\n\n"])
def test_a_blank_line_ends_a_sentence(blank):
    assert joined(f"A title{blank}and a text") == ["A title", "and a text"]


@pytest.mark.parametrize("single", ["  ", "\t", "\u3000", "\xa0"])
def test_other_white_space_does_not_end_a_sentence(single):
    assert joined(f"A line{single}and its end") == ["A line and its end"]


def test_a_blank_line_ends_a_sentence_wherever_it_stands():
    for length in (PIECE - 2, PIECE - 1, PIECE, PIECE + 1):
        text = ("word " * PIECE)[: length - 1] + "x" + "\n\n" + "More words"
        assert joined(text)[-1] == "More words"


def test_closing_marks_belong_to_the_sentence_that_they_close():
    assert joined('"It was good." She (really!) left.')[0] == '" It was good . "'


def test_chinese_is_split_into_words_at_exact_places():
    text = "这部电影很好看。我喜欢 Python！"
    assert sentences(text, "zh") == [
        ["这部", "电影", "很", "好看", "。"],
        ["我", "喜欢", "Python", "！"],
    ]
    assert tokenizer("zh")(text).tokens[:3] == ((0, 2), (2, 4), (4, 5))


@pytest.mark.parametrize("language", ["qq", "", "EN", "../en", "a b"])
def test_an_unknown_language_is_one_sentence(language):
    with pytest.raises(UserError, match="'en', 'de' or 'zh'") as caught:
        Tokenizer(language)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["👨\u200d👩\u200d👧", "👍🏽", "❤\ufe0f", "e\u0301", "👩🏽\u200d💻", "🇩🇪", ENGLAND],
    ids=["family", "skin tone", "variation", "accent", "joined with skin tone", "flag", "tags"],
)
@pytest.mark.parametrize(
    "how", [("en",), ("zh",), ("zh", "characters")], ids=["English", "Chinese", "characters"]
)
def test_what_is_one_character_on_screen_is_one_token(how, text):
    assert text in sentences(f"So {text} nice", *how)[0]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("🇩🇪🇫🇷!", ["🇩🇪", "🇫🇷", "!"]),
        ("a🇩🇪b", ["a", "🇩🇪", "b"]),
        ("🇩🇪🇫 🇷", ["🇩🇪", "🇫", "🇷"]),
        ("🇩 🇪", ["🇩", "🇪"]),
    ],
)
def test_flags_are_pairs_of_letters(text, tokens):
    assert sentences(text) == [tokens]
    document = tokenizer("en")(text)
    check_spans(document)
    assert list(document.token_texts()) == tokens


def test_a_joiner_does_not_swallow_white_space():
    assert sentences("a\u200d\nb") == [["a\u200d", "b"]]


@pytest.mark.parametrize(
    ("language", "character", "number", "tokens"),
    [
        ("en", "$", 20_000, 20_000),
        ("en", "a", 100_000, 5 * 79),  # five pieces, each 78 runs of 256 and a rest
        ("en", "\u0301", 100_000, 1),
        ("zh", "$", 20_000, 20_000),
        ("zh", "a", 100_000, 50),
        ("zh", "哈", 40_000, 20 * 666),
    ],
)
def test_long_runs_are_quick(language, character, number, tokens):
    tokenizer(language)("你好")  # jieba reads its dictionary once
    started = time.process_time()
    document = tokenizer(language)(character * number)
    assert time.process_time() - started < 5
    check_spans(document)
    assert len(document.tokens) == tokens


def test_a_run_longer_than_the_limit_keeps_the_words_around_it():
    text = f"See {'a' * (2 * LONGEST_RUN + 5)} here"
    assert tokenizer("en")(text).tokens == (
        (0, 3),
        (4, 4 + LONGEST_RUN),
        (4 + LONGEST_RUN, 4 + 2 * LONGEST_RUN),
        (4 + 2 * LONGEST_RUN, 9 + 2 * LONGEST_RUN),
        (10 + 2 * LONGEST_RUN, 14 + 2 * LONGEST_RUN),
    )


def test_pieces_do_not_change_the_tokens_of_ordinary_text():
    draw = random.Random(0)
    words = ["The", "don't", "it's", "(well)", '"so"', "end.", "U.S.", "3.5%", "self-made", "😀"]
    gaps = [" ", " ", " ", "\n", "  ", "\n\n", "\r\n"]
    text = "".join(draw.choice(words) + draw.choice(gaps) for _ in range(12_000))
    assert len(text) > 3 * PIECE
    expected = [
        (token.idx, token.idx + len(token))
        for token in spacy.blank("en")(text)
        if not token.is_space
    ]
    assert list(tokenizer("en", 100_000)(text).tokens) == expected


def test_japanese_needs_no_segmenter_by_characters():
    assert sentences("とてもテレビ", "ja", "characters") == [list("とてもテレビ")]


def test_a_limit_cuts_after_so_many_characters():
    document = Tokenizer("zh", 3, "characters")("房间很好")
    assert (document.seen, len(document.tokens)) == (3, 3)


def test_another_segmentation_is_one_sentence():
    with pytest.raises(UserError, match="words or characters; 'letters' came"):
        Tokenizer("zh", segmentation="letters")
    with pytest.raises(UserError, match="'en', 'de' or 'zh'"):
        Tokenizer("qq", segmentation="characters")
