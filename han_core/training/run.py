"""One training run: the model, its optimiser, and an epoch at a time.

Devices, mixed precision, accumulation and clipping are Accelerate's work. A run
can be taken apart into a ``RunState`` after any epoch and put together again, bit
for bit. It knows nothing about files or the command line.
"""

import time
from contextlib import nullcontext

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn.functional import cross_entropy

from han_core.device import mixed_precision
from han_core.models.architecture import Architecture
from han_core.text.batch import Batch, collate
from han_core.text.vocabulary import UNKNOWN
from han_core.training.averaging import copied, move_average
from han_core.training.batches import batch_budget, epoch_batches, share
from han_core.training.evaluate import metrics, predict_numbered
from han_core.training.prepare import Examples, Prepared
from han_core.training.resume import (
    RunState,
    fingerprint,
    fitting,
    optimizer_tensors,
    prefixed,
    random_tensors,
    restore_optimizer,
    restore_random,
)
from han_core.training.schedule import rate_factor
from han_core.training.settings import Settings
from han_core.training.start import starting_model
from han_core.training.stopping import best_line, is_better, is_over
from han_core.training.watch import Step
from han_core.wrong_input import WrongInput


class Run:
    """A model in training.

    Attributes:
        history: a line for each epoch that is over.
        best: the weights of the best epoch so far.
        budget: tokens in a batch.
        asked: the number of epochs asked for, and each other number that it went on with.
        vectors_found: words that have given vectors.

    Raises:
        WrongInput: if the device lacks the precision asked for, or the file of
            vectors is broken.
    """

    def __init__(
        self,
        prepared: Prepared,
        architecture: Architecture,
        settings: Settings,
        device: torch.device,
    ):
        self.prepared, self.settings, self.device = prepared, settings, device
        self.accelerator = Accelerator(
            cpu=device.type == "cpu",
            mixed_precision=mixed_precision(settings.mixed_precision, device),
            device_placement=False,
        )
        self.model, self.vectors_found = starting_model(architecture, prepared.vocabulary, settings)
        self.model.to(device)
        trained = [p for p in self.model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(
            trained, lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
        )
        self._prepared_model, self.optimizer = self.accelerator.prepare(self.model, optimizer)
        self.fingerprint = fingerprint(prepared, architecture, settings)
        self.budget = batch_budget(prepared.training.lengths, settings.batch_tokens)
        self.asked = [settings.epochs]
        self.history: list[dict] = []
        self.best: dict[str, Tensor] = {}
        self.average = copied(self.model.state_dict()) if settings.average else {}

    def train_epoch(self, step: Step) -> dict:
        """Trains over every document once, validates, and returns the history's line.

        Raises:
            WrongInput: if the loss becomes NaN; the best weights so far stay.
        """
        training, settings = self.prepared.training, self.settings
        self.model.train()
        batches = epoch_batches(training.lengths, self.budget, settings.seed, self.epoch)
        batches = share(batches, self.accelerator.process_index, self.accelerator.num_processes)
        loss_sum, right, started = 0.0, 0, time.perf_counter()
        for at, indices in enumerate(batches):
            self._set_rate((self.epoch + at / len(batches)) / settings.epochs)
            loss, correct = self._backward(training, indices, *self._group(at, len(batches)))
            if not np.isfinite(loss):
                raise WrongInput(
                    f"The loss became {loss} in epoch {self.epoch + 1}, batch {at + 1}; a lower "
                    f"learning rate than {settings.learning_rate} may help."
                )
            loss_sum, right = loss_sum + loss * len(indices), right + correct
            step(len(indices), loss)
        seconds = time.perf_counter() - started
        seen = sum(map(len, batches))
        self.accelerator.wait_for_everyone()
        line = {
            "epoch": self.epoch + 1,
            "train": {"loss": loss_sum / seen, "accuracy": right / seen},
            "validation": self.validate(),
            "seconds": seconds,
            "documents_per_second": seen / seconds,
        }
        self._finish(line)
        return line

    def _group(self, at: int, batches: int) -> tuple[int, bool]:
        """Batches in the step that batch ``at`` is part of, and whether it ends there."""
        first = at - at % self.settings.accumulation
        last = min(first + self.settings.accumulation, batches) - 1
        return last + 1 - first, at == last

    def _backward(
        self, examples: Examples, indices: list[int], group: int, steps: bool
    ) -> tuple[float, int]:
        """Adds one batch's gradient, and takes the step where it ends a group."""
        model, accelerator = self._prepared_model, self.accelerator
        batch = collate([examples.documents[i] for i in indices])
        batch = self._without_some_words(batch).to(self.device)
        classes = torch.from_numpy(examples.classes[indices]).to(self.device)
        with nullcontext() if steps else accelerator.no_sync(model):
            logits = model(batch).logits.float()
            loss = cross_entropy(logits, classes)
            accelerator.backward(loss / group)
        if steps:
            accelerator.clip_grad_norm_(model.parameters(), self.settings.clip)
            self.optimizer.step()
            self.optimizer.zero_grad()
            if self.average:
                self._move_average()
        return loss.item(), int((logits.argmax(1) == classes).sum())

    def _without_some_words(self, batch: Batch) -> Batch:
        if not self.settings.word_dropout:
            return batch
        dropped = torch.rand(len(batch.words)) < self.settings.word_dropout
        words = batch.words.masked_fill(dropped, UNKNOWN)
        return Batch(words, batch.sentence_lengths, batch.document_lengths)

    def _set_rate(self, progress: float) -> None:
        rate = self.settings.learning_rate * rate_factor(progress, self.settings)
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def _move_average(self) -> None:
        # Nothing stands there while the scaling of fp16 still skips the first steps.
        state = next(iter(self.optimizer.state.values()), None)
        steps = int(state["step"]) if state else 0
        move_average(self.average, self.model.state_dict(), self.settings.average, steps)

    def weights(self) -> dict[str, Tensor]:
        """The weights as they would be used now: the average where there is one."""
        return self.average or self.model.state_dict()

    def validate(self) -> dict[str, float]:
        """Metrics of ``weights()`` on the validation documents."""
        validation = self.prepared.validation
        present = copied(self.model.state_dict())
        self.model.load_state_dict(self.weights())
        self.model.eval()
        probabilities = predict_numbered(self.model, validation.documents)
        self.model.load_state_dict(present)
        return metrics(probabilities, validation.classes)

    def _finish(self, line: dict) -> None:
        if not self.history or is_better(line, self.best_epoch, self.settings):
            self.best = copied(self.weights())
        self.history.append(line)

    @property
    def epoch(self) -> int:
        """Epochs that are over."""
        return len(self.history)

    @property
    def best_epoch(self) -> dict:
        """The history's line of the best epoch; the earlier one of equals."""
        return best_line(self.history, self.settings)

    @property
    def is_over(self) -> bool:
        """All epochs done, or no progress for ``patience`` epochs."""
        return is_over(self.history, self.settings)

    def state(self) -> RunState:
        """All that ``restore`` needs."""
        tensors = {
            **prefixed("model", self.model.state_dict()),
            **prefixed("best", self.best),
            **prefixed("average", self.average),
            **prefixed("optimizer", optimizer_tensors(self.optimizer, self.model)),
            **prefixed("random", random_tensors()),
        }
        counters = {
            "history": self.history,
            "asked": self.asked,
            "scaler": scaler.state_dict() if (scaler := self.accelerator.scaler) else None,
            "fingerprint": self.fingerprint,
        }
        return RunState(tensors, counters)

    def restore(self, state: RunState) -> None:
        """Puts the run where ``state`` was taken.

        Raises:
            WrongInput: if that was a run with other data, model or settings, or the
                state is damaged.
        """
        if state.counters.get("fingerprint") != self.fingerprint:
            raise WrongInput(
                "The run that has begun there had other data, model or settings; --resume takes "
                "the same command again (more --epochs may be asked for)."
            )
        try:
            self._restore(state)
        except (LookupError, RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise WrongInput("The state of the run that has begun there is damaged.") from error

    def _restore(self, state: RunState) -> None:
        counters = state.counters
        self.model.load_state_dict(fitting(state.part("model"), self.model))
        self.best = fitting(state.part("best"), self.model)
        if self.average:
            self.average = fitting(state.part("average"), self.model)
        restore_optimizer(self.optimizer, self.model, state.part("optimizer"))
        restore_random(state.part("random"))
        if self.accelerator.scaler:
            self.accelerator.scaler.load_state_dict(counters["scaler"])
        self.history = counters["history"]
        epochs = [line["epoch"] for line in self.history if line["seconds"] >= 0]
        if epochs != list(range(1, self.epoch + 1)) or not self.best_epoch:
            raise ValueError(f"one epoch after the other expected, {epochs} came")
        changed = counters["asked"][-1] != self.settings.epochs
        self.asked = [*counters["asked"], *([self.settings.epochs] if changed else [])]
