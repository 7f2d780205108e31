"""Labelled texts to numbered documents and a vocabulary.

The vocabulary comes from the training documents alone. It knows nothing about
models or files.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from han_core.corpora.corpus import Corpus
from han_core.corpora.labels import align_labels, check_names
from han_core.models.checkpoint import TextConfig
from han_core.text.batch import NumberedDocument
from han_core.text.tokenizer import Tokenizer
from han_core.text.vocabulary import Vocabulary
from han_core.training.settings import Settings
from han_core.training.watch import Follow
from han_core.wrong_input import WrongInput


@dataclass(frozen=True)
class Examples:
    """Numbered documents and their classes.

    Attributes:
        documents: in the order of the corpus.
        classes: (documents,) index of each document's class.
        cut: documents that a limit cut.

    Raises:
        ValueError: if there are not as many classes as documents.
    """

    documents: tuple[NumberedDocument, ...]
    classes: np.ndarray
    cut: int = 0

    def __post_init__(self) -> None:
        if len(self.documents) != len(self.classes):
            raise ValueError(f"{len(self.documents)} classes expected, {len(self.classes)} came")

    def __len__(self) -> int:
        return len(self.documents)

    @property
    def lengths(self) -> list[int]:
        """Tokens in each document."""
        return [len(document.words) for document in self.documents]


@dataclass(frozen=True)
class Prepared:
    """All that a run reads: vocabulary, class names, training and validation examples."""

    vocabulary: Vocabulary
    labels: tuple[str, ...]
    training: Examples
    validation: Examples


def prepare(
    training: Corpus, validation: Corpus, text: TextConfig, settings: Settings, follow: Follow
) -> Prepared:
    """Tokenises both corpora and numbers them by the training words.

    Raises:
        WrongInput: if there are fewer than two classes, the label names do not
            fit them, or a validation label is none of them.
    """
    labels = class_names(training.classes, settings.label_names)
    classes = align_labels(training.labels, training.classes)
    held_out_classes = align_labels(validation.labels, training.classes)
    tokenizer = Tokenizer(text.language, text.maximum_tokens)
    split = Splits(tokenizer, follow)
    tokens = split(training.texts, "Reading")
    vocabulary = Vocabulary.build(
        (words for words, _, _ in tokens),
        settings.minimum_count,
        settings.maximum_size,
        text.lowercase,
    )
    held_out = split(validation.texts, "Reading validation")
    return Prepared(
        vocabulary,
        labels,
        _examples(tokens, vocabulary, classes),
        _examples(held_out, vocabulary, held_out_classes),
    )


def examples(
    corpus: Corpus,
    classes: Sequence[int],
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    follow: Follow,
) -> Examples:
    """``corpus``, whose classes are known, as examples of an existing vocabulary."""
    tokens = Splits(tokenizer, follow)(corpus.texts, "Reading test")
    return _examples(tokens, vocabulary, classes)


def class_names(classes: tuple[str, ...], names: tuple[str, ...] | None) -> tuple[str, ...]:
    """``names`` for ``classes``, or the classes' own.

    Raises:
        WrongInput: if there are fewer than two classes, not as many names as
            classes, or a name that ``check_names`` refuses.
    """
    if len(classes) < 2:
        came = f"only {classes[0]!r} came" if classes else "no label came"
        raise WrongInput(f"Training needs documents of at least two classes; {came}.")
    if names is not None and len(names) != len(classes):
        raise WrongInput(
            f"label_names gives a name for each of the {len(classes)} classes "
            f"{', '.join(classes[:10])}; {', '.join(names)[:80]!r} came."
        )
    named = classes if names is None else names
    check_names(named)
    return named


Tokens = tuple[tuple[str, ...], tuple[int, ...], bool]
"""A document's tokens, tokens in each sentence, and whether a limit cut it."""


class Splits:
    """Tokenises texts one by one, following the progress."""

    def __init__(self, tokenizer: Tokenizer, follow: Follow):
        self._tokenizer, self._follow = tokenizer, follow

    def __call__(self, texts: Sequence[str], name: str) -> list[Tokens]:
        found = []
        for text in self._follow(texts, name):
            document = self._tokenizer(text)
            cut = document.seen < len(text)
            found.append((document.token_texts(), document.sentence_lengths, cut))
        return found


def _examples(tokens: list[Tokens], vocabulary: Vocabulary, classes: Sequence[int]) -> Examples:
    documents = tuple(
        NumberedDocument(
            np.array(vocabulary.numbers(words), dtype=np.int32), np.array(lengths, dtype=np.int32)
        )
        for words, lengths, _ in tokens
    )
    return Examples(documents, np.array(classes), sum(cut for _, _, cut in tokens))
