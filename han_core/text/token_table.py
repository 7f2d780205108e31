"""Many texts as numbers of words, in columns that may be mapped from a disk.

A table numbers the words of its own texts; documents look these numbers up in a vocabulary when
they are read. So one stored table serves any vocabulary.
"""

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from han_core.text.batch import NumberedDocument
from han_core.text.tokenizer_pool import DOCUMENTS, decoded, encoded
from han_core.text.vocabulary import Vocabulary
from han_core.text.word_pieces import WordPieces

DIGEST = 16  # bytes
TEXTS = DOCUMENTS.insert(0, pa.field("digest", pa.binary(DIGEST)))
WORDS = pa.schema([("word", pa.binary())])


def digests(texts: Iterable[str]) -> np.ndarray:
    """(texts,) a name of 16 bytes for each text, by its content."""
    names = (hashlib.blake2b(encoded(text), digest_size=DIGEST).digest() for text in texts)
    return np.frombuffer(b"".join(names), dtype=f"S{DIGEST}")


@dataclass(frozen=True)
class TokenTable:
    """Different texts split into words.

    Attributes:
        texts: a row for each text, of the schema ``TEXTS``, by ascending digest.
        lexicon: of the schema ``WORDS``; a row for each different token of all texts.

    Raises:
        ValueError: if the columns are others, a text has no word, or the rows stand in
            another order.
    """

    texts: pa.Table
    lexicon: pa.Table

    def __post_init__(self) -> None:
        if not self.texts.schema.equals(TEXTS) or not self.lexicon.schema.equals(WORDS):
            raise ValueError(f"{TEXTS} expected, {self.texts.schema} came")
        if len(self) and not self.lengths.min():
            raise ValueError("a text has at least one word; one has none")
        if (self.digests[1:] <= self.digests[:-1]).any():
            raise ValueError("texts in the order of their digests are expected")

    def __len__(self) -> int:
        return self.texts.num_rows

    @cached_property
    def digests(self) -> np.ndarray:
        """(texts,) ascending."""
        return np.concatenate([digests([]), *map(_fixed, self._columns("digest"))])

    @cached_property
    def lengths(self) -> np.ndarray:
        """(texts,) int64 tokens in each text."""
        none = np.empty(0, dtype=np.int64)
        return np.concatenate([none, *(np.diff(ends) for ends, _ in self._words)])

    @cached_property
    def cut(self) -> np.ndarray:
        """(texts,) whether a limit cut the text."""
        return self.texts.column("cut").to_numpy().astype(bool)

    def words(self) -> list[str]:
        """(lexicon,) the tokens, exactly as they stand in the texts."""
        return list(map(decoded, self.lexicon.column("word").to_pylist()))

    def numbers(self, vocabulary: Vocabulary) -> np.ndarray:
        """(lexicon,) int32 the number that ``vocabulary`` gives each token."""
        return np.array(vocabulary.numbers(self.words()), dtype=np.int32)

    def rows(self, wanted: np.ndarray) -> np.ndarray:
        """(wanted,) the row of each digest.

        Raises:
            KeyError: if the table does not hold one.
        """
        rows = np.searchsorted(self.digests, wanted).clip(max=max(0, len(self) - 1))
        if len(wanted) and (not len(self) or (self.digests[rows] != wanted).any()):
            raise KeyError("the table does not hold all of these texts")
        return rows

    def document(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """(tokens,) numbers in the lexicon and (sentences,) tokens in each sentence."""
        chunk = bisect_right(self._firsts, row) - 1
        at = row - self._firsts[chunk]
        ends, words = self._words[chunk]
        sentence_ends, sentences = self._sentences[chunk]
        return (
            words[ends[at] : ends[at + 1]],
            sentences[sentence_ends[at] : sentence_ends[at + 1]],
        )

    def counts(self, rows: np.ndarray, lowercase: bool) -> Counter[str]:
        """Count each word in the texts of ``rows``, which may repeat."""
        times = np.bincount(rows, minlength=len(self))
        total = np.zeros(self.lexicon.num_rows)  # whole numbers far below 2**53
        for first, (ends, words) in zip(self._firsts[:-1], self._words, strict=True):
            weights = np.repeat(times[first : first + len(ends) - 1], np.diff(ends))
            total += np.bincount(words[ends[0] : ends[-1]], weights, minlength=len(total))
        counted: Counter[str] = Counter()
        for word, count in zip(self.words(), total.astype(int).tolist(), strict=True):
            if count:
                counted[word.lower() if lowercase else word] += count
        return counted

    @cached_property
    def _firsts(self) -> list[int]:
        """The first row of each piece of the columns."""
        return [0, *np.cumsum([len(piece) for piece in self._columns("cut")]).tolist()]

    @cached_property
    def _words(self) -> list[tuple[np.ndarray, np.ndarray]]:
        return list(map(_lists, self._columns("words")))

    @cached_property
    def _sentences(self) -> list[tuple[np.ndarray, np.ndarray]]:
        return list(map(_lists, self._columns("sentences")))

    def _columns(self, name: str) -> list[pa.Array]:
        """A column in pieces, the same ones for all columns."""
        return [batch.column(name) for batch in self.texts.to_batches()]


def _fixed(chunk: pa.FixedSizeBinaryArray) -> np.ndarray:
    rows = chunk.offset + len(chunk)
    return np.frombuffer(chunk.buffers()[1], dtype=f"S{DIGEST}", count=rows)[chunk.offset :]


def _lists(chunk: pa.ListArray) -> tuple[np.ndarray, np.ndarray]:
    """(rows + 1,) where each row's values begin and end, and all the values: no copies."""
    return chunk.offsets.to_numpy(), chunk.values.to_numpy(zero_copy_only=True)


class TableDocuments(Sequence[NumberedDocument]):
    """Texts of a table as documents of a vocabulary, each made when it is asked for.

    Args:
        rows: (documents,) which text each document is, or is a part of.
        numbers: (lexicon,) int32 the vocabulary's number of each token of the table.
        spans: (documents, 2) where each document begins and ends in the tokens of its text;
            None where all are whole.
    """

    def __init__(
        self,
        table: TokenTable,
        rows: np.ndarray,
        numbers: np.ndarray,
        spans: np.ndarray | None = None,
    ):
        self._table, self._rows, self._numbers, self._spans = table, rows, numbers, spans

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, at):
        """One document, or a tuple of them for a slice."""
        if isinstance(at, slice):
            return tuple(self[i] for i in range(*at.indices(len(self))))
        words, sentences = self._table.document(int(self._rows[at]))
        if self._spans is not None:
            words, sentences = part(words, sentences, *self._spans[at])
        return NumberedDocument(self._numbers[words], sentences)

    def __add__(self, other: "TableDocuments") -> "TableDocuments":
        """Append those of ``other``, which lie in the same table."""
        if other._table is not self._table:
            raise ValueError("documents of the same table are expected")
        rows = np.concatenate([self._rows, other._rows])
        whole = self._spans is None and other._spans is None
        spans = None if whole else np.concatenate([self._places, other._places])
        return TableDocuments(self._table, rows, self._numbers, spans)

    @property
    def lengths(self) -> np.ndarray:
        """(documents,) int64 tokens in each."""
        if self._spans is not None:
            return self._spans[:, 1] - self._spans[:, 0]
        return self._table.lengths[self._rows]

    @property
    def _places(self) -> np.ndarray:
        """(documents, 2) as ``spans``, of whole documents too."""
        if self._spans is not None:
            return self._spans
        return np.stack([np.zeros_like(self.lengths), self.lengths], 1)

    def counts(self, lowercase: bool) -> Counter[str]:
        """Count each word in them.

        Raises:
            ValueError: if they may be parts of texts.
        """
        if self._spans is not None:
            raise ValueError("the words of whole texts are counted, parts of texts came")
        return self._table.counts(self._rows, lowercase)

    def renumbered(self, vocabulary: Vocabulary) -> "TableDocuments":
        """Number the words of the same documents by another vocabulary."""
        return TableDocuments(self._table, self._rows, self._table.numbers(vocabulary), self._spans)

    def spelled(self, pieces: WordPieces) -> "SpelledDocuments":
        """The same documents as pieces of words, each word spelled by itself."""
        ends, numbers = pieces.number_words(self._table.words())
        lexicon = np.arange(len(ends) - 1)
        plain = TableDocuments(self._table, self._rows, lexicon, self._spans)
        return SpelledDocuments(plain, ends, numbers)


