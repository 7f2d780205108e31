"""Texts whose sentences, and perhaps words, the data give instead of a tokenizer.

Such a text travels as one string, in which U+2064 ends each sentence and U+2063 each word that is
given. Both are invisible; without them it is the text that a reader sees and offsets count in.
It begins with both in an order that no text of a person has, so that a stray mark in a text that
somebody pasted is a character like any other.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from han_core.text.document import Document, Sentence, Span

WORD_END, SENTENCE_END = "\u2063", "\u2064"
HEADER = SENTENCE_END + WORD_END + SENTENCE_END

_ENDS = re.compile(f"[{WORD_END}{SENTENCE_END}]")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
    "\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, Chinese and Japanese, which put no space between words."""


def join_sentences(sentences: Iterable[str]) -> str:
    """Return the text of these sentences; blank ones are left out."""
    return _join((sentence, SENTENCE_END) for sentence in map(_without_ends, sentences))


def join_words(sentences: Iterable[Sequence[str]]) -> str:
    """Return the text of sentences that are divided into words; blank words are left out."""
    pieces: list[tuple[str, str]] = []
    for words in sentences:
        pieces += [(word, WORD_END) for word in map(_in_one_line, words) if word]
        if pieces:
            pieces[-1] = pieces[-1][0], WORD_END + SENTENCE_END
    return _join(pieces)


def _join(pieces: Iterable[tuple[str, str]]) -> str:
    """Join (text, mark) with spaces, except where a script does without."""
    text: list[str] = [HEADER]
    last = ""
    for piece, mark in pieces:
        if piece:
            spaced = last and not _UNSPACED.match(last) and not _UNSPACED.match(piece[0])
            text += [" " if spaced else "", piece, mark]
            last = piece[-1]
    return "".join(text) if last else ""


def _without_ends(text: str) -> str:
    return _ENDS.sub("", text).strip()


def _in_one_line(word: str) -> str:
    return " ".join(_ENDS.sub("", word).split())


def without_marks(text: str) -> str:
    """Return the text as a reader sees it."""
    return _ENDS.sub("", text) if is_presegmented(text) else text


def is_presegmented(text: str) -> bool:
    return text.startswith(HEADER)


def presegmented_document(
    text: str, split: Callable[[str], Document], most: int, words_given: bool = True
) -> Document:
    """Return the document of a text with marks; its own text is without them.

    Args:
        split: finds the words of a sentence whose words are not given.
        most: tokens after which the text is cut.
        words_given: whether words that are given count; else every sentence is split.
    """
    plain, sentences, left, seen = "", [], most, None
    for part in text.removeprefix(HEADER).split(SENTENCE_END):
        sentence = part.replace(WORD_END, "")
        given = words_given and WORD_END in part
        spans = _given_words(part) if given else split(sentence).tokens
        if len(spans) > left and seen is None:
            seen = len(plain) + (spans[left - 1].end if left else 0)
        spans = spans[:left]
        left -= len(spans)
        if spans:
            shifted = (Span(start + len(plain), end + len(plain)) for start, end in spans)
            sentences.append(Sentence(tuple(shifted)))
        plain += sentence
    return Document(plain, tuple(sentences), len(plain) if seen is None else seen)


def _given_words(part: str) -> tuple[Span, ...]:
    """Return the words of a sentence as spans of it without marks."""
    spans, at = [], 0
    for piece in part.split(WORD_END):
        word = piece.strip()
        if word:
            start = at + piece.index(word)
            spans.append(Span(start, start + len(word)))
        at += len(piece)
    return tuple(spans)
