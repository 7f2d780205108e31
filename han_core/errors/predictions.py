"""What a model predicts on labelled documents, and where it is wrong.

Scores a corpus once; counts, figures and tables of it are read from the answer.
It knows nothing about attention.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from han_core.corpora.corpus import Corpus
from han_core.corpora.labels import align_labels
from han_core.corpora.spreadsheet import to_csv
from han_core.models.checkpoint import Checkpoint
from han_core.training.evaluate import metrics, predict
from han_core.wrong_input import WrongInput

__all__ = ["Predictions", "score", "table", "to_csv"]

FIXED = ("id", "true", "predicted", "wrong", "confidence", "p(true)", "text")
"""Columns of every table; what the corpus has beyond them stands before the text."""


@dataclass(frozen=True)
class Predictions:
    """A model's answers on a corpus.

    Attributes:
        corpus: the documents.
        labels: the model's classes.
        probabilities: (documents, classes).
        true: (documents,) the class that each document belongs to.

    Raises:
        ValueError: if the sizes do not fit.
    """

    corpus: Corpus
    labels: tuple[str, ...]
    probabilities: np.ndarray
    true: np.ndarray

    def __post_init__(self) -> None:
        documents = len(self.corpus)
        if self.probabilities.shape != (documents, len(self.labels)):
            expected = (documents, len(self.labels))
            raise ValueError(f"probabilities {expected} expected, {self.probabilities.shape} came")
        if self.true.shape != (documents,):
            raise ValueError(f"{documents} true classes expected, {self.true.shape} came")

    @property
    def predicted(self) -> np.ndarray:
        """(documents,) the most probable class."""
        return self.probabilities.argmax(1)

    def counts(self) -> np.ndarray:
        """(classes, classes) documents by true and predicted class."""
        from sklearn.metrics import confusion_matrix

        return confusion_matrix(self.true, self.predicted, labels=range(len(self.labels)))

    def metrics(self) -> dict[str, float]:
        """Accuracy, macro F1 and loss."""
        return metrics(self.probabilities, self.true.tolist())


def score(
    checkpoint: Checkpoint, corpus: Corpus, progress: Callable[[int, int], None] | None = None
) -> Predictions:
    """The checkpoint's predictions on a labelled corpus.

    Raises:
        WrongInput: if the corpus has no labels, or labels that are none of the
            checkpoint's classes, or a text without a word.
    """
    if not corpus.labels:
        raise WrongInput(f"Labelled documents are expected; {corpus.name} has no labels.")
    true = np.array(align_labels(corpus.labels, checkpoint.labels), dtype=int)
    probabilities = predict(checkpoint, corpus.texts, progress)
    return Predictions(corpus, checkpoint.labels, probabilities, true)


def table(
    predictions: Predictions,
    true: str | None = None,
    predicted: str | None = None,
    only_wrong: bool = False,
) -> pd.DataFrame:
    """The documents, the surest wrong answers first, then the right ones, the unsurest first.

    ``true`` and ``predicted`` keep the documents of that class, by its label. The
    index is the document's position in the corpus. Columns: ``FIXED``, and before
    the text the corpus's own; one that is called like a fixed one gets "(data)".
    """
    rows, chosen = np.arange(len(predictions.corpus)), predictions.predicted
    confidence = predictions.probabilities.max(1)
    wrong = chosen != predictions.true
    keep = wrong if only_wrong else np.ones(len(rows), dtype=bool)
    for label, classes in ((true, predictions.true), (predicted, chosen)):
        if label is not None:
            keep = keep & (classes == predictions.labels.index(label))
    order = np.lexsort((np.where(wrong, -confidence, confidence), ~wrong))
    order = order[keep[order]]
    names = np.array(predictions.labels, dtype=object)
    own = predictions.corpus.take(order.tolist())
    columns = {
        "id": _strings(own.ids),
        "true": _strings(names[predictions.true[order]]),
        "predicted": _strings(names[chosen[order]]),
        "wrong": wrong[order],
        "confidence": confidence[order],
        "p(true)": predictions.probabilities[rows, predictions.true][order],
    }
    for name, cells in own.extra.items():
        columns[_free_name(name, {*FIXED, *columns})] = _strings(cells)
    columns["text"] = _strings(own.texts)
    return pd.DataFrame(columns).set_axis(order, axis=0)


def _strings(cells: Iterable[str]) -> pd.Series:
    return pd.Series(list(cells), dtype=object)


def _free_name(name: str, taken: set[str]) -> str:
    while name in taken:
        name += " (data)"
    return name
