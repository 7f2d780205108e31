"""Film of attention: explanations of a few documents, recorded while a model trains.

``watched.json`` holds the documents, ``frames.jsonl`` one line for each recorded step with the
attention weights and probabilities of that step's checkpoint. Each line ends with its own
SHA-256, and ``watched.json`` has one beside it; lines of an earlier version have none.
"""

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from han_core.explanation.explain import explain_document
from han_core.explanation.explanation import Explanation
from han_core.runtime.checksums import (
    read_verified_json,
    verify_checksum,
    write_json_with_checksum,
)
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.text.document import Document, Sentence, Span
from han_core.training.callbacks import StepEvent

WATCHED, FRAMES = "watched.json", "frames.jsonl"
LARGEST = 100_000_000  # bytes that are read of either file
MOST = 240  # frames that are stored; of more, every second one is dropped

Share = Annotated[float, Field(ge=0, le=1 + 1e-6)]


@dataclass(frozen=True)
class Frame:
    """The documents at one step of a run.

    Attributes:
        step: optimiser steps taken; 0 before the first.
        epoch: completed epochs.
        ends_epoch: whether an epoch had just been validated.
        explanations: one for each document.
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
        """Return the explanations of one document through all frames."""
        return tuple(frame.explanations[document] for frame in self.frames)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class WatchedDocument(_Strict):
    text: str
    seen: int
    sentences: list[list[tuple[int, int]]]
    known: list[bool]

    @classmethod
    def of(cls, explanation: Explanation) -> "WatchedDocument":
        document = explanation.document
        sentences = [
            [(span.start, span.end) for span in each.tokens] for each in document.sentences
        ]
        return cls(
            text=document.text,
            seen=document.seen,
            sentences=sentences,
            known=explanation.known.tolist(),
        )

    def document(self) -> Document:
        sentences = (Sentence(tuple(Span(*span) for span in each)) for each in self.sentences)
        return Document(self.text, tuple(sentences), self.seen)


class Watched(_Strict):
    labels: list[str]
    documents: list[WatchedDocument]


class Weights(_Strict):
    probabilities: list[Share]
    sentences: list[Share]
    words: list[Share]

    @classmethod
    def of(cls, explanation: Explanation) -> "Weights":
        return cls(
            probabilities=_rounded(explanation.probabilities),
            sentences=_rounded(explanation.sentence_weights),
            words=_rounded(explanation.word_weights),
        )


class Line(_Strict):
    step: int = Field(ge=0)
    epoch: int = Field(ge=0)
    ends_epoch: bool
    documents: list[Weights]
    sha256: str | None = None

    def to_bytes(self) -> bytes:
        """Return the line, which ends with the digest of what stands before."""
        content = self.model_dump_json(exclude_none=True).encode()
        return content[:-1] + _seal(hashlib.sha256(content).hexdigest()) + b"\n"

    @classmethod
    def from_bytes(cls, content: bytes) -> "Line":
        """Parse a line; a damaged one is a ``ValueError``."""
        line = cls.model_validate_json(content)
        if line.sha256 is not None:
            whole = content.removesuffix(_seal(line.sha256)) + b"}"
            if hashlib.sha256(whole).hexdigest() != line.sha256:
                raise ValueError("the line has another SHA-256 than when it was written")
        return line


def _seal(sha256: str) -> bytes:
    return f',"sha256":"{sha256}"}}'.encode()


def read_frames(folder: Path) -> Film:
    """Return the film of a run's folder; an empty one where nothing was watched.

    Lines that are torn, damaged or of other documents are skipped. A line replaces all those
    from its step on: their steps were lost when the run died.
    """
    if not (folder / WATCHED).exists():
        return Film((), ())
    try:
        verify_checksum(folder / WATCHED)
        watched = Watched.model_validate_json((folder / WATCHED).read_bytes()[:LARGEST])
        documents = tuple(document.document() for document in watched.documents)
        known = [np.array(document.known, dtype=bool) for document in watched.documents]
    except (OSError, ValidationError, ValueError, TypeError) as error:
        raise UserError(
            tr("{watched} in {name} is damaged.", watched=WATCHED, name=folder.name)
        ) from error
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
    """Return the frame of a line, or None where it does not fit the documents."""
    try:
        parsed = Line.from_bytes(line)
        parts = zip(documents, parsed.documents, known, strict=True)
        explanations = tuple(
            Explanation(
                str(number),
                document,
                tuple(labels),
                np.array(weights.probabilities),
                np.array(weights.sentences),
                np.array(weights.words),
                in_vocabulary,
            )
            for number, (document, weights, in_vocabulary) in enumerate(parts, start=1)
        )
    except ValueError:  # of pydantic, zip and Explanation
        return None
    return Frame(parsed.step, parsed.epoch, parsed.ends_epoch, explanations)


def whole_lines(path: Path) -> list[bytes]:
    """Return the complete lines of a file; a last line without its end was torn off."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        return file.read(LARGEST).split(b"\n")[:-1]


