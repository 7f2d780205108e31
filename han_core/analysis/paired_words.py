"""One document's words as two models see them, with the attention of both on each.

Attention to words over the whole document (α_s·α_w), as it was kept when both were scored.
Two models may cut a text into different words, so their words are lined up by the characters
that are no white space, and joined until the edges agree (``explanation.alignment``). It
knows nothing about predictions.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from han_core.analysis.dataset import StoredWords
from han_core.explanation.agreement import align
from han_core.text.document import Span

LEADING = 5
"""Words that are kept of each document: those that differ most."""

MOST_MOVED = 100
"""Words that are kept of all documents together: so many that gained, and as many that lost."""


class WordShift(NamedTuple):
    """A word of a document, and the share of both models' attention on it."""

    word: str
    first: float
    second: float


class MeanShift(NamedTuple):
    """A word over all measured documents.

    Attributes:
        documents: how many have it.
        first, second: mean share of attention on it in these.
        moved: share of attention that it gained with the second model, a mean over all
            documents, those without the word counted as 0: so a rare word needs much.
    """

    word: str
    documents: int
    first: float
    second: float
    moved: float


class AlignedWords(NamedTuple):
    """One document's words as both models see them: what both have, made to sum to 1 each.

    Attributes:
        words: (pieces,) in lower case.
        weights: (2, pieces) of the first and of the second model.
    """

    words: tuple[str, ...]
    weights: np.ndarray


def align_words(first: StoredWords, second: StoredWords) -> AlignedWords | None:
    """The words of one document as two models see them; None where they read different texts.

    Where a limit cut the text for one model, what both have read is compared.
    """
    texts, spans = zip(*map(_letters, (first.words, second.words)), strict=True)
    shared = min(map(len, texts))
    if _alike(texts[0][:shared]) != _alike(texts[1][:shared]):
        return None
    weights = (first.weights, second.weights)
    aligned = align(list(zip(spans, weights, strict=True)))
    kept = [at for at, span in enumerate(aligned.spans) if span.start < shared]
    common = aligned.weights[:, kept]
    sums = common.sum(1, keepdims=True)
    if not sums.all():  # all of one model's attention stands where the other does not see
        return None
    longest = max(texts, key=len)
    words = tuple(longest[slice(*aligned.spans[at])] for at in kept)
    return AlignedWords(words, common / sums)


def _letters(words: tuple[str, ...]) -> tuple[str, list[Span]]:
    """The characters of all words but white space, in lower case, and where each word lies.

    Lower case first: it may have more characters ("İ" has one, "i̇" two).
    """
    lowered = ["".join(word.lower().split()) for word in words]
    ends = np.cumsum([len(word) for word in lowered]).tolist()
    starts = [0, *ends[:-1]]
    return "".join(lowered), [Span(*ends) for ends in zip(starts, ends, strict=True)]


def _alike(text: str) -> str:
    """With one sigma: lower case writes it otherwise at the end of a word."""
    return text.replace("ς", "σ")


def largest_shifts(lined: AlignedWords | None) -> tuple[WordShift, ...]:
    """The ``LEADING`` words that differ most; none of a document that could not be lined up."""
    if lined is None:
        return ()
    first, second = lined.weights
    # Differences that are equal but for rounding stay in reading order.
    order = np.argsort(-abs(second - first).round(12), kind="stable")[:LEADING]
    return tuple(WordShift(lined.words[at], float(first[at]), float(second[at])) for at in order)


def mean_shifts(documents: Sequence[AlignedWords], fewest: int = 2) -> tuple[MeanShift, ...]:
    """Words that gained or lost attention over ``documents``; the most gained first, then down.

    Args:
        fewest: documents that a word must stand in.
    """
    sums: dict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
    for words, weights in documents:
        for word, first, second in _by_word(words, weights):
            entry = sums[word]
            entry[0] += 1
            entry[1] += first
            entry[2] += second
    found = (
        MeanShift(word, int(number), first / number, second / number,
                  (second - first) / len(documents))
        for word, (number, first, second) in sums.items()
        if number >= fewest
    )  # fmt: skip
    # Moves that are equal but for rounding stand by the alphabet.
    order = sorted(found, key=lambda word: (-round(word.moved, 12), word.word))
    gained = [word for word in order if word.moved > 0]
    lost = [word for word in order if word.moved <= 0]
    return (*gained[:MOST_MOVED], *lost[-MOST_MOVED:])


def _by_word(words: tuple[str, ...], weights: np.ndarray) -> Iterator[WordShift]:
    """A word that stands in several places has the sum of their weights."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for word, first, second in zip(words, *weights.tolist(), strict=True):
        sums[word][0] += first
        sums[word][1] += second
    return (WordShift(word, *both) for word, both in sums.items())
