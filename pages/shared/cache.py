"""What is loaded once, for everybody who uses this server: models, and who answers for them.

``mark`` is the ``cached.fingerprint`` of a checkpoint's folder: another folder, another model.
It knows nothing about documents.

What is kept between reruns, for everybody who uses this server.

Everything is bounded, and everything that decides a result is part of its key.
It knows nothing about widgets.
"""

import gc
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from han_core.explanation.attention_permutation import untrained_twin, with_uniform_attention
from han_core.explanation.attribution import attribute
from han_core.explanation.explain import RequestBatcher, explain_document
from han_core.explanation.faithfulness import measure_evidence, thorough
from han_core.explanation.model_probe import probe_document
from han_core.explanation.worker import EvidenceRequest, EvidenceWorker
from han_core.models.checkpoint import load_checkpoint
from han_core.models.listing import broken_checkpoints, list_checkpoints
from han_core.runtime.atomic_io import files_state
from han_core.runtime.devices import choose_device
from han_core.runtime.paths import checkpoints_root
from han_core.text.edits import Edit, edited
from pages.shared import quotas
from pages.shared.render_queue import RENDERS

if TYPE_CHECKING:
    from han_core.explanation.attribution import Attribution, Method, Unit
    from han_core.explanation.explain import RequestBatcher
    from han_core.explanation.explanation import Explanation
    from han_core.explanation.faithfulness import Evidence, Stage
    from han_core.explanation.model_probe import Fill, ModelProbe, Progress
    from han_core.explanation.verdicts import Removal
    from han_core.explanation.worker import EvidenceRequest, EvidenceWorker
    from han_core.models.checkpoint import Checkpoint
    from han_core.models.listing import Listing

SHORT = 5_000
"""Characters of a text that is explained at once."""


@st.cache_resource(max_entries=8, show_spinner=False)
def checkpoint_of(folder: str, mark: str, device: str) -> "Checkpoint":
    """The loaded checkpoint of a folder.

    Raises:
        UserError: as ``load_checkpoint`` and ``choose_device`` do.
    """
    return load_checkpoint(folder, choose_device(device))


@st.cache_resource(max_entries=6, show_spinner=False)
def together_of(folder: str, mark: str, device: str) -> RequestBatcher:
    """Answers those who ask this checkpoint at the same time in common passes."""
    return RequestBatcher(checkpoint_of(folder, mark, device))


@st.cache_resource(max_entries=2, show_spinner=False)
def twin_of(folder: str, mark: str, device: str) -> "Checkpoint":
    """The same model before it learnt anything."""
    return untrained_twin(checkpoint_of(folder, mark, device))


@st.cache_resource(max_entries=2, show_spinner=False)
def _beside(long: bool) -> EvidenceWorker:
    return EvidenceWorker()


def measured_beside(asked: EvidenceRequest, device: str, progress: "Progress") -> "Evidence | None":
    """Evidence by a process of its own, while others have their turn; None: measure it here.

    Whoever asks about a long text waits for others who do, and nobody else does.

    Raises:
        UserError: as ``Beside.evidence`` does.
    """
    if not quotas.current().beside or checkpoint_of(*asked[:2], device).device.type != "cpu":
        return None
    process = _beside(len(asked.document.text) > SHORT)
    with RENDERS.paused():
        return process.evidence(asked, progress)


def listings() -> dict[str, "Listing"]:
    """The checkpoints that can be chosen now, by name."""
    return {listing.name: listing for listing in list_checkpoints(checkpoints_root())}


def broken() -> list[str]:
    """A sentence for each checkpoint that cannot be chosen."""
    return broken_checkpoints(checkpoints_root())


Progress = Callable[[int, int], None]


class Question(NamedTuple):
    """One document before one model: all that decides the answer.

    Attributes:
        checkpoint: a name among ``listings``.
        edits: (start, end, replacement) of each, in the order in which they were made.
    """

    checkpoint: str
    device: str
    text: str
    edits: tuple[tuple[int, int, str], ...] = ()


def probe(question: Question) -> "ModelProbe":
    """The document, read and explained, ready to be asked more.

    Raises:
        UserError: as ``load_checkpoint``, ``choose_device``, ``explain`` and ``edited`` do.
    """
    return _subject(*_marked(question))


def evidence(
    question: Question, unit: "Unit", fill: "Fill", stage: "Stage", progress: Progress
) -> "Evidence":
    """What ``faithfulness`` measures, with progress while it is made; briefly only by word.

    Raises:
        UserError: as ``faithfulness.thorough`` does.
    """
    answers = _answers(*_marked(question), unit, fill)
    if stage not in answers:
        answers[stage] = _evidence(question, unit, fill, stage, progress)
    return answers[stage]


