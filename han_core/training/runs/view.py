"""Runs as the page shows them: status, progress, message, and a table that compares them.

Never from process ids, which other processes get again.
"""

import calendar
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from han_core.models.checkpoint import CONFIG as CHECKPOINT_CONFIG
from han_core.runtime.atomic_io import current_folder
from han_core.runtime.errors import UserError, counted
from han_core.runtime.locks import is_held
from han_core.runtime.messages import mark, tr
from han_core.training.optimization import best_line
from han_core.training.runs.archive import published
from han_core.training.runs.event_log import is_number
from han_core.training.runs.notes import RunNotes, read_notes
from han_core.training.runs.plan import (
    CHECKPOINT,
    Plan,
    data_name,
    model_of,
    read_plan,
    settings_of,
)
from han_core.training.runs.queue import CANCEL, LOCK, queue, read_ticket
from han_core.training.runs.state import RunState, state_of_run

Status = Literal[
    "waiting", "starting", "reading", "training", "stopping",
    "stopped", "failed", "done", "interrupted",
]  # fmt: skip
STATUSES: tuple[Status, ...] = get_args(Status)
STATUS_NAMES: dict[str, str] = {
    "waiting": mark("waiting"), "starting": mark("starting"), "reading": mark("reading"),
    "training": mark("training"), "stopping": mark("stopping"), "stopped": mark("stopped"),
    "failed": mark("failed"), "done": mark("done"), "interrupted": mark("interrupted"),
}  # fmt: skip
LIVE: frozenset[Status] = frozenset({"waiting", "starting", "reading", "training", "stopping"})


@dataclass(frozen=True)
class RunView:
    """A run as it stands now.

    Attributes:
        id: the name of its folder; sorts by the time when it was made.
        plan: None where ``config.json`` is damaged; ``message`` then says so.
        status: one of ``STATUSES``.
        made: seconds since 1970.
        device: the one that it was given: cpu, cuda:0, mps.
        message: one sentence about where it stands.
        ahead: runs that wait before this one, if it waits.
        state: what its log has told: steps, history, sentences, reading, summary.
        published: the name of the checkpoint that was made of it.
        notes: what people wrote on it.
    """

    id: str
    folder: Path
    plan: Plan | None
    status: Status
    made: float
    device: str
    message: str
    ahead: int
    state: RunState
    published: str | None
    notes: RunNotes = field(default_factory=RunNotes)

    @property
    def name(self) -> str:
        return self.plan.name if self.plan else self.id

    @property
    def is_live(self) -> bool:
        """Whether its process is at work or waits."""
        return self.status in LIVE

    @property
    def can_stop(self) -> bool:
        return self.is_live and self.status != "stopping"

    @property
    def can_resume(self) -> bool:
        return self.plan is not None and self.status in ("stopped", "failed", "interrupted")

    @property
    def epochs(self) -> int:
        """Epochs asked for."""
        return self.plan.training.epochs if self.plan else len(self.state.history)

    @property
    def step(self) -> int:
        """Steps of the optimiser as last told."""
        return self.state.step

    @property
    def speed(self) -> float | None:
        """Documents a second, while it trains."""
        return self._last_step("documents_per_second")

    @property
    def seconds_left(self) -> float | None:
        """While it trains, if it is not over before its last epoch."""
        return self._last_step("seconds_left")

    def _last_step(self, name: str) -> float | None:
        if self.status != "training" or not self.state.steps:
            return None
        value = self.state.steps[-1].get(name)
        return float(value) if is_number(value) else None

    @property
    def history(self) -> tuple[dict, ...]:
        """A line for each epoch that is over, as in ``history.jsonl``."""
        return self.state.history

    @property
    def best(self) -> dict | None:
        """The line of the best epoch so far."""
        if not self.plan or not self.history:
            return None
        return best_line(self.history, self.plan.training)

    @property
    def test_accuracy(self) -> float | None:
        """Of a run that is done and has test documents."""
        test = (self.state.summary or {}).get("test")
        value = test.get("accuracy") if isinstance(test, dict) else None
        return float(value) if is_number(value) else None

    @property
    def seconds(self) -> float:
        """That the epochs took, until now."""
        return sum(line["seconds"] for line in self.history)

    @property
    def checkpoint(self) -> Path | None:
        """The folder with the weights so far, where there is one."""
        folder = self.folder / CHECKPOINT
        return folder if (current_folder(folder) / CHECKPOINT_CONFIG).is_file() else None


def view_run(folder: Path) -> RunView:
    """The run in ``folder``."""
    # The lock first: a process that ends in between has told its last event before.
    lives = is_held(folder / LOCK)
    state = state_of_run(folder)
    ticket = read_ticket(folder) if lives else None
    status = status_of(lives, ticket is not None, (folder / CANCEL).exists(), state)
    plan, damage = _plan(folder)
    ahead = 0
    if ticket and status == "waiting":
        ahead = sum(other < ticket for other in queue(folder.parent, ticket.device))
    return RunView(
        id=folder.name,
        folder=folder,
        plan=plan,
        status=status,
        made=_made(folder.name),
        device=state.device,
        message=damage or _message(status, ahead, state),
        ahead=ahead,
        state=state,
        published=published(folder),
        notes=read_notes(folder),
    )


