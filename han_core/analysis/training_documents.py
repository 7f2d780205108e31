"""The training documents of a checkpoint, and those nearest to a document.

Which data a checkpoint was trained on, a background job that computes their vectors, and the
nearest neighbours by cosine similarity: documents that are close for the model tend to get the
same prediction.
"""

import shlex
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch

from han_core.analysis.document_table import excerpt
from han_core.analysis.documents import content_hash
from han_core.analysis.embedding_cache import TrainingDocument, Vectors, cache_vectors, open_vectors
from han_core.analysis.score_cache import REQUESTS, delete_old_requests, exclusive_turn
from han_core.analysis.sources import Source, source_of
from han_core.data.text_files import file_of
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime import jobs
from han_core.runtime.devices import choose_device
from han_core.runtime.messages import tr
from han_core.runtime.paths import uploads_root, vectors_root

MODULE = "han_core.analysis.training_documents"
LONGEST = 10_000  # characters of ``reproduce`` that are read
FORGOTTEN = 86_400.0  # seconds after which a question without an answer goes

TrainedOn = Literal["same", "other part", "unknown"]


@dataclass(frozen=True)
class TrainingSet:
    """Documents to compute vectors of, and by what.

    Attributes:
        folder: of the checkpoint.
        checkpoint_sha256: of its content, as ``scoring.manifest.checkpoint_sha256``.
    """

    folder: Path
    checkpoint_sha256: str
    device: str
    source: Source

    @property
    def work(self) -> Path:
        """The folder of the job; another one once the checkpoint or the file changes."""
        return vectors_root() / REQUESTS / self.source.request_key(self.checkpoint_sha256)


def begin(training_set: TrainingSet) -> None:
    """Begin to compute the vectors, unless that goes on already."""
    request = {
        "folder": str(training_set.folder.absolute()),
        "device": training_set.device,
        "source": training_set.source.model_dump(),
    }
    jobs.start_job(training_set.work, MODULE, request)


def state(training_set: TrainingSet) -> jobs.JobState | None:
    """Return the state of the job; None if it never ran, or its result was deleted."""
    current = jobs.job_state(training_set.work)
    return (
        None
        if current and current.kind == "done" and vectors_key(training_set) is None
        else current
    )


def vectors_key(training_set: TrainingSet) -> str | None:
    """The key of its vectors; None while they are not there."""
    current = jobs.job_state(training_set.work)
    if current is None or current.kind != "done":
        return None
    vectors = open_vectors(str(current.answer.get("key")))
    if vectors is None or vectors.note.checkpoint_sha256 != training_set.checkpoint_sha256:
        return None
    return vectors.note.key


def stop(training_set: TrainingSet) -> None:
    """Ask for an end; what was computed stays."""
    jobs.stop_job(training_set.work)


def named_source(metrics: dict[str, Any]) -> Source | None:
    """The training documents that a checkpoint's ``metrics.json`` names, if it can be read here.

    The file may come from anybody: of the files on this machine, only those count that people
    sent, whose folders are called by the hash of their content.
    """
    flags = _flags(metrics)
    data = flags.get("--data", "")
    if data.startswith("hf:") and "@" not in data:
        data += "@train"
    if not data.startswith(("hf:", "bundled:")) and not _is_upload(data):
        return None
    columns = flags.get("--text-column", "text"), flags.get("--label-column", "label")
    try:
        return source_of(data, *columns)
    except ValueError:  # too long, or empty
        return None


def trained_on(metrics: dict[str, Any], data: str) -> TrainedOn:
    """Return whether a checkpoint was trained on ``data``, by its ``metrics.json``."""
    names = {_plain(name) for name in (metrics.get("dataset"), _flags(metrics).get("--data"))}
    names.discard("")
    training_set = _plain(data)
    if training_set in names:
        return "same"
    split = {name.partition("@")[0] for name in names if "@" in name}
    return (
        "other part"
        if "@" in training_set and training_set.partition("@")[0] in split
        else "unknown"
    )


def _plain(name: object) -> str:
    """Return a data set's name without its folder or "hf:"."""
    if not isinstance(name, str):
        return ""
    return name.removeprefix("hf:") if ":" in name else Path(name).name


def _flags(metrics: dict[str, Any]) -> dict[str, str]:
    """The flags of the command in ``reproduce`` that have a value, the last of each name."""
    command = metrics.get("reproduce")
    try:
        words = shlex.split(command[:LONGEST]) if isinstance(command, str) else []
    except ValueError:  # a quotation without its end
        words = []
    return {flag: value for flag, value in pairwise(words) if flag.startswith("--")}


