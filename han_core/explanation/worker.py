"""Evidence as JSON, for whoever measures it in another process.

Numbers come back as they were. It does not know how they travel.

A process beside this one that measures evidence.

Who draws pages for many has one interpreter, which the small steps of a model would hold for
most of the time. What passes between the two processes is JSON. It does not know why
something is measured.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import lru_cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock, Thread
from typing import NamedTuple

import numpy as np
import torch

from han_core.explanation.attention_permutation import AttentionReplacement, Flip
from han_core.explanation.attribution import RankedBy, Unit
from han_core.explanation.deletion import Curve, Deletion
from han_core.explanation.faithfulness import Evidence, Stage, measure_evidence
from han_core.explanation.model_probe import Fill, Progress, probe_document
from han_core.models.checkpoint import Checkpoint, load_checkpoint
from han_core.runtime.errors import UserError
from han_core.runtime.paths import PROJECT
from han_core.text.document import Document, Sentence, Span


def to_json(evidence: Evidence) -> str:
    """The evidence as text."""
    return json.dumps(asdict(evidence), default=np.ndarray.tolist)


def from_json(text: str) -> Evidence:
    """What was ``told``."""
    found = json.loads(text)
    for name, read in (("deletion", _deletion), ("swaps", _swaps)):
        found[name] = found[name] and read(found[name])
    return Evidence(**found)


def _deletion(found: dict) -> Deletion:
    curves = {name: _curves(found[name]) for name in ("comprehensiveness", "sufficiency")}
    return Deletion(**{**found, **curves, "removed": np.array(found["removed"])})


def _curves(found: Mapping[RankedBy, dict]) -> dict[RankedBy, Curve]:
    return {by: Curve(np.array(curve["values"])) for by, curve in found.items()}


def _swaps(found: dict) -> AttentionReplacement:
    arrays = {name: np.array(found[name]) for name in ("uniform", "permuted")}
    return AttentionReplacement(
        **{**found, **arrays, "flip": found["flip"] and Flip(**found["flip"])}
    )


MODELS = 6
"""That the process keeps; the one not asked for longest goes first."""

DEATHS = 2
"""Deaths in a row after which no process is begun again."""


class EvidenceRequest(NamedTuple):
    """What is to be measured.

    Attributes:
        folder: of the checkpoint.
        mark: another one whenever the folder's content is another.
    """

    folder: str
    mark: str
    document: Document
    unit: Unit
    fill: Fill
    stage: Stage


class EvidenceWorker:
    """``Beside().evidence(asked)``, from any thread, one question at a time.

    The process has one thread, and ends when this object or its own process does.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._line: Connection | None = None
        self._deaths = 0

    def evidence(self, asked: EvidenceRequest, progress: Progress | None = None) -> Evidence | None:
        """What ``faithfulness.measured`` says, on one thread of a processor.

        None if there is no process to ask, or it has died of the question (for want of
        memory, say): then measure here; the next question begins another one.

        Raises:
            UserError: as ``measured`` and ``load_checkpoint`` do.
        """
        with self._lock:
            try:
                found = self._answer(asked, progress)
            except (EOFError, OSError):
                self._deaths += 1
                self._hang_up()
                return None
            except BaseException:  # whoever asked is gone: nobody reads the answer
                self._hang_up()
                raise
            self._deaths = 0
        if "wrong" in found:
            raise UserError(found["wrong"])
        return from_json(found["evidence"])

    def _answer(self, asked: EvidenceRequest, progress: Progress | None) -> dict:
        line = self._line or self._begin()
        line.send_bytes(_written(asked))
        while True:
            found = json.loads(line.recv_bytes())
            if "done" not in found:
                return found
            if progress is not None:
                progress(found["done"], found["of"])

    def _begin(self) -> Connection:
        if self._deaths >= DEATHS:
            raise OSError("no process")
        self._line, far = Pipe()
        with far:
            process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(far.fileno())],
                cwd=PROJECT,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                pass_fds=[far.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the parent, whose end it sees
            )
        # Somebody has to take note of its end, or the system keeps its entry while we live.
        Thread(target=process.wait, daemon=True).start()
        return self._line

    def _hang_up(self) -> None:
        """The process sees it and ends."""
        if self._line is not None:
            self._line.close()
        self._line = None


def serve(line: Connection) -> None:
    """The process's whole life."""
    torch.set_num_threads(1)

    def tell(**found: object) -> None:
        line.send_bytes(json.dumps(found).encode())

    with suppress(EOFError, OSError):  # nobody asks any more
        while True:
            asked = _read(line.recv_bytes())
            try:
                tell(evidence=to_json(_measured(asked, lambda done, of: tell(done=done, of=of))))
            except UserError as error:
                tell(wrong=str(error))


def _measured(asked: EvidenceRequest, progress: Callable[[int, int], None]) -> Evidence:
    subject = probe_document(_checkpoint(asked.folder, asked.mark), asked.document)
    return measure_evidence(subject, asked.unit, asked.fill, asked.stage, progress)


@lru_cache(MODELS)
def _checkpoint(folder: str, mark: str) -> Checkpoint:
    return load_checkpoint(Path(folder), torch.device("cpu"))


def _written(asked: EvidenceRequest) -> bytes:
    folder = str(Path(asked.folder).absolute())  # the process works elsewhere
    content = {**asked._asdict(), "folder": folder, "document": _spans(asked.document)}
    return json.dumps(content).encode()


def _read(content: bytes) -> EvidenceRequest:
    found = json.loads(content)
    text, sentences, seen = found["document"]
    spans = [Sentence(tuple(Span(*span) for span in sentence)) for sentence in sentences]
    return EvidenceRequest(**{**found, "document": Document(text, tuple(spans), seen)})


def _spans(document: Document) -> tuple:
    return document.text, [sentence.tokens for sentence in document.sentences], document.seen


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
