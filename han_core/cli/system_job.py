"""What the training jobs of systems share: progress, stopping after a step, publishing."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from han_core.cli.common import Interrupt
from han_core.models.checkpoint import HISTORY
from han_core.runtime.atomic_io import safe_name, whole_folder
from han_core.runtime.errors import UserError
from han_core.runtime.jobs import ReportProgress
from han_core.runtime.paths import checkpoints_root
from han_core.training.callbacks import Callbacks, Stopped
from han_core.training.loop import LoopSettings
from han_core.training.runs.system_jobs import CHECKPOINT
from han_core.training.settings import checked

Train = Callable[[Path, bool, Callbacks], dict]
"""Trains into a folder, going on there or not, and returns the summary."""


def job_settings(values: dict[str, object]) -> LoopSettings:
    """Return the settings of the loop, saved every five seconds.

    Raises:
        UserError: names the setting that is wrong.
    """
    settings = checked(LoopSettings, {**values, "save_seconds": 5})
    assert isinstance(settings, LoopSettings)
    return settings


def train_and_publish(request: dict, epochs: int, tell: ReportProgress, train: Train) -> dict:
    """Train in the job's folder, or go on there, and copy the checkpoint among the others.

    Args:
        request: the job's, with ``folder`` and the ``name`` of the model.

    Returns:
        ``name`` of the checkpoint, ``summary``, ``history`` and ``notes``.
    """
    out = Path(request["folder"]) / CHECKPOINT
    resume = (out / "resume").exists()
    if out.exists() and not resume:
        shutil.rmtree(out)
    notes: list[str] = []
    interrupt = Interrupt(alone=True)
    callbacks = _callbacks(epochs, tell, notes, interrupt)
    try:
        with interrupt.catching_signals():
            summary = train(out, resume, callbacks)
    except Stopped as stop:
        raise KeyboardInterrupt from stop
    name = publish(out, request["name"])
    history = (out / HISTORY).read_text(encoding="utf-8").splitlines()
    lines = [json.loads(line) for line in history]
    return {"name": name, "summary": summary, "history": lines, "notes": notes}


def _callbacks(
    epochs: int, tell: ReportProgress, notes: list[str], interrupt: Interrupt
) -> Callbacks:
    def epoch(number: int, examples: int) -> Callable[[int, float], None]:
        done = 0

        def step(count: int, loss: float) -> None:
            nonlocal done
            done = min(done + count, examples)
            text = f"Training: pass {number} of {epochs}"
            tell(text, (number - 1) * examples + done, epochs * examples)

        return step

    def say(sentence: str) -> None:
        notes.append(sentence)
        tell(sentence, 0, 0)

    return Callbacks(lambda texts, name: texts, epoch, say, stop=interrupt.is_pending)


def publish(folder: Path, wanted: str) -> str:
    """Copy a checkpoint under a name that is free, and return the name."""
    root, name, number = checkpoints_root(), safe_name(wanted), 1
    while (root / name).exists():
        number += 1
        name = f"{safe_name(wanted)}-{number}"
    try:
        with whole_folder(root / name) as new:
            for path in folder.iterdir():
                if path.is_file():
                    shutil.copyfile(path, new / path.name)
    except OSError as error:
        raise UserError(f"{name} cannot be written: {error.strerror or error}.") from error
    return name
