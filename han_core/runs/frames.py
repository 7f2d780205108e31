"""How attention forms: a few documents, explained again and again while the model learns.

The recorder is what a run calls at its moments. It knows nothing about what ends a run,
and nothing about how a film is read (``film``) or shown.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from han_core.explanation.explain import explain_document
from han_core.explanation.explanation import Explanation
from han_core.models.folder import read_json, write_json
from han_core.runs.film import (
    FRAMES,
    LARGEST,
    WATCHED,
    Line,
    Watched,
    WatchedDocument,
    Weights,
    lines_of,
)
from han_core.text.document import Document
from han_core.training.watch import Moment
from han_core.wrong_input import WrongInput

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

    Raises:
        WrongInput: if there is no word in a text.
    """

    def __init__(self, folder: Path, texts: Sequence[str], every: int | None = None):
        for number, text in enumerate(texts, start=1):
            if not text.strip():
                raise WrongInput(
                    f"A text to watch has at least one word; number {number} has none."
                )
        self._folder, self._every = folder, every
        self._texts = tuple(map(_whole_characters, texts))
        self._documents: tuple[Document, ...] = ()
        self._last: tuple[int, list[Weights]] | None = None
        self._lines = -1  # in the file; it is looked at when the first is added

    def __call__(self, moment: Moment) -> None:
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
        except WrongInput:  # values that are not finite: the run tells that itself
            return
        except OSError:  # no space left: so does the checkpoint that is written next
            self._lines = -1

    def _wanted(self, moment: Moment) -> bool:
        step = moment.step
        if step == 0 or moment.ends_epoch:
            return True
        return step % self._every == 0 if self._every else step & (step - 1) == 0

    def _seen(self, moment: Moment) -> list[Weights]:
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
    lines = lines_of(path)
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
    except WrongInput:  # missing or damaged
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