def status_of(lives: bool, waits: bool, is_asked_to_stop: bool, state: RunState) -> Status:
    """The truth about a run from what is known of it."""
    phase = state.phase
    if phase in ("stopped", "failed", "done"):  # it has told its last event
        return phase  # type: ignore[return-value]
    if not lives:
        return "interrupted"
    if is_asked_to_stop:
        return "stopping"
    if waits:
        return "waiting"
    if phase in ("reading", "training"):
        return phase  # type: ignore[return-value]
    return "starting"


def _plan(folder: Path) -> tuple[Plan | None, str]:
    try:
        return read_plan(folder), ""
    except UserError as error:
        return None, str(error)


def _made(name: str) -> float:
    try:
        return calendar.timegm(time.strptime(name[:15], "%Y%m%d-%H%M%S"))
    except (ValueError, OverflowError):
        return 0.0


def _message(status: Status, ahead: int, state: RunState) -> str:
    last = state.messages[-1] if state.messages else ""
    sentences = {
        "waiting": _turn(ahead, state.device),
        "starting": tr("Gets ready."),
        "reading": tr("Reads the data."),
        "training": last,
        "stopping": tr("Finishes its step and saves."),
        "stopped": state.text,
        "failed": state.text,
        "interrupted": _interrupted(state.saved),
        "done": last,
    }
    return sentences[status]


def _turn(ahead: int, device: str) -> str:
    if not ahead:
        return tr("Waits for its turn on {device}: it is next.", device=device)
    runs = counted(ahead, "run")
    return tr("Waits for its turn on {device}: behind {runs}.", device=device, runs=runs)


def _interrupted(saved: int) -> str:
    if not saved:
        return tr("Its process ended without a word; it can go on from the beginning.")
    return tr("Its process ended without a word; it can go on from step {step:,}.", step=saved)


def runs_table(views: Sequence[RunView]) -> pd.DataFrame:
    """A row for each run; what is not known yet is missing.

    Columns: id, name, status, model, data, accuracy, macro_f1, loss (of the best epoch's
    validation), epochs ("3 of 8"), seconds (of training), device, checkpoint (its name among
    the published ones), made (UTC), test_accuracy, tags (with commas between), sweep, note.
    """
    return pd.DataFrame([_row(view) for view in views], columns=list(_COLUMNS)).astype(_COLUMNS)


_COLUMNS = {
    "id": "str", "name": "str", "status": "str", "model": "str", "data": "str",
    "accuracy": "float64", "macro_f1": "float64", "loss": "float64",
    "epochs": "str", "seconds": "float64", "device": "str", "checkpoint": "str",
    "made": "datetime64[s, UTC]", "test_accuracy": "float64",
    "tags": "str", "sweep": "str", "note": "str",
}  # fmt: skip


def _row(view: RunView) -> dict[str, object]:
    plan, best = view.plan, view.best
    return {
        "id": view.id,
        "name": view.name,
        "status": view.status,
        "model": model_of(plan) if plan else "",
        "data": data_name(plan.source.data) if plan else "",
        **(best["validation"] if best else {}),
        "epochs": tr("{done} of {epochs}", done=len(view.history), epochs=view.epochs),
        "seconds": round(view.seconds, 1),
        "device": view.device,
        "checkpoint": view.published or "",
        "made": pd.Timestamp(view.made, unit="s", tz="UTC"),
        "test_accuracy": view.test_accuracy,
        "tags": ", ".join(view.notes.tags),
        "sweep": view.notes.sweep,
        "note": view.notes.note,
    }


def labels_of(views: Sequence[RunView]) -> list[str]:
    """A name for each run that no other one here has: "mine", "mine (2)"."""
    labels: list[str] = []
    for view in views:
        label, number = view.name, 1
        while label in labels:
            number += 1
            label = f"{view.name} ({number})"
        labels.append(label)
    return labels


def differences(views: Sequence[RunView]) -> pd.DataFrame:
    """What was asked for differently: a row for each such setting, a column for each run.

    All values are text, in the order of ``settings_of``; a run whose plan is damaged is left
    out.
    """
    planned = [view for view in views if view.plan]
    columns = [settings_of(view.plan) for view in planned if view.plan]
    names = list(dict.fromkeys(name for settings in columns for name in settings))
    rows = {name: [settings.get(name, "") for settings in columns] for name in names}
    different = {name: values for name, values in rows.items() if len(set(values)) > 1}
    return pd.DataFrame.from_dict(
        different, orient="index", columns=labels_of(planned), dtype="str"
    )
