"""Score a corpus into a folder with any engine; an interrupted run continues.

Only this process writes to the folder, a whole file at a time.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from han_core.analysis.scoring.manifest import LOCK, Manifest, Part, claim, describe, parts_of
from han_core.analysis.scoring.table import is_whole, part_path, stored_metrics
from han_core.analysis.scoring.workers import Job
from han_core.data.corpus import Corpus
from han_core.data.labels import align_labels
from han_core.models.checkpoint import Checkpoint, find_folder
from han_core.models.predict import Progress
from han_core.runtime.atomic_io import write_atomically
from han_core.runtime.errors import UserError

Engine = Callable[[Iterable[Part], Job], Iterator[tuple[int, bytes]]]
"""Score parts, which it takes one by one; gives back the number and the file of each."""

NO_METRICS: dict[str, float | None] = dict.fromkeys(("accuracy", "macro_f1", "loss"))


@dataclass(frozen=True)
class Summary:
    """The result of a run; no metrics where the data have no labels.

    Attributes:
        documents_per_second: of this run, the start of its workers included; None if all
            parts were there.
    """

    out: str
    rows: int
    parts: int
    accuracy: float | None
    macro_f1: float | None
    loss: float | None
    documents_per_second: float | None

    def to_json(self) -> dict:
        return asdict(self)


def score_corpus(
    folder: str | Path,
    checkpoint: Checkpoint,
    corpus: Corpus,
    out: Path,
    engine: Engine,
    progress: Progress | None = None,
    patience: float = 0,
) -> Summary:
    """Score what ``out`` does not hold yet of ``corpus``.

    Args:
        folder: where ``checkpoint`` stands, for the workers to load it.
        progress: told the documents done, earlier ones included.
        patience: seconds to wait for another process that scores into ``out``.

    Raises:
        KeyboardInterrupt: says how many parts are done.
    """
    classes = None
    if corpus.labels:
        classes = np.array(align_labels(corpus.labels, checkpoint.labels), dtype=np.int32)
    manifest = describe(folder, checkpoint, corpus)
    job = Job(find_folder(folder), manifest.checkpoint_sha256, manifest.key)
    with _held(out, patience):
        claim(out, manifest)
        missing = _missing(out, manifest)
        parts = parts_of(corpus, classes, manifest.rows_a_part, missing)
        started = time.perf_counter()
        _write(out, manifest, missing, engine(parts, job) if missing else iter(()), progress)
        seconds = time.perf_counter() - started
        figures = NO_METRICS
        if manifest.labelled:
            figures = {**stored_metrics(out, manifest)}
    scored = sum(map(manifest.rows_of, missing))
    speed = round(scored / seconds, 2) if missing else None
    return Summary(str(out), manifest.rows, manifest.parts, **figures, documents_per_second=speed)


def _missing(out: Path, manifest: Manifest) -> list[int]:
    """The parts that are not there, or not whole."""

    def is_there(number: int) -> bool:
        path = part_path(out, number)
        return is_whole(path, manifest.key, number, manifest.rows_of(number))

    return [number for number in range(manifest.parts) if not is_there(number)]


def _write(
    out: Path,
    manifest: Manifest,
    missing: list[int],
    answers: Iterator[tuple[int, bytes]],
    progress: Progress | None,
) -> None:
    done = manifest.rows - sum(map(manifest.rows_of, missing))
    tell = progress or (lambda done, of: None)
    try:
        tell(done, manifest.rows)
        for number, content in answers:
            write_atomically(part_path(out, number), content)
            done += manifest.rows_of(number)
            tell(done, manifest.rows)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(
            f"Stopped: {manifest.parts - len(_missing(out, manifest))} of {manifest.parts} parts "
            f"are in {out}; the same command goes on from there."
        ) from stop


@contextmanager
def _held(out: Path, patience: float) -> Iterator[None]:
    """The folder, for this process alone; what the disk refuses is one sentence."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with FileLock(out / LOCK, timeout=patience):
            yield
    except Timeout as error:
        raise UserError(f"Another process is scoring into {out} now.") from error
    except OSError as error:
        raise UserError(
            f"Scores cannot be written to {out} ({error.strerror or error}); "
            "whole parts in it stay, and the same command goes on from there."
        ) from error
