"""Models and answers kept between reruns, for everybody who uses this server, and its quotas.

Everything is bounded, and everything that decides a result is part of its key. A ``mark`` is
the ``fingerprint`` of a checkpoint's folder: another mark, another model.
"""

import gc
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from han_core.explanation.anatomy import Anatomy
from han_core.explanation.anatomy import anatomy as measure_anatomy
from han_core.explanation.attention_map import AttentionMap
from han_core.explanation.attention_permutation import untrained_twin, with_uniform_attention
from han_core.explanation.attribution import Attribution, Method, Unit, attribute
from han_core.explanation.deletion import Removal, measure_removal
from han_core.explanation.explain import RequestBatcher, explain_document
from han_core.explanation.explain_maps import with_maps
from han_core.explanation.explanation import Explanation
from han_core.explanation.faithfulness import Evidence, Stage, measure_evidence, thorough
from han_core.explanation.head_pruning import Pruning, prune_heads
from han_core.explanation.map_attribution import gradient_weighted_maps
from han_core.explanation.model_probe import Fill, ModelProbe, probe_document
from han_core.explanation.worker import EvidenceRequest, EvidenceWorker
from han_core.models.architecture import Architecture
from han_core.models.checkpoint import Checkpoint, load_checkpoint
from han_core.models.listing import Listing, list_checkpoints, unlisted_checkpoints
from han_core.models.registry import model_kind
from han_core.runtime.atomic_io import files_state
from han_core.runtime.devices import choose_device
from han_core.runtime.errors import UserError
from han_core.runtime.messages import mark, tr
from han_core.runtime.paths import checkpoints_root
from han_core.text.edits import Edit, apply_edits
from pages.shared.language import Late
from pages.shared.page import RENDERS

CLASS = "HANSCOPE_CLASS"
"""The environment variable that ``make class`` sets to 1."""


@dataclass(frozen=True)
class Quotas:
    """How much one visitor gets without a click: everything when alone, less in a class.

    Attributes:
        characters: the longest text that can be pasted; far more stops a browser.
        folded: whether figures beyond bars and heatmaps are drawn only when opened.
        worker: whether a worker process measures evidence.
    """

    characters: int = 1_000_000
    folded: bool = False
    worker: bool = False

    def words_at_once(self, stage: Stage, shape: Architecture) -> int:
        """Words of the longest text whose evidence is measured without a click."""
        words = model_kind(shape.model).evidence_words
        quick = words.shared if self.worker else words.quick
        thorough = 0 if self.worker else words.thorough
        at_once = thorough if stage == "thorough" else quick
        return at_once * words.layers // shape.layers


ALONE = Quotas()
IN_CLASS = Quotas(characters=100_000, folded=True, worker=True)


def quotas() -> Quotas:
    """Return the quotas of this server."""
    return IN_CLASS if os.environ.get(CLASS) else ALONE


def figures_place(key: str) -> DeltaGenerator | None:
    """Return where figures go; None while they are folded, and then they are not made either."""
    if not quotas().folded:
        return st.container()
    fold = st.expander(tr("Figures"), on_change="rerun", key=key)
    return fold if fold.open else None


SHORT = 5_000
"""Characters of a text that is explained at once."""

MOST_MAPPED = 1_000
"""Tokens of a text whose maps are drawn; they need tokens² numbers a head."""

Progress = Callable[[int, int], None]


class Question(NamedTuple):
    """One document and one model: all that decides the answer.

    Attributes:
        checkpoint: a name among ``listings``.
        edits: (start, end, replacement) of each, in the order in which they were made.
    """

    checkpoint: str
    device: str
    text: str
    edits: tuple[tuple[int, int, str], ...] = ()


def listings() -> dict[str, Listing]:
    """Return the checkpoints that can be chosen now, by name."""
    return {listing.name: listing for listing in list_checkpoints(checkpoints_root())}


def unlisted() -> list[UserError]:
    """Return the reason for each checkpoint that cannot be chosen."""
    return unlisted_checkpoints(checkpoints_root())


def fingerprint(folder: Path) -> str:
    """Return a hash that changes with any file of ``folder``; "" where there is no folder."""
    try:
        state = files_state(folder)
    except OSError:
        return ""
    return hashlib.sha256(repr(state).encode()).hexdigest()


def folder_of(checkpoint: str) -> tuple[str, str]:
    """Return path and fingerprint of the folder of this checkpoint."""
    folder = checkpoints_root() / checkpoint
    return str(folder), fingerprint(folder)


