"""What is kept between reruns, for everybody who uses this server.

Everything is bounded, and everything that decides a result is part of its key.
It knows nothing about widgets.
"""

import gc
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from pages.parts import quotas
from pages.parts.quotas import Stage
from pages.parts.turns import TURNS

if TYPE_CHECKING:
    from han_core.evidence.beside import Beside
    from han_core.evidence.faithfulness import Evidence
    from han_core.evidence.methods import Attribution, Method
    from han_core.evidence.ranking import Unit
    from han_core.evidence.removal import Removal
    from han_core.evidence.subject import Fill, Subject
    from han_core.evidence.variants import Answers
    from han_core.explanation.explanation import Explanation
    from han_core.explanation.together import Together
    from han_core.models.checkpoint import Checkpoint
    from han_core.models.listing import Listing


def checkpoints_root() -> Path:
    """Where checkpoints are looked for: ``HANSCOPE_CHECKPOINTS``, else the shipped ones."""
    from han_core.models import checkpoint

    return checkpoint.checkpoints_root()


def listings() -> dict[str, "Listing"]:
    """The checkpoints that can be chosen now, by name."""
    from han_core.models.listing import list_checkpoints

    return {listing.name: listing for listing in list_checkpoints(checkpoints_root())}


def broken() -> list[str]:
    """A sentence for each checkpoint that cannot be chosen."""
    from han_core.models.listing import broken_checkpoints

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


def subject(question: Question) -> "Subject":
    """The document, read and explained, ready to be asked more.

    Raises:
        WrongInput: as ``load_checkpoint``, ``choose_device``, ``explain`` and ``edited`` do.
    """
    return _subject(*_marked(question))


def evidence(
    question: Question, unit: "Unit", fill: "Fill", stage: "Stage", progress: Progress
) -> "Evidence":
    """What ``faithfulness`` measures, with progress while it is made; briefly only by word.

    Raises:
        WrongInput: as ``faithfulness.thorough`` does.
    """
    from han_core.evidence.faithfulness import brief, quick, thorough

    answers = _answers(*_marked(question), unit, fill)
    if stage not in answers:
        if stage == "brief":
            answers[stage] = brief(subject(question), progress=progress)
        elif stage == "quick":
            answers[stage] = quick(subject(question), unit, fill, progress=progress)
        else:
            first = evidence(question, unit, fill, "quick", progress)
            answers[stage] = thorough(subject(question), first, progress=progress)
    return answers[stage]


def has_evidence(question: Question, unit: "Unit", fill: "Fill", stage: "Stage") -> bool:
    """Whether ``evidence`` would answer at once."""
    return stage in _answers(*_marked(question), unit, fill)


def attribution(question: Question, method: "Method", target: int) -> "Attribution":
    """What ``attribute`` says.

    Raises:
        WrongInput: as ``attribute`` does.
    """
    return _attribution(*_marked(question), method, target)


def removal(question: Question, method: "Method", target: int) -> "Removal | None":
    """What taking out the words that ``method`` ranks highest does.

    Raises:
        WrongInput: as ``attribute`` does.
    """
    return _removal(*_marked(question), method, target)


def placebo(question: Question, kind: str) -> "Explanation":
    """The same document by an untrained twin of the model, or under uniform attention."""
    return _placebo(*_marked(question), kind)


def fingerprint(folder: Path) -> str:
    """Another one whenever a file of ``folder`` is another; "" where there is no folder."""
    try:
        files = [(file.name, file.stat()) for file in sorted(folder.iterdir()) if file.is_file()]
    except OSError:
        return ""
    state = repr([(name, status.st_size, status.st_mtime_ns) for name, status in files])
    return hashlib.sha256(state.encode()).hexdigest()


@st.cache_resource(max_entries=8, show_spinner=False)
def settle(page: str) -> None:
    """Once for each page, when all that it needs is loaded.

    Streamlit collects garbage after every run; what stays for good is taken out
    of that, which is most of the latency of a rerun.
    """
    gc.collect()
    gc.freeze()


