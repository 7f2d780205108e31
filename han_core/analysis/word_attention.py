"""Sums of attention by word and by position over many documents.

A word's attention in a document is the mean of the document weight α_s·α_w over its occurrences
there; its lift is that times the document's number of tokens, so 1 means even attention.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from han_core.analysis.dataset import Outcomes, Store
from han_core.analysis.scoring.table import BULK, WORDS, read_rows
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

MOST = 20_000
"""Documents that are read; of more, as many are drawn at random."""

BINS = 10
"""Tenths of a document."""

_MERGED = 2_000_000  # rows of sums that wait to be merged
SUMS = ("documents", "occurrences", "attention", "attention2", "lift", "lift2")


@dataclass(frozen=True)
class WordAttention:
    """Sums from which every list and figure is made.

    Attributes:
        of: how many documents were asked about; ``outcomes`` are of those that were read.
        outcomes: (documents,) of the documents that were read, in the order of ``positions``.
        words: the different words.
        word, cell: (sums,) place in ``words``, and true class · classes + predicted class.
        sums: each (sums,): documents and occurrences of the word, and over these documents
            the sums of its attention, its lift, and the squares of both.
        positions: (documents, ``BINS``) float32, how many times the sentence weight that even
            attention would put there; NaN for a document of a single sentence.
    """

    of: int
    outcomes: Outcomes
    words: tuple[str, ...]
    word: np.ndarray
    cell: np.ndarray
    sums: dict[str, np.ndarray]
    positions: np.ndarray

    def __post_init__(self) -> None:
        lengths = {len(column) for column in (self.word, self.cell, *self.sums.values())}
        if len(lengths) != 1 or tuple(self.sums) != SUMS:
            raise ValueError(f"sums {SUMS} of one length expected, {sorted(lengths)} came")
        if self.positions.shape != (len(self.outcomes), BINS):
            expected = (len(self.outcomes), BINS)
            raise ValueError(f"positions {expected} expected, {self.positions.shape} came")


def gather_word_attention(
    store: Store,
    rows: np.ndarray,
    progress: Callable[[int, int], None] | None = None,
    seed: int = 0,
) -> WordAttention:
    """Sum the attention of the documents of ``rows`` (documents,); at most ``MOST`` are read.

    Args:
        progress: told the documents read.
    """
    if not len(rows):
        raise UserError(tr("The filter leaves no document to look at."))
    read = np.sort(np.asarray(rows, np.int64))
    if len(read) > MOST:
        read = np.sort(np.random.default_rng(seed).choice(read, MOST, replace=False))
    outcomes = store.outcomes.take(read)
    cells = outcomes.true.astype(np.int64) * len(store.labels) + outcomes.predicted
    gathered, positions, done = _Sums(), [], 0
    # Words as numbers into the group's own dictionary, as they lie in the file.
    options = {"read_dictionary": [f"{WORDS}.list.element"]}
    scores = store.scores
    for table in read_rows(scores.folder, scores.manifest, read, [*BULK, WORDS], **options):
        documents = _Documents.of(table)
        gathered.add(documents, table[WORDS], cells[done : done + len(table)])
        positions.append(documents.positions())
        done += len(table)
        if progress is not None:
            progress(done, len(read))
    word, cell, sums = gathered.result()
    words = tuple(gathered.words)
    return WordAttention(len(rows), outcomes, words, word, cell, sums, np.concatenate(positions))


@dataclass(frozen=True)
class _Documents:
    """Several documents, one after another.

    Attributes:
        tokens, sentences: (documents,) how many.
        weights: (tokens of all,) within the document, sum to 1 in each.
        sentence_weights: (sentences of all,) sum to 1 in each document.
    """

    tokens: np.ndarray
    sentences: np.ndarray
    weights: np.ndarray
    sentence_weights: np.ndarray

    @classmethod
    def of(cls, table: pa.Table) -> "_Documents":
        """Build from columns ``BULK``: the weights of ``StoredAttention``, all at once."""
        columns = [table[name].combine_chunks() for name in BULK]
        sentences, lengths, codes = (column.flatten().to_numpy() for column in columns)
        counts, tokens = (columns[at].value_lengths().to_numpy() for at in (1, 2))
        squares = codes.astype(np.float64) ** 2
        exact = sentences.astype(np.float64)
        exact = exact / _within(exact, counts)
        return cls(
            tokens, counts, squares / _within(squares, lengths) * exact.repeat(lengths), exact
        )

    def positions(self) -> np.ndarray:
        """(documents, ``BINS``) sentence weight in each tenth, over what even attention has there.

        A sentence covers as much of a document as any other; one that reaches over the edge
        of a tenth is shared out.
        """
        summed = np.concatenate([[0.0], self.sentence_weights.cumsum()])
        starts = self.sentences.cumsum() - self.sentences
        edges = starts[:, None] + np.arange(BINS + 1) / BINS * self.sentences[:, None]
        mass = np.diff(np.interp(edges, np.arange(len(summed)), summed), axis=1)
        mass[self.sentences < 2] = np.nan
        return (BINS * mass).astype(np.float32)


def _within(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """For each value the sum over its own stretch."""
    return np.add.reduceat(values, lengths.cumsum() - lengths).repeat(lengths)


@dataclass
class _Sums:
    """Sums by word and cell, as they grow."""

    words: dict[str, int] = field(default_factory=dict)
    _waiting: list[np.ndarray] = field(default_factory=list)

    def add(self, documents: _Documents, words: pa.ChunkedArray, cells: np.ndarray) -> None:
        """One more stretch of documents with their ``cells`` (documents,)."""
        word = self._numbers(words)
        document = np.arange(len(documents.tokens)).repeat(documents.tokens)
        lift = documents.weights * documents.tokens.repeat(documents.tokens)
        pair, inverse, count = np.unique(
            document * len(self.words) + word, return_inverse=True, return_counts=True
        )
        attention = np.bincount(inverse, documents.weights) / count
        lift = np.bincount(inverse, lift) / count
        at, which = np.divmod(pair, len(self.words))
        ones = np.ones(len(pair))
        row = [which, cells[at], ones, count, attention, attention**2, lift, lift**2]
        self._waiting.append(_merged(np.array(row, dtype=np.float64)))
        if sum(part.shape[1] for part in self._waiting) > _MERGED:
            self._waiting = [_merged(np.concatenate(self._waiting, axis=1))]

    def result(self) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """word, cell, and each of ``SUMS``."""
        word, cell, *sums = _merged(np.concatenate(self._waiting, axis=1))
        return word.astype(np.int64), cell.astype(np.int64), dict(zip(SUMS, sums, strict=True))

    def _numbers(self, words: pa.ChunkedArray) -> np.ndarray:
        """(tokens,) the number of each word, new ones at the end."""
        tokens = words.combine_chunks().flatten()
        words_of_group = tokens.dictionary.to_pylist()
        used = np.unique(tokens.indices.to_numpy())
        numbers = np.zeros(len(words_of_group), np.int64)
        numbers[used] = [
            self.words.setdefault(words_of_group[at], len(self.words)) for at in used.tolist()
        ]
        return numbers[tokens.indices.to_numpy()]


def _merged(rows: np.ndarray) -> np.ndarray:
    """(2 + sums, rows) word, cell and sums, with one row for each word and cell."""
    order = np.lexsort((rows[1], rows[0]))
    ordered = rows[:, order]
    new = np.flatnonzero(np.any(np.diff(ordered[:2], axis=1) != 0, axis=0)) + 1
    starts = np.concatenate([[0], new])
    return np.concatenate([ordered[:2, starts], np.add.reduceat(ordered[2:], starts, axis=1)])