@st.cache_resource(max_entries=8, show_spinner=False)
def checkpoint_of(folder: str, mark: str, device: str) -> Checkpoint:
    """Return the loaded checkpoint of a folder.

    Raises:
        UserError: as ``load_checkpoint`` and ``choose_device`` do.
    """
    return load_checkpoint(folder, choose_device(device))


def probe(question: Question) -> ModelProbe:
    """Return the document with its explanation, ready for further questions to the model.

    Raises:
        UserError: as ``load_checkpoint``, ``choose_device``, ``explain`` and ``edited`` do.
    """
    return _probe(*_keyed(question))


def evidence(
    question: Question, unit: Unit, fill: Fill, stage: Stage, progress: Progress
) -> Evidence:
    """Return the measures of faithfulness, with progress while they are computed.

    Raises:
        UserError: as ``faithfulness.thorough`` does.
    """
    answers = _evidence_answers(*_keyed(question), unit, fill)
    if stage not in answers:
        answers[stage] = _measure(question, unit, fill, stage, progress)
    return answers[stage]


def has_evidence(question: Question, unit: Unit, fill: Fill, stage: Stage) -> bool:
    """Whether ``evidence`` would answer at once."""
    return stage in _evidence_answers(*_keyed(question), unit, fill)


def attribution(question: Question, method: Method, target: int) -> Attribution:
    """Return what ``attribute`` does.

    Raises:
        UserError: as ``attribute`` does.
    """
    return _attribution(*_keyed(question), method, target)


def removal(question: Question, method: Method, target: int) -> Removal | None:
    """Return the effect of removing the words that ``method`` ranks highest.

    Raises:
        UserError: as ``attribute`` does.
    """
    return _removal(*_keyed(question), method, target)


def placebo(question: Question, kind: str) -> Explanation:
    """Explain the document by the untrained model, or under uniform attention."""
    return _placebo(*_keyed(question), kind)


def maps(question: Question) -> tuple[AttentionMap, ...]:
    """Return the self-attention of a document in half precision, a map for each window.

    Raises:
        UserError: if the text is longer than ``MOST_MAPPED`` tokens.
    """
    return _maps(*_keyed(question))


def gradient_maps(question: Question, target: int) -> tuple[AttentionMap, ...]:
    """Return gradient-weighted attention for a class, a map for each window."""
    return _gradient_maps(*_keyed(question), target)


def pruning(question: Question, heads: frozenset[tuple[int, int]]) -> Pruning:
    """Return the answer without some heads.

    Raises:
        UserError: as ``prune_heads``.
    """
    return _pruning(*_keyed(question), heads)


def anatomy(question: Question) -> Anatomy:
    """Return every number of the model's attention over the document."""
    return _anatomy(*_keyed(question))


@st.cache_resource(max_entries=8, show_spinner=False)
def freeze_loaded_objects(page: str) -> None:
    """Take what a page has loaded out of garbage collection, once a page.

    Streamlit collects garbage after every run, which is most of the latency of a rerun.
    """
    gc.collect()
    gc.freeze()


def _keyed(question: Question) -> tuple[str, str, Question]:
    """The key of an answer: the folder, its fingerprint now, and the question."""
    return *folder_of(question.checkpoint), question


@st.cache_resource(max_entries=6, show_spinner=False)
def _batcher(folder: str, mark: str, device: str) -> RequestBatcher:
    """Answer concurrent requests to one checkpoint in common batches."""
    return RequestBatcher(checkpoint_of(folder, mark, device))


@st.cache_resource(max_entries=2, show_spinner=False)
def _untrained(folder: str, mark: str, device: str) -> Checkpoint:
    return untrained_twin(checkpoint_of(folder, mark, device))


def _probe(folder: str, mark: str, question: Question) -> ModelProbe:
    short = len(question.text) <= SHORT
    return (_short_probe if short else _long_probe)(folder, mark, question)


@st.cache_resource(max_entries=200, show_spinner=Late(mark("Running the model …")))
def _short_probe(folder: str, mark: str, question: Question) -> ModelProbe:
    return _run(folder, mark, question)


@st.cache_resource(max_entries=12, show_spinner=Late(mark("Running the model …")))
def _long_probe(folder: str, mark: str, question: Question) -> ModelProbe:
    with RENDERS.paused():
        return _run(folder, mark, question)


