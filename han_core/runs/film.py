"""What was kept of attention while it formed: the two files, and reading them warily.

``watched.json`` holds the documents with their words, once; ``frames.jsonl`` a line for
each moment that was kept, with the weights and probabilities that the checkpoint of that
moment gives. It knows nothing about how they are made (``frames``) or shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from han_core.explanation.explanation import Explanation
from han_core.text.document import Document, Sentence, Span
from han_core.wrong_input import WrongInput

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

    Raises:
        WrongInput: if the documents are damaged.
    """
    if not (folder / WATCHED).exists():
        return Film((), ())
    try:
        watched = Watched.model_validate_json((folder / WATCHED).read_bytes()[:LARGEST])
        documents = tuple(document.document() for document in watched.documents)
        known = [np.array(document.known, dtype=bool) for document in watched.documents]
    except (OSError, ValidationError, ValueError, TypeError) as error:
        raise WrongInput(f"{WATCHED} in {folder.name} is damaged.") from error
    frames: list[Frame] = []
    for line in lines_of(folder / FRAMES):
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


def lines_of(path: Path) -> list[bytes]:
    """The whole lines; what follows the last line's end was torn off."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        return file.read(LARGEST).split(b"\n")[:-1]


def stamp(folder: Path) -> tuple[int, int] | None:
    """What changes with every frame that is added; None where there is none yet."""
    try:
        status = (folder / FRAMES).stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
