"""Numbered documents, and batches of them as the tensors that a model reads.

A batch holds the real tokens of its documents one after another, the length of each sentence and
the number of sentences of each document. There is no padding, so nothing needs masking.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from han_core.text.document import Document
from han_core.text.vocabulary import UNKNOWN, Vocabulary


@dataclass(frozen=True)
class NumberedDocument:
    """A document as the numbers of its words.

    Attributes:
        words: (tokens,) int32 vocabulary numbers.
        sentence_lengths: (sentences,) int32 tokens in each sentence, all at least 1.
        owner: where a model reads pieces of words, ``words`` and ``sentence_lengths`` are about
            pieces, and these (pieces,) int32 say which of the document's tokens each belongs
            to, every token at least one, in order; None where words are tokens.

    Raises:
        ValueError: if lengths and words disagree or there is no word.
    """

    words: np.ndarray
    sentence_lengths: np.ndarray
    owner: np.ndarray | None = None

    def __post_init__(self) -> None:
        if not len(self.words) or self.sentence_lengths.min() < 1:
            raise ValueError("a numbered document has at least one word in each sentence")
        if self.sentence_lengths.sum() != len(self.words):
            raise ValueError(
                f"{self.sentence_lengths.sum()} words expected, {len(self.words)} came"
            )
        if self.owner is not None and len(self.owner) != len(self.words):
            raise ValueError(f"{len(self.words)} owners expected, {len(self.owner)} came")

    @property
    def known(self) -> np.ndarray:
        """(tokens,) whether the vocabulary holds the token, all pieces of it."""
        known = self.words != UNKNOWN
        return known if self.owner is None else np.logical_and.reduceat(known, self.token_starts)

    @property
    def token_starts(self) -> np.ndarray:
        """(tokens,) the first piece of each token, or the token itself."""
        if self.owner is None:
            return np.arange(len(self.words))
        return np.searchsorted(self.owner, np.arange(self.owner[-1] + 1))

    def token_sums(self, values: np.ndarray) -> np.ndarray:
        """(…, pieces) values added up to (…, tokens)."""
        return values if self.owner is None else np.add.reduceat(values, self.token_starts, -1)


def number_document(document: Document, vocabulary: Vocabulary) -> NumberedDocument:
    """Look up every token of ``document``, which must have at least one."""
    return NumberedDocument(
        np.array(vocabulary.numbers(document.token_texts()), dtype=np.int32),
        np.array(document.sentence_lengths, dtype=np.int32),
    )


@dataclass(frozen=True)
class Batch:
    """Documents for one pass through a model.

    Attributes:
        words: (tokens,) int64 vocabulary numbers, document after document.
        sentence_lengths: (sentences,) int64 tokens in each sentence.
        document_lengths: (documents,) int64 sentences in each document.
    """

    words: Tensor
    sentence_lengths: Tensor
    document_lengths: Tensor

    def __post_init__(self) -> None:
        if int(self.sentence_lengths.sum()) != len(self.words):
            raise ValueError("sentence lengths do not add up to the number of words")
        if int(self.document_lengths.sum()) != len(self.sentence_lengths):
            raise ValueError("document lengths do not add up to the number of sentences")

    def __len__(self) -> int:
        return len(self.document_lengths)

    @cached_property
    def sentence_of_token(self) -> Tensor:
        """(tokens,) which sentence of the batch each token stands in."""
        return owners(self.sentence_lengths)

    @cached_property
    def document_of_sentence(self) -> Tensor:
        """(sentences,) which document each sentence stands in."""
        return owners(self.document_lengths)

    @cached_property
    def document_of_token(self) -> Tensor:
        """(tokens,) which document each token stands in."""
        return self.document_of_sentence[self.sentence_of_token]

    @cached_property
    def tokens_per_document(self) -> Tensor:
        """(documents,) tokens in each document."""
        return self.document_of_token.bincount(minlength=len(self))

    def to(self, device: torch.device | str) -> "Batch":
        return Batch(
            self.words.to(device),
            self.sentence_lengths.to(device),
            self.document_lengths.to(device),
        )


@dataclass(frozen=True)
class SharedBatch:
    """Documents that have sentences in common, each distinct sentence stored once.

    Attributes:
        sentences: the distinct sentences, as one document.
        index: (sentences of all documents,) which distinct sentence stands there.
        document_lengths: (documents,) sentences in each document.

    Raises:
        ValueError: if the lengths do not add up to the index.
    """

    sentences: Batch
    index: Tensor
    document_lengths: Tensor

    def __post_init__(self) -> None:
        if int(self.document_lengths.sum()) != len(self.index):
            raise ValueError("document lengths do not add up to the number of sentences")

    def flat(self) -> Batch:
        """Write the same documents out, sentence after sentence."""
        all_lengths = self.sentences.sentence_lengths
        lengths = all_lengths[self.index]
        starts = (all_lengths.cumsum(0) - all_lengths)[self.index]
        # Where each sentence starts in the store, less where it starts here.
        shift = starts - (lengths.cumsum(0) - lengths)
        rows = torch.arange(int(lengths.sum()), device=lengths.device) + shift[owners(lengths)]
        return Batch(self.sentences.words[rows], lengths, self.document_lengths)

    def to(self, device: torch.device | str) -> "SharedBatch":
        return SharedBatch(
            self.sentences.to(device), self.index.to(device), self.document_lengths.to(device)
        )


def collate(documents: Sequence[NumberedDocument]) -> Batch:
    """Lay ``documents`` one after another."""
    return Batch(
        torch.from_numpy(np.concatenate([d.words for d in documents])).long(),
        torch.from_numpy(np.concatenate([d.sentence_lengths for d in documents])).long(),
        torch.tensor([len(d.sentence_lengths) for d in documents]),
    )


def document_lengths(documents: Sequence[NumberedDocument]) -> np.ndarray:
    """(documents,) int64 tokens in each; no document is made where they have ``lengths``."""
    lengths = getattr(documents, "lengths", None)
    if lengths is None:
        lengths = [len(document.words) for document in documents]
    return np.array(lengths, dtype=np.int64)


def owners(lengths: Tensor) -> Tensor:
    """Number the segment that each row belongs to: [2, 1] → [0, 0, 1]."""
    return torch.arange(len(lengths), device=lengths.device).repeat_interleave(lengths)
