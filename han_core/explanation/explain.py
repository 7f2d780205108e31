"""Explain a text: what the model decides, and where its attention stands. Read this first.

Tokenise, number, collate, run the model, lay its attention back onto the text.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
import torch
from torch import Tensor

from han_core.explanation.explanation import Explanation
from han_core.models.checkpoint import Checkpoint
from han_core.models.classifier import Output
from han_core.models.predict import check_finite
from han_core.models.self_attention import MapRequest
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.text.batch import NumberedDocument, collate
from han_core.text.document import Document

BATCH_TOKENS = 20_000
"""Tokens in one pass of the model; a longer document goes alone."""

CHUNK = 256
"""Documents of ``explain_many`` that are split into words before the first is explained."""

THREADED = 5_000
"""Tokens in a pass from which on several threads are worth it."""


def explain(checkpoint: Checkpoint, text: str, id: str = "1") -> Explanation:
    """Return what the model decides about ``text`` and where its attention stands.

    Raises:
        UserError: if there is no word in the text.
    """
    return next(explain_many(checkpoint, [text], [id]))


def explain_document(checkpoint: Checkpoint, document: Document, id: str = "1") -> Explanation:
    """As ``explain``, of a document that has been tokenised."""
    return next(explain_documents(checkpoint, [document], [id]))


def explain_many(
    checkpoint: Checkpoint, texts: Sequence[str], ids: Sequence[str]
) -> Iterator[Explanation]:
    """As ``explain``, in the order given, several documents to a pass.

    A document gets the same numbers alone and in any company (within 1e-5). No more
    than ``CHUNK`` documents are held at once.

    Raises:
        UserError: as ``explain``, before the first explanation.
    """
    for text, id in zip(texts, ids, strict=True):
        if not text.strip():
            raise UserError(
                tr("A text with at least one word is expected; document {id} has none.", id=id)
            )
    for start in range(0, len(texts), CHUNK):
        documents = [checkpoint.tokenizer(text) for text in texts[start : start + CHUNK]]
        yield from explain_documents(checkpoint, documents, ids[start : start + CHUNK])


def explain_each(
    checkpoint: Checkpoint, texts: Sequence[str], ids: Sequence[str]
) -> Iterator[Explanation | None]:
    """As ``explain_many``, but None in the place of a text without words."""
    for start in range(0, len(texts), CHUNK):
        documents = [checkpoint.tokenizer(text) for text in texts[start : start + CHUNK]]
        worded = [at for at, document in enumerate(documents) if document.sentences]
        explanations = explain_documents(
            checkpoint, [documents[at] for at in worded], [ids[start + at] for at in worded]
        )
        for document in documents:
            yield next(explanations) if document.sentences else None


def explain_documents(
    checkpoint: Checkpoint, documents: Sequence[Document], ids: Sequence[str]
) -> Iterator[Explanation]:
    """As ``explain_many``, of documents that have been tokenised."""
    for document, id in zip(documents, ids, strict=True):
        if not document.sentences:
            raise UserError(
                tr("A text with at least one word is expected; document {id} has none.", id=id)
            )
    numbered = [checkpoint.number(document) for document in documents]
    for start, end in token_runs([len(document.words) for document in numbered], BATCH_TOKENS):
        output = run_model(checkpoint, numbered[start:end])
        yield from _explanations(
            checkpoint.labels, ids[start:end], documents[start:end], numbered[start:end], output
        )


def explain_changed(checkpoint: Checkpoint, document: Document, maps: MapRequest) -> Explanation:
    """As ``explain_document``, with self-attention changed in the pass.

    Raises:
        UserError: as ``run_model``, and where the model has no self-attention.
    """
    if not checkpoint.kind.maps:
        raise UserError(
            tr("{name} has no self-attention: there is no head to change.", name=checkpoint.name)
        )
    numbered = [checkpoint.number(document)]
    output = run_model(checkpoint, numbered, maps)
    return next(_explanations(checkpoint.labels, ["1"], [document], numbered, output))


def run_model(
    checkpoint: Checkpoint,
    documents: Sequence[NumberedDocument],
    maps: MapRequest | None = None,
) -> Output:
    """Run one pass without gradients; the output stands on the CPU, but for its ``entries``.

    Args:
        maps: of one document, by a model that has maps.

    Raises:
        UserError: if the logits are not finite, as with weights that are finite and huge.
    """
    batch = collate(documents).to(checkpoint.device)
    with torch.inference_mode(), threads_for(len(batch.words)):
        output = checkpoint.model(batch, table=checkpoint.inputs.for_batch(batch), maps=maps)
    check_finite(output.logits, checkpoint.name)
    return replace(
        output,
        logits=output.logits.float().cpu(),
        sentence_weights=output.sentence_weights.float().cpu(),
        word_weights=output.word_weights.float().cpu(),
        documents=output.documents.float().cpu(),
    )


@contextmanager
def threads_for(tokens: int) -> Iterator[None]:
    """Use one thread for a small pass: waking others takes longer, and they serve other people."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1 if tokens < THREADED else threads)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def token_runs(lengths: Sequence[int], budget: int) -> Iterator[tuple[int, int]]:
    """Yield stretches of documents that hold ``budget`` tokens at most, or one document."""
    start, total = 0, 0
    for at, length in enumerate(lengths):
        if at > start and total + length > budget:
            yield start, at
            start, total = at, 0
        total += length
    if lengths:
        yield start, len(lengths)