def _evidence(
    question: Question, unit: "Unit", fill: "Fill", stage: "Stage", progress: Progress
) -> "Evidence":
    folder, mark, _ = _marked(question)
    asked = EvidenceRequest(folder, mark, probe(question).document, unit, fill, stage)
    if (found := measured_beside(asked, question.device, progress)) is not None:
        return found
    if stage == "thorough":
        first = evidence(question, unit, fill, "quick", progress)
        return thorough(probe(question), first, progress=progress)
    return measure_evidence(probe(question), unit, fill, stage, progress)


def has_evidence(question: Question, unit: "Unit", fill: "Fill", stage: "Stage") -> bool:
    """Whether ``evidence`` would answer at once."""
    return stage in _answers(*_marked(question), unit, fill)


def attribution(question: Question, method: "Method", target: int) -> "Attribution":
    """What ``attribute`` says.

    Raises:
        UserError: as ``attribute`` does.
    """
    return _attribution(*_marked(question), method, target)


def removal(question: Question, method: "Method", target: int) -> "Removal | None":
    """What taking out the words that ``method`` ranks highest does.

    Raises:
        UserError: as ``attribute`` does.
    """
    return _removal(*_marked(question), method, target)


def placebo(question: Question, kind: str) -> "Explanation":
    """The same document by an untrained twin of the model, or under uniform attention."""
    return _placebo(*_marked(question), kind)


def fingerprint(folder: Path) -> str:
    """Another one whenever a file of ``folder`` is another; "" where there is no folder."""
    try:
        state = files_state(folder)
    except OSError:
        return ""
    return hashlib.sha256(repr(state).encode()).hexdigest()


@st.cache_resource(max_entries=8, show_spinner=False)
def freeze_loaded_objects(page: str) -> None:
    """Once for each page, when all that it needs is loaded.

    Streamlit collects garbage after every run; what stays for good is taken out
    of that, which is most of the latency of a rerun.
    """
    gc.collect()
    gc.freeze()


def _subject(folder: str, mark: str, question: Question) -> "ModelProbe":
    short = len(question.text) <= SHORT
    return (_short_subject if short else _long_subject)(folder, mark, question)


@st.cache_resource(max_entries=200, show_spinner="Running the model …")
def _short_subject(folder: str, mark: str, question: Question) -> "ModelProbe":
    return _read(folder, mark, question)


@st.cache_resource(max_entries=12, show_spinner="Running the model …")
def _long_subject(folder: str, mark: str, question: Question) -> "ModelProbe":
    with RENDERS.paused():
        return _read(folder, mark, question)


def _read(folder: str, mark: str, question: Question) -> "ModelProbe":
    checkpoint = checkpoint_of(folder, mark, question.device)
    together = together_of(folder, mark, question.device)
    if not question.edits:
        return probe_document(checkpoint, checkpoint.tokenizer(question.text), together)
    whole = _subject(folder, mark, question._replace(edits=()))
    edits = [Edit(*edit) for edit in question.edits]
    document = edited(whole.document, edits, checkpoint.tokenizer).document
    return probe_document(checkpoint, document, together)


@st.cache_resource(max_entries=400, show_spinner=False)
def _answers(folder: str, mark: str, question: Question, unit: str, fill: str) -> dict:
    return {}


@st.cache_data(max_entries=100, show_spinner="Asking the model …")
def _attribution(
    folder: str, mark: str, question: Question, method: "Method", target: int
) -> "Attribution":
    return attribute(_subject(folder, mark, question), method, target)


@st.cache_data(max_entries=100, show_spinner="Taking words out …")
def _removal(
    folder: str, mark: str, question: Question, method: "Method", target: int
) -> "Removal | None":
    from han_core.explanation.verdicts import measure_removal

    answer = _attribution(folder, mark, question, method, target)
    return measure_removal(_subject(folder, mark, question), answer)


@st.cache_data(max_entries=50, show_spinner="Asking the placebo …")
def _placebo(folder: str, mark: str, question: Question, kind: str) -> "Explanation":
    asked = _subject(folder, mark, question)
    if kind == "uniform":
        return with_uniform_attention(asked)
    return explain_document(twin_of(folder, mark, question.device), asked.document)


def _marked(question: Question) -> tuple[str, str, Question]:
    """What a cache keeps an answer under: the folder as it is now, and the question."""
    folder = checkpoints_root() / question.checkpoint
    return str(folder), fingerprint(folder), question
