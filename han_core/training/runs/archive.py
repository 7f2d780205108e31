"""Checkpoints of runs: publish one where every page offers it, or make a run of one in a zip file.

The ``metrics.json`` of a published checkpoint names the run that it came from, so that no other is
ever renamed, replaced or deleted.
"""

import json
import os
import re
import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from han_core.models.architecture import Architecture
from han_core.models.archive import LARGEST, copy_in, unpack
from han_core.models.checkpoint import (
    CARD,
    CONFIG,
    HISTORY,
    METRICS,
    README,
    VOCABULARY,
    WEIGHTS,
    Config,
    read_config,
    read_metrics,
)
from han_core.models.registry import blank_model, count_parameters
from han_core.models.system_folder import system_named_in
from han_core.runtime.atomic_io import (
    current_folder,
    read_json,
    safe_name,
    whole_folder,
    write_json,
)
from han_core.runtime.errors import UserError, shown, system_errors
from han_core.runtime.locks import held
from han_core.runtime.messages import tr
from han_core.runtime.paths import checkpoints_root, runs_root
from han_core.runtime.quotas import CHECKPOINTS, RUNS
from han_core.training.runs.event_log import EventLog, is_number
from han_core.training.runs.plan import CHECKPOINT, LONGEST_NAME, Plan, checked_plan, new_folder
from han_core.training.runs.state import is_line
from han_core.training.settings import COMPUTED, Settings

PUBLISHED, TURN = "published.json", ".publishing"
FILES = (CONFIG, WEIGHTS, VOCABULARY, METRICS, HISTORY)
PERHAPS = (CARD, README)  # of a checkpoint that came as a zip

ELSEWHERE = {"vectors", "start_from", "teachers"}
"""Settings that name files of the machine where the run was; so does a source, of which the zip
tells no more than a name."""

MOST_LINES = 10_000
_PLACE = ".importing-"


class Imported(NamedTuple):
    """What came of a zip.

    Attributes:
        name: of the checkpoint.
        run: id of the run that is done with it; None of a system beside the text classifiers.
    """

    name: str
    run: str | None


def import_archive(data: bytes) -> Imported:
    """Make a zip of a checkpoint one that its pages offer, and of a text classifier's a run, too.

    Raises:
        UserError: says what is wrong with the zip, or why it cannot be kept; nothing is
            left then.
    """
    RUNS.check(len(data))
    root = runs_root()
    with system_errors(tr("The run cannot be kept on this machine")):
        root.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=_PLACE, dir=root) as place:
            source = Path(place) / unpack(data, Path(place))
            RUNS.check()  # with what the zip held
            if system_named_in(source) is not None:
                CHECKPOINTS.check(sum(file.stat().st_size for file in source.iterdir()))
                return Imported(copy_in(source, checkpoints_root()), None)
            config, metrics = read_config(source), read_metrics(source)
            history = read_history(source / HISTORY)
            folder = new_folder(_plan(source.name, config, metrics))
            try:
                return Imported(source.name, _settle(source, folder, config, metrics, history))
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise


def read_history(path: Path) -> list[dict]:
    """The lines of a ``history.jsonl``, as far as they are whole, one epoch after the other."""
    history: list[dict] = []
    if not path.exists():
        return history
    with path.open("rb") as file:
        content = file.read(LARGEST[HISTORY])
    for text in content.split(b"\n")[:MOST_LINES]:
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict) and is_line(line) and line["epoch"] == len(history) + 1:
            history.append(line)
    return history


def _settle(source: Path, folder: Path, config: Config, metrics: dict, history: list[dict]) -> str:
    """Fill the folder of the new run; it is done once the log says so."""
    write_json(source / METRICS, metrics)  # it may have been missing
    (source / HISTORY).touch()
    os.rename(source, folder / CHECKPOINT)
    log = EventLog(folder)
    try:
        log.write("say", text=tr("Loaded from a zip file."))
        log.write("begun", step=0, epoch=0)
        for line in history:
            log.write("epoch", line=line)
        if not log.write("done", summary=_summary(folder, config, metrics, history)):
            raise UserError(tr("The run cannot be kept on this machine: the disk is full."))
        publish_run(folder, source.name)
    finally:
        log.close()
    return folder.name


def _summary(folder: Path, config: Config, metrics: dict, history: list[dict]) -> dict:
    return {
        "checkpoint": str(folder / CHECKPOINT),
        "epochs": len(history),
        "seconds": sum(line["seconds"] for line in history),
        "validation": _reached(metrics, "validation"),
        "test": _reached(metrics, "test"),
        "parameters": count_parameters(blank_model(config.architecture)),
    }


