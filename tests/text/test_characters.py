"""Characters as tokens, at exact places, from text to explanation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from han_core.runtime.errors import UserError
from han_core.text.tokenizer import Tokenizer
from han_core.text.tokenizer_pool import tokenise_texts

CHARACTERS = Tokenizer("zh", segmentation="characters")


def sentences(text, tokenizer=CHARACTERS):
    document = tokenizer(text)
    return [[text[start:end] for start, end in sentence.tokens] for sentence in document.sentences]


def test_each_chinese_character_is_a_token_and_other_letters_in_a_row_are_one():
    assert sentences("房间WiFi很好，3星级！\n\n早餐一般。 Not bad.") == [
        ["房", "间", "WiFi", "很", "好", "，", "3", "星", "级", "！"],
        ["早", "餐", "一", "般", "。"],
        ["Not", "bad", "."],
    ]


def test_japanese_needs_no_segmenter_by_characters():
    japanese = Tokenizer("ja", segmentation="characters")
    assert sentences("とてもテレビ", japanese) == [list("とてもテレビ")]


def test_what_is_one_character_on_screen_is_one_token():
    assert sentences("好👨\u200d👩\u200d👧吃") == [["好", "👨\u200d👩\u200d👧", "吃"]]


@given(st.text(st.sampled_from("房间 好,。\nab1_\u0301😀\U00020000\ud800-!"), max_size=40))
def test_nothing_but_white_space_lies_between_tokens(text):
    edge, between = 0, ""
    for start, end in CHARACTERS(text).tokens:
        assert edge <= start < end
        between += text[edge:start]
        edge = end
    assert not (between + text[edge:]).strip()


def test_a_limit_cuts_after_so_many_characters():
    document = Tokenizer("zh", 3, "characters")("房间很好")
    assert (document.seen, len(document.tokens)) == (3, 3)


def test_another_segmentation_is_one_sentence():
    with pytest.raises(UserError, match="words or characters; 'letters' came"):
        Tokenizer("zh", segmentation="letters")
    with pytest.raises(UserError, match="'en', 'de' or 'zh'"):
        Tokenizer("qq", segmentation="characters")


def test_many_texts_are_split_alike():
    assert tokenise_texts(["很好", "好"], CHARACTERS).lexicon == [word.encode() for word in "很好"]
