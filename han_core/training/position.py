"""How far an epoch is: a point between two steps, and what was counted up to there.

It knows nothing about models.
"""

import math
from dataclasses import dataclass

from han_core.training.watch import Step


@dataclass(frozen=True)
class Taken:
    """One step of the optimiser, over one batch or several.

    Attributes:
        documents: in each batch.
        losses: of each batch, the mean over its documents.
        right: documents whose class was predicted.
        seconds: that the step took.
    """

    documents: tuple[int, ...]
    losses: tuple[float, ...]
    right: int
    seconds: float

    def tell(self, step: Step) -> None:
        for documents, loss in zip(self.documents, self.losses, strict=True):
            step(documents, loss)


@dataclass(frozen=True)
class Position:
    """Between two steps of an epoch.

    Attributes:
        taken: steps of this epoch so far.
        documents: seen in them.
        loss: the sum over these documents.
        right: of them, predicted as their class.
        seconds: that the steps took.

    Raises:
        ValueError: if these cannot be the numbers of any epoch.
    """

    taken: int = 0
    documents: int = 0
    loss: float = 0.0
    right: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        counts = (self.taken, self.documents, self.right)
        if not all(type(count) is int and count >= 0 for count in counts):
            raise ValueError(f"numbers of steps and documents expected, {counts} came")
        if not (math.isfinite(self.loss) and math.isfinite(self.seconds)):
            raise ValueError(f"a loss and seconds expected, {self.loss}, {self.seconds} came")
        if self.right > self.documents or self.taken > self.documents:
            raise ValueError(f"more steps or right answers than the {self.documents} documents")

    def after(self, step: Taken) -> "Position":
        """One step further."""
        losses = zip(step.documents, step.losses, strict=True)
        return Position(
            self.taken + 1,
            self.documents + sum(step.documents),
            self.loss + sum(documents * loss for documents, loss in losses),
            self.right + step.right,
            self.seconds + step.seconds,
        )

    def tell(self, step: Step) -> None:
        """Tells what was done before a run went on from here, if anything was."""
        if self.taken:
            step(self.documents, self.loss / self.documents)

    def line(self) -> dict:
        """What the history says of the training of this epoch."""
        return {
            "train": {"loss": self.loss / self.documents, "accuracy": self.right / self.documents},
            "seconds": self.seconds,
            "documents_per_second": self.documents / self.seconds,
        }


def said(epochs: int, taken: int) -> str:
    """Where a run stands, in words: "epoch 2", or "step 57 of epoch 3"."""
    return f"step {taken} of epoch {epochs + 1}" if taken else f"epoch {epochs}"
