"""A training loop for any system: batches, a loss, a validation, the best weights, and resuming.

It knows a module and functions over batches, and not what is in them. AdamW with one cycle of the
learning rate (Smith and Topin 2018: up over ``warmup`` of all steps, then down along a cosine).
Before each step the random state is set from seed and step, so a run that was stopped after any
step goes on to the same weights, bit for bit, without a stored random state.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.training.callbacks import Callbacks, Stopped
from han_core.training.optimization import copied
from han_core.training.resume import OTHER_RUN, RunState, fitting

B = TypeVar("B")


class LoopSettings(BaseModel):
    """What a run of the loop can be told.

    Attributes:
        learning_rate: the highest of the cycle.
        warmup: share of all steps until then.
        clip: longest gradient.
        keep: the weights of the epoch that validates best, or of the last one.
        save_seconds: between two times that the state is written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(default=60, ge=1, le=10_000)
    batch_size: int = Field(default=16, ge=1, le=4_096)
    learning_rate: float = Field(default=0.003, gt=0, le=1)
    warmup: float = Field(default=0.3, ge=0, lt=1)
    weight_decay: float = Field(default=0.01, ge=0, le=1)
    clip: float = Field(default=1.0, gt=0, le=1_000)
    keep: Literal["best", "last"] = "best"
    seed: int = Field(default=0, ge=0, lt=2**31)
    save_seconds: float = Field(default=30.0, ge=0)


@dataclass(frozen=True)
class Lesson(Generic[B]):
    """What is learnt.

    Attributes:
        examples: how many there are.
        collate: a batch of the examples of these numbers, on the model's device.
        loss: mean loss of a batch.
        validate: figures of the module in evaluation mode; None without validation data.
        rank: a larger one for better figures.
        fingerprint: of data and settings; another one, another run.
    """

    examples: int
    collate: Callable[[Sequence[int]], B]
    loss: Callable[[nn.Module, B], Tensor]
    validate: Callable[[nn.Module], dict[str, float]] | None
    rank: Callable[[dict[str, float]], tuple[float, ...]]
    fingerprint: str = ""


@dataclass
class Progress:
    """Where a run stands.

    Attributes:
        history: a line for each epoch that is over.
        taken: steps of the epoch that is not.
        loss: the sum of the losses of its examples.
        best: the weights to keep so far, and ``best_epoch`` counted from 1.
    """

    history: list[dict] = field(default_factory=list)
    taken: int = 0
    loss: float = 0.0
    seconds: float = 0.0
    best: dict[str, Tensor] = field(default_factory=dict)
    best_epoch: int = 0


