"""A document as sentences and words, each a span of characters of the original text; and clauses.

Offsets are Python ``str`` indices. Clauses end at marks such as commas, and with sentences.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np


class Span(NamedTuple):
    """Characters ``start`` (included) to ``end`` (excluded) of a text."""

    start: int
    end: int


@dataclass(frozen=True)
class Sentence:
    """The tokens of one sentence, in order; at least one.

    Raises:
        ValueError: if there is no token, or tokens are empty or overlap.
    """

    tokens: tuple[Span, ...]

    def __post_init__(self) -> None:
        if not self.tokens:
            raise ValueError("a sentence has at least one token")
        edge = 0
        for start, end in self.tokens:
            if not edge <= start < end:
                raise ValueError(f"token {start}:{end} is empty or starts before {edge}")
            edge = end

    @property
    def start(self) -> int:
        return self.tokens[0].start

    @property
    def end(self) -> int:
        return self.tokens[-1].end


@dataclass(frozen=True)
class Document:
    """A text and the sentences found in it.

    Attributes:
        text: exactly as given.
        sentences: in order, not overlapping; empty where the text is white space.
        seen: characters that were read, ``len(text)`` unless a limit cut the text.

    Raises:
        ValueError: if sentences overlap or reach past ``seen``.
    """

    text: str
    sentences: tuple[Sentence, ...]
    seen: int

    def __post_init__(self) -> None:
        edge = 0
        for sentence in self.sentences:
            if sentence.start < edge:
                raise ValueError(f"sentence at {sentence.start} starts before {edge}")
            edge = sentence.end
        if not edge <= self.seen <= len(self.text):
            raise ValueError(f"{edge} <= seen <= {len(self.text)} expected, got {self.seen}")

    @cached_property
    def tokens(self) -> tuple[Span, ...]:
        """All tokens of all sentences, in order."""
        return tuple(span for sentence in self.sentences for span in sentence.tokens)

    @cached_property
    def sentence_lengths(self) -> tuple[int, ...]:
        """Tokens in each sentence."""
        return tuple(len(sentence.tokens) for sentence in self.sentences)

    def token_texts(self) -> tuple[str, ...]:
        """The characters of every token, in order."""
        text = self.text
        return tuple([text[start:end] for start, end in self.tokens])


MARKS = frozenset(",;:.!?…–—，；：。．！？、､｡،؛؟۔।॥")
"""Of Latin, Chinese and Japanese, Arabic, and Indic writing."""


def is_mark(word: str) -> bool:
    """Whether ``word`` ends a clause: "," or "?!"."""
    return bool(word) and MARKS.issuperset(word)


def clause_ends(marks: np.ndarray, sentences: np.ndarray) -> np.ndarray:
    """Where each clause of a text ends, the last one with the text.

    Of several marks in a row the last one ends the clause, so that none consists of marks
    alone unless a text begins with them.

    Args:
        marks: (tokens,) bool whether each is a mark; at least one token.
        sentences: (sentences,) tokens in each.

    Returns:
        (clauses,) int64 the number of tokens before each end, ascending.
    """
    ends = marks.copy()
    ends[np.cumsum(sentences) - 1] = True
    ends[:-1] &= ~marks[1:]
    return np.flatnonzero(ends) + 1