def _is_upload(data: str) -> bool:
    try:
        path = Path(file_of(data)).resolve()
        return bool(data) and path.is_relative_to(uploads_root().resolve()) and path.is_file()
    except (OSError, ValueError):
        return False


NEAREST = 10
AT_ONCE = 65_536
"""Rows multiplied at once: 50 MB of float32 for vectors of 200 numbers."""


@dataclass(frozen=True)
class Neighbour:
    """A training document near another document.

    Attributes:
        row: in the training documents, from 0.
        similarity: cosine, −1 to 1; exact within .001 (the vectors are kept as float16).
        same_text: whether it has the same text, letter for letter.
    """

    row: int
    similarity: float
    document: TrainingDocument
    same_text: bool


@dataclass(frozen=True)
class Neighbours:
    """The nearest training documents, the nearest first.

    A document's own text among them is no witness: ``votes`` leave it out.
    """

    documents: tuple[Neighbour, ...]

    @property
    def votes(self) -> dict[str, int]:
        """Number of neighbours with another text by label, the most frequent first."""
        labels = (one.document.label for one in self.documents if not one.same_text)
        return dict(Counter(labels).most_common())

    @property
    def labels_of_same_text(self) -> tuple[str, ...]:
        """The labels that the same text has among the training documents."""
        return tuple(sorted({one.document.label for one in self.documents if one.same_text}))


def neighbours(
    vectors: Vectors,
    vector: np.ndarray,
    text: str,
    number: int = NEAREST,
    own_row: int | None = None,
) -> Neighbours:
    """The nearest of all training documents, beside those that have the same text.

    Args:
        vector: (size,) of ``text``, as ``vectors_of`` makes it.
        number: of other texts; at most as many of the same text come with them.
        own_row: where ``text`` itself stands among the documents, to be left out.
    """
    content = content_hash(text)
    result: list[Neighbour] = []
    for row, similarity in zip(*nearest(vectors.unit, vector, 2 * number + 1), strict=True):
        if row == own_row:
            continue
        document = vectors.document(int(row))
        result.append(Neighbour(int(row), float(similarity), document, document.content == content))
    others = [one for one in result if not one.same_text][:number]
    same = [one for one in result if one.same_text][:number]
    return Neighbours(tuple(sorted([*others, *same], key=lambda one: (-one.similarity, one.row))))


def nearest(unit: np.ndarray, vector: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """(rows, cosines) of the ``number`` rows of ``unit`` nearest to ``vector``.

    Those that are equal to five digits stand by row: the last digit of a product depends on
    where in a batch it was made.

    Args:
        unit: (documents, size) of length 1, of any kind of float.
        vector: (size,) of length 1.
    """
    query = vector.astype(np.float32)
    rows, cosines = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
    for start in range(0, len(unit), AT_ONCE):
        products = unit[start : start + AT_ONCE].astype(np.float32) @ query
        rows = np.concatenate([rows, start + np.arange(len(products))])
        cosines = np.concatenate([cosines, products])
        best = np.lexsort((rows, -cosines.round(5)))[:number]
        rows, cosines = rows[best], cosines[best]
    return rows, cosines


def neighbour_table(nearest_documents: Neighbours, label: str) -> pd.DataFrame:
    """A row for each: similarity, label, differs (from ``label``), same_text, id, excerpt."""
    rows = [
        (
            one.similarity,
            one.document.label,
            one.document.label != label,
            one.same_text,
            one.document.id,
            excerpt(one.document.text),
        )
        for one in nearest_documents.documents
    ]
    names = ["similarity", "label", "differs", "same_text", "id", "excerpt"]
    return pd.DataFrame(rows, columns=names)


def _work(request: dict, tell: jobs.ReportProgress) -> dict:
    """Run the background job; the answer names the entry."""
    torch.set_num_threads(1)
    source = Source.model_validate(request["source"])
    with exclusive_turn(vectors_root(), tell, tr("Waiting for other training documents")):
        delete_old_requests(vectors_root(), lambda key: open_vectors(key) is not None, FORGOTTEN)
        tell(tr("Reading {name}", name=source.name), 0, 0)
        checkpoint = load_checkpoint(request["folder"], choose_device(request["device"]))
        key = cache_vectors(
            request["folder"],
            checkpoint,
            source.read(),
            lambda done, of: tell(tr("Read"), done, of),
        )
    return {"key": key}


if __name__ == "__main__":
    jobs.run_job(_work)
