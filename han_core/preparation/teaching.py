"""What teachers said of documents that have no labels.

It knows nothing about who the teachers are or how they were asked.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Teaching:
    """Soft labels, for a student to learn from (Hinton, Vinyals and Dean 2015).

    Attributes:
        probabilities: (unlabelled documents, classes) float32 each row adding up to 1.
        told: who said it and how good they are, for the metrics of a run; JSON values.

    Raises:
        ValueError: if these cannot be probabilities.
    """

    probabilities: np.ndarray
    told: dict

    def __post_init__(self) -> None:
        said = self.probabilities
        if said.ndim != 2 or said.dtype != np.float32:
            raise ValueError(f"float32 rows expected, {said.dtype} of shape {said.shape} came")
        if not ((said >= 0).all() and np.allclose(said.sum(1), 1, atol=1e-4)):
            raise ValueError("rows of probabilities expected, others came")
