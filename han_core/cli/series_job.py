"""Training on series as a job: ``python -m han_core.cli.series_job FOLDER LOCK``.

What is trained lies in the job's folder until it is done, and then among the checkpoints.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from han_core.data.series import read_series
from han_core.data.series_splits import split_series
from han_core.models.checkpoint import HISTORY
from han_core.models.series import Task
from han_core.runtime.atomic_io import safe_name, whole_folder
from han_core.runtime.devices import choose_device
from han_core.runtime.errors import UserError
from han_core.runtime.jobs import ReportProgress, run_job
from han_core.runtime.paths import checkpoints_root, data_root
from han_core.training.callbacks import Callbacks
from han_core.training.loop import LoopSettings
from han_core.training.series import SeriesRequest, train_series
from han_core.training.settings import checked

CHECKPOINT = "checkpoint"
PRESETS: dict[str, tuple[str, dict[str, object], dict[str, object]]] = {
    "quick": (
        "A small GRU and 20 passes: seconds.",
        {"epochs": 20, "learning_rate": 0.02},
        {"cell": "gru", "hidden": 8, "attention_size": 16, "dropout": 0.1},
    ),
    "balanced": ("The defaults: a BiLSTM of 64 units, 60 passes.", {}, {}),
}


def series_jobs_root() -> Path:
    """Return the folder with a folder for each training on series."""
    return data_root() / "series_runs"


def work(request: dict, tell: ReportProgress) -> dict:
    """Train as ``request`` says, and publish the checkpoint.

    Args:
        request: ``data``, ``target``, ``task``, ``name``, ``folder``, ``loop`` and ``sizes``.
    """
    data = read_series(request["data"], request["target"])
    task: Task = request["task"]
    settings = checked(LoopSettings, {**request["loop"], "save_seconds": 5})
    assert isinstance(settings, LoopSettings)
    parts = split_series(data, 0.1, 0.1, settings.seed, task == "classification")
    training = parts["training"]
    assert training is not None
    out = Path(request["folder"]) / CHECKPOINT
    resume = (out / "resume").exists()
    if out.exists() and not resume:
        shutil.rmtree(out)
    wanted = SeriesRequest(
        training, parts["validation"], parts["test"], task, request["sizes"], settings, out, resume
    )
    notes: list[str] = []
    summary = train_series(wanted, choose_device("auto"), _callbacks(settings.epochs, tell, notes))
    name = publish(out, request["name"])
    history = (out / HISTORY).read_text(encoding="utf-8").splitlines()
    lines = [json.loads(line) for line in history]
    return {"name": name, "summary": summary, "history": lines, "notes": notes}


def _callbacks(epochs: int, tell: ReportProgress, notes: list[str]) -> Callbacks:
    def epoch(number: int, examples: int) -> Callable[[int, float], None]:
        done = 0

        def step(count: int, loss: float) -> None:
            nonlocal done
            done = min(done + count, examples)
            tell("Training", (number - 1) * examples + done, epochs * examples)

        return step

    return Callbacks(lambda texts, name: texts, epoch, notes.append)


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


if __name__ == "__main__":
    run_job(work)
