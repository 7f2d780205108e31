"""Describe labelled documents before training: counts, lengths, repeats, problems with labels."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from han_core.data.corpus import Corpus
from han_core.data.document_groups import Overlap, Repeat, Repeats, digest, overlaps
from han_core.data.labels import is_number
from han_core.runtime.errors import counted, listed, shown

__all__ = ["Inspection", "Overlap", "Repeat", "inspect", "label_problems", "overlaps"]

QUANTILES = (0, 25, 50, 75, 95, 100)
"""Per cent of the documents that are no longer than what stands at the same place."""

MANY_CLASSES = 100
FEW_NUMBERS = 20
"""Different numbers with fractions that may still be classes, such as ratings by halves."""


@dataclass(frozen=True)
class Inspection:
    """What ``inspect`` found.

    Attributes:
        rows: of the source; each is a document, or without a text, or without a label.
        documents: rows with a text and, where labels were asked for, a label.
        without_text: rows whose text is empty.
        without_label: rows with a text whose label is empty.
        classes: documents of each class, in the order of the classes.
        characters: the length of documents at each of ``QUANTILES``.
        words: the same in pieces that white space parts.
        repeated: documents that stand further up already.
        contradicting: different documents that stand several times with different labels.
        repeats: examples, contradicting ones first, then by how often they stand there.
        problems: a sentence for each thing that training would suffer from.

    Raises:
        ValueError: if the numbers do not add up.
    """

    rows: int
    documents: int
    without_text: int
    without_label: int
    classes: dict[str, int]
    characters: tuple[int, ...]
    words: tuple[int, ...]
    repeated: int
    contradicting: int
    repeats: tuple[Repeat, ...]
    problems: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.rows != self.documents + self.without_text + self.without_label:
            raise ValueError("every row is a document, or lacks a text, or lacks a label")
        if self.classes and sum(self.classes.values()) != self.documents:
            raise ValueError("every document has one class")
        if {len(self.characters), len(self.words)} != {len(QUANTILES)}:
            raise ValueError(f"{len(QUANTILES)} quantiles of each length are expected")


def inspect(corpus: Corpus, text_column: str = "text", label_column: str = "label") -> Inspection:
    """Reads every document once; ``text_column`` and ``label_column`` are for the sentences."""
    measured = _measured(corpus.texts)
    found = Repeats.among(corpus, measured["digest"])
    return Inspection(
        rows=len(corpus) + corpus.without_text + corpus.without_label,
        documents=len(corpus),
        without_text=corpus.without_text,
        without_label=corpus.without_label,
        classes=class_counts(corpus),
        characters=_quantiles(measured["characters"]),
        words=_quantiles(measured["words"]),
        repeated=found.repeated,
        contradicting=found.contradicting,
        repeats=found.examples,
        problems=(
            *_text_problems(int(measured["number"].sum()), len(corpus), text_column),
            *label_problems(corpus, label_column),
        ),
    )


def class_counts(corpus: Corpus) -> dict[str, int]:
    """Documents of each class, in the order of the classes; none without labels."""
    counts = Counter(corpus.labels)
    return {label: counts[label] for label in corpus.classes}


def label_problems(corpus: Corpus, label_column: str = "label") -> tuple[str, ...]:
    """A sentence for each thing about the labels that training would suffer from."""
    counts = class_counts(corpus)
    if not counts:
        return ()
    name, problems = shown(label_column), []
    if len(counts) == 1:
        only = f'Every row has the label "{shown(next(iter(counts)))}"'
        problems.append(f"{only}; training needs at least two classes.")
    if fractions := fractional(counts):
        problems.append(
            f'The column "{name}" holds measurements such as {listed(fractions, 3)}; '
            "classes are expected."
        )
    elif len(counts) > MANY_CLASSES:
        problems.append(f'The column "{name}" has {len(counts):,} classes; is it the right one?')
    single = [label for label, number in counts.items() if number == 1]
    if single and len(counts) > 1:
        problems.append(
            f"One document only has the label {listed(single, 3)}; "
            "it stays among the training documents, and nothing tests what was learnt from it."
            if len(single) == 1
            else f"{len(single):,} classes have one document only, among them {listed(single, 3)}; "
            "these stay among the training documents, and nothing tests what was learnt from them."
        )
    return tuple(problems)


def fractional(labels: Iterable[str]) -> list[str]:
    """The different ``labels`` with a fraction, where all are numbers and too many for classes."""
    different = set(labels)
    if len(different) <= FEW_NUMBERS or not all(map(is_number, different)):
        return []
    return sorted(label for label in different if not float(label).is_integer())


_MEASURES = np.dtype(
    [("characters", np.int64), ("words", np.int64), ("digest", np.uint64), ("number", np.bool_)]
)


def _measured(texts: Iterable[str]) -> np.ndarray:
    """(documents,) of ``_MEASURES``, in one pass."""

    def measure(text: str) -> tuple[int, int, int, bool]:
        words = text.split()
        return len(text), len(words), digest(words), all(map(is_number, words))

    return np.fromiter(map(measure, texts), dtype=_MEASURES)


def _quantiles(lengths: np.ndarray) -> tuple[int, ...]:
    """Lengths that occur, so that each can be found again."""
    shares = np.array(QUANTILES) / 100
    return tuple(int(n) for n in np.quantile(lengths, shares, method="inverted_cdf"))


def _text_problems(numbers: int, documents: int, text_column: str) -> tuple[str, ...]:
    if 2 * numbers < documents or not numbers:
        return ()
    return (
        f'The column "{shown(text_column)}" holds nothing but numbers in {numbers:,} of '
        f"{counted(documents, 'row')}; a column of texts is expected.",
    )
