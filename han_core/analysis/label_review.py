"""Lists to review labels by: likely wrong ones and the surest errors, a page at a time.

It knows nothing about how suspects are found, nor how a list is drawn.

The training documents that are nearest to a document, by what the model reads of them.

Nearest by the cosine of document vectors, which is to be close in the model's eyes: such
documents tend to get the same prediction, whatever they say. It knows nothing about files.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from han_core.analysis.annotations.marks import content_hash
from han_core.analysis.dataset import Store
from han_core.analysis.document_table import table_page
from han_core.analysis.embedding_cache import TrainingDocument, Vectors
from han_core.analysis.label_issues import LabelIssues
from han_core.analysis.query import sort_rows


def ranked_issues(found: LabelIssues, rows: np.ndarray) -> np.ndarray:
    """Those of ``rows`` that are suspect, the likeliest first."""
    return found.rows[found.among(rows)]


def surest_errors(store: Store, rows: np.ndarray) -> np.ndarray:
    """Those of ``rows`` that the model gets wrong, the surest first."""
    wrong = rows[~store.outcomes.right[rows]]
    return sort_rows(store, wrong, "surest wrong first")


def issue_page(
    store: Store, found: LabelIssues, ranked: np.ndarray, offset: int, limit: int
) -> pd.DataFrame:
    """Some of ``ranked`` in their order, as ``table.page`` with three columns more.

    ``likely`` is the class that is likelier than the label, ``margin`` as in ``LabelIssues``;
    "true" is called ``label``, for whether it is true is the question.
    """
    shown = review_page(store, ranked, offset, limit).rename(columns={"true": "label"})
    place = pd.Series(np.arange(len(found)), index=found.rows)[shown["row"]].to_numpy()
    names = np.array(found.labels, dtype=object)
    shown.insert(shown.columns.get_loc("label") + 1, "likely", names[found.likely[place]])
    shown.insert(shown.columns.get_loc("likely") + 1, "margin", found.margin[place])
    return shown


def review_page(store: Store, ranked: np.ndarray, offset: int, limit: int) -> pd.DataFrame:
    """Some of ``ranked`` in their order, as ``table.page``."""
    rows = ranked[offset : offset + limit]
    shown = table_page(store, rows, "as in the data", 0, len(rows))
    return shown.set_index("row", drop=False).loc[rows].reset_index(drop=True)


def label_pairs(found: LabelIssues, rows: np.ndarray) -> pd.DataFrame:
    """Which labels stand where which are likely, among ``rows``: label, likely, documents.

    The most frequent pair first, then in the order of the classes.
    """
    places, names = found.among(rows), np.array(found.labels, dtype=object)
    pairs, counts = np.unique(
        np.stack([found.given[places], found.likely[places]], axis=1), axis=0, return_counts=True
    )
    order = np.argsort(-counts, kind="stable")
    return pd.DataFrame(
        {
            "label": names[pairs[order, 0]],
            "likely": names[pairs[order, 1]],
            "documents": counts[order],
        }
    )


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
    content = content_hash(text)
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
