"""The batches of an epoch, and how far an epoch is.

Documents of similar length share a batch, and a batch is full when it holds its budget of
tokens. The order depends on the seed and the epoch alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from han_core.runtime.messages import tr
from han_core.training.callbacks import Step

WINDOW = 50
"""Batches' worth of documents that are sorted by length together: enough for even
lengths, few enough that an epoch stays shuffled."""


def epoch_batches(
    lengths: Sequence[int] | np.ndarray, budget: int, seed: int, epoch: int
) -> list[list[int]]:
    """Every document once, in shuffled batches of similar length.

    Args:
        lengths: tokens in each document.
        budget: tokens in a batch; a longer document makes a batch of its own.

    Returns:
        lists of indices into ``lengths``.
    """
    draw = np.random.default_rng((seed, epoch))
    order = draw.permutation(len(lengths))
    mean = max(1.0, float(np.mean(lengths)))
    window = max(1, int(WINDOW * budget / mean))
    sizes = np.asarray(lengths)
    batches: list[list[int]] = []
    for start in range(0, len(order), window):
        part = order[start : start + window]
        batches += _fill(part[np.argsort(sizes[part], kind="stable")], sizes, budget)
    return [batches[at] for at in draw.permutation(len(batches))]


def _fill(order: np.ndarray, sizes: np.ndarray, budget: int) -> list[list[int]]:
    batches: list[list[int]] = [[]]
    total = 0
    for index in order.tolist():
        if batches[-1] and total + sizes[index] > budget:
            batches.append([])
            total = 0
        batches[-1].append(index)
        total += int(sizes[index])
    return batches


def steps(batches: list[list[int]], accumulation: int) -> list[list[list[int]]]:
    """The batches of each step: ``accumulation`` of them, the last step what is left."""
    return [batches[at : at + accumulation] for at in range(0, len(batches), accumulation)]


def share(batch: list[int], process: int, processes: int) -> list[int]:
    """The documents of ``batch`` that one of several processes reads; perhaps none.

    They lie in order of length, so that every process gets as much to read as the others.
    """
    return batch[process::processes]


@dataclass(frozen=True)
class StepResult:
    """One step of the optimiser, over one batch or several.

    Attributes:
        documents: in each batch.
        losses: of each batch, the mean over its documents.
        right: documents whose class was predicted.
        seconds: that the step took.
        rate: the learning rate, before the factor of each level.
        norm: length of the gradient before it was clipped; not finite where fp16 skipped the step.
    """

    documents: tuple[int, ...]
    losses: tuple[float, ...]
    right: int
    seconds: float
    rate: float = 0.0
    norm: float = 0.0

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
            raise ValueError(f"numbers of steps and documents expected, {counts} came")  # not shown
        if not (math.isfinite(self.loss) and math.isfinite(self.seconds)):
            raise ValueError(
                f"a loss and seconds expected, {self.loss}, {self.seconds} came"  # not shown
            )
        if self.right > self.documents or self.taken > self.documents:
            raise ValueError(
                f"more steps or right answers than the {self.documents} documents"  # not shown
            )

    def after(self, step: StepResult) -> "Position":  # not shown
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
        """Tell what was done before a run went on from here, if anything was."""
        if self.taken:
            step(self.documents, self.loss / self.documents)

    def line(self) -> dict:
        """What the history says of the training of this epoch."""
        return {
            "train": {"loss": self.loss / self.documents, "accuracy": self.right / self.documents},
            "seconds": self.seconds,
            "documents_per_second": self.documents / self.seconds,
        }


def describe_position(epochs: int, taken: int) -> str:
    """Where a run stands, in words: "epoch 2", or "step 57 of epoch 3"."""
    if not taken:
        return tr("epoch {epoch}", epoch=epochs)
    return tr("step {step} of epoch {epoch}", step=taken, epoch=epochs + 1)