def _explanations(
    labels: tuple[str, ...],
    ids: Sequence[str],
    documents: Sequence[Document],
    numbered: Sequence[NumberedDocument],
    output: Output,
) -> Iterator[Explanation]:
    probabilities = output.logits.double().softmax(1).numpy()
    sentence_ends = np.cumsum([len(d.sentence_lengths) for d in numbered])
    token_ends = np.cumsum([len(d.words) for d in numbered])
    sentence_lengths = np.concatenate([d.sentence_lengths for d in numbered])
    document_lengths = np.array([len(d.sentence_lengths) for d in numbered])
    sentences = np.split(_shares(output.sentence_weights, document_lengths), sentence_ends[:-1])
    words = np.split(_shares(output.word_weights, sentence_lengths), token_ends[:-1])
    for i, id in enumerate(ids):
        tokens = numbered[i].token_sums(words[i])
        yield Explanation(
            id, documents[i], labels, probabilities[i], sentences[i], tokens, numbered[i].known
        )


def _shares(weights: Tensor, lengths: np.ndarray) -> np.ndarray:
    """``weights`` as float64 that sum to 1: float32 sums of 20,000 are off by 1e-4."""
    exact = weights.numpy().astype(float)
    return exact / np.add.reduceat(exact, lengths.cumsum() - lengths).repeat(lengths)


@dataclass
class _Request:
    document: Document
    result: Explanation | Exception | None = None


class RequestBatcher:
    """``RequestBatcher(checkpoint)(document)``: ``explain_document`` for many threads at once.

    A request that comes while a pass is running waits for its end, and the next pass takes all
    that wait; one of the waiting threads does the work for all. Each gets the same numbers as
    alone (within 1e-5).

    Args:
        budget: tokens in a common pass, few enough that the next request waits for some
            hundredths of a second. A longer document goes alone, after other long ones, and
            no short one waits for it.
    """

    def __init__(self, checkpoint: Checkpoint, budget: int = THREADED):
        self.checkpoint = checkpoint
        self.budget = budget
        self.passes = 0  # made so far, for tests and benchmarks
        self._waiting: list[_Request] = []
        self._list, self._pass, self._long = Lock(), Lock(), Lock()

    def __call__(self, document: Document) -> Explanation:
        """Return the document's explanation.

        Raises:
            UserError: as ``explain_document``, and only for the document that is wrong.
        """
        if len(document.tokens) > self.budget:
            with self._long:
                return explain_document(self.checkpoint, document)
        request = _Request(document)
        with self._list:
            self._waiting.append(request)
        while request.result is None:
            with self._pass:
                if request.result is None:
                    self._answer(self._next_batch())
        if isinstance(request.result, Exception):
            raise request.result
        return request.result

    def _next_batch(self) -> list[_Request]:
        """The first requests that wait, as many as fit; they wait no more."""
        with self._list:
            lengths = [len(request.document.tokens) for request in self._waiting]
            count = next(token_runs(lengths, self.budget), (0, 0))[1]
            batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    def _answer(self, batch: list[_Request]) -> None:
        self.passes += 1
        try:
            documents = [request.document for request in batch]
            results = list(explain_documents(self.checkpoint, documents, ["1"] * len(batch)))
            for request, result in zip(batch, results, strict=True):
                request.result = result
        except Exception as error:  # of one document, or of the pass: no request may be lost
            if len(batch) == 1:
                batch[0].result = error
            for request in batch if len(batch) > 1 else ():
                self._answer([request])
