"""Score a data set into the score cache, in this process or in the background.

``python -m han_core.analysis.scoring_job`` is the background process.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

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
from han_core.analysis.scoring.manifest import checkpoint_sha256, describe
from han_core.analysis.scoring.run import Engine, Summary, score_corpus
from han_core.analysis.scoring.workers import score_here, score_locally, worker_devices
from han_core.analysis.sources import Source
from han_core.data.corpus import Corpus
from han_core.models.checkpoint import Checkpoint, load_checkpoint
from han_core.models.predict import Progress
from han_core.runtime.atomic_io import write_json
from han_core.runtime.errors import UserError
from han_core.runtime.jobs import JobState, ReportProgress, run_job, start_job, write_state
from han_core.runtime.paths import scores_root

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
        raise UserError(f"Labelled documents are expected; {corpus.name} has no labels.")
    source = source.with_checksum()
    manifest = describe(folder, checkpoint, corpus)
    evict_scores()
    out = scores_root() / manifest.key
    result = score_corpus(folder, checkpoint, corpus, out, engine, progress, PATIENCE)
    documents = store_documents(corpus, manifest.data_sha256)
    _remember(out, documents, corpus, source, result)
    whole = open_scores(manifest.key)
    if whole is None:
        raise UserError(f"The scores of {corpus.name} were deleted while they were written.")
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


def _remember(out: Path, documents: Path, corpus: Corpus, source: Source, found: Summary) -> None:
    origin = Origin(
        source=source,
        documents=documents.name,
        columns=tuple(corpus.extra),
        notes=corpus.notes,
        accuracy=found.accuracy,
        macro_f1=found.macro_f1,
        loss=found.loss,
        at=time.time(),
    )
    with _disk_asked():
        write_json(out / SOURCE, origin.model_dump(mode="json"))


def _answer(question: Path, key: str) -> None:
    with _disk_asked():
        question.mkdir(parents=True, exist_ok=True)
        write_state(question, JobState(kind="done", answer={"key": key}))


@contextmanager
def _disk_asked() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"The scores cannot be kept ({error.strerror or error}); what is whole of them stays."
        ) from error


def _work(request: dict, tell: ReportProgress) -> dict:
    """Run the background job."""
    source, device = Source.model_validate(request["source"]), str(request["device"])
    with exclusive_turn(scores_root(), tell, "Waiting for another scoring to end"):
        tell("Loading the checkpoint", 0, 0)
        checkpoint = load_checkpoint(request["folder"])
        tell(f"Reading {source.name}", 0, 0)
        corpus = source.read()
        devices = worker_devices(device)[:MOST_WORKERS]
        whole, _ = cache_scores(
            request["folder"], checkpoint, corpus, source,
            lambda parts, job: score_locally(parts, job, devices),
            lambda done, of: tell("Scored", done, of),
        )  # fmt: skip
        return {"key": whole.key}


if __name__ == "__main__":
    run_job(_work)
