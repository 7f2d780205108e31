"""The training documents that are nearest to a document, by what the model reads of them.

Nearest by the cosine of document vectors, which is to be close in the model's eyes: such
documents tend to get the same prediction, whatever they say. It knows nothing about files.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from han_core.coding.marks import content_of
from han_core.errors.labels.vectors import TrainingDocument, Vectors

NEAREST = 10
EXCERPT = 240  # characters of a text in a table
AT_ONCE = 65_536
"""Rows multiplied at once: 50 MB of float32 for vectors of 200 numbers."""


@dataclass(frozen=True)
class Neighbour:
    """A training document near another document.

    Attributes:
        row: in the training documents, from 0.
        similarity: cosine, −1 to 1; exact within .001 (the vectors are kept as float16).
        same_text: whether it has the same text, letter for letter.
    """

    row: int
    similarity: float
    document: TrainingDocument
    same_text: bool


@dataclass(frozen=True)
class Neighbours:
    """The nearest training documents, the nearest first.

    A document's own text among them is no witness: ``votes`` leave it out.
    """

    found: tuple[Neighbour, ...]

    @property
    def votes(self) -> dict[str, int]:
        """How many of other texts have each label, the most frequent label first."""
        labels = (one.document.label for one in self.found if not one.same_text)
        return dict(Counter(labels).most_common())

    @property
    def labels_of_same_text(self) -> tuple[str, ...]:
        """The labels that the same text has among the training documents."""
        return tuple(sorted({one.document.label for one in self.found if one.same_text}))


def neighbours(
    vectors: Vectors, vector: np.ndarray, text: str, number: int = NEAREST
) -> Neighbours:
    """The nearest of all training documents, beside those that have the same text.

    Args:
        vector: (size,) of ``text``, as ``vectors_of`` makes it.
        number: of other texts; at most as many of the same text come with them.
    """
    content = content_of(text)
    found: list[Neighbour] = []
    for row, similarity in zip(*nearest(vectors.unit, vector, 2 * number), strict=True):
        document = vectors.document(int(row))
        found.append(Neighbour(int(row), float(similarity), document, document.content == content))
    others = [one for one in found if not one.same_text][:number]
    same = [one for one in found if one.same_text][:number]
    return Neighbours(tuple(sorted([*others, *same], key=lambda one: (-one.similarity, one.row))))


def nearest(unit: np.ndarray, vector: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """(rows, cosines) of the ``number`` rows of ``unit`` nearest to ``vector``.

    Those that are equal to five digits stand by row: the last digit of a product depends on
    where in a batch it was made.

    Args:
        unit: (documents, size) of length 1, of any kind of float.
        vector: (size,) of length 1.
    """
    asked = vector.astype(np.float32)
    rows, cosines = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
    for start in range(0, len(unit), AT_ONCE):
        products = unit[start : start + AT_ONCE].astype(np.float32) @ asked
        rows = np.concatenate([rows, start + np.arange(len(products))])
        cosines = np.concatenate([cosines, products])
        best = np.lexsort((rows, -cosines.round(5)))[:number]
        rows, cosines = rows[best], cosines[best]
    return rows, cosines


def neighbour_table(found: Neighbours, label: str) -> pd.DataFrame:
    """A row for each: similarity, label, differs (from ``label``), same_text, id, excerpt."""
    rows = [
        (
            one.similarity,
            one.document.label,
            one.document.label != label,
            one.same_text,
            one.document.id,
            excerpt(one.document.text),
        )
        for one in found.found
    ]
    names = ["similarity", "label", "differs", "same_text", "id", "excerpt"]
    return pd.DataFrame(rows, columns=names)


def excerpt(text: str) -> str:
    """How a text begins, in one line."""
    line = " ".join(text[: 2 * EXCERPT].split())
    cut = len(line) > EXCERPT or len(text) > 2 * EXCERPT
    return f"{line[:EXCERPT]}…" if cut else line
