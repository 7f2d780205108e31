"""Scored documents as a list shows them: prediction, and the part of the text that counted most.

A list asks for the few documents in sight, so a million are as quick as a hundred.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from han_core.analysis.dataset import Store
from han_core.analysis.scoring.table import read_rows

CHARACTERS = 120
"""Length of the part of a text that is shown."""

BEFORE = 40
"""Characters that stand before the strongest word where the part begins inside the text."""

SEARCHED = 50_000
"""Characters of a text in which its strongest words are looked for."""


class Piece(NamedTuple):
    """A run of characters, and whether it is one of the strongest words."""

    text: str
    strong: bool


class ListedDocument(NamedTuple):
    """One line of a list.

    Attributes:
        true, predicted, other: classes by name; ``other`` is a second model's, or None.
        confidence: probability of ``predicted``.
        excerpt: about ``CHARACTERS`` characters in one line.
        content: ``content_hash`` of the text.
    """

    row: int
    id: str
    true: str
    predicted: str
    confidence: float
    other: str | None
    excerpt: tuple[Piece, ...]
    content: str


def listed_documents(store: Store, rows: np.ndarray) -> list[ListedDocument]:
    """Return ``rows`` (documents,) as lines of a list, in the order of ``rows``."""
    rows = np.asarray(rows, dtype=np.int64)
    stored = store.documents.take(rows, ["id", "content", "text"]).to_pylist()
    outcomes, names = store.outcomes.take(rows), store.labels
    strongest = _strongest_words(store, rows)
    return [
        ListedDocument(
            row,
            cells["id"],
            names[outcomes.true[at]],
            names[outcomes.predicted[at]],
            float(outcomes.confidence[at]),
            None if outcomes.other is None else names[outcomes.other[at]],
            marked_excerpt(cells["text"], strongest[row]),
            cells["content"].hex(),
        )
        for at, (row, cells) in enumerate(zip(rows.tolist(), stored, strict=True))
    ]


def _strongest_words(store: Store, rows: np.ndarray) -> dict[int, list[str]]:
    """Up to five different words of each document, the one with the most attention first."""
    scores, ascending = store.scores, np.unique(rows)
    tables = read_rows(scores.folder, scores.manifest, ascending, ["attended"])
    words = [cells for table in tables for cells in table["attended"].to_pylist()]
    return dict(zip(ascending.tolist(), words, strict=True))


def marked_excerpt(text: str, words: Sequence[str], most: int = CHARACTERS) -> tuple[Piece, ...]:
    """Return the part of a text around its strongest word, cut into pieces.

    It is the beginning where that has the first of ``words``. Any white space is one space, and
    punctuation is never marked.

    Args:
        words: the strongest first, in lower case or as they stand in the text.
    """
    patterns = [_pattern(word) for word in words if any(map(str.isalnum, word))]
    searched = text[:SEARCHED]
    first = next(filter(None, (pattern.search(searched) for pattern in patterns)), None)
    start = 0 if first is None or first.end() <= most else max(0, first.start() - BEFORE)
    if start:  # at the beginning of a word, where one is near
        start = max(searched.rfind(" ", start - BEFORE // 2, start) + 1, start - BEFORE // 2)
    line = " ".join(text[start : start + 2 * most].split())
    is_cut = len(line) > most or len(text) > start + 2 * most
    ellipses = (Piece("…", False),)
    return (*ellipses[: start > 0], *_pieces(line[:most], patterns), *ellipses[:is_cut])


_WITHOUT_SPACES = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


def _pattern(word: str) -> re.Pattern[str]:
    """A whole word; any place where words are written without spaces between them."""
    quoted = re.escape(word)
    if not _WITHOUT_SPACES.search(word):
        quoted = rf"(?<!\w){quoted}(?!\w)"
    return re.compile(quoted, re.IGNORECASE)


def _pieces(line: str, patterns: Iterable[re.Pattern[str]]) -> list[Piece]:
    """The line cut where a match begins or ends."""
    strong = np.zeros(len(line), dtype=bool)
    for pattern in patterns:
        for match in pattern.finditer(line):
            strong[slice(*match.span())] = True
    edges = [0, *(np.flatnonzero(np.diff(strong)) + 1).tolist(), len(line)]
    return [Piece(line[start:end], bool(strong[start]))
            for start, end in pairwise(edges) if end > start]  # fmt: skip