class SpelledDocuments(Sequence[NumberedDocument]):
    """Documents as pieces of words, each made when it is asked for.

    Args:
        plain: the documents as numbers in a lexicon.
        ends: (lexicon + 1,) where the pieces of each word begin and end.
        pieces: int32 numbers of all words' pieces, one word after another.
    """

    def __init__(self, plain: TableDocuments, ends: np.ndarray, pieces: np.ndarray):
        self._plain, self._starts, self._pieces = plain, ends[:-1], pieces
        self._counts = np.diff(ends)  # (lexicon,)

    def __len__(self) -> int:
        return len(self._plain)

    def __getitem__(self, at):
        """One document, or a tuple of them for a slice."""
        if isinstance(at, slice):
            return tuple(self[i] for i in range(*at.indices(len(self))))
        plain = self._plain[at]
        words, lengths = plain.words, plain.sentence_lengths
        own = self._counts[words]  # (tokens,)
        owner = np.repeat(np.arange(len(words), dtype=np.int32), own)
        within = np.arange(len(owner)) - np.repeat(own.cumsum() - own, own)  # a word's 0, 1, …
        in_sentence = np.add.reduceat(own, lengths.cumsum() - lengths)
        return NumberedDocument(
            self._pieces[self._starts[words][owner] + within], in_sentence.astype(np.int32), owner
        )

    @property
    def lengths(self) -> np.ndarray:
        """(documents,) int64 pieces in each."""
        sums = [int(self._counts[document.words].sum()) for document in self._plain]
        return np.array(sums, dtype=np.int64)


def part(
    words: np.ndarray, sentences: np.ndarray, start: int, end: int
) -> tuple[np.ndarray, np.ndarray]:
    """Tokens ``start`` to ``end`` of a text, and how many there are of each of its sentences."""
    lengths = np.diff(np.cumsum(sentences).clip(start, end), prepend=start)
    return words[start:end], lengths[lengths > 0].astype(sentences.dtype)
