"""Train a model: from labelled texts to a checkpoint folder.

The folder is written whole after each epoch, from time to time within one, and when the run is
asked to stop: the best weights so far and the state that is needed to go on.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256

import torch

from han_core.data.corpus import Corpus
from han_core.models.checkpoint import Checkpoint, load_checkpoint
from han_core.models.predict import metrics
from han_core.models.registry import count_parameters
from han_core.runtime.errors import UserError, counted
from han_core.runtime.messages import tr, trn
from han_core.text.vocabulary import RESERVED
from han_core.training.callbacks import (
    UNWATCHED,
    Callbacks,
    Step,
    StepEvent,
    Stopped,
    device_trouble,
)
from han_core.training.distillation import (
    LabellingContext,
    label_documents,
    shown_progress,
    summary,
)
from han_core.training.distributed import Processes, join, predict_shared
from han_core.training.estimate import check_longest
from han_core.training.loop import TrainingLoop
from han_core.training.prepare import Prepared, examples, prepare
from han_core.training.request import (
    CheckedRequest,
    Request,
    architecture,
    check_request,
    pieces_of,
)
from han_core.training.resume import OTHER_RUN, RunState, teaching_of
from han_core.training.settings import NOBODY
from han_core.training.trainer import Run
from han_core.training.writer import Writer

__all__ = ["Callbacks", "Request", "Stopped", "train"]  # not shown


def train(request: Request, device: torch.device, watch: Callbacks) -> dict:
    """Run ``request`` to its end and return the summary that the command prints.

    With several processes each of them calls this; the first one writes and is watched.

    Raises:
        UserError: if data, settings or device do not fit, the folder is taken, or disk
            or device fail on the way.
        Stopped: when ``watch`` asked for it; the run is saved and goes on with ``resume``.
        KeyboardInterrupt: says how to go on.
    """
    processes = join(device)
    # The others hear Ctrl-C too, and leave it to the first one.
    watch = watch if processes.main else replace(UNWATCHED, stop=watch.stop)
    with processes.main_first():
        checked = check_request(request, device)
    request = checked.request
    if request.target is not None and processes.count > 1:
        raise UserError(
            tr("Adapting to a domain takes one process; {count} came.", count=processes.count)
        )
    if request.settings.pretrain and processes.count > 1:
        raise UserError(tr("Pretraining takes one process; {count} came.", count=processes.count))
    with processes.main_first():
        prepared = prepare(
            request.training,
            request.validation,
            request.text,
            request.settings,
            watch.follow,
            known=checked.origin.vocabulary if checked.origin else None,
            also=request.test.texts if request.test else (),
            unlabelled=request.unlabelled.texts if request.unlabelled else (),
            pieces=pieces_of(request),
            target=request.target,
        )
    _report(checked, prepared, processes, watch)
    shape = architecture(request, len(prepared.vocabulary), len(prepared.labels))
    check_longest(shape, int(prepared.training.lengths.max()), device)
    with device_trouble(device, processes.count > 1):
        context = LabellingContext(device, processes, watch.follow, request.settings.seed)
        prepared = _taught(checked, prepared, context, watch)
        loop = _TrainingLoop(checked, prepared, device, processes, watch)
        loop.begin(checked)
    with loop.ending_well():
        loop.run_epochs()
        return _finish(loop, checked)


def _report(
    checked: CheckedRequest, prepared: Prepared, processes: Processes, watch: Callbacks
) -> None:
    if processes.count > 1:
        watch.say(tr("{count} processes train together.", count=processes.count))
    for sentence in (*checked.notes, *prepared.notes):
        watch.say(sentence)
    if checked.origin and not checked.state:
        form = str(checked.request.attention)
        watch.say(checked.origin.describe(prepared.vocabulary, prepared.labels, form))
    known = len(prepared.vocabulary) - len(RESERVED)
    watch.say(
        tr(
            "The vocabulary knows {count:,} words of the training and unlabelled texts.",
            count=known,
        )
        if checked.request.unlabelled
        else tr("The vocabulary knows {count:,} words of the training texts.", count=known)
    )
    if cut := prepared.training.cut + prepared.validation.cut:
        longest = counted(checked.request.text.maximum_tokens, "token")
        watch.say(
            trn(
                "{documents} was cut after {longest}.",
                "{documents} were cut after {longest}.",
                cut,
                documents=counted(cut, "document"),
                longest=longest,
            )
        )


def _taught(
    checked: CheckedRequest, prepared: Prepared, context: LabellingContext, watch: Callbacks
) -> Prepared:
    """With what the teachers say; of a run that goes on, with what they said then."""
    unlabelled = checked.request.unlabelled
    if prepared.unlabelled is None or NOBODY in checked.request.settings.teachers:
        return prepared
    if checked.state is None:
        teaching = label_documents(
            checked.teachers, prepared, unlabelled.name if unlabelled else None, context
        )
        watch.say(summary(teaching, prepared.labels))
        return prepared.taught(teaching)
    stored = teaching_of(checked.state)
    if stored is None or len(stored.probabilities) != len(prepared.unlabelled):
        raise UserError(tr(OTHER_RUN))
    return prepared.taught(stored)


class _TrainingLoop:
    """The epochs of a run: when callbacks are called, when it is saved and stopped."""

    def __init__(
        self,
        checked: CheckedRequest,
        prepared: Prepared,
        device: torch.device,
        processes: Processes,
        watch: Callbacks,
    ):
        settings = checked.request.settings
        shape = architecture(checked.request, len(prepared.vocabulary), len(prepared.labels))
        self.run = Run(prepared, shape, settings, device, checked.origin, processes)
        self.writer = Writer(checked.request, prepared, shape)
        self.processes, self.watch = processes, watch
        if (seen := watch.seen) is not None:
            self.run.learner.seen = lambda *answers: seen(self.run.epoch, *answers)
        self._every, self._saved_at = settings.save_seconds, time.monotonic()
        if settings.vectors and not checked.state:
            of = len(prepared.vocabulary)
            watch.say(
                tr(
                    "{count} of {words} words have given vectors.",
                    count=self.run.vectors_found,
                    words=of,
                )
            )

    def begin(self, checked: CheckedRequest) -> None:
        """Go on where a run stopped, or stand before the first step."""
        _check_same(self.run, checked.state, self.processes)
        if checked.state:
            self.run.restore(checked.state)
            self.writer.saved = self.run.place
            self.watch.say(tr("Going on after {place}.", place=self.run.place))
            return
        if checked.request.resume:
            self.watch.say(
                tr("No run has begun in {out}; this one begins anew.", out=checked.request.out)
            )

    def run_epochs(self) -> None:
        run, watch = self.run, self.watch
        if run.pretraining is not None:
            self._pretrain(run.pretraining)
        if not run.steps:
            run.measure_domains()
            self._moment()
        while not run.is_over:
            tell = watch.epoch(run.epoch + 1, len(run.prepared.training))
            line = run.train_epoch(tell, self._after_step)
            shown = ", ".join(f"{name} {value:.4f}" for name, value in line["validation"].items())
            watch.say(
                tr("Epoch {epoch}: validation {figures}.", epoch=line["epoch"], figures=shown)
            )
            watch.line(line)
            self._moment(ends_epoch=True)
            self._save()
            if self.processes.decided(watch.stop())[0] and not run.is_over:
                raise Stopped(tr("Stopped after {place}.", place=run.place))

    def _pretrain(self, loop: TrainingLoop) -> None:
        """Train the language model to its end; each of its epochs is saved."""
        loop.save = lambda weights, progress, state: self._save()
        loop.run(
            replace(
                UNWATCHED,
                epoch=self._pretraining_epoch,
                line=self._pretraining_line,
                stop=self.watch.stop,
            )
        )
        self.run.end_pretraining()

    def _pretraining_epoch(self, number: int, batches: int) -> Step:
        prepared, epochs = self.run.prepared, self.run.settings.pretrain
        documents = len(prepared.training) + len(prepared.untaught)
        name = tr("Pretraining, epoch {epoch} of {epochs}", epoch=number, epochs=epochs)
        progress, done = shown_progress(self.watch.follow, name), 0

        def step(count: int, loss: float) -> None:
            nonlocal done
            done += count
            progress(done * documents // batches, documents)

        return step

    def _pretraining_line(self, line: dict) -> None:
        self.watch.say(
            tr(
                "Pretraining, epoch {epoch}: perplexity {figure:.1f} on the validation texts.",
                epoch=line["epoch"],
                figure=line["validation"]["perplexity"],
            )
        )
        self._save()

    def _after_step(self) -> None:
        self._moment()
        due = 0 < self._every <= time.monotonic() - self._saved_at
        stop, save = self.processes.decided(self.watch.stop(), due)
        if stop or save:
            self._save()
        if stop:
            raise Stopped(tr("Stopped after {place}.", place=self.run.place))

    def _moment(self, ends_epoch: bool = False) -> None:
        run = self.run
        last = run.last_step
        rate, norm = (last.rate, last.norm) if last else (None, None)
        self.watch.moment(
            StepEvent(
                run.steps, run.epoch, ends_epoch, lambda: self.writer.checkpoint(run), rate, norm
            )
        )

    def _save(self) -> None:
        self.writer.write(self.run)
        self.watch.saved(self.run.steps)
        self._saved_at = time.monotonic()

    @contextmanager
    def ending_well(self) -> Iterator[None]:
        """What ends the run on the way is one sentence, which says what is left of it."""
        try:
            with device_trouble(self.run.device, self.processes.count > 1):
                yield
        except KeyboardInterrupt as stop:
            raise KeyboardInterrupt(
                tr("Stopped; --resume goes on after {saved}.", saved=self.writer.saved)
                if self.writer.saved
                else tr("Stopped in the first epoch; nothing was written.")
            ) from stop
        except UserError as error:
            raise UserError(f"{error} {self._left()}") from error

    def _left(self) -> str:
        if not self.writer.saved:
            return tr("Nothing was written.")
        return tr(
            "What stood after {saved} is kept; --resume goes on from there.",
            saved=self.writer.saved,
        )


def _check_same(run: Run, state: RunState | None, processes: Processes) -> None:
    """Whether all processes train the same from the same step on.

    Raises:
        UserError: in all of them, if not.
    """
    content = json.dumps([run.fingerprint, state.counters if state else None])
    number = int.from_bytes(sha256(content.encode()).digest()[:6], "big")
    seen = processes.stacked(torch.tensor(number, dtype=torch.int64))
    if (seen != seen[0]).any():
        raise UserError(
            tr(
                "The processes of a run need the same command and data, and to go on the same "
                "--out folder; they have different ones."
            )
        )


def _finish(loop: _TrainingLoop, checked: CheckedRequest) -> dict:
    """Test what stands on disk, so that the figures are those that a user will get."""
    run, request = loop.run, checked.request
    if run.processes.main:
        checkpoint = load_checkpoint(request.out, run.device)
    else:  # perhaps a machine that cannot see the folder
        checkpoint = loop.writer.loaded(run, run.best)
    validation = run.prepared.validation
    probabilities = predict_shared(checkpoint.model, validation.documents, run.processes)
    reached = {
        "validation": metrics(probabilities, validation.classes),
        "test": _test(request.test, checked.test, checkpoint, loop) if request.test else None,
    }
    if run.processes.main:
        loop.writer.add(reached)
    trained = sum(line["seconds"] for line in run.history)
    documents = len(run.prepared.training) * len(run.history)
    return {
        "checkpoint": str(request.out),
        "epochs": len(run.history),
        "seconds": round(trained, 2),
        "train_documents_per_second": round(documents / trained, 2),
        **reached,
        **loop.writer.adaptation(run),
        "parameters": count_parameters(checkpoint.model),
        "processes": run.processes.count,
    }


def _test(
    test: Corpus, classes: Sequence[int], checkpoint: Checkpoint, loop: _TrainingLoop
) -> dict[str, float]:
    with loop.processes.main_first():
        documents = examples(
            test,
            classes,
            checkpoint.tokenizer,
            checkpoint.vocabulary,
            loop.watch.follow,
            checkpoint.pieces,
        )
    if documents.cut:
        cut = counted(documents.cut, "test document")
        loop.watch.say(
            trn("{documents} was cut.", "{documents} were cut.", documents.cut, documents=cut)
        )
    probabilities = predict_shared(checkpoint.model, documents.documents, loop.processes)
    return metrics(probabilities, documents.classes)
