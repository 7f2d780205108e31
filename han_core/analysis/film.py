"""Film of attention: explanations of a few documents, recorded while a model trains.

``watched.json`` holds the documents, ``frames.jsonl`` one line for each recorded step with the
attention weights and probabilities of that step's checkpoint.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from han_core.explanation.explain import explain_document
from han_core.explanation.explanation import Explanation
from han_core.runtime.atomic_io import read_json, write_json
from han_core.runtime.errors import UserError
from han_core.text.document import Document, Sentence, Span
from han_core.training.callbacks import StepEvent

WATCHED, FRAMES = "watched.json", "frames.jsonl"

LARGEST = 100_000_000  # bytes that are read of either file

Share = Annotated[float, Field(ge=0, le=1 + 1e-6)]


@dataclass(frozen=True)
class Frame:
    """The documents at one moment of a run.

    Attributes:
        step: steps of the optimiser taken; 0 before the first.
        epoch: epochs over.
        ends_epoch: whether an epoch had just been validated.
        explanations: one for each document, as ``explain`` gives them.
    """

    step: int
    epoch: int
    ends_epoch: bool
    explanations: tuple[Explanation, ...]


@dataclass(frozen=True)
class Film:
    """Frames in the order of their steps, each of which occurs once; there may be none."""

    documents: tuple[Document, ...]
    frames: tuple[Frame, ...]

    def of(self, document: int) -> tuple[Explanation, ...]:
        """One document through all frames."""
        return tuple(frame.explanations[document] for frame in self.frames)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class WatchedDocument(_Strict):
    text: str
    seen: int
    sentences: list[list[tuple[int, int]]]
    known: list[bool]

    def document(self) -> Document:
        found = tuple(
            Sentence(tuple(Span(*span) for span in sentence)) for sentence in self.sentences
        )
        return Document(self.text, found, self.seen)


class Watched(_Strict):
    labels: list[str]
    documents: list[WatchedDocument]


class Weights(_Strict):
    probabilities: list[Share]
    sentences: list[Share]
    words: list[Share]


class Line(_Strict):
    step: int = Field(ge=0)
    epoch: int = Field(ge=0)
    ends_epoch: bool
    documents: list[Weights]


def read_frames(folder: Path) -> Film:
    """The film of a run's folder; an empty one where nothing was watched.

    Lines that are torn, damaged or of other documents are left out. A line takes the place
    of all those from its step on: they are of steps that were lost when the run died.
    """
    if not (folder / WATCHED).exists():
        return Film((), ())
    try:
        watched = Watched.model_validate_json((folder / WATCHED).read_bytes()[:LARGEST])
        documents = tuple(document.document() for document in watched.documents)
        known = [np.array(document.known, dtype=bool) for document in watched.documents]
    except (OSError, ValidationError, ValueError, TypeError) as error:
        raise UserError(f"{WATCHED} in {folder.name} is damaged.") from error
    frames: list[Frame] = []
    for line in whole_lines(folder / FRAMES):
        frame = _frame(line, watched.labels, documents, known)
        if frame is None:
            continue
        while frames and frames[-1].step >= frame.step:
            frames.pop()
        frames.append(frame)
    return Film(documents, tuple(frames))


def _frame(
    line: bytes, labels: Sequence[str], documents: Sequence[Document], known: Sequence[np.ndarray]
) -> Frame | None:
    """The frame of a line, or None where it does not fit."""
    try:
        found = Line.model_validate_json(line)
        parts = zip(documents, found.documents, known, strict=True)
        explanations = tuple(
            Explanation(
                str(number),
                document,
                tuple(labels),
                np.array(weights.probabilities),
                np.array(weights.sentences),
                np.array(weights.words),
                there,
            )
            for number, (document, weights, there) in enumerate(parts, start=1)
        )
    except ValueError:  # what pydantic and the explanation raise
        return None
    return Frame(found.step, found.epoch, found.ends_epoch, explanations)


def whole_lines(path: Path) -> list[bytes]:
    """The whole lines; what follows the last line's end was torn off."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        return file.read(LARGEST).split(b"\n")[:-1]


def version_stamp(folder: Path) -> tuple[int, int] | None:
    """What changes with every frame that is added; None where there is none yet."""
    try:
        status = (folder / FRAMES).stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


