"""Score a corpus into a folder with any engine; an interrupted run continues.

Only this process writes to the folder, a whole file at a time.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from han_core.analysis.documents import store_documents
from han_core.analysis.score_cache import (
    SOURCE,
    CachedScores,
    Origin,
    evict_scores,
    exclusive_turn,
    open_scores,
    request_folder,
)
from han_core.analysis.scoring.manifest import (
    LOCK,
    Manifest,
    Part,
    checkpoint_sha256,
    claim,
    describe,
    parts_of,
)
from han_core.analysis.scoring.queue import WAITING, has_gone
from han_core.analysis.scoring.table import is_whole, part_path, stored_metrics, write_part
from han_core.analysis.scoring.workers import Job, score_here, score_locally, worker_devices
from han_core.analysis.sources import Source
from han_core.data.corpus import Corpus
from han_core.data.labels import align_labels
from han_core.models.checkpoint import Checkpoint, find_folder, load_checkpoint
from han_core.models.predict import Progress
from han_core.runtime.checksums import write_json_with_checksum
from han_core.runtime.errors import UserError
from han_core.runtime.jobs import JobState, ReportProgress, run_job, start_job, write_state
from han_core.runtime.messages import tr
from han_core.runtime.paths import scores_root

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
            write_part(out, number, content)
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
        raise UserError(tr("Another process is scoring into {out} now.", out=out)) from error
    except OSError as error:
        raise UserError(
            tr(
                "Scores cannot be written to {out} ({reason}); whole parts in it stay, and the "
                "same command goes on from there.",
                out=out,
                reason=error.strerror or error,
            )
        ) from error


FEW_DOCUMENTS, FEW_CHARACTERS = 2_000, 1_000_000
"""Up to this size a data set is scored in the calling process: it takes a few seconds."""

MOST_WORKERS = 8
"""Of one scoring in the background: each holds about half a gibibyte."""

PATIENCE = 120.0  # seconds for another process that scores the same


def is_small(corpus: Corpus) -> bool:
    """Return whether to score a corpus at once, in this process."""
    few = len(corpus) <= FEW_DOCUMENTS
    return few and sum(map(len, corpus.texts)) <= FEW_CHARACTERS


def cache_scores(
    folder: str | Path,
    checkpoint: Checkpoint,
    corpus: Corpus,
    source: Source,
    engine: Engine,
    progress: Progress | None = None,
) -> tuple[CachedScores, Summary]:
    """Score what is not kept yet of ``corpus``, and keeps its documents.

    Args:
        folder: where ``checkpoint`` stands.
        source: what ``corpus`` was read from.
        progress: told the documents done.
    """
    if not corpus.labels:
        raise UserError(
            tr("Labelled documents are expected; {name} has no labels.", name=corpus.name)
        )
    source = source.with_checksum()
    manifest = describe(folder, checkpoint, corpus)
    evict_scores()
    out = scores_root() / manifest.key
    result = score_corpus(folder, checkpoint, corpus, out, engine, progress, PATIENCE)
    documents = store_documents(corpus, manifest.data_sha256)
    _remember(out, documents, corpus, source, result)
    whole = open_scores(manifest.key)
    if whole is None:
        raise UserError(
            tr("The scores of {name} were deleted while they were written.", name=corpus.name)
        )
    _answer(request_folder(source, manifest.checkpoint_sha256), manifest.key)
    return whole, result


def score_in_process(
    folder: Path, checkpoint: Checkpoint, corpus: Corpus, source: Source, progress: Progress
) -> CachedScores:
    """Cache the scores of a small corpus, in this process."""
    engine = partial(score_here, checkpoint=checkpoint)
    return cache_scores(folder, checkpoint, corpus, source, engine, progress)[0]


def start_scoring(folder: Path, device: str, source: Source) -> Path:
    """Begin to score in a process of its own; ``jobs.job_state`` at what is returned.

    Where that process is at work already, it goes on.
    """
    work = request_folder(source, checkpoint_sha256(folder))
    request = {
        "folder": str(folder.absolute()), "device": device, "source": source.model_dump()
    }  # fmt: skip
    start_job(work, __name__, request)
    return work


def _remember(out: Path, documents: Path, corpus: Corpus, source: Source, result: Summary) -> None:
    origin = Origin(
        source=source,
        documents=documents.name,
        columns=tuple(corpus.extra),
        notes=corpus.notes,
        accuracy=result.accuracy,
        macro_f1=result.macro_f1,
        loss=result.loss,
        at=time.time(),
    )
    with _disk_refusals():
        write_json_with_checksum(out / SOURCE, origin.model_dump(mode="json"))


def _answer(question: Path, key: str) -> None:
    with _disk_refusals():
        question.mkdir(parents=True, exist_ok=True)
        write_state(question, JobState(kind="done", answer={"key": key}))


@contextmanager
def _disk_refusals() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            tr(
                "The scores cannot be kept ({reason}); what is whole of them stays.",
                reason=error.strerror or error,
            )
        ) from error


def _work(request: dict, tell: ReportProgress) -> dict:
    """Run the background job."""
    source, device = Source.model_validate(request["source"]), str(request["device"])
    work = request_folder(source, checkpoint_sha256(request["folder"]))
    with exclusive_turn(scores_root(), tell, WAITING, lambda: has_gone(work)):
        tell(tr("Loading the checkpoint"), 0, 0)
        checkpoint = load_checkpoint(request["folder"])
        tell(tr("Reading {name}", name=source.name), 0, 0)
        corpus = source.read()
        devices = worker_devices(device)[:MOST_WORKERS]
        whole, _ = cache_scores(
            request["folder"], checkpoint, corpus, source,
            lambda parts, job: score_locally(parts, job, devices),
            lambda done, of: tell(tr("Scored"), done, of),
        )  # fmt: skip
        return {"key": whole.key}


if __name__ == "__main__":
    run_job(_work)