def _reached(metrics: dict, part: str) -> dict | None:
    """Accuracy, macro F1 and loss, as far as they are numbers."""
    figures = metrics.get(part)
    if not isinstance(figures, dict):
        return None
    names = ("accuracy", "macro_f1", "loss")
    return {name: figures[name] for name in names if is_number(figures.get(name))}


def _plan(name: str, config: Config, metrics: dict) -> Plan:
    """What the zip tells of how it was trained; without the settings where they do not fit."""
    dataset = metrics.get("dataset")
    values: dict[str, Any] = {
        "name": name[:LONGEST_NAME],
        "model": config.architecture.model,
        "attention": config.architecture.attention,
        "source": {"data": shown(dataset, 200) if isinstance(dataset, str) else "unknown"},
        "sizes": _changed(config.architecture),
        "text": config.text.model_dump(exclude_defaults=True),
    }
    settings = metrics.get("settings")
    if isinstance(settings, dict):
        allowed = Settings.model_fields.keys() - ELSEWHERE
        settings_here = {key: value for key, value in settings.items() if key in allowed}
        try:
            return checked_plan(**values, settings=settings_here)
        except (UserError, TypeError):
            pass
    return checked_plan(**values)


def _changed(architecture: Architecture) -> dict:
    return architecture.model_dump(exclude_defaults=True, exclude=COMPUTED)


def publish_run(folder: Path, name: str) -> str:
    """Copy the checkpoint of the run in ``folder`` to ``checkpoints_root``.

    It is called after ``name``, with a number behind where that is taken. One that was
    made of this run before is replaced and keeps its name.

    Returns:
        The name of the checkpoint.

    Raises:
        UserError: if there is none yet, or it cannot be written there.
    """
    source = current_folder(folder / "checkpoint")
    if not (source / CONFIG).is_file():
        raise UserError(tr("The run has no model yet; one is written after its first epoch."))
    if not published(folder):
        CHECKPOINTS.check(sum(file.stat().st_size for file in source.iterdir() if file.is_file()))
    with _writing_checkpoint(), held(folder.parent / TURN):
        target = checkpoints_root() / (published(folder) or _free(name))
        with whole_folder(target) as new:
            there = [file for file in PERHAPS if (source / file).is_file()]
            for file in (*FILES, *there):
                shutil.copyfile(source / file, new / file)
            write_json(new / METRICS, {**read_metrics(source), "run": folder.name})
        write_json(folder / PUBLISHED, {"name": target.name})
    return target.name


def published(folder: Path) -> str | None:
    """The name of the checkpoint that was made of the run in ``folder``, if it is still there."""
    try:
        name = read_json(folder / PUBLISHED)["name"]
    except (UserError, LookupError, TypeError):
        return None
    if not isinstance(name, str) or name != safe_name(name):
        return None
    there = current_folder(checkpoints_root() / name)
    return name if read_metrics(there).get("run") == folder.name else None


def rename_published(folder: Path, name: str) -> str | None:
    """Call the run's checkpoint after ``name``; return its name, None where there is none."""
    with _writing_checkpoint(), held(folder.parent / TURN):
        old = published(folder)
        if old is None or _is_called(old, name):
            return old
        root, new = checkpoints_root(), _free(name)
        os.replace(root / old, root / new)
        try:
            write_json(folder / PUBLISHED, {"name": new})
        except OSError:  # no space left: it would no longer be known as the run's
            os.replace(root / new, root / old)
            raise
        return new


def delete_published(folder: Path) -> None:
    """Delete the checkpoint that was made of the run in ``folder``, if there is one."""
    with _writing_checkpoint(), held(folder.parent / TURN):
        if name := published(folder):
            shutil.rmtree(checkpoints_root() / name)


def _free(name: str) -> str:
    wanted = safe_name(name)
    root, free, number = checkpoints_root(), wanted, 1
    while current_folder(root / free).exists():
        number += 1
        free = f"{wanted}-{number}"
    return free


def _is_called(folder: str, name: str) -> bool:
    """Whether a folder has its name from ``name`` already, perhaps with a number behind."""
    return re.fullmatch(re.escape(safe_name(name)) + r"(-\d+)?", folder) is not None


def _writing_checkpoint() -> AbstractContextManager[None]:
    return system_errors(tr("The model cannot be written to {folder}", folder=checkpoints_root()))
