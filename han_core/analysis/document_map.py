"""A map of scored documents: the vectors that the classifier reads, projected into the plane.

Documents that are alike for the model lie close together. Two projections: principal components
(PCA), which keep distances as far as a plane can, and UMAP (McInnes, Healy and Melville 2018,
https://arxiv.org/abs/1802.03426), which keeps neighbours together and may tear or bend the rest;
it needs the package umap-learn. Vectors and places stay on the disk, by the hashes of checkpoint
and documents; a job of its own makes them where that takes long.
"""

import hashlib
import io
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from han_core.analysis.dataset import Store, open_store
from han_core.analysis.embedding_cache import Vectors, cache_vectors, open_vectors
from han_core.analysis.score_cache import REQUESTS, exclusive_turn
from han_core.analysis.scoring.manifest import read_manifest
from han_core.analysis.sources import Scores
from han_core.data.corpus import Corpus
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime import jobs
from han_core.runtime.checksums import verify_checksum, write_with_checksum
from han_core.runtime.devices import choose_device
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr
from han_core.runtime.paths import vectors_root

MODULE = "han_core.analysis.document_map"
PLACES = "places.npy"
MOST = 20_000
"""Documents on a map; of more, a sample is drawn."""

FEW_DOCUMENTS, FEW_TOKENS = 2_000, 200_000
"""So many are read at once, in the process that asks."""

NO_UMAP = mark("UMAP needs the package umap-learn: pip install -r requirements-umap.txt.")

Projection = Literal["pca", "umap"]


@dataclass(frozen=True)
class DocumentMapRequest:
    """A map to make.

    Attributes:
        folder: of the checkpoint that scored the documents.
    """

    folder: Path
    device: str
    scores: Scores
    projection: Projection = "pca"

    @property
    def work(self) -> Path:
        """The folder of the job and of the places; another one for other content."""
        manifest = self.scores.manifest
        words = ("map 1", manifest.checkpoint_sha256, manifest.data_sha256, self.projection)
        return vectors_root() / REQUESTS / hashlib.sha256(" ".join(words).encode()).hexdigest()


@dataclass(frozen=True)
class DocumentMap:
    """Documents in the plane.

    Attributes:
        rows: (documents,) of the scored data, ascending; all, or a sample of ``MOST``.
        places: (documents, 2) float32.
        explained: share of the vectors' variance that the plane keeps; None for UMAP.
    """

    rows: np.ndarray
    places: np.ndarray
    explained: float | None


def has_umap() -> bool:
    """Return whether UMAP can be asked for."""
    return find_spec("umap") is not None


def sample_rows(rows: int) -> np.ndarray:
    """Return all row numbers, ascending, or ``MOST`` of them; always the same ones."""
    if rows <= MOST:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, MOST, replace=False))


def is_quick(store: Store, projection: Projection) -> bool:
    """Return whether the map is made at once, without a job."""
    few = store.rows <= FEW_DOCUMENTS and int(store.outcomes.tokens.sum()) <= FEW_TOKENS
    return few and projection == "pca"


def begin(request: DocumentMapRequest) -> None:
    """Begin to make the map, unless that goes on already."""
    if request.projection == "umap" and not has_umap():
        raise UserError(tr(NO_UMAP))
    jobs.start_job(
        request.work, MODULE,
        {
            "folder": str(request.folder.absolute()), "device": request.device,
            "scores": str(request.scores.folder.absolute()),
            "documents": str(request.scores.documents.absolute()),
            "columns": list(request.scores.columns), "projection": request.projection,
        },
    )  # fmt: skip


def state(request: DocumentMapRequest) -> jobs.JobState | None:
    """Return the state of the job; None if it never ran, or its result was deleted."""
    current = jobs.job_state(request.work)
    gone = current is not None and current.kind == "done" and open_map(request) is None
    return None if gone else current


def stop(request: DocumentMapRequest) -> None:
    """Ask for an end; the vectors that were computed stay."""
    jobs.stop_job(request.work)


def open_map(request: DocumentMapRequest) -> DocumentMap | None:
    """Return the map; None while it is not there, or if it is damaged."""
    current = jobs.job_state(request.work)
    if current is None or current.kind != "done":
        return None
    rows, path = sample_rows(request.scores.manifest.rows), request.work / PLACES
    try:
        verify_checksum(path)
        places = np.load(path)
    except (UserError, OSError, ValueError):
        return None
    return DocumentMap(rows, places, current.answer.get("explained"))


