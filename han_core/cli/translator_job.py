"""Training a translator as a job: ``python -m han_core.cli.translator_job FOLDER LOCK``."""

from dataclasses import replace
from pathlib import Path

from han_core.cli.system import job_settings, train_and_publish
from han_core.data.sentence_pairs import read_pairs, split_pairs
from han_core.runtime.devices import choose_device
from han_core.runtime.jobs import ReportProgress, run_job
from han_core.runtime.messages import mark
from han_core.training.callbacks import Callbacks
from han_core.training.settings import checked
from han_core.training.translation import (
    DEFAULTS,
    PairSettings,
    TranslatorRequest,
    train_translator,
)

DATES = "bundled:dates"
LETTERS = {"source_segmentation": "letters", "target_segmentation": "letters"}
Settings = dict[str, object]
PRESETS: dict[str, tuple[str, Settings, Settings, Settings]] = {
    mark("quick"): (
        mark("Short sentences, a small network and 4 passes: minutes."),
        {"epochs": 4, "learning_rate": 0.005},
        {"longest": 10, "source_size": 3_000, "target_size": 3_000},
        {"embedding": 96, "encoder": 64, "decoder": 128, "attention_size": 64},
    ),
    mark("balanced"): (mark("The defaults: 8 passes; an hour for 100,000 pairs."), {}, {}, {}),
    mark("dates"): (
        mark("Characters are the words, and the network is tiny: under a minute."),
        {"epochs": 12, "learning_rate": 0.01},
        {"longest": 60, "batch_words": 600},
        {**LETTERS, "target_language": "en", "embedding": 32, "encoder": 32, "decoder": 64,
         "attention_size": 32},
    ),
}  # fmt: skip
"""A line for people, settings of the loop, of the pairs, and sizes of the network."""

FEW = 2_000  # pairs below which a larger share is held out


def work(request: dict, tell: ReportProgress) -> dict:
    """Train as ``request`` says, and publish the checkpoint.

    Args:
        request: ``data``, ``title`` of the data, ``source_column``, ``target_column``, ``name``,
            ``folder``, ``loop``, ``pairs`` and ``sizes``.
    """
    columns = request["source_column"], request["target_column"]
    data = replace(read_pairs(request["data"], *columns), name=request["title"])
    settings = job_settings({**DEFAULTS, **request["loop"]})
    chosen = checked(PairSettings, request["pairs"])
    assert isinstance(chosen, PairSettings)
    share = 0.1 if len(data) < FEW else 0.02
    held_out = request["data"] == DATES
    parts = split_pairs(data, share, 0 if held_out else share, settings.seed)
    training, validation = parts["training"], parts["validation"]
    assert training is not None
    test = read_pairs(f"{DATES}@test", *columns) if held_out else parts["test"]

    def train(out: Path, resume: bool, callbacks: Callbacks) -> dict:
        wanted = TranslatorRequest(
            training, validation, test, request["sizes"], chosen, settings, out, resume
        )
        return train_translator(wanted, choose_device("auto"), callbacks)

    return train_and_publish(request, settings.epochs, tell, train)


if __name__ == "__main__":
    run_job(work)
