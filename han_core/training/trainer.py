"""One training run: its epochs, its history, and the weights that it keeps.

A run can be stored as a ``RunState`` after any step and restored, bit for bit.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict

import numpy as np
import torch
from torch import Tensor

from han_core.models.architecture import Architecture
from han_core.models.classifier import AttentionClassifier
from han_core.models.predict import metrics
from han_core.models.recurrent.classifier import RecurrentClassifier
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.training.adversary import Adversary, WordShifts, word_counts
from han_core.training.batches import (
    Pool,
    Position,
    StepResult,
    describe_position,
    epoch_batches,
    steps,
)
from han_core.training.callbacks import Step
from han_core.training.cost import batch_budget
from han_core.training.distributed import Processes, predict_shared
from han_core.training.domain_report import domain_report
from han_core.training.initial_weights import Origin, starting_model
from han_core.training.language_model import LanguageModel, pretraining
from han_core.training.learner import Diverged, Learner
from han_core.training.loop import TrainingLoop
from han_core.training.optimization import best_line, copied, is_better, is_over, rate_factor
from han_core.training.prepare import Prepared
from han_core.training.resume import (
    OTHER_RUN,
    RunState,
    fingerprint,
    fitting,
    prefixed,
    random_tensors,
    restore_random,
    teaching_tensors,
)
from han_core.training.settings import Settings

MOST_CLASSES = 50
"""Of which each line of the history has a confusion matrix."""


class Run:
    """A model in training.

    Attributes:
        history: a line for each epoch that is over.
        position: in the epoch that is not.
        best: the weights of the best epoch so far.
        budget: tokens in a batch.
        requested_epochs: the number at the start, and each other number that it went on with.
        vectors_found: words that have given vectors.
        last_step: None before the first one since the run began or went on.
        pretraining: of the word encoder, until it is over.
        pretrained: its history once it is over.
        domains: ``domain_report`` before the first step, of a run that adapts to a domain.

    Raises:
        UserError: if the device lacks the precision asked for, or the file of
            vectors is broken.
    """

    def __init__(
        self,
        prepared: Prepared,
        architecture: Architecture,
        settings: Settings,
        device: torch.device,
        origin: Origin | None = None,
        processes: Processes | None = None,
    ):
        self.prepared, self.settings, self.device = prepared, settings, device
        self.processes = processes or Processes()
        model, self.vectors_found = starting_model(
            architecture, prepared.vocabulary, prepared.labels, settings, origin
        )
        self.learner = Learner(model, settings, device, self.processes)
        if origin and origin.is_whole(prepared.labels, architecture):
            if settings.attention_guide:
                self.learner.guiding = deepcopy(self.learner.model)
            if settings.start_share:
                self.learner.start = copied(self.learner.model.state_dict())
        if settings.adversarial or settings.virtual_adversarial:
            counts = word_counts(prepared.training.documents, len(prepared.vocabulary))
            self.learner.shifts = WordShifts(model.embedding, counts)
        if settings.virtual_adversarial and prepared.untaught:
            self.learner.reader.unlabelled = Pool(prepared.untaught)
        target = prepared.target
        if target is not None:
            size = model.classifier.in_features
            self.learner.adversary = Adversary(size, settings, device)
            self.learner.reader.target = Pool(target.learning)
        if not self.processes.main:  # the same dropout everywhere would drop less at random
            torch.manual_seed(settings.seed + (self.processes.index << 32))
        self.fingerprint = fingerprint(prepared, architecture, settings)
        lengths = prepared.training.lengths
        self._lengths = lengths if settings.crop is None else lengths.clip(max=settings.crop)
        self.budget = batch_budget(self._lengths, settings.batch_tokens)
        self.requested_epochs = [settings.epochs]
        self.history: list[dict] = []
        self.position = Position()
        self.best: dict[str, Tensor] = {}
        self.last_step: StepResult | None = None
        self.domains: dict = {}
        self.pretraining = self._pretraining(model) if settings.pretrain else None
        self.pretrained: list[dict] = []

    def _pretraining(self, model: AttentionClassifier) -> TrainingLoop:
        assert isinstance(model, RecurrentClassifier)
        return pretraining(model, self.prepared, self.settings, self.device)

    def end_pretraining(self) -> None:
        """Go on with the weights that were pretrained."""
        model, loop = self.learner.model, self.pretraining
        assert loop is not None
        assert isinstance(loop.model, LanguageModel)
        assert isinstance(model, RecurrentClassifier)
        loop.model.give(model)
        self.learner.average = copied(model.state_dict()) if self.settings.average else {}
        self.pretraining, self.pretrained = None, loop.progress.history

    def train_epoch(self, tell: Step, after_step: Callable[[], None] = lambda: None) -> dict:
        """Train over every document once, validate, and return the history's line.

        Goes on from ``position``. ``after_step`` may look at the run, save its state, or
        raise to stop there; the run can then go on.

        Raises:
            UserError: if loss or gradient become NaN or infinite; the best weights so
                far stay.
        """
        batches = epoch_batches(self._lengths, self.budget, self.settings.seed, self.epoch)
        self.learner.model.train()
        self.position.tell(tell)
        for group in steps(batches, self.settings.accumulation)[self.position.taken :]:
            self._step(group, len(batches)).tell(tell)
            after_step()
        self._finish(
            {
                "epoch": self.epoch + 1,
                "step": self.steps,
                **self.position.line(),
                **self.validate(),
            }
        )
        return self.history[-1]

    def _step(self, group: list[list[int]], batches: int) -> StepResult:
        # The rate of a step is that of its last batch.
        at = self.position.taken * self.settings.accumulation + len(group) - 1
        progress = (self.epoch + at / batches) / self.settings.epochs
        rate = self.settings.learning_rate * rate_factor(progress, self.settings)
        if self.learner.adversary is not None:
            self.learner.adversary.begin_step(progress, rate)
        try:
            taken = self.learner.step(self.prepared.training, group, rate)
        except Diverged as error:
            where = describe_position(self.epoch, self.position.taken + 1)
            raise UserError(
                tr(
                    "{error} in {where}; a lower learning rate than {rate} may help.",
                    error=error,
                    where=where,
                    rate=self.settings.learning_rate,
                )
            ) from error
        self.position, self.last_step = self.position.after(taken), taken
        return taken

    def weights(self) -> dict[str, Tensor]:
        """The weights as they would be used now (``Learner.weights``)."""
        return self.learner.weights()

    def validate(self) -> dict:
        """Metrics of ``weights()`` on the validation documents, and their confusion matrix.

        Of many classes there is no matrix: every line of the history would be long.

        Raises:
            UserError: if the weights are too large to give numbers.
        """
        validation, name = (
            self.prepared.validation,
            tr("The model of epoch {epoch}", epoch=self.epoch + 1),
        )
        with self._evaluated() as model:
            probabilities = predict_shared(model, validation.documents, self.processes, name=name)
            domains = self._domain_report(model)
        reached = {"validation": metrics(probabilities, validation.classes), **domains}
        classes = probabilities.shape[1]
        if classes > MOST_CLASSES:
            return reached
        cells = validation.classes * classes + probabilities.argmax(1)
        counts = np.bincount(cells, minlength=classes**2).reshape(classes, classes)
        return {**reached, "confusion": counts.tolist()}  # rows: true classes

    @contextmanager
    def _evaluated(self) -> Iterator[AttentionClassifier]:
        """The model with ``weights()`` in evaluation mode; then it has its own again."""
        model = self.learner.model
        present = copied(model.state_dict())
        model.load_state_dict(self.weights())
        model.eval()
        yield model
        model.load_state_dict(present)

    def _domain_report(self, model: AttentionClassifier) -> dict[str, dict]:
        """For the history: ``domains``, where the run adapts to one."""
        prepared, adversary = self.prepared, self.learner.adversary
        if prepared.target is None or adversary is None:
            return {}
        seed = self.settings.seed
        report = domain_report(model, adversary, prepared.validation, prepared.target, seed)
        return {"domains": report}

    def measure_domains(self) -> None:
        """Fill ``domains`` in, before the first step."""
        if self.learner.adversary is not None:
            with self._evaluated() as model:
                self.domains = self._domain_report(model)["domains"]

    def _finish(self, line: dict) -> None:
        if not self.history or is_better(line, self.best_epoch, self.settings):
            self.best = copied(self.weights())
        self.history.append(line)
        self.position = Position()

    @property
    def epoch(self) -> int:
        """Epochs that are over."""
        return len(self.history)

    @property
    def steps(self) -> int:
        """Steps taken in all epochs."""
        return (self.history[-1]["step"] if self.history else 0) + self.position.taken

    @property
    def place(self) -> str:
        """Where it stands, in words: "epoch 2", or "step 57 of epoch 3"."""
        if self.pretraining is not None:
            return tr("step {step} of pretraining", step=self.pretraining.step)
        return describe_position(self.epoch, self.position.taken)

    @property
    def best_epoch(self) -> dict:
        """The history's line of the best epoch; the earlier one of equals."""
        return best_line(self.history, self.settings)

    @property
    def is_over(self) -> bool:
        """All epochs done, or no progress for ``patience`` epochs."""
        return is_over(self.history, self.settings)

    def state(self) -> RunState:
        """All that ``restore`` needs; every process asks at the same step."""
        random = random_tensors(self.device, self.processes)
        teaching = self.prepared.teaching
        tensors = {
            **self.learner.tensors(),
            **prefixed("best", self.best),
            **prefixed("random", random),
            **prefixed("teaching", teaching_tensors(teaching)),
        }
        counters = {
            "history": self.history,
            "position": asdict(self.position),
            "asked": self.requested_epochs,
            "scaler": self.learner.scaler(),
            "teaching": teaching.description if teaching else None,
            "fingerprint": self.fingerprint,
            **({"domains": self.domains} if self.domains else {}),
            **({"pretrained": self.pretrained} if self.pretrained else {}),
        }
        if self.pretraining is not None:
            before = self.pretraining.state()
            tensors |= prefixed("pretraining", before.tensors)
            counters["pretraining"] = before.counters
        return RunState(tensors, counters)

    def restore(self, state: RunState) -> None:
        """Put the run where ``state`` was taken.

        Raises:
            UserError: if that was a run with other data, model or settings, or the
                state is damaged.
        """
        if state.counters.get("fingerprint") != self.fingerprint:
            raise UserError(tr(OTHER_RUN))
        try:
            self._restore(state)
        except (LookupError, RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise UserError(tr("The state of the run that has begun there is damaged.")) from error

    def _restore(self, state: RunState) -> None:
        counters = state.counters
        self.learner.restore(state)
        restore_random(state.part("random"), self.device, self.processes)
        self.history = counters["history"]
        self.domains = counters["domains"] if self.learner.adversary else {}
        self.position = Position(**counters["position"])
        if self.position.documents > len(self.prepared.training):
            raise ValueError(f"more documents than there are: {self.position}")  # not shown
        if self.history:
            self.best = fitting(state.part("best"), self.learner.model)
            self._check_history()
        elif state.part("best") or not (self.position.taken or "pretraining" in counters):
            raise ValueError("a run that has begun expected")  # not shown
        self._restore_pretraining(state)
        changed = counters["asked"][-1] != self.settings.epochs
        self.requested_epochs = [*counters["asked"], *([self.settings.epochs] if changed else [])]

    def _restore_pretraining(self, state: RunState) -> None:
        counters = state.counters.get("pretraining")
        if self.pretraining is not None and counters is not None:
            self.pretraining.restore(RunState(state.part("pretraining"), counters))
        else:
            self.pretraining, self.pretrained = None, state.counters.get("pretrained", [])

    def _check_history(self) -> None:
        epochs = [line["epoch"] for line in self.history if line["seconds"] >= 0 < line["step"]]
        if epochs != list(range(1, self.epoch + 1)) or not self.best_epoch:
            raise ValueError(f"one epoch after the other expected, {epochs} came")  # not shown
