"""The checkpoint folder of a run: the best weights so far, and the state that is needed to go on.

It is written whole or not at all, and never with weights that are not finite.
"""

import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from safetensors import SafetensorError
from torch import Tensor

from han_core.data.corpus import fingerprint
from han_core.models.architecture import Architecture
from han_core.models.checkpoint import (
    METRICS,
    Checkpoint,
    Config,
    read_metrics,
    save_checkpoint,
)
from han_core.models.registry import restored_model
from han_core.models.weights import Precision, rounded
from han_core.runtime.atomic_io import write_json
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.training.domain_report import adaptation_metrics
from han_core.training.prepare import Prepared
from han_core.training.request import Request
from han_core.training.trainer import Run

USUAL = {"train", "validation", "test"}
"""Parts whose documents are counted where there are none, too."""


class Writer:
    """Write the folder of one run.

    Attributes:
        saved: where the run stood that is in the folder, in words; empty while there is none.
    """

    def __init__(self, request: Request, prepared: Prepared, architecture: Architecture):
        self._request, self._prepared = request, prepared
        self.saved = ""
        self._parts = {
            "train": request.training,
            "validation": request.validation,
            "test": request.test,
            "unlabelled": request.unlabelled,
            "target": request.target.learning if request.target else None,
            "target_held_out": request.target.held_out if request.target else None,
        }
        self._sha256 = {name: fingerprint(part) for name, part in self._parts.items() if part}
        self._config = Config(
            architecture=architecture,
            text=request.text,
            labels=prepared.labels,
            weights=request.settings.weights,
        )

    def write(self, run: Run) -> None:
        """Write everything; every process calls, the main one writes.

        Raises:
            UserError: if weights are no numbers or the folder cannot be written; what
                stood there stays.
        """
        state = run.state()
        if run.processes.main:
            weights = run.best or run.weights()
            self._check(weights, self._config.weights, run)
            self._check({**run.learner.model.state_dict(), **run.weights()}, "float32", run)
            self._save(run, weights, state.files())
        self.saved = run.place

    def _save(self, run: Run, weights: dict[str, Tensor], resume: dict[str, bytes]) -> None:
        with _disk_trouble(self._request.out):
            save_checkpoint(
                self._request.out,
                self._config,
                self._prepared.vocabulary,
                weights,
                self.metrics(run),
                run.history,
                resume,
            )

    def add(self, reached: dict) -> None:
        """Add what was reached to the metrics that stand there.

        Raises:
            UserError: if they cannot be written.
        """
        out = self._request.out
        with _disk_trouble(out):
            write_json(out / METRICS, {**read_metrics(out), **reached})

    def _check(self, weights: Mapping[str, Tensor], stored: Precision, run: Run) -> None:
        for name, tensor in weights.items():
            if not rounded(tensor, stored).isfinite().all():
                raise UserError(
                    tr(
                        "The weights {name} have become too large for {stored} in {place}; a lower "
                        "learning rate may help.",
                        name=name,
                        stored=stored,
                        place=run.place,
                    )
                )

    def checkpoint(self, run: Run) -> Checkpoint:
        """What ``load_checkpoint`` would give if the present weights were saved now.

        A copy, on the run's device, in which no checksums stand.
        """
        return self.loaded(run, run.weights())

    def loaded(self, run: Run, weights: Mapping[str, Tensor]) -> Checkpoint:
        """What ``load_checkpoint`` would give if ``weights`` were saved."""
        stored = {name: rounded(weight, self._config.weights) for name, weight in weights.items()}
        model = restored_model(self._config.architecture, stored)
        name, vocabulary = self._request.out.name, self._prepared.vocabulary
        model = model.to(run.device).eval().requires_grad_(True)
        return Checkpoint(name, self._config, vocabulary, model, self.metrics(run))

    def metrics(self, run: Run) -> dict:
        """The content of ``metrics.json``; without validation while no epoch is over."""
        request = self._request
        teaching = self._prepared.teaching
        best = run.best_epoch if run.history else {"epoch": 0, "validation": None}
        return {
            "dataset": request.training.name,
            "documents": self._documents(),
            "sha256": self._sha256,
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
            "processes": run.processes.count,
            "reproduce": request.reproduce,
            **({"teaching": teaching.description} if teaching else {}),
            **self.adaptation(run),
            **_pretrained(run.pretrained),
            **_note(run.requested_epochs),
        }

    def adaptation(self, run: Run) -> dict:
        """``adaptation``, of a run that adapts to a domain and has ended an epoch."""
        target = self._request.target
        if target is None or not run.history:
            return {}
        names = self._request.training.name, target.name
        labelled = len(target.labelled) if target.labelled else 0
        return {"adaptation": adaptation_metrics(run.domains, run.best_epoch, names, labelled)}

    def _documents(self) -> dict[str, int]:
        """How many of each part; unlabelled and target ones only where there are some."""
        counts = {name: len(part) if part else 0 for name, part in self._parts.items()}
        usual = {n: count for n, count in counts.items() if count or n in USUAL}
        stretches = self._prepared.stretches
        return {**usual, **({"stretches": stretches} if stretches else {})}


@contextmanager
def _disk_trouble(out: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, SafetensorError) as error:
        raise UserError(why_not_written(error, out)) from error


def why_not_written(error: Exception, out: Path) -> str:
    """A sentence for an error of the disk."""
    # safetensors tells the system's number in its text alone.
    full = (errno.ENOSPC, errno.EDQUOT)
    if getattr(error, "errno", None) in full or any(
        f"os error {n})" in str(error)  # not shown
        for n in full
    ):
        return tr("There is no space left on the disk for {out}.", out=out)
    return tr(
        "{out} cannot be written: {reason}.",
        out=out,
        reason=getattr(error, "strerror", None) or error,
    )


def _pretrained(history: Sequence[dict]) -> dict[str, dict]:
    """``pretraining``, of a run that pretrained: its epochs, and what the last one reached."""
    if not history:
        return {}
    return {"pretraining": {"epochs": len(history), **history[-1]["validation"]}}


def _note(requested: Sequence[int]) -> dict[str, str]:
    """What ``reproduce`` alone would not do again: the learning rate follows all epochs asked."""
    if len(requested) == 1:
        return {}
    numbers = ", then ".join(map(str, requested))  # not shown
    note = (
        f"Trained in parts with --epochs {numbers}; in one go figures differ a little."  # not shown
    )
    return {"note": note}