MOST = 240
"""Frames that are kept; of more, every second one goes."""


class FrameRecorder:
    """What a run calls at every moment; it keeps the first, steps 1, 2, 4, 8, …, and epochs' ends.

    A run that goes on after it stopped goes on with the same files. What cannot be kept, as
    on a full disk, is left out: watching never ends a run.

    Args:
        folder: the run's, where both files stand.
        texts: the documents to watch.
        every: keep each so many steps, instead of 1, 2, 4, 8, ….
    """

    def __init__(self, folder: Path, texts: Sequence[str], every: int | None = None):
        for number, text in enumerate(texts, start=1):
            if not text.strip():
                raise UserError(f"A text to watch has at least one word; number {number} has none.")
        self._folder, self._every = folder, every
        self._texts = tuple(map(_whole_characters, texts))
        self._documents: tuple[Document, ...] = ()
        self._last: tuple[int, list[Weights]] | None = None
        self._lines = -1  # in the file; it is looked at when the first is added

    def __call__(self, moment: StepEvent) -> None:
        if not self._texts or not self._wanted(moment):
            return
        try:
            if self._last is None or self._last[0] != moment.step:
                self._last = moment.step, self._seen(moment)
            line = Line(
                step=moment.step,
                epoch=moment.epoch,
                ends_epoch=moment.ends_epoch,
                documents=self._last[1],
            )
            self._add(line.model_dump_json().encode() + b"\n")
        except UserError:  # values that are not finite: the run tells that itself
            return
        except OSError:  # no space left: so does the checkpoint that is written next
            self._lines = -1

    def _wanted(self, moment: StepEvent) -> bool:
        step = moment.step
        if step == 0 or moment.ends_epoch:
            return True
        return step % self._every == 0 if self._every else step & (step - 1) == 0

    def _seen(self, moment: StepEvent) -> list[Weights]:
        checkpoint = moment.checkpoint()
        documents = self._documents or tuple(map(checkpoint.tokenizer, self._texts))
        explanations = [explain_document(checkpoint, document) for document in documents]
        if not self._documents:
            self._keep_documents(explanations)
        self._documents = documents
        return [
            Weights(
                probabilities=_short(explanation.probabilities),
                sentences=_short(explanation.sentence_weights),
                words=_short(explanation.word_weights),
            )
            for explanation in explanations
        ]

    def _keep_documents(self, explanations: Sequence[Explanation]) -> None:
        """Writes the documents; frames that show others go."""
        path = self._folder / WATCHED
        watched = Watched(
            labels=list(explanations[0].labels), documents=[*map(_to_watch, explanations)]
        ).model_dump(mode="json")
        if _holds(path, watched):
            return
        (self._folder / FRAMES).unlink(missing_ok=True)
        write_json(path, watched)

    def _add(self, line: bytes) -> None:
        path = self._folder / FRAMES
        if self._lines < 0 or self._lines >= MOST:
            if self._lines >= MOST and self._every:
                self._every *= 2
            self._lines = _tidied(path)
        with path.open("ab", buffering=0) as file:
            file.write(line)
        self._lines += 1


def _tidied(path: Path) -> int:
    """Cuts a torn line off, and every second frame where there are too many; gives their number."""
    lines = whole_lines(path)
    if len(lines) >= MOST:
        lines = [*lines[:-1:2], lines[-1]]
    content = b"".join(line + b"\n" for line in lines)
    if path.exists() and path.stat().st_size != len(content):
        new = path.with_name(f".{path.name}.new")
        new.write_bytes(content)
        os.replace(new, path)
    return len(lines)


def _holds(path: Path, value: dict) -> bool:
    try:
        return read_json(path, LARGEST) == value
    except UserError:  # missing or damaged
        return False


def _to_watch(explanation: Explanation) -> WatchedDocument:
    document = explanation.document
    return WatchedDocument(
        text=document.text,
        seen=document.seen,
        sentences=[
            [(start, end) for start, end in sentence.tokens] for sentence in document.sentences
        ],
        known=explanation.known.tolist(),
    )


def _short(weights: np.ndarray) -> list[float]:
    """Nine digits hold every float32 exactly."""
    return [float(f"{weight:.9g}") for weight in weights.tolist()]


def _whole_characters(text: str) -> str:
    """``text`` without halves of characters, which no file can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
