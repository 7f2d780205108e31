"""What the page Errors keeps between reruns, for everybody; bounded, and keyed by all that decides.

It knows nothing about widgets.
"""

import numpy as np
import streamlit as st

from han_core.analysis.annotations.database import Database, open_database
from han_core.analysis.dataset import Store, open_store
from han_core.analysis.embedding_cache import document_vectors, open_vectors
from han_core.analysis.score_cache import CachedScores, open_scores, version_stamp
from han_core.analysis.scoring_job import is_small
from han_core.analysis.slices import SliceScores
from han_core.analysis.sources import FileStatus, Scores, Source, source_of
from han_core.analysis.training_documents import Neighbours
from han_core.analysis.word_attention import WordAttention
from han_core.data.corpus import Corpus
from han_core.explanation.dataset_evidence import measure
from han_core.runtime.errors import UserError
from han_core.runtime.paths import notes_url
from pages.shared import cache, files

PROCESS_BYTES = 20 * 2**20
"""Of a file from which on another process reads it: it may take long, and holds others up."""


def checkpoint_sha256(checkpoint: str) -> str:
    """Of the checkpoint of this name, as it stands."""
    folder = cache.checkpoints_root() / checkpoint
    return _checkpoint_sha256(str(folder), cache.fingerprint(folder))


def standing(source: Source) -> FileStatus:
    """Whether the file of ``source`` is still what was scored."""
    return _standing(source, source_of(source.data))


def corpus(source: Source) -> Corpus | None:
    """The documents, to be scored at once; None where that is for another process.

    Raises:
        UserError: as ``Source.read``.
    """
    if source.size is None or source.size > PROCESS_BYTES:
        return None
    read = _corpus(source)
    return read if is_small(read) else None


def find_scores(checkpoint: str, source: Source) -> CachedScores | None:
    """Whole scores of these documents by this checkpoint, if they are kept.

    Documents that other checkpoints scored are known by their content.
    """
    from han_core.analysis.score_cache import find_scores, open_scores, score_key

    sha256 = checkpoint_sha256(checkpoint)
    if found := find_scores(source, sha256):
        return found
    alike = (each for each in files.list_scores() if each.origin.source.same_as(source))
    known = next(alike, None)
    return open_scores(score_key(known.scores.manifest, sha256)) if known else None


def score_in_process(
    checkpoint: str, device: str, corpus: Corpus, source: Source, progress: cache.Progress
) -> CachedScores:
    """Scores ``corpus``, which was read from ``source``, in this process.

    Raises:
        UserError: as ``keep_scores``.
    """
    from han_core.analysis.scoring_job import score_in_process

    folder = cache.checkpoints_root() / checkpoint
    model = cache.checkpoint_of(str(folder), cache.fingerprint(folder), device)
    found = score_in_process(folder, model, corpus, source, progress)
    files.forget_scores()
    return found


def store(scores: Scores, other: Scores | None = None) -> Store:
    """Kept scores open for questions, and beside them a second model's.

    Raises:
        UserError: as ``open_store``, or if they were deleted.
    """
    key, second = scores.folder.name, None if other is None else other.folder.name
    return _store(key, second, tuple(_stamp(each) for each in (key, second) if each))


def notes() -> Database:
    """What people say of documents.

    Raises:
        UserError: as ``open_database``.
    """
    return _notes(notes_url())


def gather_word_attention(
    store: Store, rows: np.ndarray, progress: cache.Progress
) -> WordAttention:
    """What the documents of ``rows`` attend to; with progress while it is counted.

    Raises:
        UserError: as ``errors.attended.attended``.
    """
    from han_core.analysis.word_attention import gather_word_attention

    key = store.scores.folder.name
    place = _place("attended", key, _stamp(key), rows)
    if "answer" not in place:
        place["answer"] = gather_word_attention(store, rows, progress)
    return place["answer"]


def faithfulness(checkpoint: str, device: str, texts: list[str], progress: cache.Progress) -> dict:
    """What the command ``faithfulness`` prints for ``texts``.

    Raises:
        UserError: as ``measure`` does.
    """
    folder = cache.checkpoints_root() / checkpoint
    mark = cache.fingerprint(folder)
    place = _place("evidence", str(folder), mark, device, texts)
    if "answer" not in place:
        model = cache.checkpoint_of(str(folder), mark, device)
        place["answer"] = measure(model, texts, progress=progress).to_json()
    return place["answer"]


def neighbours(checkpoint: str, device: str, key: str, text: str) -> Neighbours | None:
    """The nearest of the training documents that are kept under ``key``; None if they are gone.

    Raises:
        UserError: as ``load_checkpoint`` and ``vectors_of``.
    """
    folder = cache.checkpoints_root() / checkpoint
    return _neighbours(str(folder), cache.fingerprint(folder), device, key, text)


@st.cache_resource(max_entries=200, show_spinner=False)
def _neighbours(
    folder: str, fingerprint: str, device: str, key: str, text: str
) -> Neighbours | None:
    from han_core.analysis.training_documents import neighbours

    model, vectors = cache.checkpoint_of(folder, fingerprint, device), open_vectors(key)
    if vectors is None:
        return None
    return neighbours(vectors, document_vectors(model, [text])[0], text)


@st.cache_data(max_entries=300, show_spinner="Counting slices …")
def slice_scores(counts: np.ndarray, whole: np.ndarray) -> SliceScores:
    """What ``errors.slices.slice_scores`` says of tables of true by predicted classes."""
    from han_core.analysis.slices import slice_scores

    return slice_scores(counts, whole)


@st.cache_resource(max_entries=64, show_spinner=False)
def _checkpoint_sha256(folder: str, fingerprint: str) -> str:
    from han_core.analysis.scoring.manifest import checkpoint_sha256

    return checkpoint_sha256(folder)


@st.cache_data(max_entries=64, show_spinner="Comparing the file …")
def _standing(source: Source, now: Source) -> FileStatus:
    return source.standing()


@st.cache_resource(max_entries=4, show_spinner="Reading the documents …")
def _corpus(source: Source) -> Corpus:
    return source.read()


@st.cache_resource(max_entries=4, show_spinner="Opening the scores …")
def _store(key: str, other: str | None, stamps: tuple) -> Store:
    found = [open_scores(each) for each in (key, other) if each]
    if not all(found):
        raise UserError("These scores are not kept any more; score the documents anew.")
    return open_store(*(each.scores for each in found if each))


@st.cache_resource(max_entries=2, show_spinner=False)
def _notes(url: str) -> Database:
    return open_database(url)


def _stamp(key: str) -> tuple[int, int]:
    """Another one whenever the scores or their documents were written anew."""
    return version_stamp(key)


@st.cache_resource(max_entries=12, show_spinner=False)
def _place(*asked: object) -> dict:
    """An empty place for an answer: a function in Streamlit's cache may draw no progress."""
    return {}
