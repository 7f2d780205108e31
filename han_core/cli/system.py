"""What commands and training jobs of systems share: flags, parts, a run, publishing its model."""

import json
import shlex
import shutil
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from han_core.cli.common import (
    Command,
    Interrupt,
    at_least,
    checkpoint_flags,
    device_flags,
    epoch_bar,
    follow,
    print_json,
    say,
    say_all,
)
from han_core.models.archive import copy_in
from han_core.models.checkpoint import HISTORY
from han_core.models.listing import system_of
from han_core.runtime.errors import UserError
from han_core.runtime.jobs import ReportProgress
from han_core.runtime.messages import tr
from han_core.runtime.paths import checkpoints_root
from han_core.training.callbacks import Callbacks, Stopped
from han_core.training.loop import LoopSettings
from han_core.training.runs.system_jobs import CHECKPOINT
from han_core.training.settings import checked
from han_core.viz.model_card.system import write_system_card


class Data(Protocol):
    """Training data of any kind, with sentences on what was left out."""

    @property
    def notes(self) -> tuple[str, ...]: ...


D = TypeVar("D", bound=Data)


@dataclass(frozen=True)
class Parts(Generic[D]):
    """Data to train on; validation and test are None where there are none."""

    training: D
    validation: D | None
    test: D | None


@dataclass(frozen=True)
class PartFlags:
    """The flags ``--validation`` and ``--test``.

    Attributes:
        metavar: what they take.
        validation, test: their defaults.
        below: what a share has to stay below.
    """

    metavar: str
    validation: str
    test: str | None = None
    below: float = 1.0


def run_flags(
    parser: ArgumentParser, parts: PartFlags, settings: str, examples: str | None = None
) -> None:
    """Add the flags of ``train`` that all systems have.

    Args:
        settings: some, for the help of ``--set``.
        examples: what ``--limit`` counts; None without that flag.
    """
    for part, default in (("validation", parts.validation), ("test", parts.test)):
        parser.add_argument(
            f"--{part}", default=default, metavar=parts.metavar, help="data, or a share of --data"
        )
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int)
    if examples:
        parser.add_argument(
            "--limit", type=at_least(1), metavar="N", help=f"the first N training {examples}"
        )
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=f"any setting, such as {settings}",
    )
    device_flags(parser)


def _card_flags(parser: ArgumentParser) -> None:
    checkpoint_flags(parser)


def _print_card(options: Namespace) -> None:
    """Write the README, and print where it is."""
    system = system_of(None, options.checkpoint)
    assert system is not None  # or this would be the command of text classifiers
    path = write_system_card(options.checkpoint, system)
    print_json({"checkpoint": path.parent.name, "folder": str(path.parent)})


CARD = Command(_card_flags, _print_card)
"""The command ``card`` of every system."""


def loop_settings(options: Namespace, values: Mapping[str, object]) -> LoopSettings:
    """Return the settings of the loop; ``--epochs`` and ``--seed`` count before ``values``.

    Raises:
        UserError: names the setting that is wrong.
    """
    flags = {name: getattr(options, name) for name in ("epochs", "seed")}
    given = {name: value for name, value in flags.items() if value is not None}
    settings = checked(LoopSettings, {**values, **given})
    assert isinstance(settings, LoopSettings)
    return settings


def run_place(options: Namespace) -> dict:
    """Return the fields ``out``, ``resume`` and ``reproduce`` of a system's request."""
    return {
        "out": Path(options.out),
        "resume": options.resume,
        "reproduce": shlex.join(word for word in options.command_line if word != "--resume"),
    }


def divided(
    options: Namespace,
    flags: PartFlags,
    read: Callable[[str], D],
    split: Callable[[D, float, float], dict[str, D | None]],
) -> Parts[D]:
    """Return the parts: shares of ``--data``, or other files.

    Args:
        split: gives training, validation and test of data and of the two shares.
    """
    given = {"validation": options.validation, "test": options.test}
    shares = {part: _share(value, part, flags.below) for part, value in given.items()}
    others = {part: read(value) for part, value in given.items() if shares[part] is None}
    for other in others.values():
        say_all(other.notes)
    cut = split(read(options.data), shares["validation"] or 0.0, shares["test"] or 0.0)
    training = cut["training"]
    assert training is not None
    parts = {**cut, **others}
    return Parts(training, parts["validation"], parts["test"])


def _share(value: str | None, part: str, below: float) -> float | None:
    """A share; None where ``value`` names a file."""
    try:
        share = float(value or 0)
    except ValueError:
        return None
    if not 0 <= share < below:
        raise UserError(f"--{part} is a file, or a share of 0 to below {below:g}; {value} came.")
    return share


def print_run(train: Callable[[Callbacks], dict], unit: str = "doc") -> None:
    """Train, and print one JSON line; Ctrl-C ends after the step that is under way.

    Args:
        unit: what the bar of an epoch counts.
    """
    interrupt = Interrupt(alone=True)
    bar = partial(epoch_bar, unit=unit)
    callbacks = Callbacks(follow, bar, say, stop=interrupt.is_pending)
    try:
        with interrupt.catching_signals():
            print_json(train(callbacks))
    except Stopped as stop:
        raise KeyboardInterrupt(f"{stop} --resume goes on from there.") from stop


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
    name = copy_in(out, checkpoints_root(), request["name"])
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
            text = tr("Training: pass {number} of {epochs}", number=number, epochs=epochs)
            tell(text, (number - 1) * examples + done, epochs * examples)

        return step

    def say(sentence: str) -> None:
        notes.append(sentence)
        tell(sentence, 0, 0)

    return Callbacks(lambda texts, name: texts, epoch, say, stop=interrupt.is_pending)
