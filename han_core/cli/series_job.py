"""Training on series as a job: ``python -m han_core.cli.series_job FOLDER LOCK``."""

from pathlib import Path

from han_core.cli.system import job_settings, train_and_publish
from han_core.data.series import read_series
from han_core.data.series_splits import split_series
from han_core.models.series import Task
from han_core.runtime.devices import choose_device
from han_core.runtime.jobs import ReportProgress, run_job
from han_core.runtime.messages import mark
from han_core.training.callbacks import Callbacks
from han_core.training.series import SeriesRequest, train_series

PRESETS: dict[str, tuple[str, dict[str, object], dict[str, object]]] = {
    mark("quick"): (
        mark("A small GRU and 20 passes: seconds."),
        {"epochs": 20, "learning_rate": 0.02},
        {"cell": "gru", "hidden": 8, "attention_size": 16, "dropout": 0.1},
    ),
    mark("balanced"): (mark("The defaults: a BiLSTM of 64 units, 60 passes."), {}, {}),
}
"""A line for people, settings of the loop, and sizes of the network."""


def work(request: dict, tell: ReportProgress) -> dict:
    """Train as ``request`` says, and publish the checkpoint.

    Args:
        request: ``data``, ``target``, ``task``, ``name``, ``folder``, ``loop`` and ``sizes``.
    """
    data = read_series(request["data"], request["target"])
    task: Task = request["task"]
    settings = job_settings(request["loop"])
    parts = split_series(data, 0.1, 0.1, settings.seed, task == "classification")
    training, validation, test = (parts[part] for part in ("training", "validation", "test"))
    assert training is not None

    def train(out: Path, resume: bool, callbacks: Callbacks) -> dict:
        wanted = SeriesRequest(
            training, validation, test, task, request["sizes"], settings, out, resume
        )
        return train_series(wanted, choose_device("auto"), callbacks)

    return train_and_publish(request, settings.epochs, tell, train)


if __name__ == "__main__":
    run_job(work)
