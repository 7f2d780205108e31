"""A document as sentences and words, each a span of characters of the original text.

Offsets are Python ``str`` indices. Clauses end at marks such as commas, and with sentences. Two
versions of a document are aligned word by word.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import accumulate, groupby, takewhile
from operator import eq
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
    """Tell whether ``word`` ends a clause: "," or "?!"."""
    return bool(word) and MARKS.issuperset(word)


def clause_ends(marks: np.ndarray, sentences: np.ndarray) -> np.ndarray:
    """Find where each clause of a text ends, the last one with the text.

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


EXACT = 4_000_000
"""Pairs of words up to which each is compared. Of longer texts, words that make up more than
a hundredth stay only beside others that do (difflib's ``autojunk``): minutes become moments."""


class RemovedWords(NamedTuple):
    """A run of words that only the first version has.

    Attributes:
        before: the token of the second version that they stood before; the number of its
            tokens where they stood at the end.
        text: the first version's characters from the first to the last of them.
    """

    before: int
    text: str


@dataclass(frozen=True)
class AlignedVersions:
    """Two versions, lined up word by word.

    Attributes:
        first: the words of the first version where they stand on the common line.
        second: the same of the second version; the two documents have one text.
        added: tokens of the second version that the first does not have.
        removed: what the second version does not have, in order.
    """

    first: Document
    second: Document
    added: tuple[int, ...]
    removed: tuple[RemovedWords, ...]


_Place = tuple[int | None, int | None]
"""A word on the common line: its token in the first version, and in the second."""


def align_versions(first: Document, second: Document) -> AlignedVersions:
    """Lay the words of two versions onto one line, by their longest common runs.

    A word that moved is removed in one place and added in another.
    """
    ours, theirs = first.token_texts(), second.token_texts()
    line = list(_line(ours, theirs))
    words = [ours[i] if i is not None else theirs[j or 0] for i, j in line]
    ends = list(accumulate((len(word) + 1 for word in words), initial=0))[1:]
    spans = [Span(end - 1 - len(word), end - 1) for word, end in zip(words, ends, strict=True)]
    text = " ".join(words)
    placed = [
        _placed(document, text, [s for s, at in zip(spans, line, strict=True) if at[k] is not None])
        for k, document in enumerate((first, second))
    ]
    added = tuple(j for i, j in line if i is None and j is not None)
    return AlignedVersions(placed[0], placed[1], added, tuple(_removed(first, line)))


def _line(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[_Place]:
    """Merge the words of both in order; where one replaces the other, the first's comes first."""
    i = j = 0
    for first, second, size in _runs(ours, theirs):
        yield from ((only, None) for only in range(i, first))
        yield from ((None, only) for only in range(j, second))
        yield from ((first + k, second + k) for k in range(size))
        i, j = first + size, second + size


def _runs(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield (token, token, length) of common runs; the last, maybe empty, ends both.

    Equal beginnings and ends need no search.
    """
    start = _alike(ours, theirs)
    end = _alike(ours[start:][::-1], theirs[start:][::-1])
    ours_left, theirs_left = ours[start : len(ours) - end], theirs[start : len(theirs) - end]
    yield 0, 0, start
    quick = len(ours_left) * len(theirs_left) > EXACT
    matcher = SequenceMatcher(None, ours_left, theirs_left, autojunk=quick)
    for token, twin, size in matcher.get_matching_blocks():
        yield start + token, start + twin, size
    yield len(ours) - end, len(theirs) - end, end


def _alike(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """Count the words that the two begin with alike."""
    return sum(1 for _ in takewhile(bool, map(eq, ours, theirs)))


def _placed(document: Document, text: str, spans: Sequence[Span]) -> Document:
    """Move the words of ``document`` to ``spans`` of another text."""
    ends = list(accumulate(document.sentence_lengths))
    starts = [0, *ends[:-1]]
    sentences = (Sentence(tuple(spans[a:b])) for a, b in zip(starts, ends, strict=True))
    return Document(text, tuple(sentences), len(text))


def _removed(first: Document, line: Sequence[_Place]) -> Iterator[RemovedWords]:
    tokens, before = first.tokens, 0
    for only_first, run in groupby(line, key=lambda at: at[1] is None):
        places = list(run)
        if only_first:
            numbers = [i for i, _ in places if i is not None]
            yield RemovedWords(
                before, first.text[tokens[numbers[0]].start : tokens[numbers[-1]].end]
            )
        else:
            before += len(places)
