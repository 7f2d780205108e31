"""A model and its optimiser: one step at a time, the same for any number of processes.

Mixed precision, clipping and the exchange of gradients are Accelerate's work. Each process
takes its share of every batch, and the gradient is that of the whole batch.
"""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from accelerate.utils import GradientAccumulationPlugin
from torch import Tensor
from torch.nn.functional import cross_entropy

from han_core.models.classifier import AttentionClassifier, Output
from han_core.runtime.devices import mixed_precision
from han_core.runtime.messages import tr
from han_core.text.batch import Batch, NumberedDocument, collate
from han_core.text.token_table import part
from han_core.text.vocabulary import UNKNOWN
from han_core.training.adversary import Adversary, WordShifts, shifted_vectors
from han_core.training.batches import StepResult, share
from han_core.training.distributed import Processes
from han_core.training.optimization import copied, move_average, parameter_groups
from han_core.training.prepare import Examples
from han_core.training.resume import (
    RunState,
    fitting,
    optimizer_tensors,
    prefixed,
    random_tensors,
    restore_optimizer,
    restore_random,
)
from han_core.training.settings import Settings

ALONE = Processes()  # whose random numbers are nobody else's


class Diverged(Exception):
    """Loss or gradient is no number any more; the message says which one and what it became."""


@dataclass(frozen=True)
class _Share:
    """What this process reads of a batch.

    Attributes:
        batch: its documents, and behind them those of a target domain.
        rows: the numbers of its documents.
        classes: of its documents.
        targets: what is to be learnt of them, their classes or (documents, classes).
        weight: of a document's loss in that of the step.
        group: batches in a step.
    """

    batch: Batch
    rows: list[int]
    classes: Tensor
    targets: Tensor
    weight: float
    group: int


