"""From labelled texts to a checkpoint folder.

Prepares the data, trains epoch by epoch, and after each writes the whole folder:
the best weights so far and what is needed to resume. It knows nothing about
where texts come from or how progress is shown.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import torch

from han_core.corpora.corpus import Corpus
from han_core.corpora.labels import align_labels
from han_core.models.architecture import Architecture
from han_core.models.build import count_parameters
from han_core.models.checkpoint import (
    CONFIG,
    METRICS,
    Checkpoint,
    Config,
    TextConfig,
    load_checkpoint,
    save_checkpoint,
)
from han_core.models.folder import read_json, rescue, write_json
from han_core.training.evaluate import metrics, predict_numbered
from han_core.training.prepare import Follow, Prepared, class_names, examples, prepare
from han_core.training.resume import read_state
from han_core.training.run import Run, Step
from han_core.training.settings import Settings, checked
from han_core.wrong_input import WrongInput


@dataclass(frozen=True)
class Request:
    """What is to be trained, on what, and where it goes.

    Attributes:
        sizes: fields of the architecture that differ from their defaults.
        reproduce: the command that does the same again.
    """

    model: str
    attention: str
    training: Corpus
    validation: Corpus
    test: Corpus | None
    out: Path
    settings: Settings
    sizes: dict[str, object]
    text: TextConfig
    reproduce: str
    resume: bool = False


@dataclass(frozen=True)
class Watch:
    """How a run tells what it is doing.

    Attributes:
        follow: wraps a loop over texts.
        epoch: called with epoch number and documents; gives what is called after each batch.
        say: called with a sentence.
    """

    follow: Follow
    epoch: Callable[[int, int], Step]
    say: Callable[[str], None]


def train(request: Request, device: torch.device, watch: Watch) -> dict:
    """Runs ``request`` to its end and returns the summary that the command prints.

    Raises:
        WrongInput: if data, settings or device do not fit, or the folder is taken.
    """
    request = replace(request, out=_free(request))
    test = _test_classes(request)
    prepared = prepare(
        request.training, request.validation, request.text, request.settings, watch.follow
    )
    if cut := prepared.training.cut + prepared.validation.cut:
        watch.say(f"{cut} documents were cut after {request.text.maximum_tokens} tokens.")
    architecture = _architecture(request, prepared)
    run = Run(prepared, architecture, request.settings, device)
    if request.settings.vectors:
        watch.say(f"{run.vectors_found} of {len(prepared.vocabulary)} words have given vectors.")
    if request.resume:
        run.restore(read_state(request.out))
        watch.say(f"Going on after epoch {run.epoch}.")
    writer = _Writer(request, prepared, architecture)
    while not run.is_over:
        line = run.train_epoch(watch.epoch(run.epoch + 1, len(prepared.training)))
        shown = ", ".join(f"{name} {value:.4f}" for name, value in line["validation"].items())
        watch.say(f"Epoch {line['epoch']}: validation {shown}.")
        if run.accelerator.is_main_process:
            writer.write(run)
    return _finish(request, test, run, device, watch)


def _test_classes(request: Request) -> tuple[int, ...]:
    """By the data's own names of the classes, and before any time is spent on training."""
    class_names(request.training.classes, request.settings.label_names)
    if request.test is None:
        return ()
    return align_labels(request.test.labels, request.training.classes)


def _free(request: Request) -> Path:
    """The folder to write to; refused before training where it cannot be written."""
    out = request.out.absolute()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        rescue(out)
        taken = out.exists() and not (out.is_dir() and not any(out.iterdir()))
    except OSError as error:
        raise WrongInput(f"--out {out} cannot be written: {error.strerror}.") from error
    if not os.access(out.parent, os.W_OK):
        raise WrongInput(f"--out {out} cannot be written: its parent folder is read-only.")
    if taken and not request.resume:
        raise WrongInput(
            f"--out names a new or empty folder; {out} holds something"
            + (" (a checkpoint: --resume goes on with it)." if (out / CONFIG).exists() else ".")
        )
    return out


def _architecture(request: Request, prepared: Prepared) -> Architecture:
    values = {
        **request.sizes,
        "model": request.model,
        "attention": request.attention,
        "vocabulary_size": len(prepared.vocabulary),
        "classes": len(prepared.labels),
    }
    architecture = checked(Architecture, values)
    assert isinstance(architecture, Architecture)
    return architecture


class _Writer:
    """Writes the folder after each epoch."""

    def __init__(self, request: Request, prepared: Prepared, architecture: Architecture):
        self._request, self._prepared = request, prepared
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
            "settings": request.settings.model_dump(exclude_defaults=True),
            "reproduce": request.reproduce,
        }


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
        stored = read_json(request.out / METRICS)
        write_json(request.out / METRICS, {**stored, **reached})
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
