"""A run of a system beside the text classifiers: its folder, its figures, stopping and going on.

What a system adds is a ``Preparation``: its network, its lesson and its test. ``train_system`` does
the rest, which is the same for all.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch
from pydantic import BaseModel
from torch import Tensor, nn

from han_core.models.registry import count_parameters
from han_core.models.system_folder import (
    SystemCheckpoint,
    SystemConfig,
    load_system,
    save_system,
)
from han_core.models.systems import find_system
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.training.callbacks import Callbacks, device_trouble
from han_core.training.loop import Lesson, LoopSettings, Progress, TrainingLoop
from han_core.training.request import free_folder, holds_something
from han_core.training.resume import RunState, read_state
from han_core.training.writer import why_not_written

B = TypeVar("B")
COMPUTED = frozenset({"format", "library", "system", "labels", "sha256"})
"""Fields of every system's configuration that nobody sets."""

NOT_COMPARED = {"save_seconds", "library", "sha256"}  # in which a run may differ and go on


class Examples(Protocol):
    """Data of any kind, which can be counted and has a name for people."""

    @property
    def name(self) -> str: ...

    def __len__(self) -> int: ...


class SystemRequest(Protocol):
    """What every system's request has; ``validation`` and ``test`` are None where there are none.

    Attributes:
        out: the checkpoint folder to write.
        resume: go on with the run in ``out``, or begin one where there is none.
        reproduce: the command that does the same again.
    """

    @property
    def training(self) -> Examples: ...
    @property
    def validation(self) -> Examples | None: ...
    @property
    def test(self) -> Examples | None: ...
    @property
    def settings(self) -> LoopSettings: ...
    @property
    def out(self) -> Path: ...
    @property
    def resume(self) -> bool: ...
    @property
    def reproduce(self) -> str: ...


@dataclass(frozen=True)
class Preparation(Generic[B]):
    """What a system brings to a run.

    Attributes:
        examples: what its data are called: "series", "pairs".
        count: how many of them an epoch trains on.
        config: of the checkpoint; ``model`` stands on the device already.
        test: figures of the written checkpoint on the test data; None where there are none.
        settings: what the run was told beside the loop's, for ``metrics.json``.
    """

    examples: str
    count: int
    config: SystemConfig
    model: nn.Module
    lesson: Lesson[B]
    test: Callable[[SystemCheckpoint], dict[str, float]] | None
    settings: Mapping[str, object] = field(default_factory=dict)


def train_system(
    request: SystemRequest,
    prepare: Callable[[], Preparation],
    device: torch.device,
    watch: Callbacks,
) -> dict:
    """Run ``request`` to its end and return the summary that the command prints.

    Raises:
        UserError: if data, settings or device do not fit, the folder is taken, or the disk fails.
        Stopped: when ``watch`` asked for it; the run is saved and goes on with ``resume``.
    """
    out = free_folder(request.out, request.resume)
    state = read_state(out) if request.resume and holds_something(out) else None
    with device_trouble(device, several=False):
        run = _Run(request, out, prepare(), device)
        if state is not None:
            run.loop.restore(state)
            watch.say(tr("Going on after step {step}.", step=run.loop.step))
        return run.finish(run.loop.run(watch))


class _Run:
    """One run and its folder."""

    def __init__(self, request: SystemRequest, out: Path, made: Preparation, device: torch.device):
        self.request, self.out, self.made, self.device = request, out, made, device
        self._reached: dict[str, float] | None = None
        self.loop = TrainingLoop(made.model, made.lesson, request.settings, self._save)

    def _save(self, weights: dict[str, Tensor], progress: Progress, state: RunState | None) -> None:
        metrics, resume = self._metrics(progress), state.files() if state else None
        try:
            save_system(self.out, self.made.config, weights, metrics, progress.history, resume)
        except OSError as error:
            raise UserError(why_not_written(error, self.out)) from error

    def _metrics(self, progress: Progress) -> dict:
        request = self.request
        parts = {"train": request.training, "validation": request.validation, "test": request.test}
        best = progress.history[progress.best_epoch - 1] if progress.best_epoch else {}
        return {
            "dataset": request.training.name,
            self.made.examples: {name: len(part) if part else 0 for name, part in parts.items()},
            "best_epoch": progress.best_epoch,
            "validation": best.get("validation"),
            "test": self._reached,
            "seed": request.settings.seed,
            "date": datetime.now(UTC).date().isoformat(),
            "settings": {
                **request.settings.model_dump(exclude_defaults=True),
                **self.made.settings,
            },
            "reproduce": request.reproduce,
        }

    def finish(self, progress: Progress) -> dict:
        """Write the weights to keep, test those that are on the disk, and return the summary."""
        self._save(self.loop.weights(), progress, None)
        if self.made.test is not None:  # with the weights as they come back from the disk
            system = find_system(self.made.config.system)
            self._reached = self.made.test(load_system(self.out, system, self.device))
            self._save(self.loop.weights(), progress, None)
        metrics = self._metrics(progress)
        seconds = sum(line["seconds"] for line in progress.history)
        seen = len(progress.history) * self.made.count
        return {
            "checkpoint": str(self.out),
            "epochs": len(progress.history),
            "seconds": round(seconds, 3),
            f"train_{self.made.examples}_per_second": round(seen / max(seconds, 1e-9), 2),
            "validation": metrics["validation"],
            "test": metrics["test"],
            "parameters": count_parameters(self.made.model),
        }


def sort_assignments(
    pairs: Sequence[str], owners: Mapping[str, Collection[str]]
) -> dict[str, dict[str, object]]:
    """Return what ``key=value`` pairs set, for each owner of keys.

    Raises:
        UserError: names the key that is unknown.
    """
    values: dict[str, dict[str, object]] = {owner: {} for owner in owners}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        owner = next((owner for owner, keys in owners.items() if key in keys), None)
        if not equals or owner is None:
            known = ", ".join(sorted({key for keys in owners.values() for key in keys}))
            raise UserError(
                tr(
                    "--set takes key=value, keys {known}; {pair!r} came.",
                    known=known,
                    pair=pair[:80],
                )
            )
        values[owner][key] = value
    return values


def fingerprint(*parts: object, arrays: Iterable[np.ndarray] = ()) -> str:
    """Return a digest of all that a run must find unchanged to go on: models, lists, numbers."""
    described = [
        part.model_dump(exclude=NOT_COMPARED) if isinstance(part, BaseModel) else part
        for part in parts
    ]
    digest = sha256(json.dumps(described).encode())
    for array in arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()
