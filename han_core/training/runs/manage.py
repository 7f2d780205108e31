"""Start, stop, resume, rename, publish and delete runs, and list them.

Each run is a process of its own, that goes on when the one that started it ends. Nothing here
waits for a run.
"""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from han_core.data.uploads import delete_unused_uploads, scored_data
from han_core.runtime.atomic_io import write_json
from han_core.runtime.devices import choose_device
from han_core.runtime.errors import UserError, system_errors
from han_core.runtime.locks import Lock, take
from han_core.runtime.messages import tr
from han_core.runtime.paths import runs_root
from han_core.runtime.quotas import CHECKPOINTS, RUNS, folder_size
from han_core.training.optimization import check_precision
from han_core.training.runs.archive import delete_published, publish_run, rename_published
from han_core.training.runs.notes import LONGEST_NOTE, parse_tags, read_notes, write_notes
from han_core.training.runs.plan import CONFIG, Plan, checked_plan, new_folder, read_plan
from han_core.training.runs.queue import CANCEL, LOCK, launch
from han_core.training.runs.view import STATUS_NAMES, RunView, view_run

ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")
_DELETED = ".deleted-"


def start(plan: Plan) -> str:
    """Begin a run in a process of its own, and return its id.

    Raises:
        UserError: if settings or device do not fit, a quota of the disk is used up, or the disk
            takes no more.
    """
    RUNS.check()
    CHECKPOINTS.check()
    device = _device(plan)
    folder = new_folder(plan)
    with system_errors(tr("The run cannot begin on this machine")), _owned(folder) as lock:
        launch(folder, lock, device)
    return folder.name


def stop(id: str) -> None:
    """Ask a run to finish its step, save and end; one that waits ends at once.

    Raises:
        UserError: if there is no such run, or it is not at work.
    """
    run = view(id)
    if not run.is_live:
        raise UserError(
            tr(
                "Only a run at work can be stopped; {name} is {status}.",
                name=run.name,
                status=tr(STATUS_NAMES[run.status]),
            )
        )
    with system_errors(tr("The run cannot be stopped on this machine")):
        (run.folder / CANCEL).touch()


def resume(id: str, device: str | None = None) -> None:
    """Let a run go on from its last saving, on another device if one is named.

    Raises:
        UserError: if there is no such run, it is at work or done, or the device is not here or
            lacks the run's precision.
    """
    run = view(id)
    if not run.can_resume or run.plan is None:
        raise UserError(
            tr(
                "A run that ended early can be resumed; {name} is {status}.",
                name=run.name,
                status=tr(STATUS_NAMES[run.status]),
            )
        )
    plan = run.plan.model_copy(update={"device": device or run.plan.device})
    chosen = _device(plan)
    with system_errors(tr("The run cannot be resumed on this machine")), _owned(run.folder) as lock:
        write_json(run.folder / CONFIG, plan.model_dump(mode="json"))
        (run.folder / CANCEL).unlink(missing_ok=True)
        launch(run.folder, lock, chosen)


def rename(id: str, name: str) -> None:
    """Call a run, and the checkpoint that was made of it, by another name.

    Raises:
        UserError: if there is no such run, or the name is empty or too long.
    """
    folder = folder_of(id)
    values = {**read_plan(folder).model_dump(), "name": name}
    plan = checked_plan(**values)
    with system_errors(tr("The run cannot be renamed on this machine")):
        write_json(folder / CONFIG, plan.model_dump(mode="json"))
    rename_published(folder, plan.name)


def annotate(id: str, tags: str, note: str) -> None:
    """Write tags, with commas between, and a note on a run.

    Raises:
        UserError: if there is no such run, or they are too many or too long.
    """
    folder = folder_of(id)
    if len(note) > LONGEST_NOTE:
        raise UserError(
            tr(
                "A note has at most {most:,} characters; {count:,} came.",
                most=LONGEST_NOTE,
                count=len(note),
            )
        )
    changes = {"tags": parse_tags(tags), "note": note.strip()}
    write_notes(folder, read_notes(folder).model_copy(update=changes))


