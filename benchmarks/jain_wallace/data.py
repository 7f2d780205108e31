"""Labelled reviews as Jain and Wallace read them: lower-cased words without punctuation.

A contraction is two words (do n't, it 's), as in GloVe. Words that stand in fewer than ten
training documents are unknown, and documents of 400 words or more are left out.
"""

import hashlib
import re
from dataclasses import dataclass, replace

import numpy as np

from han_core.data.corpus import Corpus, stratified_split
from han_core.runtime.errors import UserError
from han_core.text.batch import NumberedDocument
from han_core.text.document import Document, Sentence, Span
from han_core.text.vocabulary import RESERVED, Vocabulary

LONGEST = 400
"""Documents have fewer words than this."""
VALIDATION = 0.1
"""The share of the training documents that the best epoch is chosen by."""
SPLIT = 0
"""The seed of that choice: all runs train on the same documents."""

_WORD = re.compile(r"\w+(?=n't\b)|n't\b|'(?:s|re|ve|ll|d|m)\b|\w+")


@dataclass(frozen=True)
class Part:
    """Documents of one part of the data.

    Attributes:
        texts: (documents,) the words that were read, one space between them.
        documents: (documents,) the same as numbers.
        classes: (documents,) int64.

    Raises:
        ValueError: if their lengths differ.
    """

    texts: tuple[str, ...]
    documents: tuple[NumberedDocument, ...]
    classes: np.ndarray

    def __post_init__(self) -> None:
        if not len(self.texts) == len(self.documents) == len(self.classes):
            raise ValueError("as many texts as documents and classes expected")

    @property
    def lengths(self) -> np.ndarray:
        """(documents,) words in each."""
        return np.array([len(document.words) for document in self.documents])


@dataclass(frozen=True)
class Dataset:
    """Everything that is trained on and measured; the vocabulary is that of the training part."""

    vocabulary: Vocabulary
    labels: tuple[str, ...]
    training: Part
    validation: Part
    test: Part

    def digest(self) -> str:
        """Return the SHA-256 of words, numbers and classes."""
        digest = hashlib.sha256("\n".join(self.vocabulary.words).encode())
        for part in (self.training, self.validation, self.test):
            digest.update(part.classes.tobytes())
            for document in part.documents:
                digest.update(len(document.words).to_bytes(4, "little"))
                digest.update(document.words.tobytes())
        return digest.hexdigest()


def words_of(text: str) -> list[str]:
    """Return the lower-cased words of a text, without punctuation: "I DON'T!" → i do n't."""
    return _WORD.findall(text.lower().replace("’", "'"))


def document_of(text: str) -> Document:
    """Return a text of ``Part`` as one sentence of the words that stand in it."""
    spans = tuple(Span(*match.span()) for match in re.finditer(r"\S+", text))
    return Document(text, (Sentence(spans),), len(text))


def prepare(training: Corpus, test: Corpus, minimum_documents: int) -> Dataset:
    """Number the words of two labelled data sets.

    Args:
        minimum_documents: training documents in which a word stands at least, to be known.

    Raises:
        UserError: if there are not two classes, the test set has others, no document is
            short enough, or no word is known.
    """
    whole, test = _short_documents(training), _short_documents(test)
    labels = whole.classes
    if len(labels) != 2 or not set(test.classes) <= set(labels):
        actual = ", ".join(sorted({*labels, *test.classes})[:5])
        raise UserError(f"Expected two classes, the same for training and test; got {actual}.")
    training, validation = stratified_split(whole, VALIDATION, SPLIT)
    distinct = (sorted(set(text.split())) for text in training.texts)
    vocabulary = Vocabulary.build(distinct, minimum_documents, maximum_size=5_000_000)
    if len(vocabulary) == len(RESERVED):
        raise UserError(f"No word stands in {minimum_documents} training documents.")
    parts = (_part(corpus, vocabulary, labels) for corpus in (training, validation, test))
    return Dataset(vocabulary, labels, *parts)


def _short_documents(corpus: Corpus) -> Corpus:
    """Return the documents of 1 to ``LONGEST`` − 1 words, cleaned."""
    words = [words_of(text) for text in corpus.texts]
    rows = [row for row, own in enumerate(words) if 0 < len(own) < LONGEST]
    if not rows:
        raise UserError(f"{corpus.name} has no document of 1 to {LONGEST - 1} words.")
    return replace(corpus, texts=tuple(map(" ".join, words))).take(rows)


def _part(corpus: Corpus, vocabulary: Vocabulary, labels: tuple[str, ...]) -> Part:
    def numbered(text: str) -> NumberedDocument:
        numbers = np.array(vocabulary.numbers(text.split()), dtype=np.int32)
        return NumberedDocument(numbers, np.array([len(numbers)], dtype=np.int32))

    classes = np.array([labels.index(label) for label in corpus.labels], dtype=np.int64)
    return Part(tuple(corpus.texts), tuple(map(numbered, corpus.texts)), classes)
