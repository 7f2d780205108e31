"""A model and its optimiser: one step at a time, the same for any number of processes.

Mixed precision, clipping and the exchange of gradients are Accelerate's work. Each process
takes its share of every batch, and the gradient is that of the whole batch.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

import torch
from accelerate import Accelerator
from accelerate.utils import GradientAccumulationPlugin
from torch import Tensor
from torch.nn.functional import cross_entropy

from han_core.models.classifier import AttentionClassifier, Output
from han_core.runtime.devices import mixed_precision
from han_core.runtime.messages import tr
from han_core.text.batch import Batch
from han_core.training.adversary import (
    PROBE,
    Adversary,
    WordShifts,
    divergence,
    shifted_vectors,
)
from han_core.training.attention_guide import draw_guide
from han_core.training.batches import Reader, Share, StepResult, share
from han_core.training.distributed import Processes
from han_core.training.optimization import (
    copied,
    interpolated,
    move_average,
    parameter_groups,
)
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


class Learner:
    """A model that takes steps.

    Attributes:
        model: on ``device``; without what Accelerate wraps around it.
        average: of the weights, by name; empty where none is asked for.
        seen: called in each pass with the documents read and how likely their classes were.
        adversary: its domain classifier, where it adapts to a domain.
        shifts: of its words' vectors, where it learns from shifted ones too.
        guiding: the model whose contributions guide attention; None where it is this one.
        start: the weights it started from, where they have a share in those kept.
        reader: lays out what is read; documents to be read beside a batch are its.

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
        self.guiding: AttentionClassifier | None = None
        self.start: dict[str, Tensor] = {}
        self.reader = Reader(settings, device)

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
        own = self.reader.share(examples, mine or indices[:1])
        # Several processes take the mean of their gradients, hence their number.
        weight = self.processes.count / (len(indices) * group) if mine else 0.0
        output = self._passes(own, weight, group, last)
        labelled = len(own.classes)
        if self.adversary is not None:
            self.adversary.learn(output.documents[: own.domains], labelled)
        logits = output.logits[:labelled].detach().float()
        if self.seen is not None and mine:
            likely = logits.softmax(1).gather(1, own.classes[:, None])
            self.seen(mine, likely[:, 0])
        loss = cross_entropy(logits, own.targets, reduction="sum")
        right = (logits.argmax(1) == own.classes).sum()
        counted = torch.stack([loss, right.float()])
        return counted if mine else torch.zeros_like(counted)

    def _passes(self, own: Share, weight: float, group: int, last: bool) -> Output:
        """Add the gradient of the loss, and of those at shifted vectors; the first pass's output.

        Args:
            weight: of a labelled document's loss in that of the step.
            group: batches in the step.
        """

        strength, against = self.settings.attention_guide, self.settings.guide_against
        guide = draw_guide(self.guiding or self.model, own.batch, against) if strength else None
        each = weight * len(own.classes) / len(own.batch)  # labelled or not

        def loss(output: Output) -> Tensor:
            logits = output.logits[: len(own.classes)].float()
            total = cross_entropy(logits, own.targets, reduction="sum") * weight
            if guide is not None:
                total = total + strength * each * guide.loss(output)
            if self.adversary is not None:
                domains = self.adversary.loss(output.documents[: own.domains], len(own.classes))
                total = total + domains / group
            return total

        length, virtual = self.settings.adversarial, self.settings.virtual_adversarial
        if self.shifts is None:
            return self._pass(own.batch, loss, last)
        drawn = self.shifts.draw(own.batch) if virtual else None
        began = random_tensors(self.device, ALONE)
        with shifted_vectors(self.model.embedding) as vectors:
            output = self._pass(own.batch, loss, last=False)
        if length and (gradient := vectors[0].grad) is not None:
            with self._again(began, self.shifts.uphill(gradient, own.batch, length)):
                self._pass(own.batch, loss, last and not virtual)
        if drawn is not None:
            held = output.logits.detach()
            gradient = self._astray(own.batch, held, drawn, began)
            with self._again(began, self.shifts.uphill(gradient, own.batch, virtual)):
                self._pass(own.batch, lambda moved: divergence(moved.logits, held) * each, last)
        return output

    def _pass(self, batch: Batch, loss: Callable[[Output], Tensor], last: bool) -> Output:
        """One way forward and back; the last one of a step exchanges gradients."""
        with nullcontext() if last else self.accelerator.no_sync(self._prepared):
            output: Output = self._prepared(batch)
            self.accelerator.backward(loss(output))
        return output

    @contextmanager
    def _again(self, began: dict[str, Tensor], shift: Tensor) -> Iterator[list[Tensor]]:
        """Read shifted vectors within, and drop out the same, so that nothing else differs.

        Args:
            began: the random state before the first pass.
        """
        restore_random(began, self.device, ALONE)
        with shifted_vectors(self.model.embedding, shift) as vectors:
            yield vectors

    def _astray(
        self, batch: Batch, held: Tensor, drawn: Tensor, began: dict[str, Tensor]
    ) -> Tensor:
        """Return the gradient of the divergence from ``held`` a little along what was drawn.

        It leads to where the prediction changes most: a step of the power iteration on the
        divergence's second derivatives. Half precision would lose so short a shift.
        """
        assert self.shifts is not None
        if self.accelerator.mixed_precision != "no":
            restore_random(began, self.device, ALONE)
            held = self.model.decide(self.model.read(batch), batch).logits.detach()
        with self._again(began, self.shifts.along(drawn, batch, PROBE)) as vectors:
            moved = self.model.decide(self.model.read(batch), batch).logits
        return torch.autograd.grad(divergence(moved, held), vectors)[0]

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
        """The weights as they would be used now: averaged, and between start and end, if asked."""
        weights = self.average or self.model.state_dict()
        share = self.settings.start_share
        return interpolated(weights, self.start, share) if self.start else weights

    def tensors(self) -> dict[str, Tensor]:
        """All that moves from step to step, by name."""
        return {
            **prefixed("model", self.model.state_dict()),
            **prefixed("average", self.average),
            **prefixed("optimizer", optimizer_tensors(self.optimizer, self.model)),
            **prefixed("adversary", self.adversary.tensors() if self.adversary else {}),
            **prefixed("guiding", self.guiding.state_dict() if self.guiding else {}),
            **prefixed("start", self.start),
        }

    def restore(self, state: RunState) -> None:
        """Put model, average and optimiser where ``state`` was taken.

        Raises:
            LookupError, ValueError: if its tensors are not those of this model.
        """
        self.model.load_state_dict(fitting(state.part("model"), self.model))
        if self.average:
            self.average = fitting(state.part("average"), self.model)
        if self.settings.start_share:  # none where the run began from other classes
            start = state.part("start")
            self.start = fitting(start, self.model) if start else {}
        restore_optimizer(self.optimizer, self.model, state.part("optimizer"))
        if self.adversary:
            self.adversary.restore(state.part("adversary"))
        if self.guiding and (weights := state.part("guiding")):
            self.guiding.load_state_dict(fitting(weights, self.guiding))
        else:  # the run began from other classes, and has guided itself
            self.guiding = None
        if self.accelerator.scaler:
            self.accelerator.scaler.load_state_dict(state.counters["scaler"])

    def scaler(self) -> dict | None:
        """What fp16 multiplies gradients by, and when that last changed."""
        return scaler.state_dict() if (scaler := self.accelerator.scaler) else None
