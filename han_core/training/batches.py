"""The batches of an epoch, what a process reads of one, and how far an epoch is.

Documents of similar length share a batch, and a batch is full when it holds its budget of
tokens. The order depends on the seed and the epoch alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from han_core.runtime.messages import tr
from han_core.text.batch import Batch, NumberedDocument, collate, document_lengths
from han_core.text.token_table import part
from han_core.text.vocabulary import UNKNOWN
from han_core.training.callbacks import Step
from han_core.training.prepare import Examples
from han_core.training.settings import Settings

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
class Share:
    """What one process reads of a batch, on its device.

    Attributes:
        batch: its labelled documents, then those of a target domain, then unlabelled ones.
        classes: of the labelled ones.
        targets: what is to be learnt of them: their classes, or (documents, classes).
        domains: documents of the source and the target domain.
    """

    batch: Batch
    classes: Tensor
    targets: Tensor
    domains: int


class Pool:
    """Documents to draw some from, to be read beside a batch."""

    def __init__(self, documents: Sequence[NumberedDocument]):
        self._documents, self._lengths = documents, document_lengths(documents)

    def draw(self, documents: int, tokens: int) -> list[NumberedDocument]:
        """Draw by torch's random numbers, at least one.

        Args:
            documents, tokens: as many at most, and of one document that is longer all of it.
        """
        rows = torch.randint(len(self._documents), (documents,)).numpy()
        fitting_rows = int((np.cumsum(self._lengths[rows]) <= tokens).sum())
        return [self._documents[row] for row in rows[: max(1, fitting_rows)].tolist()]


class Reader:
    """Lay out documents for a step: cropped, with words dropped, and others beside them.

    Attributes:
        target: documents of the domain to adapt to; None where there is none.
        unlabelled: documents that are read without labels; None where none are.
    """

    def __init__(self, settings: Settings, device: torch.device):
        self._settings, self._device = settings, device
        self.target: Pool | None = None
        self.unlabelled: Pool | None = None

    def share(self, examples: Examples, rows: list[int]) -> Share:
        """Lay out ``rows`` of ``examples``, and about as much of each pool."""
        own = [self._cropped(examples.documents[i]) for i in rows]
        target, unlabelled = self._drawn(self.target, own), self._drawn(self.unlabelled, own)
        batch = self.without_some_words(collate(own + target + unlabelled)).to(self._device)
        classes = torch.from_numpy(examples.classes[rows]).to(self._device)
        targets = classes
        if examples.targets is not None:
            targets = torch.from_numpy(examples.targets[rows]).to(self._device)
        return Share(batch, classes, targets, len(own) + len(target))

    def _drawn(
        self, pool: Pool | None, beside: Sequence[NumberedDocument]
    ) -> list[NumberedDocument]:
        if pool is None:
            return []
        drawn = pool.draw(len(beside), sum(len(document.words) for document in beside))
        return [self._cropped(document) for document in drawn]

    def _cropped(self, document: NumberedDocument) -> NumberedDocument:
        """A document, or a random run of ``crop`` tokens of a longer one."""
        crop, length = self._settings.crop, len(document.words)
        if crop is None or length <= crop:
            return document
        start = int(torch.randint(length - crop + 1, ()))
        return NumberedDocument(
            *part(document.words, document.sentence_lengths, start, start + crop)
        )

    def without_some_words(self, batch: Batch) -> Batch:
        """Return the batch with some of its words unknown, as ``word_dropout`` says."""
        if not self._settings.word_dropout:
            return batch
        dropped = torch.rand(len(batch.words)) < self._settings.word_dropout
        words = batch.words.masked_fill(dropped, UNKNOWN)
        return Batch(words, batch.sentence_lengths, batch.document_lengths)


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
