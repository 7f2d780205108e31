"""Import a zip of a checkpoint as a run that is done, with its figures and curves."""

import json
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from han_core.models.architecture import Architecture
from han_core.models.archive import LARGEST, unpack
from han_core.models.checkpoint import HISTORY, METRICS, Checkpoint, load_checkpoint
from han_core.models.registry import count_parameters
from han_core.runtime.atomic_io import write_json
from han_core.runtime.errors import UserError, shown
from han_core.runtime.paths import runs_root
from han_core.training.runs.event_log import EventLog, is_number
from han_core.training.runs.manage import new_folder
from han_core.training.runs.plan import LONGEST_NAME, Plan, checked_plan
from han_core.training.runs.publish import publish_run
from han_core.training.runs.state import is_line
from han_core.training.runs.view import CHECKPOINT
from han_core.training.settings import COMPUTED, Settings

ELSEWHERE = {"vectors", "start_from", "teachers"}
"""Settings that name files of the machine where the run was; so does a source, of which the zip
tells no more than a name."""

MOST_LINES = 10_000
_PLACE = ".importing-"


def import_archive(data: bytes) -> str:
    """Makes a zip of a checkpoint a run that is done, and a checkpoint that every page offers.

    Returns:
        The id of the run.

    Raises:
        UserError: says what is wrong with the zip, or why it cannot be kept; nothing is
            left then.
    """
    root = runs_root()
    try:
        root.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=_PLACE, dir=root) as place:
            source = Path(place) / unpack(data, Path(place))
            checkpoint = load_checkpoint(source)
            history = read_history(source / HISTORY)
            folder = new_folder(_plan(checkpoint))
            try:
                return _settle(source, folder, checkpoint, history)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
    except OSError as error:
        raise UserError(f"The run cannot be kept on this machine: {error.strerror}.") from error


def read_history(path: Path) -> list[dict]:
    """The lines of a ``history.jsonl``, as far as they are whole, one epoch after the other."""
    found: list[dict] = []
    if not path.exists():
        return found
    with path.open("rb") as file:
        content = file.read(LARGEST[HISTORY])
    for text in content.split(b"\n")[:MOST_LINES]:
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict) and is_line(line) and line["epoch"] == len(found) + 1:
            found.append(line)
    return found


def _settle(source: Path, folder: Path, checkpoint: Checkpoint, history: list[dict]) -> str:
    """Fills the folder of the new run; it is done once the log says so."""
    write_json(source / METRICS, checkpoint.metrics)  # it may have been missing
    (source / HISTORY).touch()
    os.rename(source, folder / CHECKPOINT)
    log = EventLog(folder)
    try:
        log.write("say", text="Loaded from a zip file.")
        log.write("begun", step=0, epoch=0)
        for line in history:
            log.write("epoch", line=line)
        if not log.write("done", summary=_summary(folder, checkpoint, history)):
            raise UserError("The run cannot be kept on this machine: the disk is full.")
        publish_run(folder, checkpoint.name)
    finally:
        log.close()
    return folder.name


def _summary(folder: Path, checkpoint: Checkpoint, history: list[dict]) -> dict:
    return {
        "checkpoint": str(folder / CHECKPOINT),
        "epochs": len(history),
        "seconds": sum(line["seconds"] for line in history),
        "validation": _reached(checkpoint.metrics, "validation"),
        "test": _reached(checkpoint.metrics, "test"),
        "parameters": count_parameters(checkpoint.model),
    }


def _reached(metrics: dict, part: str) -> dict | None:
    """Accuracy, macro F1 and loss, as far as they are numbers."""
    found = metrics.get(part)
    if not isinstance(found, dict):
        return None
    names = ("accuracy", "macro_f1", "loss")
    return {name: found[name] for name in names if is_number(found.get(name))}


def _plan(checkpoint: Checkpoint) -> Plan:
    """What the zip tells of how it was trained; without the settings where they do not fit."""
    config, metrics = checkpoint.config, checkpoint.metrics
    dataset = metrics.get("dataset")
    values: dict[str, Any] = {
        "name": checkpoint.name[:LONGEST_NAME],
        "model": config.architecture.model,
        "attention": config.architecture.attention,
        "source": {"data": shown(dataset, 200) if isinstance(dataset, str) else "unknown"},
        "sizes": _changed(config.architecture),
        "text": config.text.model_dump(exclude_defaults=True),
    }
    settings = metrics.get("settings")
    if isinstance(settings, dict):
        known = Settings.model_fields.keys() - ELSEWHERE
        kept = {key: value for key, value in settings.items() if key in known}
        try:
            return checked_plan(**values, settings=kept)
        except (UserError, TypeError):
            pass
    return checked_plan(**values)


def _changed(architecture: Architecture) -> dict:
    return architecture.model_dump(exclude_defaults=True, exclude=COMPUTED)