class Learner:
    """A model that takes steps.

    Attributes:
        model: on ``device``; without what Accelerate wraps around it.
        average: of the weights, by name; empty where none is asked for.
        seen: called in each pass with the documents read and how likely their classes were.
        adversary: its domain classifier, where it adapts to a domain.
        shifts: of its words' vectors, where it learns from shifted ones too.

    Raises:
        UserError: if the device lacks the precision asked for.
    """

    def __init__(
        self,
        model: AttentionClassifier,
        settings: Settings,
        device: torch.device,
        processes: Processes,
    ):
        self.settings, self.device, self.processes = settings, device, processes
        self.accelerator = Accelerator(
            cpu=device.type == "cpu",
            mixed_precision=mixed_precision(settings.mixed_precision, device),
            device_placement=False,
            # Said here, for a number that a launcher leaves in the environment would count.
            gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=1),
        )
        self.model = model.to(device)
        optimizer = torch.optim.AdamW(parameter_groups(self.model, settings), fused=True)
        self._prepared, self.optimizer = self.accelerator.prepare(self.model, optimizer)
        self.average = copied(self.model.state_dict()) if settings.average else {}
        self.seen: Callable[[Sequence[int], Tensor], None] | None = None
        self.adversary: Adversary | None = None
        self.shifts: WordShifts | None = None

    def step(self, examples: Examples, batches: Sequence[list[int]], rate: float) -> StepResult:
        """One step over ``batches`` of ``examples``, of which this process takes its share.

        Args:
            rate: the learning rate, before the factor of each level.

        Raises:
            Diverged: if loss or gradient are no numbers; the weights stay as they were.
        """
        started = time.perf_counter()
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        last = len(batches) - 1
        counted = [
            self._backward(examples, batch, len(batches), at == last)
            for at, batch in enumerate(batches)
        ]
        norm = self.accelerator.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        # (batches, 2) sum of the losses and right ones of each batch, over all processes
        sums = self.processes.sum(torch.stack(counted).cpu().double()).tolist()
        documents = tuple(map(len, batches))
        losses = tuple(loss / of for (loss, _), of in zip(sums, documents, strict=True))
        self._check(sum(losses), norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.average:
            self._move_average()
        right = int(sum(right for _, right in sums))
        took = time.perf_counter() - started
        return StepResult(documents, losses, right, took, rate, float(norm))

    def _backward(self, examples: Examples, indices: list[int], group: int, last: bool) -> Tensor:
        """Add the gradient of one batch; the sum of its losses, and its right ones."""
        mine = share(indices, self.processes.index, self.processes.count)
        # A process without a share takes part all the same: the others wait for it.
        own = self._share(examples, mine or indices[:1], len(indices) * group, group, bool(mine))
        output, loss = self._passes(own, last)
        if self.adversary is not None:
            self.adversary.learn(output.documents, len(own.rows))
        logits = output.logits[: len(own.rows)].detach().float()
        if self.seen is not None and mine:
            likely = logits.softmax(1).gather(1, own.classes[:, None])
            self.seen(mine, likely[:, 0])
        right = (logits.argmax(1) == own.classes).sum()
        counted = torch.stack([loss, right.float()])
        return counted if mine else torch.zeros_like(counted)

    def _share(
        self, examples: Examples, rows: list[int], documents: int, group: int, counts: bool
    ) -> _Share:
        """Lay out what this process reads; ``documents`` make the step, in ``group`` batches."""
        own = [self._cropped(examples.documents[i]) for i in rows]
        batch = self._without_some_words(collate(own + self._target(own))).to(self.device)
        classes = torch.from_numpy(examples.classes[rows]).to(self.device)
        targets = classes
        if examples.targets is not None:
            targets = torch.from_numpy(examples.targets[rows]).to(self.device)
        # Several processes take the mean of their gradients, hence their number.
        weight = self.processes.count / documents if counts else 0.0
        return _Share(batch, rows, classes, targets, weight, group)

    def _passes(self, own: _Share, last: bool) -> tuple[Output, Tensor]:
        """Add the gradients of all passes; the first one's output, and the sum of its losses.

        All drop out the same, so that a shift leads where it was found to lead.
        """
        length, shifts = self.settings.adversarial, self.shifts
        if shifts is None:
            return self._pass(own, last)
        began = random_tensors(self.device, ALONE)
        with shifted_vectors(self.model.embedding) as vectors:
            result = self._pass(own, last=False)
        gradient = vectors[0].grad
        assert gradient is not None
        restore_random(began, self.device, ALONE)
        with shifted_vectors(self.model.embedding, shifts.uphill(gradient, own.batch, length)):
            self._pass(own, last)
        return result

    def _pass(self, own: _Share, last: bool) -> tuple[Output, Tensor]:
        """One way forward and back; the output, and the sum of the losses."""
        with nullcontext() if last else self.accelerator.no_sync(self._prepared):
            output = self._prepared(own.batch)
            logits = output.logits[: len(own.rows)].float()
            loss = cross_entropy(logits, own.targets, reduction="sum")
            whole = loss * own.weight
            if self.adversary is not None:
                whole = whole + self.adversary.loss(output.documents, len(own.rows)) / own.group
            self.accelerator.backward(whole)
        return output, loss.detach()

    def _target(self, documents: Sequence[NumberedDocument]) -> list[NumberedDocument]:
        """Target documents to be read beside these, about as much of them."""
        if self.adversary is None:
            return []
        tokens = sum(len(document.words) for document in documents)
        drawn = self.adversary.draw(len(documents), tokens)
        return [self._cropped(document) for document in drawn]

    def _cropped(self, document: NumberedDocument) -> NumberedDocument:
        """A document, or a random run of ``crop`` tokens of a longer one."""
        crop, length = self.settings.crop, len(document.words)
        if crop is None or length <= crop:
            return document
        start = int(torch.randint(length - crop + 1, ()))
        return NumberedDocument(
            *part(document.words, document.sentence_lengths, start, start + crop)
        )

    def _without_some_words(self, batch: Batch) -> Batch:
        if not self.settings.word_dropout:
            return batch
        dropped = torch.rand(len(batch.words)) < self.settings.word_dropout
        words = batch.words.masked_fill(dropped, UNKNOWN)
        return Batch(words, batch.sentence_lengths, batch.document_lengths)

    def _check(self, loss: float, norm: Tensor) -> None:
        if not math.isfinite(loss):
            raise Diverged(tr("The loss became {loss}", loss=loss))
        # The scaling of fp16 looks for gradients that are none, and skips their step.
        if self.accelerator.scaler is None and not math.isfinite(norm):
            raise Diverged(tr("The gradient became {norm:.1f}", norm=norm))

    def _move_average(self) -> None:
        # Nothing stands there while the scaling of fp16 still skips the first steps.
        state = next(iter(self.optimizer.state.values()), None)
        steps = int(state["step"]) if state else 0
        move_average(self.average, self.model.state_dict(), self.settings.average, steps)

    def weights(self) -> dict[str, Tensor]:
        """The weights as they would be used now: the average where there is one."""
        return self.average or self.model.state_dict()

    def tensors(self) -> dict[str, Tensor]:
        """All that moves from step to step, by name."""
        return {
            **prefixed("model", self.model.state_dict()),
            **prefixed("average", self.average),
            **prefixed("optimizer", optimizer_tensors(self.optimizer, self.model)),
            **prefixed("adversary", self.adversary.tensors() if self.adversary else {}),
        }

    def restore(self, state: RunState) -> None:
        """Put model, average and optimiser where ``state`` was taken.

        Raises:
            LookupError, ValueError: if its tensors are not those of this model.
        """
        self.model.load_state_dict(fitting(state.part("model"), self.model))
        if self.average:
            self.average = fitting(state.part("average"), self.model)
        restore_optimizer(self.optimizer, self.model, state.part("optimizer"))
        if self.adversary:
            self.adversary.restore(state.part("adversary"))
        if self.accelerator.scaler:
            self.accelerator.scaler.load_state_dict(state.counters["scaler"])

    def scaler(self) -> dict | None:
        """What fp16 multiplies gradients by, and when that last changed."""
        return scaler.state_dict() if (scaler := self.accelerator.scaler) else None