def _run(folder: str, mark: str, question: Question) -> ModelProbe:
    checkpoint = checkpoint_of(folder, mark, question.device)
    batcher = _batcher(folder, mark, question.device)
    if not question.edits:
        return probe_document(checkpoint, checkpoint.tokenizer(question.text), batcher)
    whole = _probe(folder, mark, question._replace(edits=()))
    edits = [Edit(*edit) for edit in question.edits]
    document = apply_edits(whole.document, edits, checkpoint.tokenizer).document
    return probe_document(checkpoint, document, batcher)


def _measure(
    question: Question, unit: Unit, fill: Fill, stage: Stage, progress: Progress
) -> Evidence:
    folder, mark, _ = _keyed(question)
    request = EvidenceRequest(folder, mark, probe(question).document, unit, fill, stage)
    if (measured := _measure_by_worker(request, question.device, progress)) is not None:
        return measured
    if stage == "thorough":
        first = evidence(question, unit, fill, "quick", progress)
        return thorough(probe(question), first, progress=progress)
    return measure_evidence(probe(question), unit, fill, stage, progress)


def _measure_by_worker(
    request: EvidenceRequest, device: str, progress: Progress
) -> Evidence | None:
    """Measure in a worker process while other pages render; None: measure it here.

    Long texts wait for each other, and short ones never wait for them.
    """
    on_cpu = checkpoint_of(request.folder, request.mark, device).device.type == "cpu"
    if not (quotas().worker and on_cpu):
        return None
    worker = _worker(len(request.document.text) > SHORT)
    with RENDERS.paused():
        return worker.evidence(request, progress)


@st.cache_resource(max_entries=2, show_spinner=False)
def _worker(long: bool) -> EvidenceWorker:
    return EvidenceWorker()


@st.cache_resource(max_entries=400, show_spinner=False)
def _evidence_answers(folder: str, mark: str, question: Question, unit: str, fill: str) -> dict:
    """Evidence by stage: a function in Streamlit's cache cannot draw progress."""
    return {}


@st.cache_data(max_entries=100, show_spinner=Late(mark("Computing the attribution …")))
def _attribution(
    folder: str, mark: str, question: Question, method: Method, target: int
) -> Attribution:
    return attribute(_probe(folder, mark, question), method, target)


@st.cache_data(max_entries=100, show_spinner=Late(mark("Removing words …")))
def _removal(
    folder: str, mark: str, question: Question, method: Method, target: int
) -> Removal | None:
    attribution = _attribution(folder, mark, question, method, target)
    return measure_removal(_probe(folder, mark, question), attribution)


@st.cache_data(max_entries=50, show_spinner=Late(mark("Running the placebo …")))
def _placebo(folder: str, mark: str, question: Question, kind: str) -> Explanation:
    trained = _probe(folder, mark, question)
    if kind == "uniform":
        return with_uniform_attention(trained)
    return explain_document(_untrained(folder, mark, question.device), trained.document)


@st.cache_resource(max_entries=4, show_spinner=Late(mark("Reading the heads …")))
def _maps(folder: str, mark: str, question: Question) -> tuple[AttentionMap, ...]:
    probe = _probe(folder, mark, question)
    if probe.tokens > MOST_MAPPED:
        raise UserError(
            tr(
                "Maps are drawn for texts of up to {most:,} tokens; this one has {tokens:,}. "
                "Shorten the text, or analyse a part of it.",
                most=MOST_MAPPED,
                tokens=probe.tokens,
            )
        )
    found = with_maps(probe.checkpoint, probe.explanation).maps
    square = [one for one in found if one.queries == one.keys and one.query_axis == "token"]
    return tuple(replace(one, weights=one.weights.astype(np.float16)) for one in square)


@st.cache_resource(max_entries=4, show_spinner=Late(mark("Reading the states …")))
def _anatomy(folder: str, mark: str, question: Question) -> Anatomy:
    probe = _probe(folder, mark, question)
    return measure_anatomy(probe.checkpoint, probe.document)


@st.cache_resource(max_entries=8, show_spinner=Late(mark("Computing gradients …")))
def _gradient_maps(
    folder: str, mark: str, question: Question, target: int
) -> tuple[AttentionMap, ...]:
    return gradient_weighted_maps(_probe(folder, mark, question), target)


@st.cache_resource(max_entries=200, show_spinner=Late(mark("Running the model …")))
def _pruning(
    folder: str, mark: str, question: Question, heads: frozenset[tuple[int, int]]
) -> Pruning:
    return prune_heads(_probe(folder, mark, question), heads)
