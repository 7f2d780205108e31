"""The narrow columns of scored documents, in memory: what all counts and figures are made of.

About 30 bytes a document. It knows nothing about texts, files or filters.
"""

from dataclasses import dataclass, fields, replace

import numpy as np


@dataclass(frozen=True)
class Outcomes:
    """What came of documents, a number each.

    Attributes:
        labels: the classes; the next two count from their first.
        true, predicted: (documents,) integers.
        confidence: (documents,) probability of the predicted class.
        loss: (documents,) nats.
        tokens, unknown: (documents,) how many.
        entropy: (documents,) of attention to words, 0 to 1.
        other: (documents,) what a second model predicts, or None.
        other_confidence: (documents,) its probability for that, or None.

    Raises:
        ValueError: if the lengths differ.
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
