"""The command ``train``."""

import os
import shlex
import signal
import sys
import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

from han_core.cli.common import data, device, epoch_bar, follow, print_json, say
from han_core.data.splits import Source, read_parts
from han_core.models.architecture import AttentionForm
from han_core.models.registry import MODELS
from han_core.runtime.devices import choose_device
from han_core.runtime.errors import UserError
from han_core.training.distributed import device_name, fewer_than_asked, launched, leave
from han_core.training.precision import check_precision
from han_core.training.settings import parse_settings
from han_core.training.train import Callbacks, Request, Stopped, train

SETTINGS = "any setting of training, model or text, e.g. hidden=64, dropout_words=0.5 (README)"

HELP = "train a model and write a checkpoint folder"


def flags(command: ArgumentParser) -> None:
    command.add_argument("--model", required=True, choices=[*MODELS])
    command.add_argument("--attention", choices=get_args(AttentionForm))
    data(command)
    command.add_argument(
        "--validation", default="0.1", metavar="D|FRACTION", help="data, or a share of --data"
    )
    command.add_argument("--test", metavar="D|FRACTION", help="data, or a share of --data")
    command.add_argument(
        "--split-column", metavar="NAME", help="says of each row: train, validation or test"
    )
    command.add_argument(
        "--group-column", metavar="NAME[/N]", help="a share divides no group of this column's"
    )
    command.add_argument("--split-seed", type=int, metavar="N", help="draws what is held out")
    command.add_argument(
        "--unlabelled", metavar="D", help="documents for teachers to label (--set teachers=…)"
    )
    command.add_argument("--out", required=True, metavar="DIR")
    command.add_argument("--epochs", type=int)
    command.add_argument("--seed", type=int)
    command.add_argument("--limit", type=int, metavar="N", help="the first N training documents")
    command.add_argument("--resume", action="store_true", help="go on with the run in --out")
    command.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help=SETTINGS)
    device(command)


def run(given: Namespace) -> None:
    """Trains and prints one JSON line; of several processes the first one prints."""
    processes = launched()
    try:
        summary = _train(given)
    except UserError as error:
        if processes.main:
            raise
        raise UserError(f"process {processes.index}: {error}") from error
    except KeyboardInterrupt:
        if processes.main:
            raise
        sys.exit(130)  # the first process says it
    leave()
    if processes.main:
        print_json(summary)


def _train(given: Namespace) -> dict:
    processes = launched()
    if alone := fewer_than_asked():
        say(alone)
    device = choose_device(device_name(given.device, processes))
    flags = {
        key: getattr(given, key) for key in ("epochs", "seed") if getattr(given, key) is not None
    }
    settings, sizes, text = parse_settings(given.set, **flags)
    check_precision(settings.mixed_precision, given.model, device)
    source = Source(
        data=given.data,
        validation=given.validation,
        test=given.test,
        text_column=given.text_column,
        label_column=given.label_column,
        split_column=given.split_column,
        limit=given.limit,
        group_column=given.group_column,
        split_seed=given.split_seed,
        unlabelled=given.unlabelled,
    )
    parts = read_parts(source, settings.seed)
    for note in parts.notes if processes.main else ():
        say(note)
    request = Request(
        model=given.model,
        attention=given.attention,
        training=parts.training,
        validation=parts.validation,
        test=parts.test,
        out=Path(given.out),
        settings=settings,
        sizes=sizes,
        text=text,
        reproduce=shlex.join(word for word in given.said if word != "--resume"),
        resume=given.resume,
        unlabelled=parts.unlabelled,
    )
    interrupt = _Interrupt(alone=processes.count == 1)
    try:
        with interrupt.heard():
            return train(request, device, Callbacks(follow, epoch_bar, say, stop=interrupt.asked))
    except Stopped as stop:
        raise KeyboardInterrupt(f"{stop} --resume goes on from there.") from stop


class _Interrupt:
    """Ctrl-C, or the end of a job: once to stop after the step, twice to stop at once.

    Args:
        alone: whether this is the only process; to several the launcher says it again.
    """

    def __init__(self, alone: bool):
        self._alone, self._steps, self._came = alone, False, False

    def asked(self) -> bool:
        self._steps = True
        return self._came

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Until then both signals come here."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._hear) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, *_: object) -> None:
        if not self._steps or (self._came and self._alone):  # before the first step: at once
            raise KeyboardInterrupt
        if not self._came and self._alone:
            # Not by print, in the middle of which the signal may have come.
            os.write(2, b"\nStopping after this step; once more stops at once.\n")
        self._came = True