class TrainingLoop(Generic[B]):
    """One run; ``run`` goes on from ``progress``.

    Args:
        save: writes the folder: weights to keep, progress, and the state to resume from.
    """

    def __init__(
        self,
        model: nn.Module,
        lesson: Lesson[B],
        settings: LoopSettings,
        save: Callable[[dict[str, Tensor], Progress, RunState], None],
    ):
        self.model, self.lesson, self.settings, self.save = model, lesson, settings, save
        self.progress = Progress()
        self.steps_per_epoch = math.ceil(lesson.examples / settings.batch_size)
        self.optimizer = torch.optim.AdamW(
            model.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )
        self._saved = time.monotonic()

    @property
    def step(self) -> int:
        """Steps taken in all epochs."""
        return len(self.progress.history) * self.steps_per_epoch + self.progress.taken

    def run(self, watch: Callbacks) -> Progress:
        """Train to the end and return the progress, whose ``best`` are the weights to keep.

        Raises:
            Stopped: when ``watch`` asked for it; everything is saved.
            UserError: if the loss is no number.
        """
        while len(self.progress.history) < self.settings.epochs:
            self._epoch(watch)
        return self.progress

    def _epoch(self, watch: Callbacks) -> None:
        progress, size = self.progress, self.settings.batch_size
        order = self._order(len(progress.history))
        tell = watch.epoch(len(progress.history) + 1, self.lesson.examples)
        if progress.taken:
            tell(progress.taken * size, progress.loss / (progress.taken * size))
        self.model.train()
        for start in range(progress.taken * size, len(order), size):
            began, rows = time.monotonic(), order[start : start + size]
            loss = self._step(rows)
            progress.taken += 1
            progress.loss += loss * len(rows)
            progress.seconds += time.monotonic() - began
            tell(len(rows), loss)
            if progress.taken < self.steps_per_epoch:
                self._pause(watch)
        self._finish(watch)

    def _order(self, epoch: int) -> list[int]:
        """All examples in the order of an epoch."""
        chance = torch.Generator().manual_seed(self.settings.seed * 1_000_003 + epoch)
        return torch.randperm(self.lesson.examples, generator=chance).tolist()

    def _step(self, rows: Sequence[int]) -> float:
        torch.manual_seed(self.settings.seed * 1_000_003 + self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * self._rate_factor()
        loss = self.lesson.loss(self.model, self.lesson.collate(rows))
        self.optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        if not (loss.isfinite() and norm.isfinite()):
            raise UserError(
                tr(
                    "The loss became {loss:g} in epoch {epoch}; a lower learning rate than "
                    "{rate} may help.",
                    loss=loss.item(),
                    epoch=len(self.progress.history) + 1,
                    rate=self.settings.learning_rate,
                )
            )
        self.optimizer.step()
        return loss.item()

    def _rate_factor(self) -> float:
        share = (self.step + 0.5) / (self.settings.epochs * self.steps_per_epoch)
        warmup = self.settings.warmup
        if share < warmup:
            return max(share / warmup, 0.04)
        return max((1 + math.cos(math.pi * (share - warmup) / (1 - warmup))) / 2, 1e-4)

    def _finish(self, watch: Callbacks) -> None:
        """Validate, note the epoch and keep its weights if they are the better ones."""
        progress = self.progress
        self.model.eval()
        reached = self.lesson.validate(self.model) if self.lesson.validate else None
        line: dict = {
            "epoch": len(progress.history) + 1,
            "step": self.step,
            "loss": progress.loss / self.lesson.examples,
            "seconds": round(progress.seconds, 3),
            "validation": reached,
        }
        before = progress.history[progress.best_epoch - 1] if progress.best_epoch else None
        if before is None or self.settings.keep == "last" or reached is None or (
            self.lesson.rank(reached) > self.lesson.rank(before["validation"])
        ):  # fmt: skip
            progress.best, progress.best_epoch = copied(self.model.state_dict()), line["epoch"]
        progress.history.append(line)
        progress.taken, progress.loss, progress.seconds = 0, 0.0, 0.0
        watch.line(line)
        if len(progress.history) < self.settings.epochs:
            self._pause(watch)

    def _pause(self, watch: Callbacks) -> None:
        """Save from time to time, and stop where that is asked."""
        stop = watch.stop()
        if stop or time.monotonic() - self._saved > self.settings.save_seconds:
            self.save(self.weights(), self.progress, self.state())
            self._saved = time.monotonic()
            watch.saved(self.step)
        if stop:
            raise Stopped(tr("Stopped after step {step}, and saved.", step=self.step))

    def weights(self) -> dict[str, Tensor]:
        """Return the weights to keep; the present ones while no epoch is over."""
        return self.progress.best or copied(self.model.state_dict())

    def state(self) -> RunState:
        """Return all that ``restore`` needs."""
        progress = self.progress
        moments = {
            f"optimizer.{number}.{name}": value
            for number, values in self.optimizer.state_dict()["state"].items()
            for name, value in values.items()
        }
        tensors = {
            **{f"model.{name}": tensor for name, tensor in self.model.state_dict().items()},
            **{f"best.{name}": tensor for name, tensor in progress.best.items()},
            **moments,
        }
        counters = {
            "history": progress.history,
            "taken": progress.taken,
            "loss": progress.loss,
            "seconds": progress.seconds,
            "best_epoch": progress.best_epoch,
            "fingerprint": self.lesson.fingerprint,
        }
        return RunState(tensors, counters)

    def restore(self, state: RunState) -> None:
        """Put the run where ``state`` was taken.

        Raises:
            UserError: if that was another run, or the state is damaged.
        """
        if state.counters.get("fingerprint") != self.lesson.fingerprint:
            raise UserError(tr(OTHER_RUN))
        try:
            self._restore(state)
        except (LookupError, RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise UserError(tr("The state of the run that has begun there is damaged.")) from error

    def _restore(self, state: RunState) -> None:
        counters = state.counters
        self.model.load_state_dict(state.part("model"))
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in state.part("optimizer").items():
            number, _, moment = name.partition(".")
            moments.setdefault(int(number), {})[moment] = tensor
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        history = list(counters["history"])
        if [line["epoch"] for line in history] != list(range(1, len(history) + 1)):
            raise ValueError("one epoch after the other expected")  # not shown
        if not 0 <= counters["taken"] < self.steps_per_epoch or bool(history) != bool(
            state.part("best")
        ):
            raise ValueError("a run that has begun expected")  # not shown
        self.progress = Progress(
            history,
            counters["taken"],
            float(counters["loss"]),
            float(counters["seconds"]),
            fitting(state.part("best"), self.model) if history else {},
            counters["best_epoch"],
        )
