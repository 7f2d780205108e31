"""Runs of systems beside the text classifiers: each is a job in a folder of its own.

The folder holds what was asked, the file that was sent, and the checkpoint until it is done.
"""

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from han_core.models.checkpoint import CONFIG, HISTORY
from han_core.models.system_folder import System
from han_core.models.systems import SYSTEMS
from han_core.runtime.atomic_io import current_folder, read_json
from han_core.runtime.errors import UserError, system_errors
from han_core.runtime.jobs import REQUEST, JobState, job_state, start_job, stop_job
from han_core.runtime.messages import tr
from han_core.runtime.paths import runs_root
from han_core.runtime.quotas import CHECKPOINTS, RUNS
from han_core.training.runs.view import STATUS_NAMES

CHECKPOINT = "checkpoint"
ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}", re.ASCII)
LARGEST_HISTORY = 20_000_000  # bytes


@dataclass(frozen=True)
class SystemJob:
    """A run as it stands now.

    Attributes:
        request: what was asked; ``name`` is the one of the model, ``data`` where they come from.
        history: a line for each epoch that is saved.
    """

    system: System
    folder: Path
    request: dict
    state: JobState
    history: tuple[dict, ...]

    @property
    def id(self) -> str:
        """The name of its folder; sorts by the time when it was made."""
        return self.folder.name

    @property
    def name(self) -> str:
        return str(self.request.get("name", self.id))

    @property
    def published(self) -> str:
        """The name of the checkpoint that was made of it; "" where there is none yet."""
        return str(self.state.answer.get("name", "")) if self.state.kind == "done" else ""

    @property
    def data(self) -> str:
        """Where its data come from, for people."""
        return str(self.request.get("title") or self.request.get("data", ""))

    @property
    def figures(self) -> dict[str, float]:
        """What the test gave, else the validation of the last epoch."""
        summary = self.state.answer.get("summary") or {}
        last = self.history[-1] if self.history else {}
        reached = summary.get("test") or summary.get("validation") or last.get("validation")
        return reached if isinstance(reached, dict) else {}

    @property
    def made(self) -> pd.Timestamp:
        return pd.to_datetime(self.id[:15], format="%Y%m%d-%H%M%S", utc=True)

    @property
    def is_live(self) -> bool:
        return self.state.kind == "working"

    @property
    def can_go_on(self) -> bool:
        return self.state.kind in ("stopped", "failed")


def begin(
    system: System, request: Mapping[str, object], uploads: Mapping[str, tuple[str, bytes]]
) -> str:
    """Start a run in a process of its own, and return its id.

    Args:
        request: as the system's worker reads it; ``folder`` is added.
        uploads: name and content of the files that were sent, by the key of the request that
            gets their paths.

    Raises:
        UserError: if a quota of the disk is used up, or the machine takes no more.
    """
    RUNS.check()
    CHECKPOINTS.check()
    id = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(4)}"
    folder = (runs_root() / system.name / id).absolute()
    paths = {}
    with system_errors(tr("The file cannot be stored")):
        folder.mkdir(mode=0o700, parents=True)
        for key, (filename, content) in uploads.items():
            path = folder / f"{key}{Path(filename).suffix.lower()}"
            path.write_bytes(content)
            paths[key] = str(path)
    start_job(folder, system.worker, {**request, **paths, "folder": str(folder)})
    return id


def find_job(system: System, id: str) -> SystemJob | None:
    """Return the run with this id; None where there is none, or its request is damaged."""
    folder = runs_root() / system.name / id
    if not ID.fullmatch(id):
        return None
    try:
        request = read_json(folder / REQUEST, largest=10_000_000)
    except UserError:
        return None
    state = job_state(folder)
    if state is None or not isinstance(request, dict):
        return None
    return SystemJob(system, folder, request, state, _history(folder))


def system_jobs() -> list[SystemJob]:
    """Return the runs of all systems, the newest first."""
    found = []
    for system in SYSTEMS.values():
        root = runs_root() / system.name
        names = [path.name for path in root.iterdir()] if root.is_dir() else []
        found += [job for name in names if (job := find_job(system, name))]
    return sorted(found, key=lambda job: job.id, reverse=True)


def jobs_table(jobs: Sequence[SystemJob]) -> pd.DataFrame:
    """Return a row for each run: name, status, kind, data, passes, figures, model name, made."""
    rows = [
        {
            "name": job.name,
            "status": tr(STATUS_NAMES["training" if job.is_live else job.state.kind]),
            "kind": tr(job.system.title),
            "data": job.data,
            "passes": len(job.history),
            "figures": figures_in_words(job.figures),
            "model name": job.published,  # not shown
            "made": job.made,
        }
        for job in jobs
    ]
    return pd.DataFrame(rows)


def figures_in_words(figures: Mapping[str, float]) -> str:
    """Return "accuracy 0.985, loss 0.077"."""
    return tr(", ").join(f"{tr(name)} {value:.3f}" for name, value in figures.items())


def _history(folder: Path) -> tuple[dict, ...]:
    """The lines of the checkpoint's history that are whole."""
    lines = []
    try:
        with (current_folder(folder / CHECKPOINT) / HISTORY).open("rb") as file:
            content = file.read(LARGEST_HISTORY)
    except OSError:
        return ()
    for text in content.splitlines():
        try:
            lines.append(json.loads(text))
        except (ValueError, RecursionError):
            break
    return tuple(line for line in lines if isinstance(line, dict))


def stop(job: SystemJob) -> None:
    """Ask a run to finish its step, save and end."""
    stop_job(job.folder)


def go_on(job: SystemJob) -> None:
    """Start a run again where it was saved; nothing happens while it is at work.

    Raises:
        UserError: if the machine takes no more.
    """
    start_job(job.folder, job.system.worker, job.request)


def delete(job: SystemJob) -> None:
    """Delete a run that is not at work; the model that was made of it stays.

    Raises:
        UserError: if it is at work, or the disk refuses.
    """
    if job.is_live:
        raise UserError(tr("{name} is at work; stop it first.", name=job.name))
    with system_errors(tr("The run cannot be deleted on this machine")):
        gone = job.folder.with_name(f".deleted-{job.id}")
        os.replace(job.folder, gone)  # gone in one moment, whatever happens
        shutil.rmtree(gone, ignore_errors=True)


def checkpoint_of(job: SystemJob) -> Path | None:
    """Return the folder with the weights so far, where there is one."""
    folder = job.folder / CHECKPOINT
    return folder if (current_folder(folder) / CONFIG).is_file() else None
