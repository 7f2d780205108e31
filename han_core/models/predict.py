"""Predictions for many documents, and how good they are."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from han_core.models.checkpoint import Checkpoint
from han_core.models.classifier import AttentionClassifier, Output
from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr
from han_core.text.batch import NumberedDocument, collate, document_lengths

BATCH_TOKENS = 20_000

Progress = Callable[[int, int], None]
"""Called with the documents done and the documents in all."""


def number_texts(checkpoint: Checkpoint, texts: Sequence[str]) -> list[NumberedDocument]:
    """Return ``texts`` as the model reads them.

    Raises:
        UserError: if a text has no word.
    """
    documents = []
    for at, text in enumerate(texts, start=1):
        document = checkpoint.tokenizer(text)
        if not document.sentences:
            raise UserError(
                tr("Texts with at least one word are expected; number {at} has none.", at=at)
            )
        documents.append(checkpoint.number(document))
    return documents


def predict(
    checkpoint: Checkpoint, texts: Sequence[str], progress: Progress | None = None
) -> np.ndarray:
    """Return probabilities (documents, classes) for ``texts``, float64.

    Raises:
        UserError: as ``number_texts`` and ``predict_numbered``.
    """
    documents = number_texts(checkpoint, texts)
    return predict_numbered(checkpoint.model, documents, progress, checkpoint.name)


def predict_numbered(
    model: AttentionClassifier,
    documents: Sequence[NumberedDocument],
    progress: Progress | None = None,
    name: str | None = None,
) -> np.ndarray:
    """As ``predict`` for numbered documents; ``model``, called ``name``, is in evaluation mode.

    Raises:
        UserError: if its logits are not finite.
    """
    logits: list[np.ndarray] = [np.empty(0)] * len(documents)
    done = 0
    for batch, output in _outputs(model, documents):
        check_finite(output.logits, name)
        for i, row in zip(batch, output.logits.cpu().double().numpy(), strict=True):
            logits[i] = row
        done += len(batch)
        if progress:
            progress(done, len(documents))
    scores = np.stack(logits)
    exponentials = np.exp(scores - scores.max(1, keepdims=True))
    return exponentials / exponentials.sum(1, keepdims=True)


def document_vectors(
    model: AttentionClassifier, documents: Sequence[NumberedDocument]
) -> np.ndarray:
    """Return (documents, size) float32 the vectors that the classifier reads, in evaluation."""
    vectors: list[np.ndarray] = [np.empty(0)] * len(documents)
    for batch, output in _outputs(model, documents):
        for i, row in zip(batch, output.documents.float().cpu().numpy(), strict=True):
            vectors[i] = row
    return np.stack(vectors)


def _outputs(
    model: AttentionClassifier, documents: Sequence[NumberedDocument]
) -> Iterator[tuple[list[int], Output]]:
    """Batches of documents by their numbers, and what the model gives for each."""
    device = next(model.parameters()).device
    for batch in _by_length(document_lengths(documents).tolist()):
        with torch.inference_mode():
            yield batch, model(collate([documents[i] for i in batch]).to(device))


def check_finite(logits: Tensor, name: str | None = None) -> None:
    """Refuse logits that are not finite: finite weights may be too large for that.

    Raises:
        UserError: names the model.
    """
    if not logits.isfinite().all():
        raise UserError(
            tr(
                "{name} gives values that are not finite: its weights are too large.",
                name=name or tr("The model"),
            )
        )


def metrics(probabilities: np.ndarray, classes: Sequence[int] | np.ndarray) -> dict[str, float]:
    """Return accuracy, macro F1 and mean cross-entropy (nats).

    Macro F1 is over the classes that occur among the true or the predicted ones.
    """
    from sklearn.metrics import accuracy_score, f1_score

    true = np.asarray(classes)
    predicted = probabilities.argmax(1)
    chosen = probabilities[np.arange(len(true)), true].clip(1e-12)
    return {
        "accuracy": float(accuracy_score(true, predicted)),
        "macro_f1": float(f1_score(true, predicted, average="macro", zero_division=0)),
        "loss": float(-np.log(chosen).mean()),
    }


def _by_length(lengths: Sequence[int]) -> list[list[int]]:
    """Batches of documents of similar length, so that none waits for a longer one."""
    batches: list[list[int]] = []
    total = 0
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not batches or total + lengths[index] > BATCH_TOKENS:
            batches.append([])
            total = 0
        batches[-1].append(index)
        total += lengths[index]
    return batches
