"""Training on texts with pictures as a job: ``python -m han_core.cli.picture_job FOLDER LOCK``."""

from pathlib import Path

from han_core.cli.system import job_settings, train_and_publish
from han_core.data.pictures import BUNDLED, Columns, read_pictures, split_pictures
from han_core.runtime.devices import choose_device
from han_core.runtime.jobs import ReportProgress, run_job
from han_core.runtime.messages import mark
from han_core.training.callbacks import Callbacks
from han_core.training.pictures import DEFAULTS, PictureRequest, picture_size, train_pictures

PRESETS: dict[str, tuple[str, dict[str, object], dict[str, object]]] = {
    mark("quick"): (
        mark("A small network and 12 passes: seconds for a few hundred pictures."),
        {**DEFAULTS, "epochs": 12, "learning_rate": 0.01},
        {"width": 8, "embedding": 32, "hidden": 16, "attention_size": 16, "fused": 32,
         "dropout": 0.2, "dropout_words": 0.2},
    ),
    mark("balanced"): (mark("The defaults: minutes for a thousand pictures."), DEFAULTS, {}),
}  # fmt: skip
"""A line for people, settings of the loop, and sizes of the network."""


def work(request: dict, tell: ReportProgress) -> dict:
    """Train as ``request`` says, and publish the checkpoint.

    Args:
        request: ``data``, ``columns``, ``name``, ``folder``, ``loop`` and ``sizes``.
    """
    data, sizes = str(request["data"]), request["sizes"]
    filename = None if data.startswith(BUNDLED) else Path(data).name
    documents = read_pictures(
        data, picture_size(sizes), Columns(**request["columns"]), filename=filename
    )
    settings = job_settings(request["loop"])
    parts = split_pictures(documents, 0.1, 0.1, settings.seed)
    training, validation, test = (parts[part] for part in ("training", "validation", "test"))
    assert training is not None

    def train(out: Path, resume: bool, callbacks: Callbacks) -> dict:
        wanted = PictureRequest(
            training, validation, test, sizes, request.get("text", {}), settings, out, resume
        )
        return train_pictures(wanted, choose_device("auto"), callbacks)

    return train_and_publish(request, settings.epochs, tell, train)


if __name__ == "__main__":
    run_job(work)
