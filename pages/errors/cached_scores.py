"""Answers that Errors keeps between reruns, shared by all sessions and bounded in number."""

from pathlib import Path

import numpy as np
import streamlit as st

from han_core.analysis import (
    embedding_cache,
    score_cache,
    slices,
    training_documents,
    word_attention,
)
from han_core.analysis.annotations.database import Database, open_database
from han_core.analysis.dataset import Store, open_store
from han_core.analysis.score_cache import CachedScores
from han_core.analysis.scoring import manifest, run
from han_core.analysis.slices import SliceScores
from han_core.analysis.sources import FileStatus, Scores, Source, source_of
from han_core.analysis.training_documents import Neighbours
from han_core.analysis.word_attention import WordAttention
from han_core.data.corpus import Corpus
from han_core.explanation.dataset_evidence import measure
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr
from han_core.runtime.paths import notes_url
from pages.shared import cache, data_picker
from pages.shared.language import Late

PROCESS_BYTES = 20 * 2**20
"""File size from which another process reads the file: a long read would block other sessions."""


def checkpoint_sha256(checkpoint: str) -> str:
    """Return the hash of the checkpoint of this name as it is now."""
    return _checkpoint_sha256(*cache.folder_of(checkpoint))


def file_status(source: Source) -> FileStatus:
    """Return whether the file of ``source`` is still the one that was scored."""
    return _file_status(source, source_of(source.data))


def corpus(source: Source) -> Corpus | None:
    """Return the documents if this process can score them at once, else None.

    Raises:
        UserError: as ``Source.read``.
    """
    if source.size is None or source.size > PROCESS_BYTES:
        return None
    documents = read_corpus(source)
    return documents if run.is_small(documents) else None


def read_corpus(source: Source) -> Corpus:
    """Return the documents, read once for everybody.

    Raises:
        UserError: as ``Source.read``.
    """
    return _corpus(source)


def find_scores(checkpoint: str, source: Source) -> CachedScores | None:
    """Return the complete scores of these documents by this checkpoint, if they are stored.

    Documents that another checkpoint scored are recognised by their content.
    """
    sha256 = checkpoint_sha256(checkpoint)
    if stored := score_cache.find_scores(source, sha256):
        return stored
    same = (each for each in data_picker.list_scores() if each.origin.source.same_as(source))
    if (other := next(same, None)) is None:
        return None
    return score_cache.intact_scores(score_cache.score_key(other.scores.manifest, sha256), source)


def score_in_process(
    checkpoint: str, device: str, corpus: Corpus, source: Source, progress: cache.Progress
) -> CachedScores:
    """Score ``corpus``, which was read from ``source``, in this process.

    Raises:
        UserError: as ``run.score_in_process``.
    """
    folder, fingerprint = cache.folder_of(checkpoint)
    model = cache.checkpoint_of(folder, fingerprint, device)
    stored = run.score_in_process(Path(folder), model, corpus, source, progress)
    data_picker.forget_scores()
    return stored


def store(scores: Scores, other: Scores | None = None) -> Store:
    """Open stored scores for questions, together with those of a second model.

    Raises:
        UserError: as ``open_store``, or if they were deleted.
    """
    key, second = scores.folder.name, None if other is None else other.folder.name
    stamps = tuple(score_cache.version_stamp(each) for each in (key, second) if each)
    return _store(key, second, stamps)


def notes() -> Database:
    """Open the database of tags, flags and notes.

    Raises:
        UserError: as ``open_database``.
    """
    return _notes(notes_url())


def gather_word_attention(
    store: Store, rows: np.ndarray, progress: cache.Progress
) -> WordAttention:
    """Return which words the documents of ``rows`` attend to.

    Raises:
        UserError: as the function of this name in ``han_core.analysis.word_attention``.
    """
    key = store.scores.folder.name
    slot = _slot("attended", key, score_cache.version_stamp(key), rows)
    if "answer" not in slot:
        slot["answer"] = word_attention.gather_word_attention(store, rows, progress)
    return slot["answer"]


def faithfulness(checkpoint: str, device: str, texts: list[str], progress: cache.Progress) -> dict:
    """Return what the command ``faithfulness`` prints for ``texts``.

    Raises:
        UserError: as ``measure``.
    """
    folder, fingerprint = cache.folder_of(checkpoint)
    slot = _slot("evidence", folder, fingerprint, device, texts)
    if "answer" not in slot:
        model = cache.checkpoint_of(folder, fingerprint, device)
        slot["answer"] = measure(model, texts, progress=progress).to_json()
    return slot["answer"]


def neighbours(
    checkpoint: str, device: str, key: str, text: str, own_row: int | None = None
) -> Neighbours | None:
    """Return the nearest of the training documents under ``key``; None if those are deleted.

    Args:
        own_row: as for ``training_documents.neighbours``.

    Raises:
        UserError: as ``load_checkpoint`` and ``document_vectors``.
    """
    return _neighbours(*cache.folder_of(checkpoint), device, key, text, own_row)


@st.cache_data(max_entries=300, show_spinner=Late(mark("Scoring slices …")))
def slice_scores(counts: np.ndarray, whole: np.ndarray) -> SliceScores:
    """Return the scores of a confusion matrix, compared with those of the whole data set."""
    return slices.slice_scores(counts, whole)


@st.cache_resource(max_entries=200, show_spinner=False)
def _neighbours(
    folder: str, fingerprint: str, device: str, key: str, text: str, own_row: int | None
) -> Neighbours | None:
    model = cache.checkpoint_of(folder, fingerprint, device)
    if (vectors := embedding_cache.open_vectors(key)) is None:
        return None
    vector = embedding_cache.document_vectors(model, [text])[0]
    return training_documents.neighbours(vectors, vector, text, own_row=own_row)


@st.cache_resource(max_entries=64, show_spinner=False)
def _checkpoint_sha256(folder: str, fingerprint: str) -> str:
    return manifest.checkpoint_sha256(folder)


@st.cache_data(max_entries=64, show_spinner=Late(mark("Comparing the file …")))
def _file_status(source: Source, now: Source) -> FileStatus:
    return source.standing()


@st.cache_resource(max_entries=4, show_spinner=Late(mark("Reading the documents …")))
def _corpus(source: Source) -> Corpus:
    return source.read()


@st.cache_resource(max_entries=4, show_spinner=Late(mark("Opening the scores …")))
def _store(key: str, other: str | None, stamps: tuple) -> Store:
    stored = [score_cache.open_scores(each) for each in (key, other) if each]
    if not all(stored):
        raise UserError(tr("These scores were deleted; score the documents again."))
    return open_store(*(each.scores for each in stored if each))


@st.cache_resource(max_entries=2, show_spinner=False)
def _notes(url: str) -> Database:
    return open_database(url)


@st.cache_resource(max_entries=12, show_spinner=False)
def _slot(*key: object) -> dict:
    """An empty slot for an answer: a function in Streamlit's cache cannot draw progress."""
    return {}
