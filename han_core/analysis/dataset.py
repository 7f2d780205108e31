"""A scored data set in memory: labels, predictions and other narrow columns.

Opening reads about 30 bytes a document; texts, attention and probabilities stay on the disk
until they are needed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from han_core.analysis.documents import Documents, open_documents
from han_core.analysis.scoring.manifest import Manifest
from han_core.analysis.scoring.table import (
    BULK,
    NARROW,
    WORDS,
    StoredAttention,
    is_whole,
    part_path,
    read_rows,
)
from han_core.analysis.search import Search
from han_core.analysis.sources import Scores
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr


@dataclass(frozen=True)
class Outcomes:
    """Labels, predictions and measures of documents, one column each.

    Attributes:
        labels: the classes; the next two count from their first.
        true, predicted: (documents,) integers.
        confidence: (documents,) probability of the predicted class.
        loss: (documents,) nats.
        tokens, unknown: (documents,) how many.
        entropy: (documents,) of attention to words, 0 to 1.
        other: (documents,) what a second model predicts, or None.
        other_confidence: (documents,) its probability for that, or None.
    """

    labels: tuple[str, ...]
    true: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    loss: np.ndarray
    tokens: np.ndarray
    unknown: np.ndarray
    entropy: np.ndarray
    other: np.ndarray | None = None
    other_confidence: np.ndarray | None = None

    def __post_init__(self) -> None:
        lengths = {len(column) for column in self._columns().values()}
        if len(lengths) != 1:
            raise ValueError(f"columns of one length expected, {sorted(lengths)} came")

    def __len__(self) -> int:
        return len(self.true)

    @property
    def right(self) -> np.ndarray:
        """(documents,) whether the prediction is the true class."""
        return self.true == self.predicted

    def take(self, rows: np.ndarray) -> "Outcomes":
        """These documents, by position or as a mask."""
        return replace(self, **{name: cells[rows] for name, cells in self._columns().items()})

    def _columns(self) -> dict[str, np.ndarray]:
        named = ((each.name, getattr(self, each.name)) for each in fields(self))
        return {name: cells for name, cells in named if isinstance(cells, np.ndarray)}


@dataclass(frozen=True, eq=False)
class Store:
    """A data set as one model scored it, or two; several threads may ask at once.

    Attributes:
        outcomes: of all documents.
        documents: texts, ids and further columns.
    """

    scores: Scores
    other: Scores | None
    outcomes: Outcomes
    documents: Documents

    @property
    def labels(self) -> tuple[str, ...]:
        return self.outcomes.labels

    @property
    def rows(self) -> int:
        return len(self.outcomes)

    @cached_property
    def search(self) -> Search:
        """Search of texts, lists and columns."""
        return Search(self.scores, self.documents)


def open_store(scores: Scores, other: Scores | None = None) -> Store:
    """Open scores, and beside them a second model's scores of the same data."""
    if not scores.manifest.labelled:
        raise UserError(
            tr("Labelled documents are expected; {data} has no labels.", data=scores.manifest.data)
        )
    documents = open_documents(scores.documents)
    if len(documents) != scores.manifest.rows:
        raise UserError(
            tr(
                "{rows:,} documents were scored, and {count:,} are kept; score them anew.",
                rows=scores.manifest.rows,
                count=len(documents),
            )
        )
    outcomes = _outcomes(scores)
    if other is not None:
        _refuse_strange(scores.manifest, other.manifest)
        second = _outcomes(other)
        place = np.array([scores.manifest.classes.index(name) for name in other.manifest.classes])
        outcomes = replace(
            outcomes,
            other=place[second.predicted].astype(outcomes.predicted.dtype),
            other_confidence=second.confidence,
        )
    return Store(scores, other, outcomes, documents)


def _refuse_strange(one: Manifest, two: Manifest) -> None:
    if one.data_sha256 != two.data_sha256:
        raise UserError(
            tr(
                "{checkpoint} scored other documents ({data}) than {checkpoint_2} ({data_2}); "
                "the same were expected.",
                checkpoint=two.checkpoint,
                data=two.data,
                checkpoint_2=one.checkpoint,
                data_2=one.data,
            )
        )
    if sorted(one.classes) != sorted(two.classes):
        raise UserError(
            tr(
                "Two models of the same classes were expected; {checkpoint} knows {classes}, and "
                "{checkpoint_2} {classes_2}.",
                checkpoint=one.checkpoint,
                classes=", ".join(one.classes),
                checkpoint_2=two.checkpoint,
                classes_2=", ".join(two.classes),
            )
        )


def _outcomes(scores: Scores) -> Outcomes:
    manifest = scores.manifest
    paths = [part_path(scores.folder, number) for number in range(manifest.parts)]
    for number, path in enumerate(paths):
        if not is_whole(path, manifest.key, number, manifest.rows_of(number), NARROW):
            raise UserError(
                tr(
                    "Part {number} of the scores of {checkpoint} on {data} is missing or damaged; "
                    "score the data anew.",
                    number=number,
                    checkpoint=manifest.checkpoint,
                    data=manifest.data,
                )
            )
    try:
        parts = ds.dataset([str(path) for path in paths], format="parquet")
        table = parts.to_table(columns=list(NARROW))
        true, predicted = (_codes(table[name], manifest.classes) for name in NARROW[:2])
        rest = [table[name].to_numpy() for name in NARROW[2:]]
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise UserError(
            tr("The scores of {checkpoint} are damaged.", checkpoint=manifest.checkpoint)
        ) from error
    return Outcomes(manifest.classes, true, predicted, *rest)


def _codes(names: pa.ChunkedArray, classes: tuple[str, ...]) -> np.ndarray:
    """(documents,) the place of each name among the classes."""
    kind, class_names = np.int16 if len(classes) < 2**15 else np.int32, pa.array(classes)
    result = []
    for chunk in names.chunks:  # each a dictionary of its own
        places = pc.index_in(chunk.dictionary, value_set=class_names)
        if places.null_count or chunk.null_count:
            raise ValueError("a class that is none of the manifest's")
        result.append(places.to_numpy().astype(kind)[chunk.indices.to_numpy()])
    return np.concatenate(result)


FIXED = (
    "row", "id", "true", "predicted", "wrong", "confidence", "p_true", "loss", "tokens",
    "unknown", "entropy", "other", "excerpt", "content",
)  # fmt: skip


def own_columns(store: Store) -> dict[str, str]:
    """The data's own columns: for each name in tables, what it is called in the data.

    One that is called like ours gets "(data)".
    """
    result: dict[str, str] = {}
    for column in store.documents.columns:
        name = column
        while name in FIXED or name in result:
            name += " (data)"
        result[name] = column
    return result


class StoredWords(NamedTuple):
    """One document.

    Attributes:
        words: (tokens,) as the model read them.
        weights: (tokens,) of the document's attention (α_s·α_w), sum to 1.
    """

    words: tuple[str, ...]
    weights: np.ndarray


def stored_words(scores: Scores, rows: np.ndarray) -> Iterator[StoredWords]:
    """Yield the words of ``rows`` (documents,), which ascend, with their attention."""
    for table in read_rows(scores.folder, scores.manifest, rows, [*BULK, WORDS]):
        for cells in table.to_pylist():
            attention = StoredAttention.of_cells(cells)
            yield StoredWords(attention.words, attention.document_weights)