@st.cache_resource(max_entries=6, show_spinner=False)
def checkpoint_of(folder: str, fingerprint: str, device: str) -> "Checkpoint":
    """The loaded checkpoint of a folder; ``fingerprint`` is the folder's.

    Raises:
        WrongInput: as ``load_checkpoint`` and ``choose_device`` do.
    """
    from han_core.device import choose_device
    from han_core.models.checkpoint import load_checkpoint

    return load_checkpoint(folder, choose_device(device))


@st.cache_resource(max_entries=6, show_spinner=False)
def _together(folder: str, mark: str, device: str) -> "Together":
    """Answers those who ask this checkpoint at the same time in common passes."""
    from han_core.explanation.together import Together

    return Together(checkpoint_of(folder, mark, device))


@st.cache_resource(max_entries=24, show_spinner="Running the model …")
def _subject(folder: str, mark: str, question: Question) -> "Subject":
    from han_core.evidence.subject import subject_of
    from han_core.text.edit import Edit, edited

    checkpoint = checkpoint_of(folder, mark, question.device)
    together = _together(folder, mark, question.device)
    ask = _asked_beside(checkpoint)
    if not question.edits:
        return subject_of(checkpoint, checkpoint.tokenizer(question.text), together, ask)
    whole = _subject(folder, mark, question._replace(edits=()))
    edits = [Edit(*edit) for edit in question.edits]
    document = edited(whole.document, edits, checkpoint.tokenizer).document
    return subject_of(checkpoint, document, together, ask)


@st.cache_resource(show_spinner=False)
def _beside() -> "Beside":
    from han_core.evidence.beside import Beside

    return Beside()


def _asked_beside(checkpoint: "Checkpoint") -> "Answers | None":
    """Asks beside this process, while others have their turn; None: here."""
    if not quotas.current().beside or checkpoint.device.type != "cpu":
        return None
    process = _beside()

    def ask(words, sentence_lengths):
        with TURNS.paused():
            return process.answers(checkpoint, words, sentence_lengths)

    return ask


@st.cache_resource(max_entries=100, show_spinner=False)
def _answers(folder: str, mark: str, question: Question, unit: str, fill: str) -> dict:
    return {}


@st.cache_data(max_entries=100, show_spinner="Asking the model …")
def _attribution(
    folder: str, mark: str, question: Question, method: "Method", target: int
) -> "Attribution":
    from han_core.evidence.methods import attribute

    return attribute(_subject(folder, mark, question), method, target)


@st.cache_data(max_entries=100, show_spinner="Taking words out …")
def _removal(
    folder: str, mark: str, question: Question, method: "Method", target: int
) -> "Removal | None":
    from han_core.evidence.removal import removal

    answer = _attribution(folder, mark, question, method, target)
    return removal(_subject(folder, mark, question), answer)


@st.cache_data(max_entries=50, show_spinner="Asking the placebo …")
def _placebo(folder: str, mark: str, question: Question, kind: str) -> "Explanation":
    from han_core.evidence.placebo import with_uniform_attention
    from han_core.explanation.explain import explain_document

    asked = _subject(folder, mark, question)
    if kind == "uniform":
        return with_uniform_attention(asked)
    return explain_document(_twin(folder, mark, question.device), asked.document)


@st.cache_resource(max_entries=2, show_spinner=False)
def _twin(folder: str, mark: str, device: str) -> "Checkpoint":
    from han_core.evidence.placebo import untrained_twin

    return untrained_twin(checkpoint_of(folder, mark, device))


def _marked(question: Question) -> tuple[str, str, Question]:
    """What a cache keeps an answer under: the folder as it is now, and the question."""
    folder = checkpoints_root() / question.checkpoint
    return str(folder), fingerprint(folder), question