def delete(id: str, checkpoint: bool = False) -> None:
    """Delete a run, and with ``checkpoint`` the one that was made of it.

    Raises:
        UserError: if there is no such run, or it is at work.
    """
    folder = folder_of(id)
    with system_errors(tr("The run cannot be deleted on this machine")), _owned(folder):
        if checkpoint:
            delete_published(folder)
        # Gone in one moment, whatever happens while its files are taken away.
        os.replace(folder, folder.with_name(_DELETED + folder.name))
    for left in runs_root().glob(f"{_DELETED}*"):
        shutil.rmtree(left, ignore_errors=True)
    forget_unused_uploads()


def publish(id: str, name: str | None = None) -> str:
    """Make a run that is not at work a checkpoint, called after the run or ``name``.

    Raises:
        UserError: if there is no such run, it is at work, or has no checkpoint yet.
    """
    run = view(id)
    if run.is_live:
        raise UserError(tr("{name} is at work; it becomes a model when it is done.", name=run.name))
    return publish_run(run.folder, name or run.name)


def runs() -> list[RunView]:
    """All runs, the newest first."""
    root = runs_root()
    folders = [path for path in root.iterdir() if ID.fullmatch(path.name)] if root.is_dir() else []
    return [view_run(folder) for folder in sorted(folders, reverse=True) if folder.is_dir()]


def largest_runs(number: int = 3) -> list[tuple[RunView, int]]:
    """The runs that take the most disk, with their bytes."""
    sizes = [(run, folder_size(run.folder)) for run in runs()]
    return sorted(sizes, key=lambda pair: -pair[1])[:number]


def view(id: str) -> RunView:
    """One run.

    Raises:
        UserError: if there is none of that id.
    """
    return view_run(folder_of(id))


def folder_of(id: str) -> Path:
    """The folder of a run.

    Raises:
        UserError: if there is none of that id.
    """
    folder = runs_root() / id
    if not ID.fullmatch(id) or not folder.is_dir():
        raise UserError(tr("There is no such run; it may have been deleted."))
    return folder


def _device(plan: Plan) -> str:
    """Return the name of the device of ``plan``, which has the precision of its settings."""
    device = choose_device(plan.device)
    check_precision(plan.training.mixed_precision, plan.model, device)
    return str(device)


@contextmanager
def _owned(folder: Path) -> Iterator[Lock]:
    """The run's lock: nobody else changes the run while it is held."""
    lock = take(folder / LOCK)
    if lock is None:
        raise UserError(tr("The run is at work; stop it first."))
    try:
        yield lock
    finally:
        lock.release()


def forget_unused_uploads(at_most: int = 0) -> None:
    """Delete files that somebody sent, the oldest first, until at most so many bytes are kept.

    What runs need or kept scores came from stays.
    """
    plans = [run.plan for run in runs()]
    needed = [plan for plan in plans if plan is not None]
    if len(needed) < len(plans):
        return  # nobody knows what a run needs whose plan cannot be read
    vectors = {str(plan.settings["vectors"]) for plan in needed if plan.settings.get("vectors")}
    specs = {spec for plan in needed for spec in plan.source.specs}
    delete_unused_uploads(specs | vectors | scored_data(), at_most)


def matching(views: Sequence[RunView], words: str, statuses: Sequence[str]) -> list[RunView]:
    """Return the runs with one of ``statuses`` (all where none is named) and all ``words``.

    A word may stand in name, model, data, tags, note, sweep or device; upper case is ignored.
    """
    wanted = words.casefold().split()
    return [
        view
        for view in views
        if (not statuses or view.status in statuses) and _has_all(view, wanted)
    ]


def _has_all(view: RunView, wanted: Sequence[str]) -> bool:
    plan, notes = view.plan, view.notes
    parts = [view.name, view.device, notes.note, notes.sweep, *notes.tags]
    parts += [plan.model, plan.attention or "", plan.source.data] if plan else []
    text = "\n".join(parts).casefold()
    return all(word in text for word in wanted)