def version_stamp(folder: Path) -> tuple[int, int] | None:
    """Return a value that changes with every new frame; None where there is none yet."""
    try:
        status = (folder / FRAMES).stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


class FrameRecorder:
    """A training callback that records step 0, steps 1, 2, 4, 8, … and the end of each epoch.

    A resumed run continues the same files. What cannot be stored, as on a full disk, is left
    out: recording never ends a run.

    Args:
        folder: of the run.
        texts: the documents to watch; each has at least one word.
        every: record every so many steps instead of 1, 2, 4, 8, ….
    """

    def __init__(self, folder: Path, texts: Sequence[str], every: int | None = None):
        for number, text in enumerate(texts, start=1):
            if not text.strip():
                raise UserError(
                    tr(
                        "A text to watch has at least one word; number {number} has none.",
                        number=number,
                    )
                )
        self._folder, self._every = folder, every
        self._texts = tuple(map(_without_surrogates, texts))
        self._documents: tuple[Document, ...] = ()
        self._last: tuple[int, list[Weights]] | None = None
        self._lines = -1  # in the file; counted when the first is added

    def __call__(self, event: StepEvent) -> None:
        if not self._texts or not self._is_due(event):
            return
        try:
            if self._last is None or self._last[0] != event.step:
                self._last = event.step, self._weights(event)
            line = Line(
                step=event.step,
                epoch=event.epoch,
                ends_epoch=event.ends_epoch,
                documents=self._last[1],
            )
            self._append(line.to_bytes())
        except UserError:  # values that are not finite: the run reports them itself
            return
        except OSError:  # no space left: so does the checkpoint that is written next
            self._lines = -1

    def _is_due(self, event: StepEvent) -> bool:
        step = event.step
        if step == 0 or event.ends_epoch:
            return True
        return step % self._every == 0 if self._every else step & (step - 1) == 0

    def _weights(self, event: StepEvent) -> list[Weights]:
        checkpoint = event.checkpoint()
        documents = self._documents or tuple(map(checkpoint.tokenizer, self._texts))
        explanations = [explain_document(checkpoint, document) for document in documents]
        if not self._documents:
            self._write_documents(explanations)
        self._documents = documents
        return list(map(Weights.of, explanations))

    def _write_documents(self, explanations: Sequence[Explanation]) -> None:
        """Write the documents; frames of other documents are deleted."""
        path, documents = self._folder / WATCHED, [*map(WatchedDocument.of, explanations)]
        watched = Watched(labels=list(explanations[0].labels), documents=documents)
        content = watched.model_dump(mode="json")
        with suppress(UserError):  # missing or damaged
            if read_verified_json(path, LARGEST) == content:
                return
        (self._folder / FRAMES).unlink(missing_ok=True)
        write_json_with_checksum(path, content)

    def _append(self, line: bytes) -> None:
        path = self._folder / FRAMES
        if self._lines < 0 or self._lines >= MOST:
            if self._lines >= MOST and self._every:
                self._every *= 2
            self._lines = _tidied(path)
        with path.open("ab", buffering=0) as file:
            file.write(line)
        self._lines += 1


def _tidied(path: Path) -> int:
    """Cut a torn line off, and every second frame of too many; return the number of lines."""
    lines = whole_lines(path)
    if len(lines) >= MOST:
        lines = [*lines[:-1:2], lines[-1]]
    content = b"".join(line + b"\n" for line in lines)
    if path.exists() and path.stat().st_size != len(content):
        new = path.with_name(f".{path.name}.new")
        new.write_bytes(content)
        os.replace(new, path)
    return len(lines)


def _rounded(weights: np.ndarray) -> list[float]:
    """Nine digits hold every float32 exactly."""
    return [float(f"{weight:.9g}") for weight in weights.tolist()]


def _without_surrogates(text: str) -> str:
    """Join surrogate pairs, and replace lone ones, which no file can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
