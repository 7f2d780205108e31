"""A process that measures evidence, so that the one that draws pages stays free.

That one has a single interpreter, which the small steps of a model would hold for most of
the time. What passes between the two is JSON.
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
from han_core.explanation.faithfulness import Evidence, MethodTaus, Stage, measure_evidence
from han_core.explanation.layer_replacement import LayerReplacement
from han_core.explanation.model_probe import Fill, Progress, probe_document
from han_core.models.checkpoint import Checkpoint, load_checkpoint
from han_core.runtime.errors import UserError
from han_core.runtime.paths import PROJECT
from han_core.text.document import Document, Sentence, Span

MODELS = 6
"""Models that the process holds; the one not used for longest goes first."""

DEATHS = 2
"""Deaths in a row after which no process is started again."""


def to_json(evidence: Evidence) -> str:
    return json.dumps(asdict(evidence), default=np.ndarray.tolist)


def from_json(text: str) -> Evidence:
    """Return the evidence that ``to_json`` wrote, with the same numbers."""
    fields = json.loads(text)
    for name, read in (("deletion", _deletion), ("swaps", _swaps)):
        fields[name] = fields[name] and read(fields[name])
    methods = {by: MethodTaus(**taus) for by, taus in fields["methods"].items()}
    layers = tuple(map(_layer, fields["layers"]))
    return Evidence(**{**fields, "methods": methods, "layers": layers})


def _deletion(fields: dict) -> Deletion:
    curves = {name: _curves(fields[name]) for name in ("comprehensiveness", "sufficiency")}
    return Deletion(**{**fields, **curves, "removed": np.array(fields["removed"])})


def _layer(fields: dict) -> LayerReplacement:
    return LayerReplacement(**{**fields, "shuffled": np.array(fields["shuffled"])})


def _curves(fields: Mapping[RankedBy, dict]) -> dict[RankedBy, Curve]:
    return {by: Curve(np.array(curve["values"])) for by, curve in fields.items()}


def _swaps(fields: dict) -> AttentionReplacement:
    arrays = {name: np.array(fields[name]) for name in ("uniform", "permuted")}
    flip = fields["flip"] and Flip(**fields["flip"])
    return AttentionReplacement(**{**fields, **arrays, "flip": flip})


class EvidenceRequest(NamedTuple):
    """A question for the process.

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
    """``EvidenceWorker().evidence(request)``, from any thread, one request at a time.

    The process has one thread, and ends when this object or its own process does.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._connection: Connection | None = None
        self._deaths = 0

    def evidence(
        self, request: EvidenceRequest, progress: Progress | None = None
    ) -> Evidence | None:
        """Return what ``measure_evidence`` does, on one thread of a processor.

        None if there is no process to ask, or it has died of the request (for want of
        memory, say): then measure here; the next request starts another one.

        Raises:
            UserError: as ``measure_evidence`` and ``load_checkpoint`` do.
        """
        with self._lock:
            try:
                answer = self._answer(request, progress)
            except (EOFError, OSError):
                self._deaths += 1
                self._close()
                return None
            except BaseException:  # the caller is gone: nobody reads the answer
                self._close()
                raise
            self._deaths = 0
        if "wrong" in answer:
            raise UserError(answer["wrong"])
        return from_json(answer["evidence"])

    def _answer(self, request: EvidenceRequest, progress: Progress | None) -> dict:
        connection = self._connection or self._start()
        connection.send_bytes(_encode(request))
        while True:
            answer = json.loads(connection.recv_bytes())
            if "done" not in answer:
                return answer
            if progress is not None:
                progress(answer["done"], answer["of"])

    def _start(self) -> Connection:
        if self._deaths >= DEATHS:
            raise OSError("no process")
        self._connection, far = Pipe()
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
        return self._connection

    def _close(self) -> None:
        """Close the connection; the process sees it and ends."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def serve(connection: Connection) -> None:
    """Answer requests until the other end closes: the process's whole life."""
    torch.set_num_threads(1)

    def send(**message: object) -> None:
        connection.send_bytes(json.dumps(message).encode())

    with suppress(EOFError, OSError):
        while True:
            request = _decode(connection.recv_bytes())
            try:
                evidence = _measure(request, lambda done, of: send(done=done, of=of))
                send(evidence=to_json(evidence))
            except UserError as error:
                send(wrong=str(error))


def _measure(request: EvidenceRequest, progress: Callable[[int, int], None]) -> Evidence:
    probe = probe_document(_checkpoint(request.folder, request.mark), request.document)
    return measure_evidence(probe, request.unit, request.fill, request.stage, progress)


@lru_cache(MODELS)
def _checkpoint(folder: str, mark: str) -> Checkpoint:
    return load_checkpoint(Path(folder), torch.device("cpu"))


def _encode(request: EvidenceRequest) -> bytes:
    folder = str(Path(request.folder).absolute())  # the process has another working directory
    document = request.document
    spans = (document.text, [s.tokens for s in document.sentences], document.seen)
    return json.dumps({**request._asdict(), "folder": folder, "document": spans}).encode()


def _decode(content: bytes) -> EvidenceRequest:
    fields = json.loads(content)
    text, sentences, seen = fields["document"]
    spans = [Sentence(tuple(Span(*span) for span in sentence)) for sentence in sentences]
    return EvidenceRequest(**{**fields, "document": Document(text, tuple(spans), seen)})


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
