"""Align two versions of a text word by word: which words stayed, went and came.

Both are laid onto one line that holds the words of both in order, found by their longest common
runs; a word that moved has gone in one place and come in another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate, groupby, takewhile
from operator import eq
from typing import NamedTuple

from han_core.text.document import Document, Sentence, Span

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
        came: tokens of the second version that the first does not have.
        gone: what the second version does not have, in order.
    """

    first: Document
    second: Document
    came: tuple[int, ...]
    gone: tuple[RemovedWords, ...]


_Place = tuple[int | None, int | None]
"""A word on the common line: its token in the first version, and in the second."""


def align_versions(first: Document, second: Document) -> AlignedVersions:
    """Lines up two versions of a text."""
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
    came = tuple(j for i, j in line if i is None and j is not None)
    return AlignedVersions(placed[0], placed[1], came, tuple(_gone(first, line)))


def _line(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[_Place]:
    """The words of both in order; where one replaces the other, the first's comes first."""
    at = other = 0
    for token, twin, size in _runs(ours, theirs):
        yield from ((i, None) for i in range(at, token))
        yield from ((None, j) for j in range(other, twin))
        yield from ((token + k, twin + k) for k in range(size))
        at, other = token + size, twin + size


def _runs(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """(token, token, length) of the runs that both have; the last, maybe empty, ends both.

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
    """How many words the two begin with alike."""
    return sum(1 for _ in takewhile(bool, map(eq, ours, theirs)))


def _placed(document: Document, text: str, spans: Sequence[Span]) -> Document:
    """``document`` with its words elsewhere, in a text that was read to its end."""
    ends = list(accumulate(document.sentence_lengths))
    starts = [0, *ends[:-1]]
    sentences = (Sentence(tuple(spans[a:b])) for a, b in zip(starts, ends, strict=True))
    return Document(text, tuple(sentences), len(text))


def _gone(first: Document, line: Sequence[_Place]) -> Iterator[RemovedWords]:
    tokens, before = first.tokens, 0
    for only_first, run in groupby(line, key=lambda at: at[1] is None):
        places = list(run)
        if only_first:
            gone = [i for i, _ in places if i is not None]
            yield RemovedWords(before, first.text[tokens[gone[0]].start : tokens[gone[-1]].end])
        else:
            before += len(places)
