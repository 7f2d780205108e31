"""Preview documents before they are scored: classes, first texts, and what each label means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from han_core.data.corpus import Corpus
from han_core.data.labels import align_labels, class_counts, whole_numbers
from han_core.data.table import Table

FIRST = 3
LONGEST = 200  # characters of a first text


@dataclass(frozen=True)
class ScoringPreview:
    """What is known of documents before any is scored.

    Attributes:
        documents: rows with a text and a label.
        classes: label → its documents, in the order of the labels.
        first: (label, beginning of the text) of the first ``FIRST`` documents.
    """

    documents: int
    classes: dict[str, int]
    first: tuple[tuple[str, str], ...]


def preview_corpus(corpus: Corpus) -> ScoringPreview:
    """Preview documents that were read; without labels there are no classes."""
    labels = corpus.labels or ("",) * min(FIRST, len(corpus))
    return ScoringPreview(len(corpus), class_counts(corpus.labels), _first(labels, corpus.texts))


def preview_table(table: Table, text_column: str, label_column: str) -> ScoringPreview:
    """Preview a file by two of its columns; a row without a text or a label is left out."""
    texts, labels = table.data[text_column], whole_numbers(table.data[label_column])
    rows = [(label, text) for label, text in zip(labels, texts, strict=True)
            if label.strip() and text.strip()]  # fmt: skip
    kept, whole = [label for label, _ in rows], [text for _, text in rows[:FIRST]]
    return ScoringPreview(len(rows), class_counts(kept), _first(kept, whole))


def label_match(classes: Mapping[str, int], names: Sequence[str]) -> pd.DataFrame:
    """Return the columns ``label``, ``documents`` and ``class``: the model's class of each label.

    Args:
        classes: label → its documents.
        names: classes of the model.

    Raises:
        LabelsError: if a label means no class or several, or two labels mean one.
    """
    meant = [names[at] for at in align_labels(list(classes), names)]
    return pd.DataFrame({"label": list(classes), "documents": [*classes.values()], "class": meant})


def _first(labels: Sequence[str], texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs = zip(labels[:FIRST], texts[:FIRST], strict=True)
    return tuple((label, " ".join(text[: 2 * LONGEST].split())[:LONGEST]) for label, text in pairs)
