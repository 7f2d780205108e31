"""From labelled texts to a checkpoint folder.

Prepares the data, trains epoch by epoch, and after each writes the whole folder:
the best weights so far and what is needed to resume. It knows nothing about
where texts come from or how progress is shown.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import torch

from han_core.corpora.corpus import Corpus
from han_core.models.architecture import Architecture
from han_core.models.build import count_parameters
from han_core.models.checkpoint import (
    METRICS,
    Checkpoint,
    Config,
    load_checkpoint,
    read_metrics,
    save_checkpoint,
)
from han_core.models.folder import write_json
from han_core.text.vocabulary import RESERVED
from han_core.training.evaluate import metrics, predict_numbered
from han_core.training.prepare import Prepared, examples, prepare
from han_core.training.request import Ready, Request, architecture, ready
from han_core.training.run import Run
from han_core.training.settings import without_effect
from han_core.training.watch import Watch

__all__ = ["Request", "Watch", "train"]


def train(request: Request, device: torch.device, watch: Watch) -> dict:
    """Runs ``request`` to its end and returns the summary that the command prints.

    Raises:
        WrongInput: if data, settings or device do not fit, or the folder is taken.
        KeyboardInterrupt: says how to go on.
    """
    found = ready(request, device)
    request = replace(request, out=found.out)
    prepared = prepare(
        request.training, request.validation, request.text, request.settings, watch.follow
    )
    _tell(request, prepared, watch)
    shape = architecture(request, len(prepared.vocabulary), len(prepared.labels))
    run = Run(prepared, shape, request.settings, device)
    if request.settings.vectors:
        watch.say(f"{run.vectors_found} of {len(prepared.vocabulary)} words have given vectors.")
    writer = _Writer(request, prepared, shape)
    _begin(request, found, run, writer, watch)
    try:
        _run_epochs(run, writer, watch)
        return _finish(request, found.test, run, device, watch)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(writer.left()) from stop


def _tell(request: Request, prepared: Prepared, watch: Watch) -> None:
    for sentence in without_effect(request.model, request.attention, request.sizes):
        watch.say(sentence)
    known = len(prepared.vocabulary) - len(RESERVED)
    watch.say(f"The vocabulary knows {known:,} words of the training texts.")
    if cut := prepared.training.cut + prepared.validation.cut:
        watch.say(f"{cut} documents were cut after {request.text.maximum_tokens} tokens.")


def _begin(request: Request, found: Ready, run: Run, writer: "_Writer", watch: Watch) -> None:
    if found.state:
        run.restore(found.state)
        writer.epoch = run.epoch
        watch.say(f"Going on after epoch {run.epoch}.")
    elif request.resume:
        watch.say(f"No run has begun in {request.out}; this one begins anew.")


def _run_epochs(run: Run, writer: "_Writer", watch: Watch) -> None:
    while not run.is_over:
        line = run.train_epoch(watch.epoch(run.epoch + 1, len(run.prepared.training)))
        shown = ", ".join(f"{name} {value:.4f}" for name, value in line["validation"].items())
        watch.say(f"Epoch {line['epoch']}: validation {shown}.")
        if run.accelerator.is_main_process:
            writer.write(run)


class _Writer:
    """Writes the folder after each epoch; ``epoch`` is the last one that stands there."""

    def __init__(self, request: Request, prepared: Prepared, architecture: Architecture):
        self._request, self._prepared, self.epoch = request, prepared, 0
        self._config = Config(
            architecture=architecture,
            text=request.text,
            labels=prepared.labels,
            weights=request.settings.weights,
        )

    def write(self, run: Run) -> None:
        save_checkpoint(
            self._request.out,
            self._config,
            self._prepared.vocabulary,
            run.best,
            self._metrics(run),
            run.history,
            run.state().files(),
        )
        self.epoch = run.epoch

    def left(self) -> str:
        """What to tell whoever stopped the run."""
        if not self.epoch:
            return "Stopped in the first epoch; nothing was written."
        return f"Stopped; --resume goes on after epoch {self.epoch}."

    def _metrics(self, run: Run) -> dict:
        request, best = self._request, run.best_epoch
        return {
            "dataset": request.training.name,
            "documents": {
                "train": len(request.training),
                "validation": len(request.validation),
                "test": len(request.test) if request.test else 0,
            },
            "cut": self._prepared.training.cut + self._prepared.validation.cut,
            "best_epoch": best["epoch"],
            "validation": best["validation"],
            "test": None,
            "seed": request.settings.seed,
            "date": datetime.now(UTC).date().isoformat(),
            "settings": {
                **request.settings.model_dump(exclude_defaults=True),
                "batch_tokens": run.budget,
            },
            "reproduce": request.reproduce,
            **_note(run.asked),
        }


def _note(asked: Sequence[int]) -> dict[str, str]:
    """What ``reproduce`` alone would not do again: the learning rate follows all epochs asked."""
    if len(asked) == 1:
        return {}
    numbers = ", then ".join(map(str, asked))
    return {"note": f"Trained in parts with --epochs {numbers}; in one go figures differ a little."}


def _finish(
    request: Request, test: Sequence[int], run: Run, device: torch.device, watch: Watch
) -> dict:
    """Tests what stands on disk, so that the figures are those that a user will get."""
    checkpoint = load_checkpoint(request.out, device)
    validation = predict_numbered(checkpoint.model, run.prepared.validation.documents)
    reached = {
        "validation": metrics(validation, run.prepared.validation.classes),
        "test": _test(request.test, test, checkpoint, watch) if request.test else None,
    }
    if run.accelerator.is_main_process:
        write_json(request.out / METRICS, {**read_metrics(request.out), **reached})
    trained = sum(line["seconds"] for line in run.history)
    documents = len(run.prepared.training) * len(run.history)
    return {
        "checkpoint": str(request.out),
        "epochs": len(run.history),
        "seconds": round(trained, 2),
        "train_documents_per_second": round(documents / trained, 2),
        **reached,
        "parameters": count_parameters(checkpoint.model),
    }


def _test(test: Corpus, classes: Sequence[int], checkpoint: Checkpoint, watch: Watch) -> dict:
    found = examples(test, classes, checkpoint.tokenizer, checkpoint.vocabulary, watch.follow)
    if found.cut:
        watch.say(f"{found.cut} test documents were cut.")
    return metrics(predict_numbered(checkpoint.model, found.documents), found.classes)
