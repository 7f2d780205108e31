"""The cache of scores on disk: find, list, delete and evict scored data sets.

Each folder below ``scores_root()`` is named ``Manifest.key`` and holds the parts, the manifest
and, once complete, ``source.json``. A folder below ``.asked`` stands for one request, "these
documents by this checkpoint": the state of its job and, in the end, the key of its scores.
"""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from han_core.analysis.documents import open_documents
from han_core.analysis.scoring.manifest import LOCK, MANIFEST, Manifest, read_manifest, rows_a_part
from han_core.analysis.scoring.table import NARROW, verified_part
from han_core.analysis.sources import Scores, Source
from han_core.runtime.checksums import known_damage, read_verified_json
from han_core.runtime.errors import UserError
from han_core.runtime.jobs import LOCK as JOB_LOCK
from han_core.runtime.jobs import ReportProgress, job_state
from han_core.runtime.locks import is_held, take
from han_core.runtime.messages import tr
from han_core.runtime.paths import documents_root, scores_root

SOURCE, USED, REQUESTS, DELETED = "source.json", ".used", ".asked", ".deleted-"
TURN = ".place"
POLL = 0.5  # seconds between two tries to take the turn
LARGEST_STORE = 20 * 2**30  # bytes of all scores and their documents
FRESH_SECONDS = 3600.0
"""Scores that were used this recently are never evicted."""

KEY = re.compile(r"[0-9a-f]{64}")