def map_vectors(request: DocumentMapRequest) -> Vectors | None:
    """Return the vectors that the map was made of, a row for each of its documents."""
    current = jobs.job_state(request.work)
    if current is None or current.kind != "done":
        return None
    vectors = open_vectors(str(current.answer.get("key")))
    rows = min(MOST, request.scores.manifest.rows)
    return vectors if vectors is not None and len(vectors.unit) == rows else None


def make_map(request: DocumentMapRequest, store: Store) -> DocumentMap | None:
    """Make the map of ``store``, the opened scores of ``request``, in this process.

    Raises:
        UserError: as ``load_checkpoint``, or if the disk takes no more.
    """
    try:
        request.work.mkdir(mode=0o700, parents=True, exist_ok=True)
        answer = _make(request, store, lambda text, done, of: None)
        jobs.write_state(request.work, jobs.JobState(kind="done", answer=answer))
    except OSError as error:
        raise UserError(
            tr("The map cannot be stored: {reason}.", reason=error.strerror or error)
        ) from error
    return open_map(request)


def project(vectors: np.ndarray, projection: Projection) -> tuple[np.ndarray, float | None]:
    """Return places (documents, 2) float32, and the share of variance of a PCA.

    Args:
        vectors: (documents, size).

    Raises:
        UserError: if UMAP is not installed.
    """
    vectors = np.asarray(vectors, dtype=np.float32)
    if projection == "umap":
        return _umap(vectors), None
    from sklearn.decomposition import PCA

    result = np.zeros((len(vectors), 2), dtype=np.float32)
    components = min(2, *vectors.shape)
    if len(vectors) < 2 or not np.ptp(vectors, axis=0).any():
        return result, None
    fitted = PCA(components, svd_solver="full")
    result[:, :components] = fitted.fit_transform(vectors)
    return result, float(fitted.explained_variance_ratio_.sum())


def _umap(vectors: np.ndarray) -> np.ndarray:
    if not has_umap():
        raise UserError(NO_UMAP)
    if len(vectors) < 5:
        raise UserError(
            tr("UMAP needs 5 documents or more; there are {count}. Choose PCA.", count=len(vectors))
        )
    from umap import UMAP

    neighbours = min(15, len(vectors) - 1)
    # Few documents have no spectral layout, which needs more points than components.
    start = "spectral" if len(vectors) > 15 else "random"
    reducer = UMAP(n_neighbors=neighbours, metric="cosine", init=start, random_state=0, n_jobs=1)
    return np.asarray(reducer.fit_transform(vectors), dtype=np.float32)


def corpus_of(store: Store) -> Corpus:
    """Return the documents of the map with the labels that they were scored with."""
    rows = sample_rows(store.rows)
    labels = tuple(store.labels[at] for at in store.outcomes.true[rows])
    ids = store.documents.take(rows, ["id"])["id"].to_pylist()
    name = store.scores.manifest.data
    if len(rows) < store.rows:
        name = f"{name}, {len(rows):,} of {store.rows:,}"
    return Corpus(name, store.documents.texts(rows), labels, ids, {})


def _make(request: DocumentMapRequest, store: Store, tell: jobs.ReportProgress) -> dict:
    """Compute the vectors and the places; the answer names the vectors' entry."""
    corpus = corpus_of(store)
    checkpoint = load_checkpoint(request.folder, choose_device(request.device))
    key = cache_vectors(request.folder, checkpoint, corpus,
                        lambda done, of: tell(tr("Read"), done, of))  # fmt: skip
    vectors = open_vectors(key)
    if vectors is None:
        raise UserError(tr("The vectors of the documents were deleted; begin again."))
    arranging = tr("Arranging the documents by {projection}",
                   projection=request.projection.upper())  # fmt: skip
    tell(arranging, 0, 0)
    places, explained = project(vectors.unit, request.projection)
    file = io.BytesIO()
    np.save(file, places)
    write_with_checksum(request.work / PLACES, file.getvalue())
    return {"key": key, "explained": explained}


def _work(request: dict, tell: jobs.ReportProgress) -> dict:
    torch.set_num_threads(1)
    folder = Path(request["scores"])
    scores = Scores(
        folder, Path(request["documents"]), read_manifest(folder), tuple(request["columns"])
    )
    wanted = DocumentMapRequest(
        Path(request["folder"]), request["device"], scores, request["projection"]
    )
    with exclusive_turn(vectors_root(), tell, tr("Waiting for other documents")):
        return _make(wanted, open_store(scores), tell)


if __name__ == "__main__":
    jobs.run_job(_work)
