"""Tokenizers, texts that are hard to split, and what is found in them, as words."""

from functools import cache

from hypothesis import strategies as st

from han_core.text.document import Document
from han_core.text.tokenizer import LONGEST_RUN, Tokenizer

tokenizer = cache(Tokenizer)

ODD = [
    "\ud800", "\udfff", "\x00", "\x1c", "\x85", "\u200b", "\u200d", "\ufeff", "\u202e", "\u0301",
    "\ufe0f", "e\u0301", "👨\u200d👩\u200d👧", "👍🏽", "🇩🇪", "שלום", "مرحبا", "电影很好", "。",
    "\r\n", "\r", "\n\n", "\u2028", "\u3000", "\xa0", " ", "  ", "\t",
    ".", "...", "!?", "'s", "don't ", "Dr. ", "a", "good ", "film. ", "(well-known) ",
    "<b>", "&amp;", "http://a.b/c?d=e", "x" * (LONGEST_RUN - 1), "$" * (LONGEST_RUN + 1),
]  # fmt: skip
any_character = st.characters(exclude_categories=())  # lone surrogates too
odd_text = st.lists(st.sampled_from(ODD) | st.text(any_character, max_size=5)).map("".join)


def check_spans(document: Document) -> None:
    """In order, nothing lost: what lies between the spans is white space."""
    edge = 0
    for start, end in document.tokens:
        assert edge <= start < end
        assert document.text[edge:start].strip() == ""
        assert not any(character.isspace() for character in document.text[start:end])
        edge = end
    assert document.text[edge : document.seen].strip() == ""


def sentence_texts(document: Document) -> list[list[str]]:
    """The words of each sentence."""
    return [[document.text[a:b] for a, b in sentence.tokens] for sentence in document.sentences]


def sentences(text: str, language: str = "en", segmentation: str = "words") -> list[list[str]]:
    return sentence_texts(tokenizer(language, segmentation=segmentation)(text))
