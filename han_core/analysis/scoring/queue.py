"""The queue of scorings in the background: which file, which model, how far, and whose.

One is scored at a time, and the others wait. The folder of a request names its visitor in a file
whose time says when that visitor was last there. Who waits and has gone leaves the queue; what is
being scored goes on.
"""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from han_core.analysis.score_cache import REQUESTS
from han_core.analysis.sources import Source
from han_core.runtime.atomic_io import read_json
from han_core.runtime.errors import UserError
from han_core.runtime.jobs import LOCK, REQUEST, JobState, job_state
from han_core.runtime.locks import is_held
from han_core.runtime.messages import mark
from han_core.runtime.paths import scores_root

VISITOR = "visitor"
WAITING = mark("Waiting for another scoring to end")
GONE_SECONDS = 60.0
"""Without a sign of its visitor for so long, a request leaves the queue."""

AWAY_SECONDS = 15.0
"""After so long, somebody else who asks for the same takes a request over."""


@dataclass(frozen=True)
class QueuedScoring:
    """A scoring that runs or waits.

    Attributes:
        folder: of the request; ``stop_job`` ends it.
        source: name of the documents.
        checkpoint: name of the model.
        visitor: who asked for it; "" for nobody.
        since: when it was asked for, in seconds since 1970.
    """

    folder: Path
    source: str
    checkpoint: str
    visitor: str
    since: float
    state: JobState

    @property
    def is_waiting(self) -> bool:
        """Whether another one is scored first."""
        return self.state.text == WAITING


def scoring_queue() -> list[QueuedScoring]:
    """Return all that runs or waits: what runs comes first, then who asked first."""
    root = scores_root() / REQUESTS
    found = (_queued(folder) for folder in (root.iterdir() if root.is_dir() else ()))
    return sorted((one for one in found if one), key=lambda one: (one.is_waiting, one.since))


def _queued(folder: Path) -> QueuedScoring | None:
    if not is_held(folder / LOCK):
        return None
    state = job_state(folder)
    if state is None or state.kind != "working":
        return None
    try:
        request, since = read_json(folder / REQUEST), (folder / REQUEST).stat().st_mtime
        source = Source.model_validate(request["source"]).name
        checkpoint = Path(str(request["folder"])).name
    except (UserError, OSError, ValidationError, KeyError, TypeError):  # ended meanwhile
        return None
    return QueuedScoring(folder, source, checkpoint, visitor_of(folder), since, state)


def visitor_of(folder: Path) -> str:
    """Return who asked for the scoring in ``folder``; "" for nobody."""
    try:
        return (folder / VISITOR).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def claim(folder: Path, visitor: str) -> bool:
    """Return whether the request in ``folder`` is the visitor's, who is there now.

    It becomes so if nobody asked for it, or if who did has not been seen for ``AWAY_SECONDS``.
    """
    owner = visitor_of(folder)
    if owner not in ("", visitor) and _seconds_away(folder) < AWAY_SECONDS:
        return False
    with suppress(OSError):  # the folder was deleted
        (folder / VISITOR).write_text(visitor, encoding="utf-8")
    return True


def mark_present(folder: Path) -> None:
    """Note that the visitor of ``folder`` is still there."""
    with suppress(OSError):
        os.utime(folder / VISITOR)


def has_gone(folder: Path) -> bool:
    """Return whether the request's visitor has not been seen for ``GONE_SECONDS``."""
    return _seconds_away(folder) > GONE_SECONDS


def _seconds_away(folder: Path) -> float:
    try:
        return time.time() - (folder / VISITOR).stat().st_mtime
    except OSError:  # nobody asked for it who could go
        return 0.0