class Origin(BaseModel):
    """The content of ``source.json``, which is written last: scores that have one are complete.

    Attributes:
        documents: name of the folder of texts below ``documents_root()``.
        columns: names of the data's own further columns.
        notes: sentences about what was left out.
        at: when it was scored, in seconds since 1970.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Source
    documents: str
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    accuracy: float | None = None
    macro_f1: float | None = None
    loss: float | None = None
    at: float


@dataclass(frozen=True)
class CachedScores:
    """Complete scores in the cache.

    Attributes:
        used: when somebody last looked at them, in seconds since 1970.
        size: bytes, without those of the documents, which other scores may share.
    """

    scores: Scores
    origin: Origin
    used: float
    size: int

    @property
    def key(self) -> str:
        return self.scores.folder.name


def request_folder(source: Source, checkpoint_sha256: str) -> Path:
    """The folder of the question "these documents, as the file stands, by this checkpoint"."""
    return scores_root() / REQUESTS / source.request_key(checkpoint_sha256)


def find_scores(source: Source, checkpoint_sha256: str) -> CachedScores | None:
    """The scores that answer it; None as ``intact_scores``, or if it was never answered."""
    state = job_state(request_folder(source, checkpoint_sha256))
    if not state or state.kind != "done":
        return None
    return intact_scores(str(state.answer.get("key")), source)


def intact_scores(key: str, source: Source) -> CachedScores | None:
    """Return scores by their key; None if there are none, or damaged ones to be made again.

    What is read first is verified, and what was found damaged later is remembered. Damaged
    scores of a file that has changed since cannot be made again: what is whole of them stays.
    """
    cached = open_scores(key)
    if cached is None or source.standing() in ("changed", "gone"):
        return cached
    scores = cached.scores
    try:
        open_documents(scores.documents)
        for number in range(scores.manifest.parts):
            verified_part(scores.folder, number, NARROW)
    except UserError:
        return None
    damaged = known_damage(scores.folder) or known_damage(scores.documents)
    return None if damaged else cached


def score_key(data: Manifest, checkpoint_sha256: str) -> str:
    """The key of the same documents scored by another checkpoint."""
    other = {"checkpoint_sha256": checkpoint_sha256, "rows_a_part": rows_a_part(data.rows)}
    return data.model_copy(update=other).key


def open_scores(key: str) -> CachedScores | None:
    """Return complete scores by their key, or None, and mark them as used now."""
    result = _look_at(scores_root() / key) if KEY.fullmatch(key) else None
    if result is not None:
        with suppress(OSError):  # a disk to read from only
            (result.scores.folder / USED).touch()
    return result


def version_stamp(key: str) -> tuple[int, int]:
    """Another one whenever scores or their documents were written anew; zeros where none are."""
    try:
        path = scores_root() / key / SOURCE
        documents = documents_root() / Path(_origin(path.parent).documents).name
        return path.stat().st_mtime_ns, documents.stat().st_mtime_ns
    except (OSError, UserError):
        return 0, 0


def list_scores() -> list[CachedScores]:
    """Return all complete scores, the most recently used first."""
    result = (_look_at(folder) for folder in _folders())
    return sorted((each for each in result if each), key=lambda each: -each.used)


def delete_scores(key: str) -> None:
    """Delete scores, and their documents if no others share them."""
    folder = scores_root() / key
    if not KEY.fullmatch(key) or not folder.is_dir():
        return
    if is_held(folder / LOCK):
        raise UserError(tr("These scores are being written; stop that first."))
    gone = folder.with_name(DELETED + key)
    try:
        os.replace(folder, gone)  # in one moment, whatever happens while files are taken away
    except OSError as error:
        raise UserError(
            tr("The scores cannot be deleted: {reason}.", reason=error.strerror)
        ) from error
    shutil.rmtree(gone, ignore_errors=True)
    _forget_documents()


def evict_scores(at_most: int = LARGEST_STORE) -> None:
    """Evict scores, those that were used longest ago first, until ``at_most`` bytes are kept.

    What is being written, or was used less than ``FRESH_SECONDS`` ago, stays.
    """
    for left in scores_root().glob(f"{DELETED}*"):  # of a process that died meanwhile
        shutil.rmtree(left, ignore_errors=True)
    total = _size(scores_root()) + _size(documents_root())
    for folder in sorted(_folders(), key=_used):
        if total <= at_most:
            break
        if time.time() - _used(folder) > FRESH_SECONDS and not is_held(folder / LOCK):
            delete_scores(folder.name)
            total = _size(scores_root()) + _size(documents_root())
    delete_old_requests(scores_root(), lambda key: (scores_root() / key).is_dir(), FRESH_SECONDS)


def _look_at(folder: Path) -> CachedScores | None:
    try:
        manifest, origin = read_manifest(folder), _origin(folder)
    except UserError:
        return None
    documents = documents_root() / Path(origin.documents).name
    parts = sum(1 for path in folder.glob("part-*.parquet"))
    if parts != manifest.parts or not documents.is_dir():
        return None
    scores = Scores(folder, documents, manifest, origin.columns)
    return CachedScores(scores, origin, _used(folder), _size(folder))


def _origin(folder: Path) -> Origin:
    try:
        return Origin.model_validate(read_verified_json(folder / SOURCE, 1_000_000))
    except ValidationError as error:
        raise UserError(
            tr("{source} in {name} is none of scores.", source=SOURCE, name=folder.name)
        ) from error


def _folders() -> Iterator[Path]:
    root = scores_root()
    folders = root.iterdir() if root.is_dir() else iter(())
    return (folder for folder in folders if KEY.fullmatch(folder.name) and folder.is_dir())


def _used(folder: Path) -> float:
    """When it was last looked at, or written to."""
    for name in (USED, SOURCE, MANIFEST):
        with suppress(OSError):
            return (folder / name).stat().st_mtime
    return time.time()  # somebody begins right now


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # somebody else deleted it
            total += path.stat().st_size if path.is_file() else 0
    return total


def _forget_documents() -> None:
    """Documents that no scores need any longer, and that nobody is about to need."""
    needed = {each.scores.documents.name for each in list_scores()}
    root = documents_root()
    for folder in root.iterdir() if root.is_dir() else ():
        if folder.name not in needed and time.time() - _changed(folder) > FRESH_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def delete_old_requests(root: Path, is_stored: Callable[[str], bool], seconds: float) -> None:
    """Delete requests below ``root`` that are older and whose result is no longer stored."""
    requests = root / REQUESTS
    for folder in requests.iterdir() if requests.is_dir() else ():
        state = job_state(folder)
        stored = state is not None and is_stored(str(state.answer.get("key")))
        old = time.time() - _changed(folder) > seconds
        if old and not stored and not is_held(folder / JOB_LOCK):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def exclusive_turn(
    root: Path, tell: ReportProgress, waiting: str, has_gone: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Run one background job of ``root`` at a time: each holds half a gibibyte.

    Args:
        has_gone: whether nobody wants the job any longer; it then ends as if it were stopped.
    """
    root.mkdir(parents=True, exist_ok=True)
    while (lock := take(root / TURN, POLL)) is None:
        if has_gone():
            raise KeyboardInterrupt("nobody waits for this job")
        tell(waiting, 0, 0)
    try:
        yield
    finally:
        lock.release()


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return time.time()
