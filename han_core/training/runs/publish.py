"""Publish a run's checkpoint among those that every page offers.

Its ``metrics.json`` names the run that it came from, so that no other is ever renamed, replaced
or deleted.
"""

import os
import re
import shutil
from pathlib import Path

from han_core.models.checkpoint import (
    CARD,
    CONFIG,
    HISTORY,
    METRICS,
    README,
    VOCABULARY,
    WEIGHTS,
    read_metrics,
)
from han_core.runtime.atomic_io import (
    current_folder,
    read_json,
    safe_name,
    whole_folder,
    write_json,
)
from han_core.runtime.errors import UserError
from han_core.runtime.locks import held
from han_core.runtime.paths import checkpoints_root

PUBLISHED, TURN = "published.json", ".publishing"
FILES = (CONFIG, WEIGHTS, VOCABULARY, METRICS, HISTORY)
PERHAPS = (CARD, README)  # of a checkpoint that came as a zip


def publish_run(folder: Path, name: str) -> str:
    """Copies the checkpoint of the run in ``folder`` to ``checkpoints_root``.

    It is called after ``name``, with a number behind where that is taken. One that was
    made of this run before is replaced and keeps its name.

    Returns:
        The name of the checkpoint.

    Raises:
        UserError: if there is none yet, or it cannot be written there.
    """
    source = current_folder(folder / "checkpoint")
    if not (source / CONFIG).is_file():
        raise UserError("The run has no checkpoint yet; one is written after its first epoch.")
    try:
        with held(folder.parent / TURN):
            target = checkpoints_root() / (published(folder) or _free(name))
            with whole_folder(target) as new:
                there = [file for file in PERHAPS if (source / file).is_file()]
                for file in (*FILES, *there):
                    shutil.copyfile(source / file, new / file)
                write_json(new / METRICS, {**read_metrics(source), "run": folder.name})
            write_json(folder / PUBLISHED, {"name": target.name})
    except OSError as error:
        raise UserError(_refused(error)) from error
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
    """Calls the run's checkpoint after ``name``; returns its name, None where there is none."""
    try:
        with held(folder.parent / TURN):
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
    except OSError as error:
        raise UserError(_refused(error)) from error


def delete_published(folder: Path) -> None:
    """Deletes the checkpoint that was made of the run in ``folder``, if there is one."""
    try:
        with held(folder.parent / TURN):
            if name := published(folder):
                shutil.rmtree(checkpoints_root() / name)
    except OSError as error:
        raise UserError(_refused(error)) from error


def _free(name: str) -> str:
    wanted = safe_name(name)
    root, found, number = checkpoints_root(), wanted, 1
    while current_folder(root / found).exists():
        number += 1
        found = f"{wanted}-{number}"
    return found


def _is_called(folder: str, name: str) -> bool:
    """Whether a folder has its name from ``name`` already, perhaps with a number behind."""
    return re.fullmatch(re.escape(safe_name(name)) + r"(-\d+)?", folder) is not None


def _refused(error: OSError) -> str:
    why = error.strerror or str(error)
    return f"The checkpoint cannot be written to {checkpoints_root()}: {why}."
