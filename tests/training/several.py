"""Run by torchrun: a small HAN, once through, and once stopped and gone on with.

    torchrun … several.py DATA FOLDER

Two layers, dropout, shifts, accumulation and an average are on, some batches have one document,
and some documents are labelled by nb-svm.
"""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import torch

from han_core.data.splits import Source, read_parts
from han_core.training.distributed import launched
from han_core.training.settings import parse_settings
from han_core.training.train import Callbacks, Request, Stopped, train

PAIRS = [
    "epochs=2", "hidden=4", "embedding=8", "attention_size=4", "batch_tokens=120",
    "accumulation=3", "average=0.9", "word_dropout=0.2", "learning_rate=0.02",
    "layers=2", "layer_norm=true", "adversarial=1", "virtual_adversarial=1",
]  # fmt: skip
LABELLED = 60


def request(data: str, out: Path, resume: bool) -> Request:
    settings, sizes, text = parse_settings(PAIRS)
    parts = read_parts(Source(data), settings.seed)
    unlabelled = replace(parts.training.take(range(LABELLED, len(parts.training))), labels=())
    return Request(
        model="han", attention="additive", training=parts.training.first(LABELLED),
        validation=parts.validation, test=None, out=out, settings=settings, sizes=sizes, text=text,
        reproduce="", resume=resume, unlabelled=unlabelled,
    )  # fmt: skip


def quiet(stop=lambda: False) -> Callbacks:
    return Callbacks(
        lambda texts, name: texts,
        lambda number, of: lambda count, loss: None,
        lambda said: print(said, flush=True),
        stop=stop,
    )


def main(data: str, folder: Path) -> None:
    cpu = torch.device("cpu")
    train(request(data, folder / "whole", False), cpu, quiet())
    third = iter([False, False, True])
    try:
        train(request(data, folder / "parts", False), cpu, quiet(lambda: next(third)))
    except Stopped as stopped:
        print(f"{launched().index}: {stopped}", flush=True)
    if launched().main:
        shutil.copytree(folder / "parts", folder / "stopped")
    train(request(data, folder / "parts", True), cpu, quiet())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
